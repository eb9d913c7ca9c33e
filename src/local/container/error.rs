use std::io;

/// Why there is no container.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image could not be laid out: the user's mistake, or a tool that failed; says which and what to do.
    #[error("{0}")]
    Image(String),
    /// The machine does not allow it; says what to enable.
    #[error("{0}")]
    Unsupported(String),
    /// Pebble did not come up, with the last it said.
    #[error("Pebble of container `{container}` {what}")]
    Pebble {
        /// The container's name.
        container: String,
        /// What became of it.
        what: String,
    },
    /// Something of the operating system failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Names what was tried, for [`Error::Io`].
pub(super) trait Trying<T> {
    /// The error with the action that failed.
    fn trying(self, action: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Trying<T> for Result<T, E> {
    fn trying(self, action: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            action: action(),
            source: source.into(),
        })
    }
}
