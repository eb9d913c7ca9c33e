//! `wait`: until all is at rest with a status.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Progress;
use crate::local::daemon::Daemon;

/// How often what is missing is told while nothing else is.
const REMIND: Duration = Duration::from_secs(10);
/// How often ports that do not answer are asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// The status in which an app must also answer: Pebble takes a process for started that has yet to listen.
const ACTIVE: &str = "active";

pub(super) async fn wait(
    daemon: &Rc<Daemon>,
    applications: &[String],
    status: &str,
    timeout_seconds: u64,
    progress: &Progress,
) -> Result<Value, String> {
    let limit = Instant::now() + Duration::from_secs(timeout_seconds.min(86_400));
    let mut remind = Instant::now() + REMIND;
    let mut news = daemon.watch();
    loop {
        // Whatever has been set off by now has its turn first.
        tokio::task::yield_now().await;
        let mut missing = daemon.missing(applications, status);
        if missing.is_empty() && status == ACTIVE {
            missing = daemon.silent(applications).await;
        }
        if missing.is_empty() {
            return Ok(json!({ "status": status }));
        }
        let now = Instant::now();
        if now >= limit {
            return Err(format!(
                "not {status} after {timeout_seconds} s: {}; see `charmwright local logs`",
                missing.join("; ")
            ));
        }
        if now >= remind {
            remind = now + REMIND;
            let _ = progress.send(format!("waiting: {}", missing.join("; ")));
        }
        tokio::select! {
            _ = news.changed() => {}
            // Nobody tells when a port begins to answer: it is asked for.
            () = tokio::time::sleep_until(limit.min(remind).min(now + ASK_AGAIN)) => {}
        }
    }
}
