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
    let done = run_silently(process, pebble).await?;
    print(&done, mask);
    Ok(done)
}

/// Juju takes standard output of a hook at DEBUG, and gives that of an action as its result `stdout`.
fn print(done: &Result<Vec<u8>, MigrationFailure>, mask: &Mask) {
    let output = match done {
        Ok(output)
        | Err(MigrationFailure::Exited { output, .. } | MigrationFailure::TimedOut { output }) => {
            output
        }
        Err(MigrationFailure::NotStarted(_)) => return,
    };
    let text = String::from_utf8_lossy(output);
    if !text.trim().is_empty() {
        outln!("{}", mask.hide(text.trim_end()));
    }
}

async fn run_silently(
    process: Process<'_>,
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
    match pebble.exec(exec).await {
        Ok(output) => {
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
    let done = run_silently(process, pebble).await.ok()?;
    let mut results = command.results.values();
    // What is among the results anyway is not said twice.
    if done.is_err() || !results.any(|text| text.contains("{output")) {
        print(&done, mask);
    }
    Some(done)
}
