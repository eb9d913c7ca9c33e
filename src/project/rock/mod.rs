//! The rock side of a project: `rockcraft.yaml`.
//!
//! [`expand`] merges what a framework's extension adds into the user's file, as rockcraft does; [`plan`] says
//! what the rock would hold, for the local model, which lays it out without building it; [`init`] writes a new file.
//! Everything that differs between frameworks is in the section `rock` of `metadata/frameworks/*.yaml` ([`crate::frameworks::rock`]).

mod checks;
mod document;
mod entry_point;
mod error;
mod expand;
mod include;
mod init;
mod java;
mod layer;
mod merge;
mod package_json;
mod part;
mod place;
mod plan;
mod python;
mod repr;
mod requirements;
mod validate;

pub use error::Error;
pub use expand::{Expanded, Switch, expand};
pub use init::{FILE, Init, Initialised, init};
pub use part::{Build, Python, Tool};
pub use place::Placement;
pub use plan::{Program, Rock, RockFile, User, plan};
