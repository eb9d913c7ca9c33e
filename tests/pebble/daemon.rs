//! A real Pebble daemon of a test's own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use charmwright::pebble::{Client, Limits};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// Longer than anything takes on a machine that is busy.
pub const LONG: Duration = Duration::from_secs(60);

/// A daemon in a directory that goes with it.
pub struct Daemon {
    directory: TempDir,
    child: Option<Child>,
    pub client: Client,
}

impl Daemon {
    /// Starts one that runs nothing, as Juju does.
    pub async fn start() -> Self {
        Self::start_with(Limits {
            request: Duration::from_secs(20),
            ..Limits::default()
        })
        .await
    }

    pub async fn start_with(limits: Limits) -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir_all(directory.path().join("pebble/layers")).unwrap();
        let client = Client::with_limits(directory.path().join("pebble.socket"), limits);
        let mut daemon = Self {
            directory,
            child: None,
            client,
        };
        daemon.run().await;
        daemon
    }

    /// Starts the daemon again after it was killed.
    pub async fn run(&mut self) {
        let log = File::create(self.directory.path().join("log")).unwrap();
        let child = Command::new(executable())
            .args(["run", "--hold"])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.directory.path())
            .env("PEBBLE", self.directory.path().join("pebble"))
            .env("PEBBLE_SOCKET", self.client.socket())
            .env("INHERITED", "from the daemon")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let begin = Instant::now();
        while self.client.system_info().await.is_err() {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("Pebble ended with {status}: {}", self.log());
            }
            assert!(begin.elapsed() < LONG, "no answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A directory for the test's files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().unwrap().id();
        kill(Pid::from_raw(id.try_into().unwrap()), signal).unwrap();
    }

    /// Makes the daemon hang: when this returns, none of its threads runs.
    pub async fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
        let id = self.child.as_ref().unwrap().id();
        let is_stopped = |task: &fs::DirEntry| {
            fs::read_to_string(task.path().join("stat"))
                .is_ok_and(|stat| stat.rsplit(')').next().unwrap().trim().starts_with('T'))
        };
        let begin = Instant::now();
        while !fs::read_dir(format!("/proc/{id}/task"))
            .unwrap()
            .all(|task| is_stopped(&task.unwrap()))
        {
            assert!(begin.elapsed() < LONG, "the daemon does not stop");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Kills the daemon as a crash would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops the daemon as a shutdown would.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        self.child.take().unwrap().wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.is_some() {
            // It may have been stopped; it must go on to end, and end its services.
            self.signal(Signal::SIGCONT);
            self.stop();
        }
    }
}

/// The Pebble to test against.
fn executable() -> OsString {
    if let Some(path) = std::env::var_os("PEBBLE") {
        return path;
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/.build/pebble");
    assert!(
        built.is_file(),
        "there is no Pebble to test against; build it with: integration/pebble.sh"
    );
    built.into()
}

/// Waits until no process of this id is left.
pub async fn wait_gone(pid: i32) {
    let begin = Instant::now();
    while is_alive(pid) {
        assert!(begin.elapsed() < LONG, "process {pid} is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process of this id runs (a zombie does not).
pub fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim().starts_with('Z'))
}

/// Whether this test may give files to other users.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The name of the user that runs the test.
pub fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::geteuid())
        .unwrap()
        .unwrap()
        .name
}
