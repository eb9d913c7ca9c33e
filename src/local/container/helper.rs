//! The steps that need a process of their own: this executable again, called by the name [`NAME`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::OnceLock;

use super::error::{Error, Trying};
use super::{charm_command, enter_user_namespace, root_file_system, supervisor};
use crate::streams::errln;

/// The name by which the executable is called for a step.
pub const NAME: &str = "charmwright-container";

static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();

/// Says where the executable is, for a process that is not it, such as a test. The first call counts.
pub fn use_executable(path: impl Into<PathBuf>) {
    let _ = EXECUTABLE.set(path.into());
}

/// This executable, to be run for a step.
pub(super) fn command() -> Command {
    use std::os::unix::process::CommandExt as _;
    let executable = EXECUTABLE
        .get()
        .map_or(Path::new("/proc/self/exe"), PathBuf::as_path);
    let mut command = Command::new(executable);
    command.arg0(NAME);
    command
}

/// Does one step; the words after the name say which. Not for people.
#[must_use]
pub fn main(arguments: &[OsString]) -> ExitCode {
    let words: Vec<&OsString> = arguments.iter().skip(1).collect();
    let result = match words.as_slice() {
        [step, directory] if *step == "start" => return supervisor::run(Path::new(directory)),
        [step, directory] if *step == "root" => return root_file_system::run(Path::new(directory)),
        [step, plan] if *step == "charm" => charm_command::run(plan),
        [step, program, rest @ ..] if *step == "user-namespace" => user_namespace(program, rest),
        _ => Err(Error::Unsupported(format!(
            "`{NAME}` is a part of charmwright and not for people; run `charmwright --help`"
        ))),
    };
    if let Err(error) = result {
        errln!("{error}");
    }
    ExitCode::FAILURE
}

/// Becomes the program, in a user namespace where that is needed to be root.
fn user_namespace(program: &OsString, arguments: &[&OsString]) -> Result<(), Error> {
    use std::os::unix::process::CommandExt as _;
    enter_user_namespace()?;
    Err(Command::new(program).args(arguments).exec())
        .trying(|| format!("run `{}`", Path::new(program).display()))
}
