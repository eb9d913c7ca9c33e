//! The interfaces that a charm speaks, one module each, behind one small trait.
//!
//! An interface is pure: it says what must be read of a relation, what we write into our bags, and what the app gets
//! out of the provider's. What a table can say is in `metadata/interfaces/INTERFACE.yaml`.

mod certificates;
mod data_platform;
pub mod declared;
mod grafana_dashboard;
mod http_proxy;
mod ingress;
pub mod key;
pub mod loki_push_api;
mod oauth;
mod prometheus_scrape;
mod rabbitmq;
mod saml;
#[cfg(test)]
pub(crate) mod samples;
pub mod table;
pub mod tls;
mod tracing;
pub mod url;
mod valkey;
pub mod values;
mod verifying;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use uuid::Builder;

use crate::cos::{Assets, Topology};
use crate::frameworks::Generation;
use crate::juju::JujuVersion;

/// A databag.
pub type Bag = BTreeMap<String, String>;

/// What an interface may know besides the relation itself.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The charm's name.
    pub charm: &'a str,
    /// Our application.
    pub app: &'a str,
    /// Our unit, such as `web/0`.
    pub unit: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The model's UUID.
    pub model_uuid: &'a str,
    /// Whether this unit leads.
    pub leader: bool,
    /// The unit's own host name in the cluster.
    pub fqdn: &'a str,
    /// The app's port.
    pub port: u16,
    /// Whether that port is open already.
    pub port_open: bool,
    /// The URL by which the app is reached from outside, where an ingress says so.
    pub outside_url: Option<&'a str>,
    /// Options that have a value.
    pub config: &'a BTreeMap<String, serde_json::Value>,
    /// What the framework puts before the names of the app's variables, such as `FLASK_`.
    pub user_prefix: &'a str,
    /// This hook's randomness, which comes from outside: see [`Context::fresh`].
    pub random: &'a [u8; 32],
    /// Randomness for private keys, which are never published; absent where there is none.
    pub key_seed: Option<&'a [u8; 32]>,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Juju's version.
    pub juju: JujuVersion,
    /// The peer's generation that the charm goes by.
    pub generation: Generation,
    /// What Prometheus is to scrape; absent while it is not known, and where nobody asks.
    pub scrape_jobs: Option<&'a [serde_json::Value]>,
    /// Dashboards and alert rules; empty where nobody asks, and on units that are not the leader.
    pub assets: &'a Assets,
}

impl Context<'_> {
    /// Where we are, in the words of the observability charms.
    #[must_use]
    pub fn topology(&self) -> Topology<'_> {
        Topology {
            model: self.model,
            model_uuid: self.model_uuid,
            application: self.app,
            unit: self.unit,
            charm: self.charm,
        }
    }
}

impl Context<'_> {
    /// Random bytes for an id that we make up: others for every hook, relation and purpose, and the same for whoever asks
    /// again in the same hook. They may be published.
    #[must_use]
    pub fn fresh(&self, relation: &Relation, purpose: &str) -> [u8; 32] {
        let id = relation.id.to_string();
        let mut hash = Sha256::new();
        hash.update(self.random);
        for part in [self.model_uuid, &relation.endpoint, &id, purpose] {
            hash.update(part);
            hash.update([0]);
        }
        hash.finalize().into()
    }

    /// A UUID of version 4 (RFC 9562, section 5.4) of such bytes.
    #[must_use]
    pub fn uuid(&self, relation: &Relation, purpose: &str) -> String {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.fresh(relation, purpose)[..16]);
        Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// What must be read of a relation before its interface can be asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reads {
    /// The provider's application bag.
    pub remote_app: bool,
    /// The bags of the provider's units.
    pub remote_units: bool,
    /// Our application bag; only the leader can.
    pub local_app: bool,
    /// Our unit's bag.
    pub local_unit: bool,
    /// The unit's address on this relation.
    pub address: bool,
    /// Dashboards and alert rules; only the leader publishes them.
    pub assets: bool,
    /// The secret that our unit keeps for the endpoint, see [`Request::secret`].
    pub own_secret: bool,
}

/// A relation as it was read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Relation {
    /// Our endpoint.
    pub endpoint: String,
    /// The relation's id.
    pub id: u64,
    /// The application at the other side.
    pub remote_application: String,
    /// Its bag.
    pub remote_app: Bag,
    /// Its units' bags, by unit.
    pub remote_units: BTreeMap<String, Bag>,
    /// Our application bag; empty on units that are not the leader.
    pub local_app: Bag,
    /// Our unit's bag.
    pub local_unit: Bag,
    /// The unit's address on this relation.
    pub address: Option<String>,
    /// Secrets that the interface asked for, by URI; a secret that could not be read is absent.
    pub secrets: BTreeMap<String, Bag>,
    /// The secret that our unit keeps for the endpoint; absent while it has none.
    pub own_secret: Option<Bag>,
}

/// The label of the secret that a unit keeps for an endpoint.
#[must_use]
pub fn own_secret_label(endpoint: &str) -> String {
    format!("{endpoint}-unit-secret")
}

/// A secret that an interface needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretRequest {
    /// Where it is.
    pub uri: String,
    /// The label we know it by, so that `secret-changed` can be matched.
    pub label: Option<String>,
}

/// What our bags must hold. Keys that are not named stay as they are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    /// Our application bag; only the leader writes it.
    pub app: Bag,
    /// Our unit's bag.
    pub unit: Bag,
    /// What our unit is to keep as a Juju secret of its own, for all relations of the endpoint. It is made where there is
    /// none yet, and stays; what [`Reads::own_secret`] finds in later hooks.
    pub secret: Option<Bag>,
}

/// What came of a relation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The provider has not said all that is needed.
    Incomplete,
    /// The provider is at it; the text is the status, which stops the app's way no less than a missing integration.
    Waiting(String),
    /// Somebody has to do something; the text is the status.
    Blocked(String),
    /// The provider is ready, but an option of ours does not go with it; the text is the status. It comes after all else
    /// that integrations may block for.
    Misconfigured(String),
    /// The provider's data cannot be used; the text says why, without any value.
    Invalid(String),
    /// There is what the app needs.
    Ready(Provided),
}

/// What a ready relation gives.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Provided {
    /// The interface; filled in by the one who asks.
    pub interface: String,
    /// Our endpoint; filled in by the one who asks.
    pub endpoint: String,
    /// Variables for the app.
    pub variables: Bag,
    /// Facts besides the variables, of which a framework's table may make variables: among them what the provider tells, by
    /// its own keys and those of its secrets.
    pub facts: Bag,
    /// Files for the app, by path. Only the app's user can read them, but for those in `public`.
    pub files: BTreeMap<String, String>,
    /// Paths of files that everybody in the container may read.
    pub public: BTreeSet<String>,
    /// Changes when the data behind it is another one, so that migrations must run again; absent where they need not.
    pub identity: Option<String>,
    /// The URL by which the app is reached from outside.
    pub base_url: Option<String>,
}

/// One side of one interface.
pub trait Interface {
    /// What must be read.
    fn reads(&self) -> Reads;

    /// The paths of all files that it may give, whatever the provider says.
    fn files(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the bags of the provider's units must be read too, now that its application's is known.
    fn reads_units(&self, remote_app: &Bag) -> bool {
        let _ = remote_app;
        false
    }

    /// The secrets that the relation's bags refer to and that are needed.
    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let _ = relation;
        Vec::new()
    }

    /// What we write. Called for every relation of the endpoint, also those that are not used.
    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request;

    /// What the app gets.
    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome;
}

/// What speaks an interface: its code, by the name of its handler in the table, its row, or both; `None` where there is
/// nothing yet.
#[must_use]
pub fn handler(row: &table::Row) -> Option<Box<dyn Interface>> {
    let declared = declared::Declared::has_part_in(row);
    let speaks = match row.handler {
        Some(_) => code(row)?,
        None if declared => Box::new(declared::Declared::of(row, None)),
        None => return None,
    };
    // Databases verify by themselves.
    let speaks = if row.tls.is_some() && !row.database {
        Box::new(verifying::Verifying::of(row, speaks))
    } else {
        speaks
    };
    Some(if declared && row.handler.is_some() {
        Box::new(declared::Declared::of(row, Some(speaks)))
    } else {
        speaks
    })
}

fn code(row: &table::Row) -> Option<Box<dyn Interface>> {
    match row.handler.as_deref()? {
        "data-platform" => Some(Box::new(data_platform::DataPlatform::of(row))),
        "tls-certificates" => Some(Box::new(certificates::Certificates::of(row))),
        "grafana-dashboard" => Some(Box::new(grafana_dashboard::GrafanaDashboard)),
        "http-proxy" => Some(Box::new(http_proxy::HttpProxy)),
        "ingress" => Some(Box::new(ingress::Ingress)),
        "loki-push-api" => Some(Box::new(loki_push_api::LokiPushApi)),
        "oauth" => Some(Box::new(oauth::OAuth)),
        "prometheus-scrape" => Some(Box::new(prometheus_scrape::PrometheusScrape)),
        "rabbitmq" => Some(Box::new(rabbitmq::RabbitMq::of(row))),
        "saml" => Some(Box::new(saml::Saml)),
        "tracing" => Some(Box::new(tracing::Tracing)),
        "valkey" => Some(Box::new(valkey::Valkey::of(row))),
        _ => None,
    }
}
