//! The charm runtime.
pub mod charm;
pub mod conclude;
pub mod decide;
pub mod decision;
pub mod environment;
pub mod layer;
pub mod mask;
pub mod migration;
pub mod observation;
pub mod options;
pub mod paas_config;
pub mod secret_key;
use std::process::ExitCode;
/// Runs one event.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}
