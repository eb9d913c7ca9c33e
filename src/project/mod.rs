//! Projects: `charmcraft.yaml` ([`charm`]) and `rockcraft.yaml` ([`rock`]); parse, expand, check, init, pack.

pub mod charm;
pub mod rock;
