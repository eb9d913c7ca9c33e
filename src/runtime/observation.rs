//! What a hook has read: plain data, all that [`super::decide`] may look at.

use std::collections::{BTreeMap, BTreeSet};

use super::charm::Charm;
use crate::cos::Assets;
use crate::interfaces::{Bag, Relation};
use crate::juju::{Event, JujuVersion, Proxies};
use crate::yaml::Mapping;

/// Everything that was read.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The charm's own files.
    pub charm: Charm,
    /// Who we are.
    pub identity: Identity,
    /// Why we were called.
    pub event: Event,
    /// The parameters of an action that runs a command.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Whether this unit leads; true holds for at least 30 seconds more.
    pub leader: bool,
    /// Options that have a value.
    pub config: BTreeMap<String, serde_json::Value>,
    /// Contents of the secrets that options name, by option.
    pub config_secrets: BTreeMap<String, Result<Bag, SecretProblem>>,
    /// The peer relation, from its creation on.
    pub peer: Option<Peer>,
    /// Relations that are there to stay, ordered by endpoint (as in metadata) and id.
    pub relations: Vec<Relation>,
    /// The workload container.
    pub workload: Workload,
    /// Ports open before this hook, as `8080/tcp`.
    pub opened_ports: BTreeSet<String>,
    /// The unit's status.
    pub unit_status: Option<(String, String)>,
    /// The application's status; only the leader knows it.
    pub app_status: Option<(String, String)>,
    /// Numbers of the units that Juju means to keep; read only when a scheduler must find its unit.
    pub planned_units: Option<BTreeSet<u64>>,
    /// The charm's dashboards and alert rules; read only where this unit publishes them.
    pub assets: Assets,
    /// A secret key to be used where one must be made: randomness comes from outside. No hook uses it twice.
    pub fresh_key: String,
    /// Randomness for what interfaces make up, such as ids; never part of a secret.
    pub random: [u8; 32],
    /// Randomness for private keys; absent where there is none.
    pub key_seed: Option<[u8; 32]>,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// Who we are.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The unit, such as `web/0`.
    pub unit: String,
    /// Its number.
    pub number: u64,
    /// The application.
    pub app: String,
    /// The model.
    pub model: String,
    /// Its UUID.
    pub model_uuid: String,
    /// Juju's version.
    pub juju: JujuVersion,
    /// The model's proxies.
    pub proxies: Proxies,
}

impl Identity {
    /// The host name of a unit of ours in the cluster (contract: juju, section 3).
    #[must_use]
    pub fn fqdn(&self, number: u64) -> String {
        let (app, model) = (&self.app, &self.model);
        format!("{app}-{number}.{app}-endpoints.{model}.svc.cluster.local")
    }
}

/// Why a secret has no content for us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretProblem {
    /// There is no such secret.
    NotFound,
    /// It is not granted to us.
    NotGranted,
}

/// The peer relation.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Its endpoint.
    pub endpoint: String,
    /// Its id.
    pub id: u64,
    /// The application's bag.
    pub app: Bag,
    /// Numbers of the other units.
    pub others: BTreeSet<u64>,
    /// The content of the secret that the bag refers to, after a rotation.
    pub secret: Option<Bag>,
}

/// The workload container.
#[derive(Clone, Debug)]
pub enum Workload {
    /// Pebble does not answer: not started yet, restarting, or gone.
    Unreachable,
    /// Pebble answers with an error; the text says which.
    Refused(String),
    /// What runs in it.
    Reachable(Box<Container>),
}

/// What is in the container.
#[derive(Clone, Debug, Default)]
pub struct Container {
    /// The services of the plan.
    pub services: Mapping,
    /// The log targets of the plan.
    pub log_targets: Mapping,
    /// What each service does now, in Pebble's words.
    pub states: BTreeMap<String, String>,
    /// `original-services.json`, the rock's own services, where an earlier hook has kept them.
    pub snapshot: Option<String>,
    /// The migration status file.
    pub migration_status: Option<String>,
    /// What we keep beside the migration status file.
    pub migration_record: Option<String>,
    /// Whether an earlier hook was cut off between its layer and its replan.
    pub layer_pending: bool,
    /// Files in the app's directory that a migration may be made of.
    pub scripts: BTreeSet<String>,
    /// Files that the framework or a relation wants pushed, as they are now, by path.
    pub files: BTreeMap<String, Vec<u8>>,
}
