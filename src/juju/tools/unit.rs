//! The unit itself: config, leadership, status, ports, addresses, resources and the log.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Call, Tools, pieces};
use crate::juju::{Error, GoalState, Network, Port, RelationId, Status, StatusReport};

/// Levels of Juju's log.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LogLevel {
    /// `TRACE`
    Trace,
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARNING`
    Warning,
    /// `ERROR`
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}

impl Tools {
    /// The charm's options with their types; an option without value and default is absent.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn config_get(&self) -> Result<Map<String, Value>, Error> {
        let config: Option<Map<String, Value>> = self
            .ask(Call::json("config-get"), "the charm's options")
            .await?;
        Ok(config.unwrap_or_default())
    }

    /// Whether this unit leads its application. When so, it does for 30 s at least.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn is_leader(&self) -> Result<bool, Error> {
        self.ask(Call::json("is-leader"), "`true` or `false`").await
    }

    /// Shows a status of this unit or, with `app`, of the application, at once.
    ///
    /// # Errors
    /// [`Error::NotLeader`] with `app`, and others.
    pub async fn status_set(&self, app: bool, status: Status, message: &str) -> Result<(), Error> {
        // The spelling of the flag is the one ops uses.
        let call = Call::new("status-set")
            .arg(if app {
                "--application=True"
            } else {
                "--application=False"
            })
            .arg(status.to_string())
            .text(message);
        self.tell(call).await
    }

    /// The status of this unit or, with `app`, of the application and all its units.
    ///
    /// # Errors
    /// [`Error::NotLeader`] with `app`, and others.
    pub async fn status_get(&self, app: bool) -> Result<StatusReport, Error> {
        const TOOL: &str = "status-get";
        let expected = "a status";
        let call = Call::new(TOOL)
            .arg("--include-data")
            .arg("--format=json")
            .arg(format!("--application={app}"));
        let answer: Value = self.ask(call, expected).await?;
        StatusReport::from_json(&answer, app).ok_or(Error::Nonsense {
            tool: TOOL,
            expected,
        })
    }

    /// Opens a port of this unit when the hook succeeds.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open_port(&self, port: Port) -> Result<(), Error> {
        self.tell(Call::new("open-port").arg(port.to_string()))
            .await
    }

    /// Closes a port of this unit when the hook succeeds.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn close_port(&self, port: Port) -> Result<(), Error> {
        self.tell(Call::new("close-port").arg(port.to_string()))
            .await
    }

    /// The ports open before this hook.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn opened_ports(&self) -> Result<BTreeSet<Port>, Error> {
        const TOOL: &str = "opened-ports";
        let expected = "a list of ports";
        let ports: Option<Vec<String>> = self.ask(Call::json(TOOL), expected).await?;
        let nonsense = |()| Error::Nonsense {
            tool: TOOL,
            expected,
        };
        ports
            .unwrap_or_default()
            .iter()
            .map(|port| port.parse().map_err(nonsense))
            .collect()
    }

    /// The addresses of a binding, for one relation of it or by default.
    ///
    /// # Errors
    /// [`Error::RelationGone`] and others.
    pub async fn network_get(
        &self,
        binding: &str,
        relation: Option<&RelationId>,
    ) -> Result<Network, Error> {
        const TOOL: &str = "network-get";
        let expected = "addresses";
        let number = relation.map(|relation| relation.number().to_string());
        let call = Call::json(TOOL)
            .option("-r", number.as_deref())
            .arg(binding);
        let answer: Value = self.ask(call, expected).await?;
        Network::from_json(&answer).ok_or(Error::Nonsense {
            tool: TOOL,
            expected,
        })
    }

    /// The units and relations that Juju intends.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn goal_state(&self) -> Result<GoalState, Error> {
        const TOOL: &str = "goal-state";
        let expected = "units and relations";
        let answer: Value = self.ask(Call::json(TOOL), expected).await?;
        GoalState::from_json(&answer).ok_or(Error::Nonsense {
            tool: TOOL,
            expected,
        })
    }

    /// Writes to Juju's log; a long text in several entries.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn juju_log(&self, level: LogLevel, text: &str) -> Result<(), Error> {
        for piece in pieces(text) {
            let call = Call::new("juju-log")
                .arg("--log-level")
                .arg(level.to_string())
                .text(&piece);
            self.tell(call).await?;
        }
        Ok(())
    }

    /// Where Juju put a resource of the charm.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resource_get(&self, name: &str) -> Result<PathBuf, Error> {
        let call = Call::new("resource-get").arg(name);
        self.ask_line(call, "a path").await.map(PathBuf::from)
    }

    /// Shows the version of the workload, at once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn application_version_set(&self, version: &str) -> Result<(), Error> {
        self.tell(Call::new("application-version-set").text(version))
            .await
    }
}
