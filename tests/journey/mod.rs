//! What journeys through the local model share. They drive the executable by its command line only.

#![allow(dead_code)] // Each journey uses a part of it.

pub mod leftovers;
pub mod page;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Long enough for a slow machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Seconds, in words of timeout(1): more than any command, or a shell with a whole tutorial, takes.
const TIMEOUT: &str = "300";
const PAUSE: Duration = Duration::from_millis(100);

/// A directory with a model of its own, which is destroyed with it.
pub struct Journey {
    directory: tempfile::TempDir,
    programs: tempfile::TempDir,
    /// Where commands run.
    pub cwd: PathBuf,
    /// What commands get beside the test's own environment.
    pub environment: Vec<(String, String)>,
    /// Seconds, in words of timeout(1), after which a command is killed.
    pub limit: &'static str,
}

impl Journey {
    /// An empty directory.
    pub fn new() -> Self {
        let (directory, programs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(executable(), programs.path().join("charmwright")).unwrap();
        symlink(pebble(), programs.path().join("pebble")).unwrap();
        let cwd = directory.path().to_owned();
        Self {
            directory,
            programs,
            cwd,
            environment: Vec::new(),
            limit: TIMEOUT,
        }
    }

    /// The directory that everything is below.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A command with our executables first on PATH, killed when it takes too long.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut path = self.programs.path().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("timeout");
        command
            .arg(self.limit)
            .arg(program)
            .current_dir(&self.cwd)
            .env("PATH", path)
            .env_remove("CHARMWRIGHT_PEBBLE")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs `charmwright` with these arguments, which must succeed; what it printed.
    #[track_caller]
    pub fn charmwright(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(
            output.status.success(),
            "`charmwright {}` failed: {}\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `charmwright local` with these arguments, which must succeed; what it printed.
    #[track_caller]
    pub fn local(&self, arguments: &[&str]) -> String {
        let mut all = vec!["local"];
        all.extend(arguments);
        self.charmwright(&all)
    }

    /// Runs `charmwright` with these arguments.
    pub fn output(&self, arguments: &[&str]) -> Output {
        let program = self.programs.path().join("charmwright");
        self.command(program).args(arguments).output().unwrap()
    }

    /// `charmwright local status` as data.
    #[track_caller]
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.local(&["status", "--format", "json"])).unwrap()
    }

    /// Waits until every unit of the application is idle with this status and message.
    #[track_caller]
    pub fn settles(&self, application: &str, status: &str, message: &str) {
        self.until(
            &format!("`{application}` is {status} with the message {message:?}"),
            |all| {
                let units = all["applications"][application]["units"].as_object();
                units.is_some_and(|units| {
                    !units.is_empty()
                        && units.values().all(|unit| {
                            unit["workload-status"]["current"] == status
                                && unit["workload-status"]["message"] == message
                                && unit["juju-status"]["current"] == "idle"
                        })
                })
            },
        );
    }

    /// Waits until the status fulfils the condition.
    #[track_caller]
    pub fn until(&self, what: &str, condition: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        loop {
            let status = self.status();
            if condition(&status) {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "not so: {what}\n{status:#}\n{}",
                self.logs()
            );
            sleep(PAUSE);
        }
    }

    /// Waits until a request is answered so: the HTTP status and the body.
    #[track_caller]
    pub fn answers(&self, url: &str, status: u16, body: &str) {
        self.responds(url, &format!("{status} {body}"), |answer| {
            *answer == (status, body.to_owned())
        });
    }

    /// Waits until the answer to a request fulfils the condition; gives its body.
    #[track_caller]
    pub fn responds(
        &self,
        url: &str,
        what: &str,
        condition: impl Fn(&(u16, String)) -> bool,
    ) -> String {
        let start = Instant::now();
        loop {
            let answer = self.get(url);
            if condition(&answer) {
                return answer.1;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{url} answers {answer:?}, not {what}\n{}\n{}",
                self.local(&["status"]),
                self.logs()
            );
            sleep(PAUSE);
        }
    }

    /// Asks 127.0.0.1 with curl, whatever host the URL names; 0 when nothing listens.
    #[track_caller]
    pub fn get(&self, url: &str) -> (u16, String) {
        let output = self
            .command("curl")
            .args([
                "--silent",
                "--max-time",
                "60",
                "--write-out",
                "\n%{http_code}",
            ])
            .args(["--connect-to", "::127.0.0.1:", url])
            .output()
            .expect("curl runs; `apt-get install curl` installs it");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    /// Copies a directory of `integration/apps` into one of the journey, over what is there.
    pub fn copy_app(&self, name: &str, target: &Path) {
        copy(&repository().join("integration/apps").join(name), target);
    }

    /// Ends the model; panics when anything of it is left.
    #[track_caller]
    pub fn destroy(&self) {
        self.local(&["destroy"]);
        let left = leftovers::of(self.directory());
        assert!(left.is_empty(), "`local destroy` left {left:#?}");
    }

    /// The ends of the model's logs.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for directory in [&self.cwd, self.directory()] {
            for entry in fs::read_dir(directory.join(".charmwright/logs"))
                .into_iter()
                .flatten()
                .flatten()
            {
                let log = fs::read(entry.path()).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let lines: Vec<&str> = log.lines().collect();
                let end = &lines[lines.len().saturating_sub(60)..];
                text += &format!("== {}\n{}\n", entry.path().display(), end.join("\n"));
            }
        }
        text
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        let program = self.programs.path().join("charmwright");
        let _ = self.command(program).args(["local", "destroy"]).output();
    }
}

fn copy(source: &Path, target: &Path) {
    fs::create_dir_all(target).unwrap();
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        let target = target.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Adds text to the end of a file.
pub fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, before + text).unwrap();
}

/// This repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The executable under test: the one that cargo built for the tests, or the one that `CHARMWRIGHT` names.
pub fn executable() -> PathBuf {
    std::env::var_os("CHARMWRIGHT")
        .map_or_else(|| env!("CARGO_BIN_EXE_charmwright").into(), PathBuf::from)
}

/// The Pebble that `integration/pebble.sh` builds.
pub fn pebble() -> PathBuf {
    let output = Command::new(repository().join("integration/pebble.sh"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
}
