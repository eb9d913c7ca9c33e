//! How a program of another identity reaches our files: not by their path, which may lead through directories that
//! are closed to it (a home of mode 0700, under `sudo`), but from an open directory that it inherits.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use super::identity::Identity;

/// A directory of ours, for programs that run as an [`Identity`].
pub(super) struct Home {
    path: PathBuf,
    open: File,
}

impl Home {
    /// Opens it and hands it to the identity.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn open(path: &Path, identity: Identity) -> io::Result<Self> {
        identity.own(path)?;
        Ok(Self {
            path: path.into(),
            open: File::open(path)?,
        })
    }

    /// The path by which the program reaches what we reach as `path`: one without odd characters, too.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.path) {
            Ok(rest) => Path::new("/proc/self/fd")
                .join(self.open.as_raw_fd().to_string())
                .join(rest),
            Err(_) => path.into(),
        }
    }

    /// What the program has to inherit.
    pub(super) fn descriptor(&self) -> RawFd {
        self.open.as_raw_fd()
    }
}
