//! What the command line and the daemon say to each other: a line of JSON to ask, lines of JSON to answer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version that both sides must have.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One request, on a connection of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Request {
    /// [`VERSION`] of the command line.
    pub version: String,
    /// What to do. A daemon of another version understands `destroy` at least.
    pub command: Value,
}

/// What the daemon can be asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Command {
    /// Add an application.
    Deploy(Deploy),
    /// Give an application a new revision of its charm.
    Refresh {
        /// The application.
        application: String,
        /// The packed charm.
        charm: PathBuf,
        /// Resources by name, absolute.
        resources: BTreeMap<String, PathBuf>,
    },
    /// What there is.
    Status,
    /// Relate two applications, each `APP` or `APP:ENDPOINT`.
    Integrate {
        /// One.
        a: String,
        /// The other.
        b: String,
    },
    /// End a relation.
    RemoveRelation {
        /// One.
        a: String,
        /// The other.
        b: String,
    },
    /// Read options, or set and reset some.
    Config {
        /// The application.
        application: String,
        /// To set.
        set: BTreeMap<String, String>,
        /// To put back to their defaults.
        reset: Vec<String>,
    },
    /// Add units.
    AddUnit {
        /// The application.
        application: String,
        /// How many.
        count: u32,
    },
    /// Remove a unit, or as many as asked of an application.
    RemoveUnit {
        /// `web/1` or `web`.
        target: String,
        /// How many of an application.
        count: u32,
    },
    /// Remove an application.
    RemoveApplication {
        /// The application.
        application: String,
    },
    /// Run an action and wait for its end.
    Run {
        /// `web/0` or `web/leader`.
        unit: String,
        /// The action.
        action: String,
        /// Parameters.
        parameters: Map<String, Value>,
    },
    /// Add a user's secret, or give it new content.
    AddSecret {
        /// Its name.
        name: String,
        /// Its content.
        content: BTreeMap<String, String>,
    },
    /// Let an application read a user's secret.
    GrantSecret {
        /// Its name or URI.
        name: String,
        /// The application.
        application: String,
    },
    /// Make or change a stand-in.
    Provide {
        /// The application.
        application: String,
        /// Its endpoint.
        endpoint: String,
        /// The endpoint's interface.
        interface: String,
        /// The application's bag.
        app_data: BTreeMap<String, String>,
        /// The unit's bag.
        unit_data: BTreeMap<String, String>,
        /// Secrets by label.
        secrets: BTreeMap<String, BTreeMap<String, String>>,
    },
    /// Wait until units are idle with a status.
    Wait {
        /// All when empty.
        applications: Vec<String>,
        /// The status.
        status: String,
        /// The limit.
        timeout_seconds: u64,
    },
    /// Give a unit an event now and wait until it was handled.
    Fire {
        /// The unit.
        unit: String,
        /// The event's name.
        event: String,
    },
    /// Restart a unit's containers as when its pod is replaced.
    Restart {
        /// The unit.
        unit: String,
    },
    /// Retry a failed hook now, or skip it.
    Resolve {
        /// The unit.
        unit: String,
        /// Skip it.
        no_retry: bool,
    },
    /// End everything.
    Destroy,
}

/// `deploy`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Deploy {
    /// A file, absolute, or the name of a provider.
    pub charm: String,
    /// The charm's own name when there is none.
    pub application: Option<String>,
    /// By name, absolute.
    pub resources: BTreeMap<String, PathBuf>,
    /// Options as texts.
    pub config: BTreeMap<String, String>,
    /// How many.
    pub units: u32,
    /// The Pebble executable, absolute.
    pub pebble: Option<PathBuf>,
    /// The model's name, for a new one.
    pub model: Option<String>,
    /// Seconds between `update-status`.
    pub update_status_interval: Option<u64>,
}

/// One line of an answer: progress until the last, which is one of the others.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// For people.
    Progress(String),
    /// Done, with what was asked for.
    Done(Value),
    /// Not done, with a line that says why and what to do.
    Failed(String),
}
