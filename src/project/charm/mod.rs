//! The charm side of a project: `charmcraft.yaml`, what its extension makes of it, and the `.charm`.

mod base;
mod check;
mod companions;
mod custom_actions;
mod elf;
mod expand;
mod files;
mod init;
mod integrations;
mod juju;
mod paas_config;
mod pack;
pub mod packed;
mod project;
mod switch;

pub use base::Platform;
pub use check::{Report, check};
pub use expand::{Expanded, expand};
pub use files::Texts;
pub use init::{Init, Initialised, init};
pub use pack::{Pack, Packed, pack};
pub use project::Project;
pub use switch::Switch;

/// The file that makes a directory a charm project.
pub const FILE: &str = "charmcraft.yaml";
