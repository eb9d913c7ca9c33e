//! Log files of the model, in the format of `juju debug-log`: `unit-web-0: 12:00:01 INFO juju.worker text`.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that has grown to this many bytes is renamed to `….1` and begun anew.
const LIMIT: u64 = 8 << 20;

/// One log file, closed to others. Lines that cannot be written are lost: a full disk must not end a model.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: RefCell<Option<(File, u64)>>,
}

impl Log {
    /// The log at `path`, made with its first line.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: RefCell::new(None),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one line, ready as [`line`] makes it.
    pub fn write(&self, line: &str) {
        let mut file = self.file.borrow_mut();
        if file.as_ref().is_some_and(|(_, size)| *size > LIMIT) {
            let _ = fs::rename(&self.path, self.path.with_extension("log.1"));
            *file = None;
        }
        if file.is_none() {
            *file = open(&self.path).ok();
        }
        if let Some((file, size)) = file.as_mut() {
            let text = format!("{line}\n");
            *size += text.len() as u64;
            let _ = file.write_all(text.as_bytes());
        }
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// A line of a log. `who` is `unit-web-0` or `controller`; a message of several lines becomes one line with `\n`.
#[must_use]
pub fn line(who: &str, level: &str, origin: &str, message: &str) -> String {
    let message = message.trim_end_matches('\n').replace('\n', "\\n");
    format!("{who}: {} {level} {origin} {message}", time_of_day())
}

/// The tag of a unit in logs: `unit-web-0`.
#[must_use]
pub fn tag(unit: &str) -> String {
    format!("unit-{}", unit.replace('/', "-"))
}

/// Now, as `12:00:01`, in UTC.
fn time_of_day() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |passed| passed.as_secs() % 86_400);
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_several_lines_is_one_line() {
        let line = line(&tag("web/0"), "DEBUG", "unit.web/0.install", "a\nb\n");
        assert!(line.starts_with("unit-web-0: "), "{line}");
        assert!(line.ends_with(" DEBUG unit.web/0.install a\\nb"), "{line}");
    }

    #[test]
    fn lines_are_appended_to_what_is_there() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("unit.log");
        for text in ["one", "two"] {
            Log::new(path.clone()).write(text);
        }
        assert_eq!(fs::read_to_string(path).unwrap(), "one\ntwo\n");
    }
}
