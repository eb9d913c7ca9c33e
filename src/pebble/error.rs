//! What can go wrong with a call, as types a caller matches on.

mod change;
mod command;
mod file;
mod reason;
mod refused;
mod unreachable;

use std::time::Duration;

pub use change::ChangeError;
pub use command::CommandError;
pub(super) use file::WireFileError;
pub use file::{FileError, FileErrorKind};
pub use reason::Reason;
pub use refused::{ApiError, ApiErrorKind};
pub use unreachable::{Unreachable, UnreachableCause};

use super::exec::Output;

/// Why a call to Pebble failed.
///
/// No variant's text contains an environment, a file's content or a command's arguments. The text of a
/// [`ChangeError`] or [`CommandError`] may quote what a service or command printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answered: no socket, nobody behind it, or the connection was cut. What the call asked for
    /// may or may not have happened.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Pebble answered that it will not.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// A change began and ended in failure.
    #[error(transparent)]
    Change(#[from] Box<ChangeError>),
    /// A command ended with an exit code other than 0, and the caller asked for that to be an error
    /// ([`Output::check`]).
    #[error(transparent)]
    Command(#[from] Box<CommandError>),
    /// One file of a request failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A change or command was not over in the time the caller gave it.
    #[error("{what} did not end within {limit:?}")]
    Timeout {
        /// What took too long, such as "change `7`" or "command `python3`".
        what: String,
        /// The limit that passed.
        limit: Duration,
        /// What the command printed until then; `None` for a change.
        output: Option<Box<Output>>,
    },
    /// Something answered, but not as Pebble does.
    #[error("cannot understand Pebble: {0}")]
    Protocol(String),
    /// The caller's own reader or writer failed.
    #[error("cannot {action}: {source}")]
    Local {
        /// What was being done.
        action: &'static str,
        /// The failure.
        source: std::io::Error,
    },
}

impl Error {
    /// Whether Pebble is not there now, or is going away: a caller should stop, and try again when it is
    /// said to be ready.
    ///
    /// True for [`Error::Unreachable`] and for refusals that speak of a gateway (502, 503, 504) or of a
    /// restart.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(error) => error.is_going_away(),
            _ => false,
        }
    }

    /// Whether a file, directory or change that was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::File(error) => error.kind == FileErrorKind::NotFound,
            Self::Refused(error) => {
                error.kind == Some(ApiErrorKind::NotFound)
                    || error.reason() == Some(Reason::UnknownChange)
            }
            _ => false,
        }
    }

    pub(super) fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }
}
