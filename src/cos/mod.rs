//! What is published for observability: scrape jobs, alert rules and dashboards, of the framework and of the user's own
//! `cos_custom/` (contract: interfaces, sections 13 to 15; runtime, section 12).

mod assets;
mod custom;
mod dashboards;
mod json;
mod rules;
mod scrape;
mod shipped;
mod topology;
mod xz;

pub use assets::{Assets, Dashboard};
pub use custom::DIRECTORY;
pub use dashboards::templates;
pub use json::{python, sorted};
pub use rules::Group;
pub use scrape::{Place, jobs};
pub use topology::Topology;
pub use xz::compress;

/// What stands in expressions for the matchers of a deployment.
pub const TOPOLOGY: &str = "%%juju_topology%%";
