//! Services: what they do now, and making them do otherwise.

use serde::Deserialize;
use serde_json::json;

use super::changes::ChangeId;
use super::client::Client;
use super::error::Error;
use super::request::Request;

/// A service of the plan and its state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceInfo {
    /// Its name.
    pub name: String,
    /// Whether autostart and replan start it.
    pub startup: Startup,
    /// What it does now.
    pub current: ServiceStatus,
    /// Since when, in RFC 3339; absent when it never ran.
    #[serde(default)]
    pub current_since: Option<String>,
}

impl ServiceInfo {
    /// Whether its process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.current == ServiceStatus::Active
    }
}

/// Whether a service starts by itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub enum Startup {
    /// Autostart and replan start it.
    Enabled,
    /// It is started only by name.
    Disabled,
    /// A word that this client does not know.
    Other(String),
}

impl From<String> for Startup {
    fn from(word: String) -> Self {
        match word.as_str() {
            "enabled" => Self::Enabled,
            "disabled" => Self::Disabled,
            _ => Self::Other(word),
        }
    }
}

/// What a service does now.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub enum ServiceStatus {
    /// It runs.
    Active,
    /// It does not run: stopped, or ended by itself.
    Inactive,
    /// It ended, and Pebble waits before starting it again.
    Backoff,
    /// It ended, and Pebble will not start it again.
    Error,
    /// A word that this client does not know.
    Other(String),
}

impl std::fmt::Display for ServiceStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Backoff => "backoff",
            Self::Error => "error",
            Self::Other(word) => word,
        })
    }
}

impl From<String> for ServiceStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "backoff" => Self::Backoff,
            "error" => Self::Error,
            _ => Self::Other(word),
        }
    }
}

impl Client {
    /// The services of these names, or all when `names` is empty, sorted by name. Unknown names are left
    /// out.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn services(&self, names: &[&str]) -> Result<Vec<ServiceInfo>, Error> {
        let names = names.iter().map(|name| ("names", *name));
        self.sync(&Request::get("/v1/services", names)).await
    }

    /// Starts services, with those they require; running ones are left alone.
    ///
    /// The change is done when each has lived for a second.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::UnknownService`](super::Reason::UnknownService), or without a reason
    /// when `names` is empty; those of every call.
    pub async fn start(&self, names: &[&str]) -> Result<ChangeId, Error> {
        self.change_of(&action_request("start", names)).await
    }

    /// Stops services: SIGTERM, and SIGKILL after their `kill-delay` (5 seconds by default).
    ///
    /// # Errors
    /// As for [`Client::start`].
    pub async fn stop(&self, names: &[&str]) -> Result<ChangeId, Error> {
        self.change_of(&action_request("stop", names)).await
    }

    /// Stops services that run, and starts all.
    ///
    /// # Errors
    /// As for [`Client::start`].
    pub async fn restart(&self, names: &[&str]) -> Result<ChangeId, Error> {
        self.change_of(&action_request("restart", names)).await
    }

    /// Makes what runs follow the plan: restarts every service that was started with another
    /// configuration, starts every enabled one, replans checks.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn replan(&self) -> Result<ChangeId, Error> {
        self.change_of(&action_request("replan", &[])).await
    }

    /// Starts every enabled service.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::NoDefaultServices`](super::Reason::NoDefaultServices) when there is
    /// none; those of every call.
    pub async fn autostart(&self) -> Result<ChangeId, Error> {
        self.change_of(&action_request("autostart", &[])).await
    }

    /// Sends a signal, such as `SIGHUP`, to services.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::ServiceNotRunning`](super::Reason::ServiceNotRunning) when one is
    /// stopped or unknown; those of every call.
    pub async fn send_signal(&self, signal: &str, names: &[&str]) -> Result<(), Error> {
        let body = json!({"signal": signal, "services": names});
        self.done(&Request::post("/v1/signals", &body)).await
    }
}

fn action_request(action: &str, names: &[&str]) -> Request {
    let body = json!({"action": action, "services": names});
    Request::post("/v1/services", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_names_its_services() {
        let request = action_request("start", &["web"]);
        assert_eq!(
            request.body.as_ref(),
            br#"{"action":"start","services":["web"]}"#
        );
        assert_eq!(
            action_request("replan", &[]).body.as_ref(),
            br#"{"action":"replan","services":[]}"#
        );
    }

    #[test]
    fn a_service_is_read_with_words_known_and_unknown() {
        let services: Vec<ServiceInfo> = serde_json::from_str(
            r#"[{"name":"web","startup":"enabled","current":"active","current-since":"2031-01-02T03:04:05Z"},
                {"name":"x","startup":"maybe","current":"dancing"}]"#,
        )
        .unwrap();
        assert!(services[0].is_running());
        assert_eq!(services[0].startup, Startup::Enabled);
        assert_eq!(services[1].startup, Startup::Other("maybe".into()));
        assert_eq!(services[1].current, ServiceStatus::Other("dancing".into()));
        assert_eq!(services[1].current_since, None);
    }
}
