//! What a framework's table makes of options, of other facts, and of what relations give.

use super::super::observation::{Identity, Observation};
use super::super::template;
use super::origin::{Assignment, Origin};
use super::port::{Metrics, of_option, with_origin};
use super::{Sources, of, plain};
use crate::frameworks::runtime::{Output, Variable};
use crate::interfaces::url::Url;
use crate::interfaces::{Bag, Provided};
use serde_json::Value;

/// The variables of the framework's own options, of the port, and of where Prometheus scrapes.
pub(super) fn options(
    observation: &Observation,
    sources: &Sources<'_>,
    url: &str,
    list: &mut Vec<Assignment>,
) {
    let runtime = &observation.charm.runtime;
    for (name, row) in &runtime.options {
        let value = sources.options.framework.get(name);
        if let (Some(to), Some(value)) = (of(row.variable.as_ref(), observation), value) {
            let value = match row.output {
                Output::Plain => plain(value),
                Output::Upper => plain(value).to_uppercase(),
                Output::JsonListWithHosts => hosts(&plain(value), url, &observation.identity),
            };
            list.push(Assignment::new(to, value, of_option(observation, name)));
        }
    }
    if let Some(to) = of(runtime.port.variable.as_ref(), observation) {
        let (_, origin) = with_origin(observation, sources.options);
        list.push(Assignment::new(to, sources.port.to_string(), origin));
    }
    if let Some(metrics) = &runtime.metrics {
        let found = Metrics::of(observation, sources.options);
        for (row, found) in [
            (&metrics.port.variable, found.port),
            (&metrics.path.variable, found.path),
        ] {
            if let (Some(to), Some((value, origin))) = (of(row.as_ref(), observation), found) {
                list.push(Assignment::new(to, value, origin));
            }
        }
    }
}

/// A comma list as JSON, with the names added by which the app is reached: what the base URL says, and those of unit
/// and service in the cluster (known defect 40).
fn hosts(list: &str, url: &str, identity: &Identity) -> String {
    let given = list.split(',').map(str::trim).map(str::to_owned);
    let mut hosts: Vec<String> = given.filter(|_| !list.trim().is_empty()).collect();
    let (app, model) = (&identity.app, &identity.model);
    let base = Url::parse(url).and_then(|url| url.hostname);
    // As an HTTP request names it.
    let base = base.map(|host| {
        if host.contains(':') {
            format!("[{host}]")
        } else {
            host
        }
    });
    let added = base.into_iter().chain([
        app.clone(),
        format!("{app}.{model}"),
        format!("{app}.{model}.svc.cluster.local"),
        identity.fqdn(identity.number),
    ]);
    for host in added {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    // As the peer writes it.
    let hosts: Vec<String> = hosts
        .iter()
        .map(|host| Value::from(host.as_str()).to_string())
        .collect();
    format!("[{}]", hosts.join(", "))
}

/// What the framework's table makes of other values.
pub(super) fn made_of_others(
    observation: &Observation,
    sources: &Sources<'_>,
    list: &mut Vec<Assignment>,
) {
    let charm = &observation.charm;
    let metrics = Metrics::of(observation, sources.options);
    let value = |found: &Option<(String, Origin)>| found.as_ref().map(|(value, _)| value.clone());
    let fact = |name: &str| match name {
        "port" => Some(sources.port.to_string()),
        "metrics-port" => value(&metrics.port),
        "metrics-path" => value(&metrics.path),
        option => sources.options.framework.get(option).map(plain),
    };
    let ready = |interface: &str| {
        let mut provided = sources.provided.iter();
        provided.any(|provided| provided.interface == interface)
    };
    for row in rows(&charm.runtime.variables, observation) {
        if row.without.as_deref().is_some_and(ready) {
            continue;
        }
        if let Some((name, value)) = made(row, fact) {
            let mut of = names(&row.value);
            of.extend(row.with.clone().filter(|with| !of.contains(with)));
            list.push(Assignment::new(name, value, Origin::FrameworkRule { of }));
        }
    }
}

/// What the framework's table makes of what a relation gives.
#[must_use]
pub fn made_of(observation: &Observation, given: &Provided) -> Bag {
    relation_rows(observation, &given.interface)
        .filter_map(|row| made(row, |name| fact(given, name)))
        .collect()
}

/// What a template may use of what a relation gives.
fn fact(given: &Provided, name: &str) -> Option<String> {
    match name {
        "endpoint" => Some(given.endpoint.clone()),
        name => {
            let variable = given.variables.get(name);
            variable.or_else(|| given.facts.get(name)).cloned()
        }
    }
}

/// Where a variable of a relation comes from: the provider, or what the framework's table makes of what it says.
pub(super) fn of_relation(observation: &Observation, given: &Provided, variable: &str) -> Origin {
    let endpoint = given.endpoint.clone();
    let mut rows = relation_rows(observation, &given.interface);
    let fact = |name: &str| fact(given, name);
    match rows.find(|row| name_of(row, fact).is_some_and(|name| name == variable)) {
        Some(row) => Origin::RelationRule {
            endpoint,
            of: names(&row.value),
        },
        None => Origin::Relation {
            keys: keys(observation, &endpoint, variable),
            endpoint,
        },
    }
}

/// The provider's keys that a variable is made of, as far as the endpoint's row tells.
fn keys(observation: &Observation, endpoint: &str, variable: &str) -> Vec<String> {
    let mut endpoints = observation.charm.endpoints.iter();
    let row = endpoints.find(|known| known.name == endpoint);
    let Some(row) = row.and_then(|endpoint| endpoint.row.as_ref()) else {
        return Vec::new();
    };
    let mut variables = row.variables.iter();
    let template = variables
        .find(|(name, _)| row.variable(name) == variable)
        .map(|(_, template)| template)
        .or(row.url.as_ref());
    let mut keys = template.map_or_else(Vec::new, |template| names(template));
    keys.retain(|key| row.keys.contains_key(key));
    keys
}

fn relation_rows<'a>(
    observation: &'a Observation,
    interface: &str,
) -> impl Iterator<Item = &'a Variable> {
    let table = observation.charm.runtime.integrations.get(interface);
    rows(table.map_or(&[], Vec::as_slice), observation)
}

fn rows<'a>(rows: &'a [Variable], observation: &Observation) -> impl Iterator<Item = &'a Variable> {
    let generation = observation.charm.generation;
    rows.iter()
        .filter(move |row| row.only.is_none_or(|only| only == generation))
}

fn made(row: &Variable, fact: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    if let Some(with) = &row.with {
        fact(with).filter(|value| !value.is_empty())?;
    }
    Some((name_of(row, &fact)?, template::fill(&row.value, &fact)?))
}

/// Only a name with braces is a template: Spring's may have brackets of their own.
fn name_of(row: &Variable, fact: impl Fn(&str) -> Option<String>) -> Option<String> {
    if row.name.contains('{') {
        template::fill(&row.name, fact)
    } else {
        Some(row.name.clone())
    }
}

/// The names in a template, each once.
fn names(template: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in template::names(template) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
