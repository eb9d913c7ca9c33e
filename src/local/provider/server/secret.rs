//! Passwords, and files that hold them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Letters and digits: nothing that a URL would have to escape.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A random password of 32 letters and digits (190 bits).
///
/// # Errors
/// The operating system has no randomness.
pub(in crate::local::provider) fn random() -> io::Result<String> {
    let mut password = String::with_capacity(32);
    while password.len() < 32 {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let letters = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte & 63)))
            .map(|letter| char::from(*letter));
        password.extend(letters.take(32 - password.len()));
    }
    Ok(password)
}

/// Replaces a file at once, readable by us only.
///
/// # Errors
/// The operating system's.
pub(in crate::local::provider) fn write(path: &Path, content: &str) -> io::Result<()> {
    let new = path.with_extension("new~");
    let _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn passwords_need_no_escaping_and_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 32);
        assert!(one.chars().all(|letter| letter.is_ascii_alphanumeric()));
        assert_ne!(one, other);
    }

    #[test]
    fn files_are_private_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pgpass");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
