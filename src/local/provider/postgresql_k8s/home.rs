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
    open: Option<File>,
}

impl Home {
    /// Opens it and hands it to the identity.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn open(path: &Path, identity: Identity) -> io::Result<Self> {
        identity.own(path)?;
        let open = match identity {
            Identity::Own => None,
            Identity::Namespace | Identity::User { .. } => Some(File::open(path)?),
        };
        Ok(Self {
            path: path.into(),
            open,
        })
    }

    /// The path by which the program reaches what we reach as `path`.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        match (&self.open, path.strip_prefix(&self.path)) {
            (Some(open), Ok(rest)) => Path::new("/proc/self/fd")
                .join(open.as_raw_fd().to_string())
                .join(rest),
            _ => path.into(),
        }
    }

    /// What the program has to inherit.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        self.open.as_ref().map(AsRawFd::as_raw_fd)
    }
}
