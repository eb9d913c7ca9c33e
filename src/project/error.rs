//! What can be wrong with a project.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::frameworks;
use crate::yaml::Position;

/// Something in a project's files that the user has to change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problem {
    /// The file, relative to the project's directory.
    pub file: String,
    /// Where in the file, when known.
    pub place: Option<Position>,
    /// The key, dotted: `config.options.greeting`. Empty for the file as a whole.
    pub key: String,
    /// What is wrong: the peer's text where the peer has one.
    pub message: String,
    /// What to do, where the message does not say.
    pub hint: Option<String>,
    /// The exit code; the peer's where it is not 1.
    pub code: Option<u8>,
}

impl Problem {
    /// A problem with a file.
    #[must_use]
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// With the key that it is about.
    #[must_use]
    pub fn at(mut self, key: impl Into<String>, place: Option<Position>) -> Self {
        self.key = key.into();
        self.place = place;
        self
    }

    /// With what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(formatter, "{}:{line}:{column}: ", self.file)?;
        }
        formatter.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Why something could not be done with a project.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user has to change something first.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The same, several times.
    #[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))]
    Problems {
        /// At least one.
        problems: Vec<Problem>,
    },
    /// There is no project.
    #[error("Project file '{file}' not found in '{directory}'.")]
    NoProject {
        /// The file that makes a directory a project.
        file: &'static str,
        /// The directory.
        directory: PathBuf,
    },
    /// The operating system refused to read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system refused to write. What was there before is as it was.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// A profile that there is not.
    #[error("{0}")]
    Profile(String),
    /// A packed charm that cannot be used.
    #[error("`{path}` is not a charm that can be used: {reason}")]
    Charm {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The exit code: 1 but where the peer has another.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Problem(problem) => problem.code.unwrap_or(1),
            Self::Problems { problems } => problems
                .iter()
                .find_map(|problem| problem.code)
                .unwrap_or(1),
            Self::Profile(_) => 2,
            _ => 1,
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<frameworks::Error> for Problem {
    fn from(error: frameworks::Error) -> Self {
        let message = match error.place {
            Some(_) => error.message,
            None => format!("{}: {}", error.file, error.message),
        };
        Self::new(error.file, message).at(error.key, error.place)
    }
}

impl From<frameworks::Error> for Error {
    fn from(error: frameworks::Error) -> Self {
        Problem::from(error).into()
    }
}
