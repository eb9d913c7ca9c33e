//! The hook tools: one process and one round trip to the unit agent for each call.

mod action;
mod process;
mod relation;
mod secret;
mod state;
mod unit;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::error::Error;

pub use action::{LONGEST_RESULT, is_result_key};
pub use secret::{Owner, Revision, SecretInfo, SecretRef};
pub use unit::LogLevel;

/// How long one call may take unless [`Tools::with_limit`] says otherwise. An agent answers in
/// milliseconds; one that waits for its controller may take seconds.
const LIMIT: Duration = Duration::from_secs(60);
/// How many tools run at once.
const AT_ONCE: usize = 8;
/// The longest argument Linux takes, in bytes (`MAX_ARG_STRLEN` without the closing NUL).
const LONGEST_ARGUMENT: usize = 128 * 1024 - 1;

/// Typed calls of the hook tools that Juju puts on the PATH of a dispatch.
///
/// Nothing is cached: a call is a process. Independent calls may be awaited together; at most eight
/// run at once (the agent answers one at a time, so what overlaps is the start of processes). Dropping a call ends its process. Needs a Tokio runtime with I/O and time enabled.
/// No value that goes to a databag, a secret or the charm's state is ever in an argument or in an
/// error.
#[derive(Debug)]
pub struct Tools {
    directory: Option<PathBuf>,
    limit: Duration,
    slots: Semaphore,
    calls: AtomicUsize,
}

impl Default for Tools {
    fn default() -> Self {
        Self::new()
    }
}

impl Tools {
    /// The tools on the PATH.
    #[must_use]
    pub fn new() -> Self {
        Self {
            directory: None,
            limit: LIMIT,
            slots: Semaphore::new(AT_ONCE),
            calls: AtomicUsize::new(0),
        }
    }

    /// The tools in one directory, whatever the PATH says.
    #[must_use]
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: Some(directory.into()),
            ..Self::new()
        }
    }

    /// The same tools with another limit on how long one call may take.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// How many hook tools were started so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Runs one tool to its end and gives its standard output.
    async fn run(&self, call: Call<'_>) -> Result<Vec<u8>, Error> {
        let tool = call.tool;
        for argument in &call.arguments {
            if argument.contains('\0') || argument.len() > LONGEST_ARGUMENT {
                // Which argument is not said: it may be part of what nobody should see.
                let reason = format!(
                    "an argument has a NUL byte or more than {LONGEST_ARGUMENT} bytes; make it shorter"
                );
                return Err(Error::Unsendable { tool, reason });
            }
        }
        // The semaphore is never closed; were it, going on without a slot would be right.
        let _slot = self.slots.acquire().await.ok();
        self.calls.fetch_add(1, Ordering::Relaxed);
        let program = match &self.directory {
            Some(directory) => directory.join(tool),
            None => PathBuf::from(tool),
        };
        let ended = process::run(
            &program,
            &call.arguments,
            call.stdin.as_deref(),
            tool,
            self.limit,
        )
        .await?;
        if ended.code == 0 {
            return Ok(ended.stdout);
        }
        let known: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
        Err(Error::of_exit(
            tool,
            ended.code,
            &String::from_utf8_lossy(&ended.stderr),
            &call.sent,
            &known,
        ))
    }

    /// Runs one tool for its effect.
    async fn tell(&self, call: Call<'_>) -> Result<(), Error> {
        self.run(call).await.map(drop)
    }

    /// Runs one tool with `--format=json` and reads its answer.
    async fn ask<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        expected: &'static str,
    ) -> Result<T, Error> {
        let tool = call.tool;
        let answer = self.run(call).await?;
        serde_json::from_slice(&answer).map_err(|_| Error::Nonsense { tool, expected })
    }

    /// Runs one tool that answers with one line of plain text.
    async fn ask_line(&self, call: Call<'_>, expected: &'static str) -> Result<String, Error> {
        let tool = call.tool;
        let answer = self.run(call).await?;
        match std::str::from_utf8(&answer).map(str::trim) {
            Ok(line) if !line.is_empty() && !line.contains('\n') => Ok(line.to_owned()),
            _ => Err(Error::Nonsense { tool, expected }),
        }
    }
}

/// One call in the making.
struct Call<'a> {
    tool: &'static str,
    arguments: Vec<String>,
    stdin: Option<String>,
    sent: Vec<&'a str>,
}

impl<'a> Call<'a> {
    fn new(tool: &'static str) -> Self {
        Self {
            tool,
            arguments: Vec::new(),
            stdin: None,
            sent: Vec::new(),
        }
    }

    /// A call whose answer is JSON.
    fn json(tool: &'static str) -> Self {
        Self::new(tool).arg("--format=json")
    }

    fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    fn option(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.arg(name).arg(value),
            None => self,
        }
    }

    fn flag(self, name: &str, given: bool) -> Self {
        if given { self.arg(name) } else { self }
    }

    /// Free text behind `--`, without NUL bytes and cut where an argument must end.
    fn text(self, text: &str) -> Self {
        let piece = pieces(text).into_iter().next().unwrap_or_default();
        self.arg("--").arg(piece)
    }

    fn stdin(mut self, body: String) -> Self {
        self.stdin = Some(body);
        self
    }

    /// Values that no error may show.
    fn sent(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.sent.extend(values);
        self
    }

    fn unsendable(&self, reason: impl Into<String>) -> Error {
        Error::Unsendable {
            tool: self.tool,
            reason: reason.into(),
        }
    }
}

/// The text without NUL bytes in pieces that each fit into one argument, one at least.
fn pieces(text: &str) -> Vec<String> {
    let text = text.replace('\0', "\u{fffd}");
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    loop {
        let mut end = rest.len().min(LONGEST_ARGUMENT);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, behind) = rest.split_at(end);
        pieces.push(piece.to_owned());
        if behind.is_empty() {
            return pieces;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_fit_and_lose_nothing() {
        assert_eq!(pieces(""), [""]);
        let text = "\0".repeat(LONGEST_ARGUMENT);
        let pieces = pieces(&text);
        assert!(pieces.iter().all(|piece| piece.len() <= LONGEST_ARGUMENT));
        assert_eq!(pieces.concat(), "\u{fffd}".repeat(LONGEST_ARGUMENT));
    }
}
