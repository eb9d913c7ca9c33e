//! Projects: `charmcraft.yaml` ([`charm`]) and `rockcraft.yaml` ([`rock`]); parse, expand, check, init, pack.

pub mod charm;
mod error;
pub mod rock;
mod write;

pub use error::{Error, Problem};
pub use write::write_whole;
