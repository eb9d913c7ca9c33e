//! From a specification to a Pebble that answers.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::error::{Error, Trying};
use super::lifecycle::{Inner, Running, absolute};
use super::network::Network;
use super::overlay::{make_directory, make_directory_with_mode};
use super::process::{Process, Record, cleanup, end_recorded};
use super::root_file_system::{HOSTS, STAGE};
use super::supervisor::{Report, Setup};
use super::{SHARED, helper};

/// What Pebble and the app's services print.
pub(super) const LOG: &str = "pebble.log";
/// How long a container may take until its Pebble answers.
const STARTED: Duration = Duration::from_secs(30);
/// How often the socket is tried while Pebble starts.
const TRY: Duration = Duration::from_millis(2);

impl Inner {
    /// Starts it, whatever was there before, and waits until Pebble answers.
    pub(super) async fn run(self: &Rc<Self>) -> Result<(), Error> {
        let directory = &self.specification.directory;
        end_recorded(directory)?;
        // A hook that runs meanwhile has the shared directory mounted, so it is emptied and not replaced.
        let shared = directory.join(SHARED);
        make_directory_with_mode(&shared, 0o755)?;
        empty(&shared).trying(|| format!("empty `{}`", shared.display()))?;
        for path in [directory.join(STAGE), shared.join("pebble")] {
            make_directory(&path)?;
        }
        *self.shared.borrow_mut() =
            Some(File::open(&shared).trying(|| format!("open `{}`", shared.display()))?);
        // The app reads it as another user, whatever the daemon's own files are closed to.
        let hosts = directory.join(HOSTS);
        fs::write(&hosts, self.hosts())
            .and_then(|()| fs::set_permissions(&hosts, fs::Permissions::from_mode(0o644)))
            .trying(|| format!("write `{}`", hosts.display()))?;
        Setup {
            daemon: std::process::id(),
            container: self.specification.container.clone(),
            hostname: self.specification.hostname.clone(),
            pebble: absolute(&self.specification.pebble)?,
            layout: self.image.layout(&self.specification),
        }
        .write(directory)?;
        let result = timeout(STARTED, self.launch())
            .await
            .unwrap_or_else(|_| Err(self.pebble_error("does not answer")));
        if result.is_err() {
            self.stop().await?;
            cleanup(directory)?;
        }
        result
    }

    /// Starts the supervisor, hears that Pebble runs and waits until it answers.
    async fn launch(self: &Rc<Self>) -> Result<(), Error> {
        let directory = &self.specification.directory;
        let log = File::create(directory.join(LOG))
            .trying(|| format!("write `{}`", directory.join(LOG).display()))?;
        let mut command = tokio::process::Command::from(helper::command());
        command
            .arg("start")
            .arg(directory)
            .env_clear()
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .trying(|| "start the process of a container".into())?;
        let mut said = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout
                .read_to_end(&mut said)
                .await
                .trying(|| "hear from the process of a container".into())?;
        }
        let mut pid = None;
        for line in said.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Report::Pid(number)) => pid = Some(number),
                Ok(Report::Unsupported(text)) => return Err(Error::Unsupported(text)),
                Ok(Report::Failed(text)) => return Err(self.pebble_error(&text)),
                Err(_) => {}
            }
        }
        let (Some(pid), Some(supervisor)) = (pid, child.id()) else {
            return Err(self.pebble_error("did not start"));
        };
        let found = Process::find(pid).and_then(|pebble| {
            let supervisor = Process::find(supervisor.cast_signed())?;
            let network = Network::of(pid)?;
            Ok((Record { pebble, supervisor }, network))
        });
        let Ok((record, network)) = found else {
            return Err(self.pebble_error("ended at once"));
        };
        record
            .write(directory)
            .trying(|| "note the container's process".into())?;
        let mut ended = watch(child);
        *self.running.borrow_mut() = Some(Running {
            record,
            network,
            ended: ended.clone(),
            relays: BTreeMap::new(),
        });
        self.serve().await?;
        tokio::select! {
            biased;
            _ = ended.wait_for(|ended| *ended) => Err(self.pebble_error("ended at once")),
            () = answers(self.socket()) => Ok(()),
        }
    }

    fn pebble_error(&self, what: &str) -> Error {
        let text = fs::read(self.specification.directory.join(LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        Error::Pebble {
            container: self.specification.container.clone(),
            what: match last {
                Some(last) => format!("{what}: {last}"),
                None => what.to_owned(),
            },
        }
    }
}

/// Waits for the supervisor in the background.
fn watch(mut child: Child) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    spawn_local(async move {
        let _ = child.wait().await;
        let _ = sender.send(true);
    });
    receiver
}

/// Returns once Pebble answers at the socket.
async fn answers(socket: PathBuf) {
    let ask = async || -> io::Result<bool> {
        let mut stream = UnixStream::connect(&socket).await?;
        stream
            .write_all(b"GET /v1/system-info HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok(answer.ends_with(b" 200"))
    };
    while !ask().await.unwrap_or(false) {
        tokio::time::sleep(TRY).await;
    }
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if fs::symlink_metadata(&path)?.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
