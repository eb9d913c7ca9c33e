//! One server process: made, started, watched, stopped.

mod home;
mod identity;
mod secret;
mod socket;
mod stale;

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

pub(super) use self::secret::{random, write};

use self::home::Home;
use self::identity::Identity;
use super::BoxFuture;

/// How long a start may take: after a crash the journal is replayed.
const START: Duration = Duration::from_secs(60);
/// Where servers find other programs.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How long each of the three ways to stop may take.
const STOP: Duration = Duration::from_secs(10);

/// What one server is like.
pub(super) trait Program {
    /// Its name in messages.
    fn title(&self) -> &str;

    /// The signal that stops it at once but in order.
    fn stop(&self) -> Signal;

    /// Whether a process of that name, whose working directory is the data, is one of its own.
    fn owns(&self, process: &str) -> bool;

    /// A file in its data that a killed server leaves and that may keep it from starting.
    fn lock(&self) -> Option<&str>;

    /// Whether that is a directory of complete data.
    fn is_made(&self, data: &Path) -> bool;

    /// The command that makes data in the empty directory `data`, if one is needed; what it needs is made as well. The
    /// files named with it hold secrets, and go when it has ended.
    ///
    /// # Errors
    /// The operating system's.
    fn create(&self, site: &Site, data: &Path) -> io::Result<Option<(Command, Vec<PathBuf>)>>;

    /// The command that runs the server; what it needs is made as well.
    ///
    /// # Errors
    /// The operating system's.
    fn serve(&self, site: &Site) -> io::Result<Command>;

    /// Whether the server of that process id, which wrote `log` since its start, accepts connections.
    fn accepts<'a>(
        &'a self,
        files: &'a Files,
        process: Option<u32>,
        log: &'a str,
    ) -> BoxFuture<'a, bool>;

    /// How long a start may take.
    fn patience(&self) -> Duration {
        START
    }

    /// The reason of a failure, out of what a program of the server's wrote.
    fn reason(&self, log: &str) -> Option<String>;
}

/// A running server. It is started again when it dies, and stopped when this value is dropped.
pub(super) struct Server {
    files: Files,
    program: Rc<dyn Program>,
    stop: oneshot::Sender<()>,
    watcher: JoinHandle<()>,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The provider's own directory.
    pub directory: PathBuf,
    /// The server's own directory.
    pub data: PathBuf,
    /// The directory of the socket.
    pub socket: PathBuf,
    log: PathBuf,
}

impl Files {
    /// The files below a provider's directory.
    pub(super) fn below(directory: &Path) -> Self {
        Self {
            directory: directory.into(),
            data: directory.join("data"),
            socket: socket::directory(directory),
            log: directory.join("server.log"),
        }
    }
}

impl Server {
    /// Starts the server, making its data first when there is none. Returns when it accepts connections.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn start(program: Rc<dyn Program>, directory: &Path) -> Result<Self, String> {
        let files = Files::below(directory);
        let identity = Identity::choose().await;
        let home = Home::open(directory, identity)
            .map_err(|error| format!("cannot open `{}`: {error}", directory.display()))?;
        let site = Site {
            program: Rc::clone(&program),
            files: files.clone(),
            home,
            identity,
        };
        if !program.is_made(&files.data) {
            site.create().await?;
        }
        let child = site.start().await?;
        let (stop, stopped) = oneshot::channel();
        let watcher = tokio::task::spawn_local(watch(site, child, stopped));
        Ok(Self {
            files,
            program,
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
        end(&self.files, self.program.as_ref()).await;
    }
}

/// Ends what a killed daemon's server left.
pub(super) async fn end(files: &Files, program: &dyn Program) {
    stale::end(&files.data, program).await;
}

/// Where and how a server is started, each time.
pub(super) struct Site {
    program: Rc<dyn Program>,
    /// Where things lie.
    pub files: Files,
    home: Home,
    identity: Identity,
}

impl Site {
    /// The path by which the server's programs reach what we reach as `path`.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        self.home.inside(path)
    }

    /// Replaces a file below the directory that only the server and we may read.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn hand(&self, path: &Path, content: &str) -> io::Result<()> {
        write(path, content)?;
        self.identity.own(path)
    }

    /// Makes a directory for the server, unless it is there.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn directory(&self, path: &Path) -> io::Result<()> {
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
                .map_err(|error| cannot("remove half-made data", &error))?;
        }
        let _ = std::fs::remove_dir_all(&self.files.data);
        let prepare = || {
            self.directory(&new)?;
            self.program.create(self, &new)
        };
        let command = prepare().map_err(|error| cannot("prepare its data", &error))?;
        if let Some((mut command, secrets)) = command {
            let program = Path::new(command.as_std().get_program())
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
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
                let reason = self.program.reason(&self.log_after(before));
                let reason = reason.unwrap_or_else(|| status.to_string());
                return Err(cannot(&format!("make data with `{program}`"), &reason));
            }
        }
        std::fs::rename(&new, &self.files.data)
            .map_err(|error| cannot("move the new data in place", &error))
    }

    /// Starts the server after what a killed one left, and waits until it accepts connections.
    async fn start(&self) -> Result<Child, String> {
        let title = self.program.title();
        stale::end(&self.files.data, self.program.as_ref()).await;
        let (mut child, before) = self
            .spawn()
            .map_err(|error| format!("cannot start {title}: {error}"))?;
        let patience = self.program.patience();
        let deadline = Instant::now() + patience;
        loop {
            let log = self.log_after(before);
            if self.program.accepts(&self.files, child.id(), &log).await {
                return Ok(child);
            }
            if let Ok(Some(status)) = child.try_wait() {
                let log = self.log_after(before);
                let reason = self.program.reason(&log);
                let reason = reason.unwrap_or_else(|| status.to_string());
                return Err(format!("{title} does not start: {reason}"));
            }
            if Instant::now() > deadline {
                shut_down(&mut child, self.program.stop()).await;
                return Err(format!(
                    "{title} does not start within {} s",
                    patience.as_secs()
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
        let mut command = self.program.serve(self)?;
        let before = self.dress(&mut command, self.program.stop())?;
        Ok((command.spawn()?, before))
    }

    /// What all programs of the server's get beside their own environment and directory: `signal` ends them with us,
    /// and they write to the log, whose length before that is told.
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
        let own: Vec<(OsString, OsString)> = command
            .as_std()
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        if command.as_std().get_current_dir().is_none() {
            command.current_dir("/");
        }
        command
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C.UTF-8")
            .envs(own)
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
    let program = Rc::clone(&site.program);
    let mut pause = Duration::from_millis(50);
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return shut_down(&mut child, program.stop()).await,
            _ = child.wait() => {}
        }
        tracing::warn!("{} died; starting it again", program.title());
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
async fn shut_down(child: &mut Child, first: Signal) {
    for signal in [first, Signal::SIGQUIT, Signal::SIGKILL] {
        let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return;
        };
        let _ = kill(Pid::from_raw(pid), signal);
        if timeout(STOP, child.wait()).await.is_ok() {
            return;
        }
    }
}
