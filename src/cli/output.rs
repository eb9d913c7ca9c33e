//! What every command says in the same way: the output format and failures.

use std::io::Write;
use std::process::ExitCode;

use crate::streams::errln;
use crate::yaml::{self, Mapping};

/// How a command prints facts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// A failure as the user sees it: one message, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// What could not be done, what is wrong, and the fix. May have several lines where the peer's text has.
    pub message: String,
    /// The exit code; 1 but where the peer's tools have another.
    pub code: u8,
}

impl Failure {
    /// A failure with exit code 1.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }

    /// Prints the message on standard error.
    pub fn report(&self) -> ExitCode {
        errln!("error: {}", self.message);
        ExitCode::from(self.code)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

/// What a command ends with.
pub type Outcome = Result<ExitCode, Failure>;

/// A failure of a project, with its own exit code.
pub fn project(error: crate::project::Error) -> Failure {
    let code = error.code();
    Failure {
        code,
        ..Failure::from(error)
    }
}

/// Whether somebody still reads what is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// Yes.
    There,
    /// No, as after `| head`: there is no use in printing more.
    Gone,
}

/// Prints a command's result on standard output. A reader that has gone (`| head`) is no failure.
///
/// # Errors
/// Standard output cannot be written: a full disk.
pub fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes()).map(|_| ())
}

/// Prints a part of what a command prints.
///
/// # Errors
/// As [`print`].
pub fn write(text: &[u8]) -> Result<Reader, Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(Failure::new(format!(
            "cannot write to standard output: {error}"
        ))),
    }
}

/// Prints a project with what its extension adds: YAML for people.
///
/// # Errors
/// As [`print`].
pub fn print_project(format: Format, project: &Mapping) -> Result<(), Failure> {
    let text = match format {
        Format::Text => yaml::to_string(project)?,
        Format::Json => format!("{}\n", serde_json::to_string_pretty(project)?),
    };
    print(&text)
}
