//! What came, in a file of JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

/// Beyond this size in bytes the file becomes `FILE.old`, and a new one begins.
const SIZE: u64 = 16 << 20;

/// A file that is readable by us only.
pub(super) struct Store {
    path: PathBuf,
}

impl Store {
    /// The file of that path, which need not be there.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Appends the values, a line each, at once.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn append(&self, values: &[Value]) -> io::Result<()> {
        let mut text = String::new();
        for value in values {
            text.push_str(&value.to_string());
            text.push('\n');
        }
        if self.path.metadata().is_ok_and(|file| file.len() > SIZE) {
            let mut old = self.path.clone().into_os_string();
            old.push(".old");
            std::fs::rename(&self.path, old)?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)?
            .write_all(text.as_bytes())
    }

    /// What is there, in the order in which it came. A line that a full disk cut short is left out.
    pub(super) fn read(&self) -> impl Iterator<Item = Value> {
        let lines = File::open(&self.path).map(|file| BufReader::new(file).lines());
        let lines = lines.into_iter().flatten().map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_str(&line).ok())
    }
}
