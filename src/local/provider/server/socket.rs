//! Where the server's socket lies: the path of a Unix socket has at most 107 bytes.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use sha2::{Digest, Sha256};

/// The longest name of a server's socket: PostgreSQL's `.s.PGSQL.5432`.
const LONGEST_NAME: usize = 13;
/// `sizeof(sun_path)` less the closing zero, less the `.lock` that servers put beside it.
const LONGEST: usize = 107 - 5;

/// The directory of the socket of the server whose files are below `directory`: in it, or when that is too long a
/// private one below the directory for temporary files, always the same.
pub(super) fn directory(directory: &Path) -> PathBuf {
    let near = directory.join("run");
    if near.as_os_str().len() + 1 + LONGEST_NAME <= LONGEST {
        return near;
    }
    let digest = Sha256::digest(directory.as_os_str().as_encoded_bytes());
    let name = hex::encode(&digest[..8]);
    Path::new("/tmp").join(format!("charmwright-{}-{name}", geteuid()))
}

/// Makes the directory, for us only.
///
/// # Errors
/// Somebody else's directory or a link is there, or the operating system's.
pub(super) fn create(directory: &Path, owner: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other,
    }
    let metadata = directory.symlink_metadata()?;
    let ours = [owner, geteuid().as_raw()].contains(&metadata.uid());
    if metadata.is_dir() && ours && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!(
        "`{}` is not a private directory of ours; remove it",
        directory.display()
    );
    Err(io::Error::other(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_directory_keeps_its_socket() {
        assert_eq!(
            directory(Path::new("/m/providers/pg")),
            Path::new("/m/providers/pg/run")
        );
    }

    #[test]
    fn a_long_directory_gets_a_short_one_that_stays_the_same() {
        let long = PathBuf::from(format!("/{}", "a/".repeat(60)));
        let socket = directory(&long).join("x".repeat(LONGEST_NAME));
        assert!(socket.as_os_str().len() <= LONGEST, "{}", socket.display());
        assert_eq!(directory(&long), directory(&long));
        assert_ne!(directory(&long), directory(&long.join("b")));
    }

    #[test]
    fn a_foreign_or_open_directory_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let ours = root.path().join("ours");
        let uid = geteuid().as_raw();
        create(&ours, uid).unwrap();
        create(&ours, uid).unwrap();
        std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(create(&ours, uid).is_err());
        let link = root.path().join("link");
        std::os::unix::fs::symlink("/tmp", &link).unwrap();
        assert!(create(&link, uid).is_err());
    }
}
