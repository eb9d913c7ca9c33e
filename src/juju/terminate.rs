//! The agent or the pod stops while the charm works.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// SIGTERM or SIGINT came before the work was done. Juju runs the hook again later.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("terminated before the hook was done; Juju will run it again")]
pub struct Terminated;

/// Runs `work` until it is done, or drops it when SIGTERM or SIGINT comes. Dropping ends every hook
/// tool that [`super::Tools`] has running.
///
/// # Errors
/// [`Terminated`] when a signal came first.
pub async fn unless_terminated<T>(work: impl Future<Output = T>) -> Result<T, Terminated> {
    // Without a handler the signal ends the process, which is the next best thing.
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return Ok(work.await);
    };
    tokio::select! {
        biased;
        _ = terminate.recv() => Err(Terminated),
        _ = interrupt.recv() => Err(Terminated),
        done = work => Ok(done),
    }
}
