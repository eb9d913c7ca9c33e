//! The charm's integrations: what is asked of providers, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use super::decision::{BagWrite, OwnSecret};
use super::endpoint::Endpoint;
use super::environment::made_of;
use super::integration_files;
use super::observation::Observation;
use super::scrape;
use crate::interfaces::values::Told;
use crate::interfaces::{Bag, Context, Outcome, Provided, Relation, own_secret_label, table};
use crate::paas_config::integrations::OWN_GATE;

/// What we ask providers for: keys that are not there yet or not as they should be.
#[must_use]
pub fn requests(observation: &Observation, port: u16) -> Vec<BagWrite> {
    requests_when(observation, port, is_open(observation, port))
}

/// What we tell providers besides `now`, the requests, once the port is open (known defect 117).
#[must_use]
pub fn once_open(observation: &Observation, port: u16, now: &[BagWrite]) -> Vec<BagWrite> {
    if is_open(observation, port) {
        return Vec::new();
    }
    let mut writes = requests_when(observation, port, true);
    for write in &mut writes {
        let same = |other: &&BagWrite| other.relation == write.relation && other.app == write.app;
        if let Some(now) = now.iter().find(same) {
            write
                .changes
                .retain(|key, value| now.changes.get(key) != Some(value));
        }
    }
    writes.retain(|write| !write.changes.is_empty());
    writes
}

/// Secrets that this unit is to keep for endpoints, and has not yet.
#[must_use]
pub fn own_secrets(observation: &Observation, port: u16) -> Vec<OwnSecret> {
    let mut secrets: Vec<OwnSecret> = Vec::new();
    let facts = Facts::of(observation, port);
    let context = facts.context(observation, port);
    for relation in &observation.relations {
        let label = own_secret_label(&relation.endpoint);
        let is_there =
            relation.own_secret.is_some() || secrets.iter().any(|secret| secret.label == label);
        let handler = endpoint(observation, &relation.endpoint).and_then(Endpoint::handler);
        let Some(interface) = handler.filter(|it| it.reads().own_secret && !is_there) else {
            continue;
        };
        if let Some(content) = interface.request(&context, relation).secret {
            let endpoint = relation.endpoint.clone();
            secrets.push(OwnSecret {
                endpoint,
                label,
                content,
            });
        }
    }
    secrets
}

fn is_open(observation: &Observation, port: u16) -> bool {
    observation.opened_ports.contains(&format!("{port}/tcp"))
}

fn requests_when(observation: &Observation, port: u16, port_open: bool) -> Vec<BagWrite> {
    let mut writes = Vec::new();
    let facts = Facts::of(observation, port);
    let context = Context {
        port_open,
        ..facts.context(observation, port)
    };
    for relation in &observation.relations {
        let endpoint = endpoint(observation, &relation.endpoint);
        let Some(interface) = endpoint.and_then(Endpoint::handler) else {
            continue;
        };
        let request = interface.request(&context, relation);
        let app = observation
            .leader
            .then_some((true, request.app, &relation.local_app));
        let unit = Some((false, request.unit, &relation.local_unit));
        for (app, wanted, there) in [app, unit].into_iter().flatten() {
            let changes: BTreeMap<String, Option<String>> = wanted
                .into_iter()
                .filter(|(key, value)| there.get(key) != Some(value))
                .map(|(key, value)| (key, Some(value)))
                .collect();
            if !changes.is_empty() {
                let endpoint = relation.endpoint.clone();
                writes.push(BagWrite {
                    endpoint,
                    relation: relation.id,
                    app,
                    changes,
                });
            }
        }
    }
    writes
}

/// What interfaces may know that has to be made first.
#[derive(Default)]
struct Facts {
    fqdn: String,
    outside_url: Option<String>,
    scrape_jobs: Option<Vec<serde_json::Value>>,
}

impl Facts {
    fn of(observation: &Observation, port: u16) -> Self {
        let fqdn = observation.identity.fqdn(observation.identity.number);
        let mut facts = Self {
            fqdn,
            outside_url: None,
            scrape_jobs: scrape::jobs(observation, port),
        };
        let context = facts.context(observation, port);
        let url = observation.relations.iter().find_map(|relation| {
            let endpoint = endpoint(observation, &relation.endpoint)?;
            endpoint.row.as_ref().filter(|row| row.gives_url)?;
            match endpoint.handler()?.outcome(&context, relation) {
                Outcome::Ready(provided) => provided.base_url,
                _ => None,
            }
        });
        facts.outside_url = url;
        facts
    }

    fn context<'a>(&'a self, observation: &'a Observation, port: u16) -> Context<'a> {
        Context {
            charm: &observation.charm.name,
            app: &observation.identity.app,
            unit: &observation.identity.unit,
            model: &observation.identity.model,
            model_uuid: &observation.identity.model_uuid,
            leader: observation.leader,
            fqdn: &self.fqdn,
            port,
            port_open: is_open(observation, port),
            outside_url: self.outside_url.as_deref(),
            config: &observation.config,
            user_prefix: &observation.charm.runtime.user_prefix,
            random: &observation.random,
            key_seed: observation.key_seed.as_ref(),
            now: observation.now,
            juju: observation.identity.juju,
            generation: observation.charm.generation,
            scrape_jobs: self.scrape_jobs.as_deref(),
            assets: &observation.assets,
        }
    }
}

fn endpoint<'a>(observation: &'a Observation, name: &str) -> Option<&'a Endpoint> {
    observation
        .charm
        .endpoints
        .iter()
        .find(|endpoint| endpoint.name == name)
}

/// What came of all relations.
#[derive(Clone, Debug, Default)]
pub struct Integrations {
    /// Endpoints that must be there and are not, in the order of the status.
    pub missing: Vec<String>,
    /// The status of the first endpoint whose data cannot be used.
    pub invalid: Option<String>,
    /// The status of the first provider that is at it still.
    pub waiting: Option<String>,
    /// The first status by which somebody has to do something.
    pub blocked: Option<String>,
    /// The first status by which an option does not go with an integration.
    pub misconfigured: Option<String>,
    /// The status for a second endpoint of an interface that can have one only.
    pub one_too_many: Option<String>,
    /// What the others give, in the order of metadata.
    pub provided: Vec<Provided>,
    /// Whether no database is ready.
    pub no_database: bool,
    /// Why data cannot be used, for the log.
    pub remarks: Vec<String>,
}

impl Integrations {
    /// Asks every interface.
    #[must_use]
    pub fn of(observation: &Observation, port: u16) -> Self {
        let facts = Facts::of(observation, port);
        let context = facts.context(observation, port);
        let mut found = Self::default();
        let mut missing: Vec<(u32, String)> = Vec::new();
        let mut interfaces = BTreeSet::new();
        for endpoint in &observation.charm.endpoints {
            let Some(row) = &endpoint.row else {
                continue;
            };
            if !interfaces.insert(endpoint.interface.as_str()) {
                found.one_too_many = found.one_too_many.or_else(|| row.only_one.clone());
            }
            let relation = observation
                .relations
                .iter()
                .find(|relation| relation.endpoint == endpoint.name);
            let outcome = match (endpoint.handler(), relation) {
                (Some(interface), Some(relation)) => interface.outcome(&context, relation),
                _ => Outcome::Incomplete,
            };
            match outcome {
                Outcome::Ready(mut provided) => {
                    provided.interface.clone_from(&endpoint.interface);
                    provided.endpoint.clone_from(&endpoint.name);
                    if let Some(relation) = relation {
                        for (key, value) in Told::by(row, relation).values {
                            provided.facts.entry(key).or_insert(value);
                        }
                    }
                    if is_main(observation, endpoint) {
                        provided.facts.extend(as_usual(row, &provided.variables));
                        let made = made_of(observation, &provided);
                        provided.variables.extend(made);
                    }
                    let digest = integration_files::digest(&provided);
                    provided.variables.extend(digest);
                    if let Some(name) = impossible(&provided.variables) {
                        let reason = format!("`{name}` would hold a NUL, which no process takes");
                        found.remarks.push(remark(endpoint, relation, &reason));
                        found.invalid.get_or_insert_with(|| invalid(endpoint));
                        continue;
                    }
                    found.provided.push(provided);
                }
                Outcome::Invalid(reason) => {
                    found.remarks.push(remark(endpoint, relation, &reason));
                    // A relation that never blocks is left out; its data may be mended any time.
                    if row.gate.is_some() && found.invalid.is_none() {
                        found.invalid = Some(invalid(endpoint));
                    }
                }
                Outcome::Waiting(message) => {
                    found.waiting.get_or_insert(message);
                }
                Outcome::Blocked(message) => {
                    found.blocked.get_or_insert(message);
                }
                Outcome::Misconfigured(message) => {
                    found.misconfigured.get_or_insert(message);
                }
                Outcome::Incomplete => {
                    if let Some(gate) = row.gate.filter(|_| !endpoint.optional) {
                        missing.push((gate, endpoint.name.clone()));
                    }
                }
            }
        }
        found.no_database = !found
            .provided
            .iter()
            .any(|provided| is_database(observation, &provided.interface));
        // The table's in the order of metadata where they share a place, the user's own by name.
        missing.sort_by_cached_key(|(gate, name)| {
            let own = (*gate == OWN_GATE).then(|| name.clone());
            (*gate, own)
        });
        found.missing = missing.into_iter().map(|(_, name)| name).collect();
        found
    }
}

/// A variable that no process can be given.
fn impossible(variables: &Bag) -> Option<&String> {
    let mut variables = variables.iter();
    let found = variables.find(|(_, value)| value.contains('\0'));
    found.map(|(name, _)| name)
}

/// Whether the framework's own variables are made of this endpoint, of several of one interface: of the one with the
/// usual variables, else of the first.
fn is_main(observation: &Observation, endpoint: &Endpoint) -> bool {
    let usual = usual_prefix(&endpoint.interface);
    let endpoints = observation.charm.endpoints.iter();
    let mut alike = endpoints.filter(|other| {
        other.interface == endpoint.interface && other.role == endpoint.role && other.row.is_some()
    });
    let is_usual = |other: &&Endpoint| {
        let prefix = other.row.as_ref().and_then(|row| row.prefix.as_ref());
        prefix == usual.as_ref()
    };
    let main = alike.clone().find(is_usual).or_else(|| alike.next());
    main.is_none_or(|main| main.name == endpoint.name)
}

/// Variables under the names that they have where the endpoint is named as usual, if it is not: the framework's table
/// knows those.
fn as_usual(row: &table::Row, variables: &Bag) -> Bag {
    let own = row.prefix.as_deref().unwrap_or_default();
    let usual = usual_prefix(&row.interface).unwrap_or_default();
    if own.is_empty() || usual.is_empty() || own == usual {
        return Bag::new();
    }
    let renamed = variables.iter().filter_map(|(name, value)| {
        let rest = name.strip_prefix(own)?;
        Some((format!("{usual}{rest}"), value.clone()))
    });
    renamed.collect()
}

fn usual_prefix(interface: &str) -> Option<String> {
    table::find(interface).and_then(|row| row.prefix)
}

fn is_database(observation: &Observation, interface: &str) -> bool {
    let mut rows = observation
        .charm
        .endpoints
        .iter()
        .filter_map(|endpoint| endpoint.row.as_ref());
    rows.any(|row| row.interface == interface && row.database)
}

/// The status of an endpoint whose data cannot be used.
fn invalid(endpoint: &Endpoint) -> String {
    let row = endpoint.row.as_ref();
    let text = row.and_then(|row| row.invalid.as_deref());
    let text = text.unwrap_or("Invalid {endpoint} relation data.");
    text.replace("{endpoint}", &endpoint.name)
}

fn remark(endpoint: &Endpoint, relation: Option<&Relation>, reason: &str) -> String {
    let provider = relation.map_or("the provider", |relation| {
        relation.remote_application.as_str()
    });
    format!(
        "the data of {provider} on `{}` cannot be used: {reason}",
        endpoint.name
    )
}
