//! Checks: what Pebble watches.

use serde::Deserialize;
use serde_json::json;

use super::changes::ChangeId;
use super::client::Client;
use super::error::Error;
use super::request::Request;
use super::services::Startup;

/// A check of the plan and its state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub struct CheckInfo {
    /// Its name.
    pub name: String,
    /// Its level, if it has one.
    #[serde(default)]
    pub level: Option<String>,
    /// Whether it runs by itself; absent before Pebble 1.19.
    #[serde(default)]
    pub startup: Option<Startup>,
    /// How it is.
    pub status: CheckStatus,
    /// How often in a row it has failed.
    #[serde(default)]
    pub failures: u64,
    /// From how many failures on it is down.
    #[serde(default)]
    pub threshold: u64,
    /// How often it has succeeded since it was last down; absent before Pebble 1.26.
    #[serde(default)]
    pub successes: Option<u64>,
    /// The change that performs it, whose task log holds its last failures.
    #[serde(default)]
    pub change_id: Option<ChangeId>,
}

/// How a check is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub enum CheckStatus {
    /// It has not failed often enough to be down.
    Up,
    /// It failed as often in a row as its threshold says.
    Down,
    /// It does not run.
    Inactive,
    /// A word that this client does not know.
    Other(String),
}

impl From<String> for CheckStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "up" => Self::Up,
            "down" => Self::Down,
            "inactive" => Self::Inactive,
            _ => Self::Other(word),
        }
    }
}

/// What a check's failure means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckLevel {
    /// The container is broken.
    Alive,
    /// The container cannot serve now.
    Ready,
}

impl CheckLevel {
    /// The level as layers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Ready => "ready",
        }
    }
}

#[derive(Deserialize)]
struct Changed {
    #[serde(default)]
    changed: Option<Vec<String>>,
}

impl Client {
    /// The checks of exactly `level` (`None`: of any) among `names` (empty: all), sorted by name. Unknown
    /// names are left out.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn checks(
        &self,
        level: Option<CheckLevel>,
        names: &[&str],
    ) -> Result<Vec<CheckInfo>, Error> {
        let level = level.map(|level| ("level", level.as_str()));
        let names = names.iter().map(|name| ("names", *name));
        let query = level.into_iter().chain(names);
        self.sync(&Request::get("/v1/checks", query)).await
    }

    /// Starts checks, and says which of them did not run before. From Pebble 1.19 on.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::UnknownCheck`](super::Reason::UnknownCheck), or without a reason
    /// when `names` is empty; those of every call.
    pub async fn start_checks(&self, names: &[&str]) -> Result<Vec<String>, Error> {
        self.change_checks("start", names).await
    }

    /// Stops checks, and says which of them ran before. From Pebble 1.19 on.
    ///
    /// # Errors
    /// As for [`Client::start_checks`].
    pub async fn stop_checks(&self, names: &[&str]) -> Result<Vec<String>, Error> {
        self.change_checks("stop", names).await
    }

    async fn change_checks(&self, action: &str, names: &[&str]) -> Result<Vec<String>, Error> {
        let body = json!({"action": action, "checks": names});
        let changed: Changed = self.sync(&Request::post("/v1/checks", &body)).await?;
        Ok(changed.changed.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_an_old_daemon_is_read_too() {
        let check: CheckInfo =
            serde_json::from_str(r#"{"name":"up","status":"down","threshold":3,"failures":4}"#)
                .unwrap();
        assert_eq!(check.status, CheckStatus::Down);
        assert_eq!(
            (check.failures, check.threshold, check.successes),
            (4, 3, None)
        );
    }

    #[test]
    fn nothing_changed_may_be_written_as_null() {
        let changed: Changed = serde_json::from_str(r#"{"changed":null}"#).unwrap();
        assert_eq!(changed.changed, None);
    }
}
