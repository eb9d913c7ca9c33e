//! The state of a local model, as a Juju controller would keep it. Plain data: no I/O, no processes.
//!
//! What people and charms do to it are methods, by concern in the files beside this one. They answer with the
//! [`Change`]s that they made; [`Model::enqueue`] turns those into events for the units concerned, and
//! [`Model::dispatched`] carries a unit's life on when such an event was handled.

mod actions;
mod applications;
mod change;
mod config;
mod dispatches;
mod environment;
mod events;
mod hearers;
mod machinery;
mod queue;
mod relations;
mod secrets;
mod version;

pub use actions::Error as ActionError;
pub use applications::Error as ApplicationError;
pub use change::Change;
pub use config::{Error as ConfigError, defaults as default_options, typed as typed_options};
pub use environment::Agent;
pub use events::{QueuedEvent, RelationHook, SecretHook};
pub use hearers::after;
pub use machinery::application_of;
pub use queue::Queue;
pub use relations::Error as RelationError;
pub use secrets::{
    Error as SecretError, SecretUpdate, is_id as is_secret_id, new_id as new_secret_id,
};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::juju::JujuVersion;

/// A databag: Juju knows strings only.
pub type Bag = BTreeMap<String, String>;

/// One model.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Model {
    /// The model's name; Kubernetes' namespace.
    pub name: String,
    /// A version 4 UUID.
    pub uuid: String,
    /// Applications by name.
    pub applications: BTreeMap<String, Application>,
    /// Relations by id.
    pub relations: BTreeMap<u32, Relation>,
    /// Secrets by bare id (20 characters, no `secret:`).
    pub secrets: BTreeMap<String, Secret>,
    /// The id that the next relation gets.
    pub next_relation: u32,
    /// The id that the next action gets.
    pub next_action: u32,
    /// The version of Juju that the model pretends to be.
    #[serde(default)]
    pub juju_version: JujuVersion,
    /// Actions by id: asked for, running and done.
    #[serde(default)]
    pub actions: BTreeMap<u32, Action>,
}

/// An action, from `local run` to its result.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Action {
    /// The unit that runs it.
    pub unit: String,
    /// Its name in `actions.yaml`.
    pub name: String,
    /// Parameters with defaults applied.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Where it stands.
    pub status: ActionStatus,
    /// Set by `action-set`; dots in keys have become nesting.
    pub results: serde_json::Map<String, serde_json::Value>,
    /// Set by `action-fail`.
    pub message: String,
    /// Lines of `action-log`.
    pub log: Vec<String>,
}

/// Where an action stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionStatus {
    /// Queued.
    #[default]
    Pending,
    /// The charm is at it.
    Running,
    /// Done without `action-fail`.
    Completed,
    /// `action-fail` was called, or the charm's executable failed.
    Failed,
}

/// An application: a packed charm, or a provider that is built in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Application {
    /// The charm's metadata as needed here.
    pub charm: Charm,
    /// Options that the user set; defaults are the charm's.
    pub config: BTreeMap<String, serde_json::Value>,
    /// Resources by name: what `--resource` gave, made absolute.
    pub resources: BTreeMap<String, PathBuf>,
    /// Units by number.
    pub units: BTreeMap<u32, Unit>,
    /// The number that the next unit gets: numbers are not used twice.
    pub next_unit: u32,
    /// The leader's number.
    pub leader: Option<u32>,
    /// The application's own status.
    pub status: Status,
    /// Set by `application-version-set`.
    pub workload_version: String,
    /// Being removed.
    #[serde(default)]
    pub dying: bool,
}

/// What a charm says of itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Charm {
    /// The charm's name.
    pub name: String,
    /// Counted up by each refresh.
    pub revision: u32,
    /// The unpacked charm, or `None` for a provider that is built in.
    pub directory: Option<PathBuf>,
    /// Endpoints by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Containers by name, with the resource that is their image.
    pub containers: BTreeMap<String, String>,
    /// Options by name.
    pub options: BTreeMap<String, ConfigOption>,
    /// Actions by name, as `actions.yaml` has them.
    pub actions: BTreeMap<String, serde_json::Value>,
}

/// An endpoint of a charm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Endpoint {
    /// The interface, such as `postgresql_client`.
    pub interface: String,
    /// Which side the charm plays.
    pub role: Role,
    /// How many relations at most.
    pub limit: Option<u32>,
    /// `optional` as declared; Juju ignores it.
    pub optional: Option<bool>,
}

/// The side of a relation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `peers`
    Peer,
    /// `provides`
    Provider,
    /// `requires`
    Requirer,
}

/// An option of a charm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConfigOption {
    /// `string`, `int`, `float`, `boolean` or `secret`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The default, of that type.
    pub default: Option<serde_json::Value>,
    /// For people.
    #[serde(default)]
    pub description: String,
}

/// A unit.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Unit {
    /// Set by `status-set`.
    pub status: Status,
    /// What the agent does: `idle`, `executing config-changed`, `error hook failed: …`.
    pub agent: String,
    /// Ports open now, as `8080/tcp`.
    pub ports: BTreeSet<String>,
    /// Set by `state-set`.
    pub charm_state: BTreeMap<String, String>,
    /// The unit's address, as `network-get` tells it.
    pub address: String,
    /// Units that are going away are `dying`.
    pub dying: bool,
    /// `install` has succeeded.
    #[serde(default)]
    pub installed: bool,
    /// `start` has succeeded since the last `stop`.
    #[serde(default)]
    pub started: bool,
    /// Events that the unit has yet to handle.
    #[serde(default)]
    pub queue: Queue,
}

/// A status with its message.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// `unknown`, `maintenance`, `blocked`, `waiting`, `active`, `error`, `terminated`.
    pub status: String,
    /// For people.
    pub message: String,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            status: "unknown".into(),
            message: String::new(),
        }
    }
}

/// A relation between two applications, or of one with itself (peers).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Relation {
    /// The interface.
    pub interface: String,
    /// One side for peers, else two.
    pub sides: Vec<Side>,
    /// Databags by member: an application's name or a unit's.
    pub bags: BTreeMap<String, Bag>,
    /// Units in scope, by name.
    pub members: BTreeSet<String>,
    /// Being removed.
    pub dying: bool,
}

/// One side of a relation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Side {
    /// The application.
    pub application: String,
    /// Its endpoint.
    pub endpoint: String,
    /// Its role.
    pub role: Role,
}

/// A secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Secret {
    /// An application's name, a unit's name, or `None` for a user's secret.
    pub owner: Option<String>,
    /// The owner's label.
    pub label: Option<String>,
    /// For people.
    pub description: String,
    /// `never`, `hourly`, … as given.
    pub rotate: String,
    /// Contents by revision, from 1.
    pub revisions: BTreeMap<u32, BTreeMap<String, String>>,
    /// Grants: the application or unit that may read it, with the relation that carries the grant.
    pub grants: Vec<Grant>,
    /// By unit: its own label and the revision that it tracks.
    pub consumers: BTreeMap<String, Consumer>,
}

/// A grant of a secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// An application's or a unit's name.
    pub to: String,
    /// The relation, or `None` for a user's grant.
    pub relation: Option<u32>,
}

/// A unit that reads a secret.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Consumer {
    /// The label that the unit gave it.
    pub label: Option<String>,
    /// The tracked revision.
    pub revision: u32,
}

#[cfg(test)]
mod random_tests;
#[cfg(test)]
pub(crate) mod tests;
