//! Running a command to its end.

use std::pin::pin;
use std::time::Duration;

use super::output::Keeper;
use super::process::{Chunk, Process, exit_code_of};
use super::{Exec, Output};
use crate::pebble::changes::Change;
use crate::pebble::client::Client;
use crate::pebble::error::Error;

/// What has been printed so far.
struct Kept {
    stdout: Keeper,
    stderr: Keeper,
}

impl Kept {
    fn push(&mut self, chunk: &Chunk) {
        match chunk {
            Chunk::Stdout(data) => self.stdout.push(data),
            Chunk::Stderr(data) => self.stderr.push(data),
        }
    }

    fn into_output(self, exit_code: i32) -> Output {
        let (stdout, stdout_dropped) = self.stdout.into_kept();
        let (stderr, stderr_dropped) = self.stderr.into_kept();
        Output {
            exit_code,
            stdout,
            stderr,
            truncated: stdout_dropped || stderr_dropped,
        }
    }
}

impl Client {
    /// Runs a command to its end, whatever its exit code; [`Output::check`] makes a failure of one that is
    /// not 0.
    ///
    /// Output beyond `output_limit` is read and thrown away, so that the command never waits for this side.
    /// Dropping this kills the command's first process.
    ///
    /// # Errors
    /// [`Error::Timeout`], with what was printed, when `timeout` passed; otherwise those of
    /// [`Client::start_exec`]. A daemon that goes away or hangs is noticed also when there is no `timeout`.
    pub async fn exec(&self, exec: Exec) -> Result<Output, Error> {
        let process = self.start_exec(&exec).await?;
        let mut kept = Kept {
            stdout: Keeper::new(exec.output_limit),
            stderr: Keeper::new(exec.output_limit),
        };
        let ended = match exec.timeout {
            None => self.follow(process, &exec.stdin, &mut kept).await.map(Some),
            // Pebble counts from the start, and gives up output a second after it killed the process. But
            // it waits for ever for the output of processes that the killed one leaves behind.
            Some(timeout) => {
                let work = self.follow(process, &exec.stdin, &mut kept);
                match tokio::time::timeout(timeout.saturating_add(self.limits.request), work).await
                {
                    Ok(ended) => ended.map(Some),
                    Err(_) => Ok(None),
                }
            }
        }?;
        let late = |limit: Duration, kept: Kept| {
            Err(Error::Timeout {
                what: format!("command `{}`", exec.program()),
                limit,
                output: Some(Box::new(kept.into_output(-1))),
            })
        };
        match (ended, exec.timeout) {
            (None, limit) => late(limit.unwrap_or_default(), kept),
            (Some(change), Some(limit)) if is_timed_out(&change) => late(limit, kept),
            (Some(change), _) => Ok(kept.into_output(exit_code_of(change)?)),
        }
    }

    /// Feeds input and collects output until the change is over.
    async fn follow(
        &self,
        process: Process,
        input: &[u8],
        kept: &mut Kept,
    ) -> Result<Change, Error> {
        let Process {
            change,
            control: _control,
            mut stdin,
            mut outputs,
        } = process;
        let mut fed = pin!(async {
            // A command need not read its input; how it ends is said by the change.
            let _ = stdin.write(input).await;
            let _ = stdin.end().await;
        });
        let mut waited = pin!(self.wait_ready(&change, None));
        let (mut feeding, mut printing) = (true, true);
        let (mut over, mut lost) = (None, None);
        loop {
            tokio::select! {
                () = &mut fed, if feeding => feeding = false,
                change = &mut waited, if over.is_none() => over = Some(change?),
                chunk = outputs.next(), if printing => match chunk {
                    Ok(Some(chunk)) => kept.push(&chunk),
                    Ok(None) => printing = false,
                    Err(error) => (printing, lost) = (false, Some(error)),
                },
                // Pebble has sent all when the change is over; what is on its way comes at once.
                () = tokio::time::sleep(self.limits.request), if over.is_some() && printing => {
                    (printing, lost) = (false, Some(self.transport.cut()));
                }
            }
            if !printing && let Some(change) = over.take() {
                // How the command ended says more than that its output broke off.
                return match lost {
                    Some(error) if change.err.is_none() => Err(error),
                    _ => Ok(change),
                };
            }
        }
    }
}

/// Whether Pebble ended the command because its time was over.
fn is_timed_out(change: &Change) -> bool {
    change
        .err
        .as_deref()
        .is_some_and(|err| err.contains("(timed out after "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_told_from_other_failures() {
        for (err, timed_out) in [
            (
                Some(
                    "cannot perform the following tasks:\n- Execute command \"sleep\" (timed out after 500ms: context deadline exceeded)",
                ),
                true,
            ),
            (
                Some(
                    "cannot perform the following tasks:\n- Execute command \"x\" (fork/exec /x: permission denied)",
                ),
                false,
            ),
            (None, false),
        ] {
            let change = Change {
                err: err.map(str::to_owned),
                ..Change::default()
            };
            assert_eq!(is_timed_out(&change), timed_out, "{err:?}");
        }
    }
}
