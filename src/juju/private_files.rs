//! Files for `key#file=PATH` of `secret-add` and `secret-set`.
//!
//! The unit agent, not the tool's own process, opens these paths (Juju's `jujuc` server runs the
//! command), so `/proc/self/fd` of a memory file would be looked up in the wrong process: they have
//! to be real files.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A directory (mode 0700) of files (mode 0600) that is removed when dropped.
pub(super) struct PrivateFiles {
    directory: PathBuf,
    count: usize,
}

impl PrivateFiles {
    /// A new directory in memory (`/dev/shm`) where that is writable, else in `$TMPDIR` or `/tmp`.
    pub(super) fn new() -> io::Result<Self> {
        Self::within(Path::new("/dev/shm")).or_else(|_| Self::within(&std::env::temp_dir()))
    }

    fn within(parent: &Path) -> io::Result<Self> {
        loop {
            let random = getrandom::u64().map_err(io::Error::other)?;
            let directory = parent.join(format!("juju-secret-{random:016x}"));
            match DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => {
                    return Ok(Self {
                        directory,
                        count: 0,
                    });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes one more file and gives its path.
    pub(super) fn add(&mut self, content: &str) -> io::Result<PathBuf> {
        let path = self.directory.join(self.count.to_string());
        self.count += 1;
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?
            .write_all(content.as_bytes())?;
        Ok(path)
    }
}

impl Drop for PrivateFiles {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!("cannot remove `{}`: {error}", self.directory.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn are_for_this_user_only_and_go_when_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let mut files = PrivateFiles::within(parent.path()).unwrap();
        let path = files.add("hunter22").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hunter22");
        assert_eq!((mode(&path), mode(&files.directory)), (0o600, 0o700));
        drop(files);
        assert_eq!(parent.path().read_dir().unwrap().count(), 0);
    }
}
