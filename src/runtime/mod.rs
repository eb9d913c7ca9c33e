//! The charm runtime.
use std::process::ExitCode;
/// Runs one event.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}
