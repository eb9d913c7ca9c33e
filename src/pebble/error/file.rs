//! One file of a request that failed.

use serde::Deserialize;

/// Why one file could not be read, written, made, listed or removed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("cannot use file `{path}`: {message}")]
pub struct FileError {
    /// The path, as it was asked for.
    pub path: String,
    /// What sort of failure.
    pub kind: FileErrorKind,
    /// Pebble's own words.
    pub message: String,
}

/// The sorts of failure with a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileErrorKind {
    /// It does not exist, or a directory on the way does not.
    NotFound,
    /// The daemon's user may not touch it.
    PermissionDenied,
    /// Anything else: not a regular file, no such user, no space left.
    Generic,
}

/// A file's error as Pebble writes it.
#[derive(Debug, Deserialize)]
pub(in crate::pebble) struct WireFileError {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    message: String,
}

impl WireFileError {
    pub fn at(self, path: &str) -> FileError {
        FileError {
            path: path.to_owned(),
            kind: FileErrorKind::of(&self.kind),
            message: self.message,
        }
    }
}

impl FileErrorKind {
    fn of(kind: &str) -> Self {
        match kind {
            "not-found" => Self::NotFound,
            "permission-denied" => Self::PermissionDenied,
            _ => Self::Generic,
        }
    }
}
