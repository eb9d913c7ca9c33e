//! Where the model is.

use std::env;
use std::path::{Path, PathBuf};

use super::super::output::Failure;
use crate::local::store::Directory;

/// The model's directory, and where the command was called.
pub(super) struct Place {
    pub directory: Directory,
    here: PathBuf,
}

impl Place {
    /// The one asked for, else the nearest above, else one that is to be made here.
    pub fn new(asked: Option<&Path>) -> Result<Self, Failure> {
        let here = env::current_dir()
            .map_err(|error| Failure::new(format!("cannot find the current directory: {error}")))?;
        let directory = match asked {
            Some(path) => {
                let path = here.join(path);
                let found = path.canonicalize().map_err(|error| {
                    Failure::new(format!("cannot use `{}`: {error}", path.display()))
                })?;
                Directory::below(&found)
            }
            None => Directory::find(&here).unwrap_or_else(|| Directory::below(&here)),
        };
        Ok(Self { directory, here })
    }

    /// A path as the daemon, which is elsewhere, can use it.
    pub fn absolute(&self, path: &Path) -> Result<PathBuf, Failure> {
        let path = self.here.join(path);
        path.canonicalize()
            .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
    }
}
