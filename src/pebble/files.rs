//! Files of the container, through the daemon.
//!
//! Paths are absolute. One request may name many; each fails or succeeds by itself.

mod list;
mod make_dirs;
mod multipart;
mod read;
mod remove;
mod write;

use serde::Deserialize;

pub use list::{FileInfo, FileType};
pub use make_dirs::MakeDir;
pub use read::ReadFile;
pub use write::WriteFile;

use super::error::{Error, FileError};
use crate::pebble::error::WireFileError;

/// What became of one path of a request.
#[derive(Debug, Deserialize)]
struct FileResult {
    path: String,
    #[serde(default)]
    error: Option<WireFileError>,
}

impl FileResult {
    fn into_result(self) -> Result<(), FileError> {
        match self.error {
            Some(error) => Err(error.at(&self.path)),
            None => Ok(()),
        }
    }
}

/// The first failure among the results.
fn all_done(results: Vec<FileResult>) -> Result<(), Error> {
    results
        .into_iter()
        .try_for_each(FileResult::into_result)
        .map_err(Error::File)
}

/// A mode as Pebble wants it: three octal digits.
fn octal(permissions: u32) -> String {
    format!("{permissions:03o}")
}
