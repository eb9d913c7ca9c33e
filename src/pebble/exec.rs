//! Running commands in the container.

mod output;
mod process;
mod run;
mod socket;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

pub use output::{Output, OutputLimit};
pub use process::{Chunk, Control, Outputs, Process, Stdin};

use super::duration;
use super::request::Request;

/// A command to run, without a shell.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Exec {
    /// The program, looked up in the daemon's `PATH`, and its arguments.
    pub command: Vec<String>,
    /// Added to the daemon's environment.
    pub environment: BTreeMap<String, String>,
    /// Where it runs; the user's home, or `/`, when `None`.
    pub working_dir: Option<String>,
    /// The user; the daemon's when `None`.
    pub user: Option<String>,
    /// The user's id, which must agree with `user` when both are given.
    pub user_id: Option<u32>,
    /// The group; the user's primary group when `None`.
    pub group: Option<String>,
    /// The group's id, which must agree with `group` when both are given.
    pub group_id: Option<u32>,
    /// How long it may run; Pebble then kills the process with SIGKILL, but not those that it began.
    /// For ever when `None`.
    pub timeout: Option<Duration>,
    /// A service whose environment, user, group and working directory are taken where none is given here.
    pub service_context: Option<String>,
    /// Error output goes where output goes.
    pub combine_stderr: bool,
    /// What the command can read, up to its end. Not for [`start_exec`](super::Client::start_exec).
    pub stdin: Vec<u8>,
    /// How much of the output to keep. Not for [`start_exec`](super::Client::start_exec).
    pub output_limit: OutputLimit,
    /// Run in a terminal of this width and height in characters; all output is then combined, and
    /// `combine_stderr` is taken as said.
    pub terminal: Option<(u16, u16)>,
}

impl Exec {
    /// A command with its arguments, everything else by default.
    #[must_use]
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The program, without its arguments, for texts.
    pub(super) fn program(&self) -> &str {
        self.command.first().map_or("", String::as_str)
    }

    fn splits_stderr(&self) -> bool {
        !self.combine_stderr && self.terminal.is_none()
    }
}

impl fmt::Debug for Exec {
    /// Without arguments, values of the environment and input, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec")
            .field("program", &self.program())
            .field("environment", &self.environment.keys())
            .field("working_dir", &self.working_dir)
            .field("user", &self.user)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Wire<'a> {
    command: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    environment: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_context: Option<&'a str>,
    terminal: bool,
    interactive: bool,
    split_stderr: bool,
    width: u16,
    height: u16,
}

fn exec_request(exec: &Exec) -> Request {
    let (width, height) = exec.terminal.unwrap_or_default();
    let wire = Wire {
        command: &exec.command,
        environment: &exec.environment,
        working_dir: exec.working_dir.as_deref(),
        timeout: exec.timeout.map(duration::to_go),
        user: exec.user.as_deref(),
        user_id: exec.user_id,
        group: exec.group.as_deref(),
        group_id: exec.group_id,
        service_context: exec.service_context.as_deref(),
        terminal: exec.terminal.is_some(),
        interactive: exec.terminal.is_some(),
        split_stderr: exec.splits_stderr(),
        width,
        height,
    };
    // Strings, numbers and maps by strings always become JSON.
    let body = serde_json::to_value(wire).unwrap_or_default();
    Request::post("/v1/exec", &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(exec: &Exec) -> serde_json::Value {
        serde_json::from_slice(&exec_request(exec).body).unwrap()
    }

    #[test]
    fn a_bare_command_leaves_the_rest_to_pebble() {
        assert_eq!(
            body(&Exec::new(["true"])),
            json!({"command": ["true"], "terminal": false, "interactive": false,
                "split-stderr": true, "width": 0, "height": 0})
        );
    }

    #[test]
    fn everything_that_is_said_is_sent() {
        let exec = Exec {
            environment: BTreeMap::from([("K".into(), "v".into())]),
            working_dir: Some("/app".into()),
            user: Some("u".into()),
            user_id: Some(1),
            group: Some("g".into()),
            group_id: Some(2),
            timeout: Some(Duration::from_secs(60)),
            service_context: Some("web".into()),
            combine_stderr: true,
            ..Exec::new(["python3", "migrate.py"])
        };
        assert_eq!(
            body(&exec),
            json!({"command": ["python3", "migrate.py"], "environment": {"K": "v"},
                "working-dir": "/app", "timeout": "60.000s", "user": "u", "user-id": 1, "group": "g",
                "group-id": 2, "service-context": "web", "terminal": false, "interactive": false,
                "split-stderr": false, "width": 0, "height": 0})
        );
    }

    #[test]
    fn a_command_in_a_terminal_has_one_output() {
        let exec = Exec {
            terminal: Some((80, 25)),
            ..Exec::new(["sh"])
        };
        let body = body(&exec);
        assert_eq!(body["split-stderr"], false);
        assert_eq!((&body["width"], &body["height"]), (&json!(80), &json!(25)));
        assert_eq!(body["interactive"], true);
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let exec = Exec {
            environment: BTreeMap::from([("PASSWORD".into(), "hunter2".into())]),
            stdin: b"hunter2".to_vec(),
            ..Exec::new(["login", "hunter2"])
        };
        let debug = format!("{exec:?}");
        assert!(
            debug.contains("PASSWORD") && !debug.contains("hunter2"),
            "{debug}"
        );
    }
}
