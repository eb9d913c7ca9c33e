//! The command line's side of the daemon.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::daemon;
use super::protocol::{Answer, Command, Request, VERSION};
use super::store::Directory;
use crate::streams::errln;

/// How long a daemon that another command line starts may take.
const STARTING: Duration = Duration::from_secs(20);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No model here.
    #[error("there is no model here; start one with `charmwright local deploy CHARM`")]
    NoModel,
    /// The daemon did not start.
    #[error("{0}")]
    Start(String),
    /// The daemon went away while it was asked.
    #[error("the daemon ended while it was asked; see `{0}`")]
    Ended(std::path::PathBuf),
    /// It says why not.
    #[error("{0}")]
    Refused(String),
}

/// Asks the daemon, starting it when its model is there and it is not. `progress` gets lines while it works.
///
/// # Errors
/// Every [`Error`].
pub fn ask(
    directory: &Directory,
    command: &Command,
    progress: impl FnMut(&str),
) -> Result<Value, Error> {
    let stream = match UnixStream::connect(directory.daemon_socket()) {
        Ok(stream) => stream,
        Err(_) if directory.has_model() => {
            errln!("the daemon was not running; starting it again");
            start(directory)?
        }
        Err(_) => return Err(Error::NoModel),
    };
    talk(directory, stream, command, progress)
}

/// Asks the daemon, starting it when it does not run.
///
/// # Errors
/// Every [`Error`] but [`Error::NoModel`].
pub fn start_and_ask(
    directory: &Directory,
    command: &Command,
    progress: impl FnMut(&str),
) -> Result<Value, Error> {
    let stream = match UnixStream::connect(directory.daemon_socket()) {
        Ok(stream) => stream,
        Err(_) => start(directory)?,
    };
    talk(directory, stream, command, progress)
}

/// Asks the daemon if it runs.
///
/// # Errors
/// [`Error::Ended`] or [`Error::Refused`].
pub fn ask_if_running(
    directory: &Directory,
    command: &Command,
    progress: impl FnMut(&str),
) -> Result<Option<Value>, Error> {
    match UnixStream::connect(directory.daemon_socket()) {
        Ok(stream) => talk(directory, stream, command, progress).map(Some),
        Err(_) => Ok(None),
    }
}

fn start(directory: &Directory) -> Result<UnixStream, Error> {
    daemon::start(directory).map_err(Error::Start)?;
    // It may be another command line's, on its way.
    let limit = Instant::now() + STARTING;
    loop {
        match UnixStream::connect(directory.daemon_socket()) {
            Ok(stream) => return Ok(stream),
            Err(_) if Instant::now() < limit => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => {
                return Err(Error::Start(format!("the daemon does not answer: {error}")));
            }
        }
    }
}

fn talk(
    directory: &Directory,
    mut stream: UnixStream,
    command: &Command,
    mut progress: impl FnMut(&str),
) -> Result<Value, Error> {
    let ended = || Error::Ended(directory.log("daemon"));
    let request = Request {
        version: VERSION.into(),
        command: serde_json::to_value(command)
            .map_err(|error| Error::Refused(error.to_string()))?,
    };
    let mut text =
        serde_json::to_vec(&request).map_err(|error| Error::Refused(error.to_string()))?;
    text.push(b'\n');
    stream.write_all(&text).map_err(|_| ended())?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(|_: io::Error| ended())?;
        match serde_json::from_str(&line).map_err(|error| Error::Refused(error.to_string()))? {
            Answer::Progress(line) => progress(&line),
            Answer::Done(value) => return Ok(value),
            Answer::Failed(why) => return Err(Error::Refused(why)),
        }
    }
    Err(ended())
}
