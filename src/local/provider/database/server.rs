//! One server process: made, started, watched, stopped.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::engine::{Engine, Facts, Installation};
use super::home::Home;
use super::identity::Identity;
use super::{secret, socket, stale};

/// How long a start may take: after a crash the journal is replayed.
const START: Duration = Duration::from_secs(60);
/// How long each of the three ways to stop may take.
const STOP: Duration = Duration::from_secs(10);

/// A running server. It is started again when it dies, and stopped when this value is dropped.
pub(super) struct Server {
    files: Files,
    facts: &'static Facts,
    stop: oneshot::Sender<()>,
    watcher: JoinHandle<()>,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub(in crate::local::provider) struct Files {
    /// The provider's own directory.
    pub directory: PathBuf,
    /// The server's own directory.
    pub data: PathBuf,
    /// The directory of the socket.
    pub socket: PathBuf,
    /// What the operator's client needs, the password among it.
    pub credentials: PathBuf,
    log: PathBuf,
}

impl Files {
    /// The files below a provider's directory.
    pub(super) fn below(directory: &Path, facts: &Facts) -> Self {
        Self {
            directory: directory.into(),
            data: directory.join("data"),
            socket: socket::directory(directory),
            credentials: directory.join(facts.credentials),
            log: directory.join("server.log"),
        }
    }
}

impl Server {
    /// Starts the server, making its data first when there is none. Returns when it accepts connections.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn start(
        engine: &'static dyn Engine,
        directory: &Path,
        installation: Installation,
    ) -> Result<Self, String> {
        let facts = engine.facts();
        let files = Files::below(directory, facts);
        let identity = Identity::choose().await;
        let home = Home::open(directory, identity)
            .map_err(|error| format!("cannot open `{}`: {error}", directory.display()))?;
        let site = Site {
            engine,
            installation,
            files: files.clone(),
            home,
            identity,
        };
        if !files.data.join(facts.marker).exists() {
            site.create().await?;
        }
        let child = site.start().await?;
        let (stop, stopped) = oneshot::channel();
        let watcher = tokio::task::spawn_local(watch(site, child, stopped));
        Ok(Self {
            files,
            facts,
            stop,
            watcher,
        })
    }

    /// Where things lie.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Stops the server and waits until no process of it is left.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.watcher.await;
        stale::end(&self.files.data, self.facts).await;
    }
}

/// Where and how a server is started, each time.
pub(in crate::local::provider) struct Site {
    engine: &'static dyn Engine,
    /// Its programs.
    pub installation: Installation,
    /// Where things lie.
    pub files: Files,
    home: Home,
    identity: Identity,
}

impl Site {
    /// The path by which the server's programs reach what we reach as `path`.
    pub(in crate::local::provider) fn inside(&self, path: &Path) -> PathBuf {
        self.home.inside(path)
    }

    /// Replaces a file below the directory that only the server and we may read.
    ///
    /// # Errors
    /// The operating system's.
    pub(in crate::local::provider) fn hand(&self, path: &Path, content: &str) -> io::Result<()> {
        secret::write(path, content)?;
        self.identity.own(path)
    }

    /// Makes a directory for the server, unless it is there.
    ///
    /// # Errors
    /// The operating system's.
    pub(in crate::local::provider) fn directory(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.identity.own(path),
        }
    }

    /// Makes the data in a directory beside, so that a half-made one is never taken for data.
    async fn create(&self) -> Result<(), String> {
        let cannot =
            |action: &str, error: &dyn std::fmt::Display| format!("cannot {action}: {error}");
        let new = self.files.directory.join("data.new");
        if new.exists() {
            std::fs::remove_dir_all(&new)
                .map_err(|error| cannot("remove a half-made database", &error))?;
        }
        let _ = std::fs::remove_dir_all(&self.files.data);
        let prepare = || {
            self.directory(&new)?;
            self.engine.create(self, &new)
        };
        let (mut command, secrets) =
            prepare().map_err(|error| cannot("prepare a database", &error))?;
        let program = self.installation.create.file_name().unwrap_or_default();
        let program = program.to_string_lossy();
        let run = format!("run `{program}`");
        let before = self
            .dress(&mut command, Signal::SIGKILL)
            .map_err(|error| cannot(&run, &error))?;
        let status = command.status().await;
        for secret in secrets {
            let _ = std::fs::remove_file(secret);
        }
        let status = status.map_err(|error| cannot(&run, &error))?;
        if !status.success() {
            let reason = self.engine.reason(&self.log_after(before));
            let reason = reason.unwrap_or_else(|| status.to_string());
            return Err(cannot(
                &format!("make a database with `{program}`"),
                &reason,
            ));
        }
        std::fs::rename(&new, &self.files.data)
            .map_err(|error| cannot("move the new database in place", &error))
    }

    /// Starts the server after what a killed one left, and waits until it accepts connections.
    async fn start(&self) -> Result<Child, String> {
        let facts = self.engine.facts();
        let title = facts.title;
        stale::end(&self.files.data, facts).await;
        let (mut child, before) = self
            .spawn()
            .map_err(|error| format!("cannot start {title}: {error}"))?;
        let deadline = Instant::now() + START;
        loop {
            let log = self.log_after(before);
            if self.engine.accepts(&self.files, child.id(), &log) {
                return Ok(child);
            }
            if let Ok(Some(status)) = child.try_wait() {
                let log = self.log_after(before);
                let reason = self.engine.reason(&log);
                let reason = reason.unwrap_or_else(|| status.to_string());
                return Err(format!("{title} does not start: {reason}"));
            }
            if Instant::now() > deadline {
                shut_down(&mut child, facts).await;
                return Err(format!(
                    "{title} does not start within {} s",
                    START.as_secs()
                ));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts it, and tells how long its log was before.
    fn spawn(&self) -> io::Result<(Child, usize)> {
        let owner = match self.identity {
            Identity::User { uid, .. } => uid.as_raw(),
            _ => nix::unistd::geteuid().as_raw(),
        };
        socket::create(&self.files.socket, owner)?;
        self.identity.own(&self.files.socket)?;
        let mut command = self.engine.serve(self)?;
        let before = self.dress(&mut command, self.engine.facts().stop)?;
        Ok((command.spawn()?, before))
    }

    /// What all programs of the server's get: `signal` ends them with us, and they write to the log, whose length
    /// before that is told.
    fn dress(&self, command: &mut Command, signal: Signal) -> io::Result<usize> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.files.log)?;
        if log.metadata()?.len() > 1 << 20 {
            log.set_len(0)?;
        }
        let before = log.metadata()?.len();
        command
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        self.identity
            .apply(command, signal, Some(self.home.descriptor()));
        Ok(usize::try_from(before).unwrap_or_default())
    }

    fn log_after(&self, length: usize) -> String {
        let log = std::fs::read(&self.files.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(length..).unwrap_or_default()).into_owned()
    }
}

/// Starts the server again when it dies, until told to stop it.
async fn watch(site: Site, mut child: Child, mut stop: oneshot::Receiver<()>) {
    let facts = site.engine.facts();
    let mut pause = Duration::from_millis(50);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return shut_down(&mut child, facts).await,
            _ = child.wait() => {}
        }
        tracing::warn!("{} died; starting it again", facts.title);
        loop {
            match site.start().await {
                Ok(started) => {
                    child = started;
                    pause = Duration::from_millis(50);
                    break;
                }
                Err(error) => tracing::warn!("{error}"),
            }
            tokio::select! {
                biased;
                _ = &mut stop => return,
                () = sleep(pause) => pause = (pause * 2).min(Duration::from_secs(30)),
            }
        }
    }
}

/// Fast, then at once, then by force.
async fn shut_down(child: &mut Child, facts: &Facts) {
    for signal in [facts.stop, Signal::SIGQUIT, Signal::SIGKILL] {
        let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let _ = kill(Pid::from_raw(pid), signal);
        if timeout(STOP, child.wait()).await.is_ok() {
            return;
        }
    }
}
