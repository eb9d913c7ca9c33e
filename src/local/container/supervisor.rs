//! The process between the daemon and a container: it makes the namespaces, starts PID 1 in them and waits for it.
//!
//! On standard output it says one JSON line, [`Report`], and PID 1 may say another before it becomes Pebble; standard
//! output is closed once Pebble runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use nix::sched::CloneFlags;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use serde::{Deserialize, Serialize};

use super::error::{Error, Trying};
use super::root_file_system::Layout;
use super::{helper, namespaces, network};

/// The file that holds a [`Setup`] in a container's directory.
pub(super) const SETUP: &str = "container.json";

/// What the steps need to know.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Setup {
    /// The process that the container must not outlive.
    pub(super) daemon: u32,
    pub(super) container: String,
    pub(super) hostname: String,
    pub(super) pebble: PathBuf,
    pub(super) layout: Layout,
}

impl Setup {
    pub(super) fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(SETUP);
        fs::read(&path)
            .and_then(|text| Ok(serde_json::from_slice(&text)?))
            .trying(|| format!("read `{}`", path.display()))
    }

    pub(super) fn write(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(SETUP);
        serde_json::to_vec(self)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(&path, text))
            .trying(|| format!("write `{}`", path.display()))
    }
}

/// What a step tells the daemon.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Report {
    /// PID 1 exists; its number as the daemon sees it.
    Pid(i32),
    /// [`Error::Unsupported`].
    Unsupported(String),
    /// Any other error.
    Failed(String),
}

impl From<Error> for Report {
    fn from(error: Error) -> Self {
        match error {
            Error::Unsupported(text) => Self::Unsupported(text),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl Report {
    /// Writes the line. A daemon that is gone does not read it, and there is nobody else to tell.
    pub(super) fn say(&self, mut to: impl io::Write) {
        if let Ok(mut line) = serde_json::to_vec(self) {
            line.push(b'\n');
            let _ = to.write_all(&line).and_then(|()| to.flush());
        }
    }
}

/// The step `start`.
pub(super) fn run(directory: &Path) -> ExitCode {
    match start(directory) {
        Ok(code) => code,
        Err(error) => {
            Report::from(error).say(io::stdout());
            ExitCode::FAILURE
        }
    }
}

fn start(directory: &Path) -> Result<ExitCode, Error> {
    let setup = Setup::read(directory)?;
    die_with(Some(setup.daemon))?;
    umask(Mode::from_bits_truncate(0o022));
    namespaces::leave(
        CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWPID,
        "namespaces for containers",
    )?;
    nix::unistd::sethostname(&setup.hostname).trying(|| "set the host name".into())?;
    network::loopback_up().trying(|| "bring the loopback interface up".into())?;

    let mut root = helper::command()
        .arg("root")
        .arg(directory)
        .stdin(Stdio::null())
        .spawn()
        .trying(|| "start the container's first process".into())?;
    Report::Pid(root.id().cast_signed()).say(io::stdout());
    let null = fs::File::create("/dev/null").trying(|| "open `/dev/null`".into())?;
    nix::unistd::dup2_stdout(null).trying(|| "close standard output".into())?;
    let status = root
        .wait()
        .trying(|| "wait for the container's first process".into())?;
    Ok(u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Has the kernel kill this process when its parent ends. `parent` is who that must be, where it can be known: the
/// parent may have ended before.
pub(super) fn die_with(parent: Option<u32>) -> Result<(), Error> {
    set_pdeathsig(Signal::SIGKILL).trying(|| "follow the daemon".into())?;
    match parent {
        Some(parent) if nix::unistd::getppid().as_raw() != parent.cast_signed() => Err(Error::Io {
            action: "follow the daemon".into(),
            source: io::ErrorKind::NotFound.into(),
        }),
        _ => Ok(()),
    }
}
