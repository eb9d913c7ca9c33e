//! SQL through the server's own client program: the script goes in by standard input, so that no secret is ever in an
//! argument.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

use super::engine::{Engine, Installation};
use crate::local::provider::server::Files;

/// How long a server that restarts is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one script may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A way to talk to the server as its operator.
pub(in crate::local::provider) struct Session<'a> {
    pub(super) engine: &'static dyn Engine,
    pub(super) installation: &'a Installation,
    pub(super) files: &'a Files,
}

impl Session<'_> {
    /// Runs a script; stops at the first error. Gives what it printed.
    ///
    /// # Errors
    /// The server's message, one line, without the statement.
    pub(in crate::local::provider) async fn run(&self, script: &str) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let client = self.installation.client.display();
            let output = match timeout(LIMIT, self.attempt(script)).await {
                Ok(output) => output.map_err(|error| format!("cannot run `{client}`: {error}"))?,
                Err(_) => return Err(format!("{} does not answer", self.engine.facts().title)),
            };
            if output.status.success() {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            let errors = String::from_utf8_lossy(&output.stderr);
            match self.engine.refusal(output.status.code(), &errors) {
                Some(refusal) => return Err(refusal),
                None if Instant::now() < deadline => sleep(Duration::from_millis(20)).await,
                None => {
                    return Err(format!(
                        "{} accepts no connection",
                        self.engine.facts().title
                    ));
                }
            }
        }
    }

    async fn attempt(&self, script: &str) -> std::io::Result<std::process::Output> {
        let mut child = self
            .engine
            .client(self.installation, self.files)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A client that found no server has closed its end; its exit code tells.
            let _ = stdin.write_all(script.as_bytes()).await;
        }
        child.wait_with_output().await
    }
}
