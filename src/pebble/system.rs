//! The daemon itself: who it is, and whether what it runs is healthy.

use serde::Deserialize;

use super::checks::CheckLevel;
use super::client::Client;
use super::error::Error;
use super::request::Request;

/// What the daemon says about itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub struct SystemInfo {
    /// The version, such as `v1.26.0`.
    #[serde(default)]
    pub version: String,
    /// A UUID, new at every start of the container (when Pebble is process 1) or of the machine.
    #[serde(default)]
    pub boot_id: String,
    /// Where it also listens on HTTP, if it does.
    #[serde(default)]
    pub http_address: Option<String>,
    /// Where it also listens on HTTPS, if it does.
    #[serde(default)]
    pub https_address: Option<String>,
}

#[derive(Deserialize)]
struct Health {
    healthy: bool,
}

impl Client {
    /// Asks who is there: the cheapest call, open to every user.
    ///
    /// That it succeeds proves nothing about the next call.
    ///
    /// # Errors
    /// Those of every call: [`Error::Unreachable`], [`Error::Refused`], [`Error::Protocol`].
    pub async fn system_info(&self) -> Result<SystemInfo, Error> {
        self.sync(&Request::get("/v1/system-info", [])).await
    }

    /// Whether no check of `level` (`None`: of any) among `names` (empty: all) is down. `Ready` includes
    /// the checks of level `Alive`.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn health(&self, level: Option<CheckLevel>, names: &[&str]) -> Result<bool, Error> {
        let health: Health = self.sync(&health_request(level, names)).await?;
        Ok(health.healthy)
    }
}

fn health_request(level: Option<CheckLevel>, names: &[&str]) -> Request {
    let level = level.map(|level| ("level", level.as_str()));
    let names = names.iter().map(|name| ("names", *name));
    Request::get("/v1/health", level.into_iter().chain(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_asked_by_level_and_name() {
        assert_eq!(health_request(None, &[]).target, "/v1/health");
        assert_eq!(
            health_request(Some(CheckLevel::Alive), &["a", "b"]).target,
            "/v1/health?level=alive&names=a&names=b"
        );
    }
}
