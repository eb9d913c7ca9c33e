//! One program of a build, with its output in a log.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::error::{Error, Trying};

/// Where the programs of a build write to.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// The copy of the sources: in messages, paths count from there.
    source: PathBuf,
}

impl Log {
    /// An empty log at the path.
    pub(super) fn new(path: &Path, source: &Path) -> Result<Self, Error> {
        Ok(Self {
            file: File::create(path).trying(|| format!("write `{}`", path.display()))?,
            path: path.to_owned(),
            source: source.to_owned(),
        })
    }

    fn size(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// What was written from the place on.
    fn since(&self, place: u64) -> String {
        let bytes = fs::read(&self.path).unwrap_or_default();
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        String::from_utf8_lossy(bytes.get(place..).unwrap_or_default()).into_owned()
    }
}

/// A program to run.
pub(super) struct Step<'a> {
    /// As people know it: `go install`.
    pub(super) says: &'a str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) directory: &'a Path,
    /// Set beside what this process has.
    pub(super) environment: Vec<(OsString, OsString)>,
    /// Not handed on.
    pub(super) without: &'a [&'a str],
    /// Whether the line of output tells why it failed; the first one does, else the last of all is told.
    pub(super) is_reason: fn(&str) -> Option<&str>,
}

impl Step<'_> {
    /// Runs it to its end.
    pub(super) fn run(self, log: &mut Log) -> Result<(), Error> {
        let begin = log.size();
        let output =
            || -> io::Result<(File, File)> { Ok((log.file.try_clone()?, log.file.try_clone()?)) };
        let (stdout, stderr) = output().trying(|| format!("write `{}`", log.path.display()))?;
        // The app runs as another user, who must be able to read what comes out.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "umask 022 && exec \"$@\"", "sh"])
            .arg(&self.program)
            .args(&self.arguments)
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .env("PWD", self.directory);
        for name in self.without {
            command.env_remove(name);
        }
        command.envs(self.environment);
        let status = command
            .status()
            .trying(|| format!("run `{}`", self.program.display()))?;
        if status.success() {
            return Ok(());
        }
        let text = log
            .since(begin)
            .replace(&format!("{}/", log.source.display()), "");
        Err(Error::Image(format!(
            "cannot build the app, `{}` failed: {}; all it said is in `{}`",
            self.says,
            reason(&text, self.is_reason).unwrap_or("it said nothing"),
            log.path.display()
        )))
    }
}

fn reason(text: &str, is_reason: fn(&str) -> Option<&str>) -> Option<&str> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines().find_map(is_reason).or_else(|| lines().next_back())
}
