//! Nobody answers.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Pebble could not be spoken to.
#[derive(Debug)]
pub struct Unreachable {
    /// The socket that was tried.
    pub socket: PathBuf,
    /// How it failed.
    pub cause: UnreachableCause,
}

/// How Pebble could not be spoken to.
#[derive(Debug)]
pub enum UnreachableCause {
    /// The socket file does not exist: the container has not started, or the daemon stopped cleanly.
    Absent,
    /// The socket file is there but nobody listens: the daemon was killed.
    Refused,
    /// The connection ended in the middle of a request: its outcome is unknown.
    Cut,
    /// The daemon took the request and did not answer in this time: its outcome is unknown.
    Silent(Duration),
    /// The operating system refused the connection for another reason.
    Other(io::Error),
}

impl Unreachable {
    /// Tells apart why connecting failed.
    pub(in crate::pebble) fn connecting(socket: PathBuf, error: io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => UnreachableCause::Absent,
            io::ErrorKind::ConnectionRefused => UnreachableCause::Refused,
            _ => UnreachableCause::Other(error),
        };
        Self { socket, cause }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = self.socket.display();
        match &self.cause {
            UnreachableCause::Absent => {
                write!(f, "cannot connect to Pebble: socket `{socket}` not found")
            }
            UnreachableCause::Refused => {
                write!(f, "cannot connect to Pebble: nobody listens at `{socket}`")
            }
            UnreachableCause::Cut => write!(f, "lost the connection to Pebble at `{socket}`"),
            UnreachableCause::Silent(limit) => {
                write!(f, "Pebble at `{socket}` did not answer within {limit:?}")
            }
            UnreachableCause::Other(error) => {
                write!(f, "cannot connect to Pebble at `{socket}`: {error}")
            }
        }
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            UnreachableCause::Other(error) => Some(error),
            _ => None,
        }
    }
}
