//! A command that runs, with its streams in the caller's hands.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{self, END, Received, Receiver, Sender, Socket};
use super::{Exec, exec_request};
use crate::pebble::changes::{Change, ChangeId};
use crate::pebble::client::Client;
use crate::pebble::envelope::from_value;
use crate::pebble::error::Error;

/// The most that is sent in one message, in bytes.
const PIECE: usize = 32 << 10;

/// A command that runs. Dropping its [`Control`] before it ended kills it.
#[derive(Debug)]
pub struct Process {
    /// The change that it is.
    pub change: ChangeId,
    /// Signals and the terminal's size.
    pub control: Control,
    /// What it reads.
    pub stdin: Stdin,
    /// What it prints. Must be read on, or the command blocks.
    pub outputs: Outputs,
}

/// The way to signal a command.
#[derive(Debug)]
pub struct Control {
    client: Client,
    socket: Socket,
}

/// The way into a command.
#[derive(Debug)]
pub struct Stdin {
    client: Client,
    sender: Sender,
}

/// The way out of a command.
#[derive(Debug)]
pub struct Outputs {
    client: Client,
    stdout: Option<Receiver>,
    stderr: Option<Receiver>,
}

/// A piece of what a command prints.
#[derive(Clone, Eq, PartialEq)]
pub enum Chunk {
    /// Of its output.
    Stdout(Bytes),
    /// Of its error output.
    Stderr(Bytes),
}

impl std::fmt::Debug for Chunk {
    /// Without what was printed, which may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout(data) => write!(f, "Stdout({} bytes)", data.len()),
            Self::Stderr(data) => write!(f, "Stderr({} bytes)", data.len()),
        }
    }
}

/// The answer to an exec, without the environment that it echoes.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Started {
    task_id: String,
}

impl Client {
    /// Starts a command and connects its streams. `stdin` and `output_limit` of `exec` are not used.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::UnknownCommand`](crate::pebble::Reason::UnknownCommand),
    /// [`Reason::UnknownUser`](crate::pebble::Reason::UnknownUser),
    /// [`Reason::WorkingDirMissing`](crate::pebble::Reason::WorkingDirMissing) or none;
    /// [`Error::Change`] when it could not be started; those of every call.
    pub async fn start_exec(&self, exec: &Exec) -> Result<Process, Error> {
        let (change, result) = self.call(&exec_request(exec)).await?.into_change()?;
        let Started { task_id } = from_value(result)?;
        let control = socket::connect(self, &task_id, "control").await?;
        let stdio = socket::connect(self, &task_id, "stdio").await?;
        let stderr = match exec.splits_stderr() {
            true => Some(socket::connect(self, &task_id, "stderr").await?.split().1),
            false => None,
        };
        let (sender, stdout) = stdio.split();
        Ok(Process {
            change: ChangeId::from(change),
            control: Control {
                client: self.clone(),
                socket: control,
            },
            stdin: Stdin {
                client: self.clone(),
                sender,
            },
            outputs: Outputs {
                client: self.clone(),
                stdout: Some(stdout),
                stderr,
            },
        })
    }

    /// Waits until a command has ended, and returns its exit code.
    ///
    /// # Errors
    /// [`Error::Change`] when it did not end by itself (could not be started, timed out); those of every
    /// call.
    pub async fn wait_exec(&self, change: &ChangeId) -> Result<i32, Error> {
        let change = self.wait_ready(change, None).await?;
        exit_code_of(change)
    }
}

/// The exit code of an exec that is over.
pub(super) fn exit_code_of(change: Change) -> Result<i32, Error> {
    let change = change.into_result().map_err(Box::new)?;
    change
        .tasks
        .first()
        .and_then(|task| task.data.get("exit-code"))
        .and_then(Value::as_i64)
        .and_then(|code| i32::try_from(code).ok())
        .ok_or_else(|| Error::protocol("a command that ended without an exit code"))
}

impl Control {
    /// Sends a signal, such as `SIGTERM`, to the command's first process.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the command has ended or the daemon has gone.
    pub async fn signal(&mut self, name: &str) -> Result<(), Error> {
        self.send(&json!({"command": "signal", "signal": {"name": name}}))
            .await
    }

    /// Changes the size of the terminal, in characters.
    ///
    /// # Errors
    /// As for [`Control::signal`].
    pub async fn resize(&mut self, width: u16, height: u16) -> Result<(), Error> {
        self.send(&json!({"command": "resize", "resize": {"width": width, "height": height}}))
            .await
    }

    async fn send(&mut self, command: &Value) -> Result<(), Error> {
        let sent = self.socket.send(Message::text(command.to_string())).await;
        sent.map_err(|error| socket::failure(&self.client, error))
    }
}

impl Stdin {
    /// Sends input. Waits while the command does not read, so outputs must be read at the same time.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the daemon has gone.
    pub async fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        for piece in data.chunks(PIECE) {
            self.send(Message::binary(piece.to_vec())).await?;
        }
        Ok(())
    }

    /// Ends the input: the command reads to its end. Do so even when there was none.
    ///
    /// # Errors
    /// As for [`Stdin::write`].
    pub async fn end(&mut self) -> Result<(), Error> {
        self.send(Message::text(END)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        let sent = self.sender.send(message).await;
        sent.map_err(|error| socket::failure(&self.client, error))
    }
}

impl Outputs {
    /// The next piece of output or error output, as they come; `None` when both have ended.
    ///
    /// May be dropped while it waits, and called again, without losing anything.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the daemon goes away before the end.
    pub async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while self.stdout.is_some() || self.stderr.is_some() {
            let client = &self.client;
            let (received, is_stderr) = tokio::select! {
                received = receive(client, &mut self.stdout), if self.stdout.is_some() => (received, false),
                received = receive(client, &mut self.stderr), if self.stderr.is_some() => (received, true),
            };
            match (received?, is_stderr) {
                (Received::Data(data), false) => return Ok(Some(Chunk::Stdout(data))),
                (Received::Data(data), true) => return Ok(Some(Chunk::Stderr(data))),
                (Received::End, false) => self.stdout = None,
                (Received::End, true) => self.stderr = None,
            }
        }
        Ok(None)
    }
}

async fn receive(client: &Client, receiver: &mut Option<Receiver>) -> Result<Received, Error> {
    match receiver {
        Some(receiver) => socket::receive(client, receiver).await,
        None => Ok(Received::End),
    }
}
