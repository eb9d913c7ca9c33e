//! One server process: made, started, watched, stopped.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
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

use super::home::Home;
use super::identity::Identity;
use super::installation::Installation;
use super::{OPERATOR, PORT, secret, socket, stale};

/// How long a start may take: after a crash the journal is replayed.
const START: Duration = Duration::from_secs(60);
/// How long each of the three ways to stop may take.
const STOP: Duration = Duration::from_secs(10);

/// A running server. It is started again when it dies, and stopped when this value is dropped.
pub(super) struct Server {
    files: Files,
    stop: oneshot::Sender<()>,
    watcher: JoinHandle<()>,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The server's own directory.
    pub(super) data: PathBuf,
    /// The directory of the socket.
    pub(super) socket: PathBuf,
    /// The operator's password, as libpq wants it.
    pub(super) password_file: PathBuf,
    log: PathBuf,
}

impl Files {
    /// The files below a provider's directory.
    pub(super) fn below(directory: &Path) -> Self {
        Self {
            data: directory.join("data"),
            socket: socket::directory(directory),
            password_file: directory.join("pgpass"),
            log: directory.join("server.log"),
        }
    }

    /// The major version that made the data, if there is any.
    pub(super) fn major(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data.join("PG_VERSION")).ok()?;
        text.trim().split('.').next()?.parse().ok()
    }
}

impl Server {
    /// Starts the server, making its data first when there is none. Returns when it accepts connections.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn start(
        directory: &Path,
        installation: &Installation,
    ) -> Result<Self, String> {
        let files = Files::below(directory);
        let identity = Identity::choose().await;
        let home = Home::open(directory, identity)
            .map_err(|error| format!("cannot open `{}`: {error}", directory.display()))?;
        if !files.data.join("PG_VERSION").exists() {
            create(directory, &files, installation, identity, &home).await?;
        }
        let launch = Launch {
            postgres: installation.program("postgres"),
            files: files.clone(),
            home,
            identity,
        };
        let child = launch.start().await?;
        let (stop, stopped) = oneshot::channel();
        let watcher = tokio::task::spawn_local(watch(launch, child, stopped));
        Ok(Self {
            files,
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
        stale::end(&self.files.data).await;
    }
}

/// Makes the data in a directory beside, so that a half-made one is never taken for data.
async fn create(
    directory: &Path,
    files: &Files,
    installation: &Installation,
    identity: Identity,
    home: &Home,
) -> Result<(), String> {
    let cannot = |action: &str, error: &dyn std::fmt::Display| format!("cannot {action}: {error}");
    let new = directory.join("data.new");
    if new.exists() {
        std::fs::remove_dir_all(&new)
            .map_err(|error| cannot("remove a half-made database", &error))?;
    }
    let _ = std::fs::remove_dir_all(&files.data);
    let password = secret::random().map_err(|error| cannot("draw a password", &error))?;
    let words = directory.join("password.new");
    let prepare = || -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&new)?;
        identity.own(&new)?;
        secret::write(
            &files.password_file,
            &format!("*:*:*:{OPERATOR}:{password}\n"),
        )?;
        secret::write(&words, &password)?;
        identity.own(&words)
    };
    prepare().map_err(|error| cannot("prepare a database", &error))?;
    let mut initdb = Command::new(installation.program("initdb"));
    initdb
        .args([
            "--no-sync",
            "--no-instructions",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .args(["--auth=scram-sha-256", "--username", OPERATOR])
        .arg("--pwfile")
        .arg(home.inside(&words))
        .arg("--pgdata")
        .arg(home.inside(&new))
        .current_dir("/")
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    identity.apply(&mut initdb, Signal::SIGKILL, home.descriptor());
    let output = initdb.output().await;
    let _ = std::fs::remove_file(&words);
    let output = output.map_err(|error| cannot("run `initdb`", &error))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text
            .lines()
            .find(|line| line.contains("error:"))
            .unwrap_or("it failed");
        return Err(cannot("make a database with `initdb`", &line));
    }
    std::fs::rename(&new, &files.data)
        .map_err(|error| cannot("move the new database in place", &error))
}

/// How the server is started, each time.
struct Launch {
    postgres: PathBuf,
    files: Files,
    home: Home,
    identity: Identity,
}

impl Launch {
    /// Starts the server after what a killed one left, and waits until it accepts connections.
    async fn start(&self) -> Result<Child, String> {
        stale::end(&self.files.data).await;
        let mut child = self
            .spawn()
            .map_err(|error| format!("cannot start PostgreSQL: {error}"))?;
        let deadline = Instant::now() + START;
        loop {
            if self.accepts(&child) {
                return Ok(child);
            }
            if let Ok(Some(status)) = child.try_wait() {
                let reason = self.last_words().unwrap_or_else(|| status.to_string());
                return Err(format!("PostgreSQL does not start: {reason}"));
            }
            if Instant::now() > deadline {
                shut_down(&mut child).await;
                return Err(format!(
                    "PostgreSQL does not start within {} s",
                    START.as_secs()
                ));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let owner = match self.identity {
            Identity::User { uid, .. } => uid.as_raw(),
            _ => nix::unistd::geteuid().as_raw(),
        };
        socket::create(&self.files.socket, owner)?;
        self.identity.own(&self.files.socket)?;
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.files.log)?;
        if log.metadata()?.len() > 1 << 20 {
            log.set_len(0)?;
        }
        log.flush()?;
        let quoted = self
            .home
            .inside(&self.files.socket)
            .display()
            .to_string()
            .replace('"', "\"\"");
        let mut command = Command::new(&self.postgres);
        command
            .arg("-D")
            .arg(self.home.inside(&self.files.data))
            .args(["-c", "listen_addresses="])
            .args(["-c", &format!("port={PORT}")])
            .args(["-c", &format!("unix_socket_directories=\"{quoted}\"")])
            .args(["-c", "unix_socket_permissions=0700"])
            .args(["-c", "shared_buffers=32MB"])
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        // A fast shutdown: connections are ended, the data is left clean.
        self.identity
            .apply(&mut command, Signal::SIGINT, self.home.descriptor());
        command.spawn()
    }

    /// The eighth line of `postmaster.pid` says `ready` once connections are accepted (PostgreSQL 10 and later).
    fn accepts(&self, child: &Child) -> bool {
        let Ok(text) = std::fs::read_to_string(self.files.data.join("postmaster.pid")) else {
            return false;
        };
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse().ok());
        pid == child.id() && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    fn last_words(&self) -> Option<String> {
        let text = std::fs::read_to_string(&self.files.log).ok()?;
        let line = text.lines().rev().find(|line| line.contains("FATAL:"))?;
        line.split_once("FATAL:")
            .map(|(_, message)| message.trim().to_owned())
    }
}

/// Starts the server again when it dies, until told to stop it.
async fn watch(launch: Launch, mut child: Child, mut stop: oneshot::Receiver<()>) {
    let mut pause = Duration::from_millis(50);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return shut_down(&mut child).await,
            _ = child.wait() => {}
        }
        tracing::warn!("PostgreSQL died; starting it again");
        loop {
            match launch.start().await {
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
async fn shut_down(child: &mut Child) {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL] {
        let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let _ = kill(Pid::from_raw(pid), signal);
        if timeout(STOP, child.wait()).await.is_ok() {
            return;
        }
    }
}
