//! Projects: `charmcraft.yaml` ([`charm`]) and `rockcraft.yaml` ([`rock`]); parse, expand, check, init, pack.

pub mod charm;
mod error;
mod framework;
pub mod rock;
mod write;

pub use error::{Error, Problem};
pub(crate) use framework::{closest, closest_extension, profile, sound};
pub use write::write_whole;
