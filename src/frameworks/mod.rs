//! Frameworks are data: `metadata/frameworks/NAME.yaml`, embedded in the executable or a project's own ([`Frameworks`]).
//!
//! Each file has one section for each user of it, read by the type of that name alone: `charm` ([`charm::Charm`]) is
//! what the extension adds to `charmcraft.yaml`, `rock` ([`rock::Rock`]) what it adds to `rockcraft.yaml`, `runtime`
//! ([`runtime::Runtime`]) what the running charm needs to know.

mod catalog;
pub mod charm;
mod check;
#[cfg(test)]
mod check_tests;
mod error;
pub mod gunicorn;
mod per_generation;
pub mod rock;
pub mod runtime;
mod section;
mod shipped;

pub use catalog::{Framework, Frameworks, Own};
pub use error::Error;
pub use shipped::{extensions, names, shipped_file};

/// The peer's two generations; which one follows from the charm's base (decisions, "Two generations").
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// Bases 22.04 and 24.04, paas-charm 1.x.
    V1,
    /// Bases from 26.04 on, paas-charm 2.x.
    V2,
}

/// What an extension's name has after its framework's.
const EXTENSION_SUFFIX: &str = "-framework";
