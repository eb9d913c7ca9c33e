//! Changes: work that goes on after the call that began it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::Client;
use super::duration;
use super::error::{ChangeError, Error, Reason};
use super::request::Request;
use crate::percent::percent_encode;

/// The longest that one request waits in the daemon, as in ops.
const WAIT_STEP: Duration = Duration::from_secs(4);

/// The pause between looks at a change on a daemon that cannot wait for it, as in ops.
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// The id of a change.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct ChangeId(String);

impl ChangeId {
    /// The id as Pebble writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ChangeId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for ChangeId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// A change.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// `start`, `stop`, `restart`, `replan`, `autostart`, `exec`, `perform-check`, `recover-check`.
    pub kind: String,
    /// What it does, in Pebble's words.
    pub summary: String,
    /// `Do`, `Doing`, `Undo`, `Undoing`, `Abort` or `Wait` while it goes on; `Done`, `Undone`, `Hold` or
    /// `Error` when it is over.
    pub status: String,
    /// Its parts.
    pub tasks: Vec<Task>,
    /// Whether it is over.
    pub ready: bool,
    /// What went wrong, if anything did.
    pub err: Option<String>,
    /// When it began, in RFC 3339.
    pub spawn_time: Option<String>,
    /// When it was over, in RFC 3339.
    pub ready_time: Option<String>,
}

/// A part of a change.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "kebab-case")]
pub struct Task {
    /// Its id.
    pub id: String,
    /// What sort of task.
    pub kind: String,
    /// What it does, in Pebble's words.
    pub summary: String,
    /// As for a change.
    pub status: String,
    /// What it logged: one string per entry, which may hold several lines.
    pub log: Vec<String>,
    /// Facts about it, such as the `exit-code` of an exec.
    pub data: BTreeMap<String, Value>,
}

impl Change {
    /// Itself when it was done, its failure when it ended otherwise.
    ///
    /// # Errors
    /// The change is over and its status is not `Done`.
    pub fn into_result(self) -> Result<Self, ChangeError> {
        let err = match self.err {
            Some(ref err) if !err.is_empty() => err.clone(),
            _ if self.ready && self.status != "Done" => {
                format!("change `{}` ended as `{}`", self.id, self.status)
            }
            _ => return Ok(self),
        };
        Err(ChangeError {
            id: self.id,
            kind: self.kind,
            summary: self.summary,
            err,
            tasks: self.tasks,
        })
    }
}

/// Which changes to list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChangeSelect {
    /// All that have not been pruned.
    All,
    /// Those that go on.
    #[default]
    InProgress,
    /// Those that are over.
    Ready,
}

impl ChangeSelect {
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::InProgress => "in-progress",
            Self::Ready => "ready",
        }
    }
}

impl Client {
    /// Looks at a change.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::UnknownChange`]; those of every call.
    pub async fn change(&self, id: &ChangeId) -> Result<Change, Error> {
        self.sync(&Request::get(&path(id), [])).await
    }

    /// Lists changes, of one service when it is named.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn changes(
        &self,
        select: ChangeSelect,
        service: Option<&str>,
    ) -> Result<Vec<Change>, Error> {
        let select = Some(("select", select.as_str()));
        let query = select
            .into_iter()
            .chain(service.map(|service| ("for", service)));
        self.sync(&Request::get("/v1/changes", query)).await
    }

    /// Asks for a change to be given up; wait for it to know how it ended.
    ///
    /// # Errors
    /// [`Error::Refused`] when it is unknown or already over; those of every call.
    pub async fn abort_change(&self, id: &ChangeId) -> Result<Change, Error> {
        self.sync(&Request::post(&path(id), &json!({"action": "abort"})))
            .await
    }

    /// Waits until a change is over, at most for `limit`.
    ///
    /// # Errors
    /// [`Error::Change`] when it ended in another way than `Done`; [`Error::Timeout`] when it goes on;
    /// [`Error::Refused`] with [`Reason::UnknownChange`]; those of every call, such as
    /// [`Error::Unreachable`] when the daemon goes away or hangs meanwhile.
    pub async fn wait_change(&self, id: &ChangeId, limit: Duration) -> Result<Change, Error> {
        let change = self.wait_ready(id, Some(limit)).await?;
        Ok(change.into_result().map_err(Box::new)?)
    }

    /// Waits until a change is over, however it ended.
    pub(super) async fn wait_ready(
        &self,
        id: &ChangeId,
        limit: Option<Duration>,
    ) -> Result<Change, Error> {
        let start = Instant::now();
        loop {
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            let step = left.map_or(WAIT_STEP, |left| left.min(WAIT_STEP));
            match self.wait_step(id, step).await? {
                Some(change) if change.ready => return Ok(change),
                _ => {}
            }
            if let (Some(limit), Some(Duration::ZERO)) = (limit, left) {
                return Err(Error::Timeout {
                    what: format!("change `{id}`"),
                    limit,
                    output: None,
                });
            }
        }
    }

    /// Waits once, for at most `step`; `None` when the change goes on.
    async fn wait_step(&self, id: &ChangeId, step: Duration) -> Result<Option<Change>, Error> {
        let request = wait_request(id, step);
        let answer = self
            .call_within(&request, step.saturating_add(self.limits.request))
            .await;
        match answer.and_then(super::envelope::Answer::into_result) {
            Ok(change) => Ok(Some(change)),
            Err(Error::Refused(error)) if error.status == 504 => Ok(None),
            Err(Error::Refused(error)) if error.reason() == Some(Reason::UnknownEndpoint) => {
                let change = self.change(id).await?;
                if !change.ready {
                    tokio::time::sleep(POLL_PAUSE.min(step)).await;
                }
                Ok(Some(change))
            }
            Err(error) => Err(error),
        }
    }
}

fn path(id: &ChangeId) -> String {
    format!("/v1/changes/{}", percent_encode(id.as_str()))
}

fn wait_request(id: &ChangeId, step: Duration) -> Request {
    let timeout = duration::to_go(step);
    Request::get(
        &format!("{}/wait", path(id)),
        [("timeout", timeout.as_str())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_says_how_long() {
        assert_eq!(
            wait_request(&ChangeId::from("7"), WAIT_STEP).target,
            "/v1/changes/7/wait?timeout=4.000s"
        );
        assert_eq!(
            wait_request(&ChangeId::from("../x"), Duration::ZERO).target,
            "/v1/changes/..%2Fx/wait?timeout=0.001s"
        );
    }

    #[test]
    fn a_done_change_is_itself_and_any_other_end_is_a_failure() {
        for (status, ready, err, fails) in [
            ("Done", true, None, false),
            ("Doing", false, None, false),
            ("Error", true, Some("cannot perform"), true),
            ("Error", true, None, true),
            ("Hold", true, None, true),
            ("Undone", true, None, true),
        ] {
            let change = Change {
                status: status.to_owned(),
                ready,
                err: err.map(str::to_owned),
                ..Change::default()
            };
            assert_eq!(change.into_result().is_err(), fails, "{status}");
        }
    }

    #[test]
    fn a_failed_change_keeps_its_words_and_task_logs() {
        let change: Change = serde_json::from_str(
            r#"{"id":"8","kind":"start","status":"Error","ready":true,
                "err":"cannot perform the following tasks:\n- Start service \"web\" (exited)",
                "tasks":[{"id":"9","kind":"start","status":"Error","log":["a","b"],
                          "progress":{"label":"","done":1,"total":1}}]}"#,
        )
        .unwrap();
        let error = change.into_result().unwrap_err();
        assert_eq!(error.id.as_str(), "8");
        assert!(error.to_string().contains("Start service \"web\""));
        assert_eq!(error.log().collect::<Vec<_>>(), ["a", "b"]);
    }
}
