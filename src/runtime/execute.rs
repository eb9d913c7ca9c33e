//! Runs commands in the container: migrations, and what actions ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::conclude::MigrationFailure;
use super::decision::Command;
use super::mask::Mask;
use crate::pebble::{self, Exec, OutputLimit};
use crate::streams::outln;

/// How much of a command's output is kept for the log, in bytes.
const OUTPUT_LIMIT: usize = 64 * 1024;

/// What is run as the app itself would: by its user, in its directory, with its environment.
#[derive(Clone, Copy)]
pub(super) struct Process<'a> {
    pub(super) command: &'a [String],
    pub(super) directory: &'a str,
    pub(super) user: &'a str,
    pub(super) group: &'a str,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) timeout: Duration,
}

/// Runs it; its output goes to the unit's log at DEBUG, without secrets. An error means that Pebble cannot be reached.
pub(super) async fn run(
    process: Process<'_>,
    mask: &Mask,
    pebble: &pebble::Client,
) -> Result<Result<Vec<u8>, MigrationFailure>, pebble::Error> {
    let mut exec = Exec::new(process.command.iter().cloned());
    exec.environment = process.environment.clone();
    exec.working_dir = Some(process.directory.to_owned());
    exec.user = Some(process.user.to_owned());
    exec.group = Some(process.group.to_owned());
    exec.timeout = Some(process.timeout);
    exec.combine_stderr = true;
    exec.output_limit = OutputLimit::tail(OUTPUT_LIMIT);
    let log = |output: &[u8]| {
        let text = String::from_utf8_lossy(output);
        if !text.trim().is_empty() {
            // Juju takes standard output at DEBUG.
            outln!("{}", mask.hide(text.trim_end()));
        }
    };
    match pebble.exec(exec).await {
        Ok(output) => {
            log(&output.stdout);
            if output.is_success() {
                return Ok(Ok(output.stdout));
            }
            Ok(Err(MigrationFailure::Exited {
                code: output.exit_code.into(),
                output: output.stdout,
            }))
        }
        Err(pebble::Error::Timeout { output, .. }) => {
            let output = output.map(|output| output.stdout).unwrap_or_default();
            log(&output);
            Ok(Err(MigrationFailure::TimedOut { output }))
        }
        Err(error) if error.is_unreachable() => Err(error),
        Err(error) => Ok(Err(MigrationFailure::NotStarted(error.to_string()))),
    }
}

/// Runs an action's command; `None` when Pebble cannot be reached.
pub(super) async fn command(
    command: &Command,
    mask: &Mask,
    pebble: &pebble::Client,
) -> Option<Result<Vec<u8>, MigrationFailure>> {
    let process = Process {
        command: &command.command,
        directory: &command.directory,
        user: &command.user,
        group: &command.group,
        environment: &command.environment,
        timeout: command.timeout,
    };
    run(process, mask, pebble).await.ok()
}
