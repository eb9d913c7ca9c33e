//! Where Pebble forwards log lines to (contract: interfaces, section 14; pebble, section 4).

use std::collections::BTreeMap;

use super::observation::{Container, Observation};
use crate::cos::Topology;
use crate::interfaces::loki_push_api;
use crate::yaml::{self, Mapping, Value};

/// The location of a target that is gone, as the peer writes it: a plan has no other way to lose one.
const REMOVED: &str = "(removed)";

/// The log targets that change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogTargets {
    /// The label of their layer; the peer's is the same.
    pub label: String,
    /// The layer, as YAML.
    pub layer: String,
    /// Targets that get lines from now on.
    pub to: Vec<String>,
    /// Targets that get none any more.
    pub gone: Vec<String>,
}

/// What makes the plan's log targets those of the relations; absent when they are. It names no service, so none is
/// started again because of it.
#[must_use]
pub fn change(observation: &Observation, container: &Container) -> Option<LogTargets> {
    let wanted = wanted(observation);
    let labels = labels(observation);
    let (mut layer, mut to, mut gone) = (Mapping::new(), Vec::new(), Vec::new());
    for (name, location) in &wanted {
        let target = target(location, "all", Some(&labels));
        let there = container.log_targets.get(name.as_str());
        if !there.is_some_and(|there| is_same(there, &target)) {
            layer.insert(name.as_str().into(), target.into());
            to.push(name.clone());
        }
    }
    for (name, there) in &container.log_targets {
        let Some(name) = name.as_str() else { continue };
        // Targets of the rock's own are the rock's business.
        if is_ours(there, observation) && !wanted.contains_key(name) {
            layer.insert(name.into(), target(REMOVED, "-all", None).into());
            gone.push(name.to_owned());
        }
    }
    if layer.is_empty() {
        return None;
    }
    let layer: Mapping = [("log-targets".into(), Value::Mapping(layer))]
        .into_iter()
        .collect();
    Some(LogTargets {
        label: format!("{}-log-forwarding", observation.charm.container),
        layer: yaml::to_string(&layer).ok()?,
        to,
        gone,
    })
}

/// Locations by the provider's unit, of all relations. Juju before 3.4 has a Pebble that forwards nothing.
fn wanted(observation: &Observation) -> BTreeMap<String, String> {
    if !observation.identity.juju.has_log_forwarding() {
        return BTreeMap::new();
    }
    let is_logging = |name: &str| {
        let mut endpoints = observation.charm.endpoints.iter();
        endpoints.any(|endpoint| endpoint.name == name && endpoint.interface == "loki_push_api")
    };
    let relations = observation.relations.iter();
    relations
        .filter(|relation| is_logging(&relation.endpoint))
        .flat_map(loki_push_api::endpoints)
        .collect()
}

fn labels(observation: &Observation) -> Mapping {
    let identity = &observation.identity;
    let topology = Topology {
        model: &identity.model,
        model_uuid: &identity.model_uuid,
        application: &identity.app,
        unit: &identity.unit,
        charm: &observation.charm.name,
    };
    let job = format!("juju_{}", topology.prefix());
    let labels = [
        ("product", "Juju"),
        ("charm", topology.charm),
        ("juju_model", topology.model),
        ("juju_model_uuid", topology.model_uuid),
        ("juju_application", topology.application),
        ("juju_unit", topology.unit),
        ("job", &job),
    ];
    let labels = labels.map(|(name, value)| (name.into(), value.into()));
    labels.into_iter().collect()
}

fn target(location: &str, services: &str, labels: Option<&Mapping>) -> Mapping {
    let mut target: Mapping = [
        ("override".into(), "replace".into()),
        ("type".into(), "loki".into()),
        ("location".into(), location.into()),
        ("services".into(), Value::Sequence(vec![services.into()])),
    ]
    .into_iter()
    .collect();
    if let Some(labels) = labels {
        target.insert("labels".into(), labels.clone().into());
    }
    target
}

fn is_same(there: &Value, target: &Mapping) -> bool {
    ["type", "location", "services", "labels"]
        .into_iter()
        .all(|key| there.get(key) == target.get(key))
}

/// Whether a charm has made the target for this unit; the peer labels alike.
fn is_ours(target: &Value, observation: &Observation) -> bool {
    let labels = target.get("labels");
    let label = |name: &str| labels.and_then(|labels| labels.get(name)?.as_str());
    label("product") == Some("Juju") && label("juju_unit") == Some(&observation.identity.unit)
}
