//! One hook tool as a process.

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

use crate::juju::Error;

/// The most that is read of a tool's output, in bytes; no answer of Juju's comes near it.
const MOST_OUTPUT: u64 = 64 << 20;

/// How a tool ended, if it ended by itself.
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Runs a program with the environment as it is, and standard input closed or from `stdin`.
///
/// The process never outlives the call: it is killed and reaped when the limit is over, and killed
/// when the future is dropped. Nothing here may keep the standard library from `posix_spawn` (so no
/// `pre_exec`, no changed environment): a fork costs more.
pub(super) async fn run(
    program: &Path,
    arguments: &[String],
    stdin: Option<&str>,
    tool: &'static str,
    limit: Duration,
) -> Result<Ended, Error> {
    let failed = |source: io::Error| Error::Run { tool, source };
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(if stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::ToolMissing { tool },
            _ => failed(source),
        })?;
    let talk = talk(&mut child, stdin.unwrap_or_default());
    let result = tokio::time::timeout(limit, talk).await;
    tracing::trace!(tool, elapsed = ?begun.elapsed(), "hook tool");
    match result {
        Ok(Ok((status, stdout, stderr))) => match (status.code(), status.signal()) {
            (Some(code), _) => Ok(Ended {
                code,
                stdout,
                stderr,
            }),
            (None, signal) => Err(Error::Killed {
                tool,
                signal: signal.unwrap_or_default(),
            }),
        },
        Ok(Err(source)) => {
            // Why it could not be talked to matters more than whether it could be killed.
            let _ = child.kill().await;
            Err(failed(source))
        }
        Err(_) => {
            child.kill().await.map_err(failed)?;
            Err(Error::TimedOut { tool, limit })
        }
    }
}

async fn talk(
    child: &mut Child,
    body: &str,
) -> io::Result<(std::process::ExitStatus, Vec<u8>, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ((), stdout, stderr) = tokio::try_join!(write(stdin, body), read(stdout), read(stderr))?;
    Ok((child.wait().await?, stdout, stderr))
}

/// A tool that ends without reading its input says why by its exit.
async fn write(pipe: Option<ChildStdin>, body: &str) -> io::Result<()> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    match pipe.write_all(body.as_bytes()).await {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MOST_OUTPUT).read_to_end(&mut content).await?;
    }
    Ok(content)
}
