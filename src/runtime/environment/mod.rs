//! The app's environment (contract: runtime, section 5): one list of who sets what, of which later ones win.

mod framework;
mod origin;
mod port;

use std::collections::BTreeMap;

use serde_json::Value;

use super::observation::Observation;
use super::options::Options;
use crate::frameworks::runtime::PerGeneration;
use crate::interfaces::{Bag, Provided};

pub use framework::made_of;
pub use origin::{Assignment, Origin};
pub(super) use port::metrics;
pub use port::port;

/// What the environment is made of, beside the observation.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Checked options.
    pub options: &'a Options,
    /// The app's port.
    pub port: u16,
    /// The secret key of the peer relation.
    pub secret_key: &'a str,
    /// What ready relations give, in the order of metadata.
    pub provided: &'a [Provided],
    /// What the service has from the rock.
    pub rock: &'a Bag,
    /// What the charm's own code sets.
    pub code: &'a Bag,
}

/// The variables of one of the app's services.
#[must_use]
pub fn build(observation: &Observation, sources: &Sources<'_>) -> Bag {
    let list = list(observation, sources);
    list.into_iter().map(|set| (set.name, set.value)).collect()
}

/// Who sets which variables of one of the app's services, in order: the last one who sets a variable wins.
#[must_use]
pub fn list(observation: &Observation, sources: &Sources<'_>) -> Vec<Assignment> {
    let runtime = &observation.charm.runtime;
    let prefix = &runtime.user_prefix;
    let rock = sources.rock.iter();
    let mut list: Vec<Assignment> = rock
        .map(|(name, value)| Assignment::new(name, value, Origin::Rock))
        .collect();
    user_options(observation, sources.options, &mut list);
    let (url, url_origin) = base_url(observation, sources);
    framework::options(observation, sources, &url, &mut list);
    list.push(Assignment::new(
        format!("{prefix}BASE_URL"),
        url,
        url_origin,
    ));
    secret_key(observation, sources, &mut list);
    for (name, key, value) in proxies(observation) {
        for name in [name.to_owned(), name.to_uppercase()] {
            let key = key.to_owned();
            list.push(Assignment::new(name, value, Origin::ModelConfig { key }));
        }
    }
    let identity = &observation.identity;
    let peers = observation.peer.iter().flat_map(|peer| &peer.others);
    let fqdns: Vec<String> = peers.map(|number| identity.fqdn(*number)).collect();
    if !fqdns.is_empty() {
        let name = format!("{prefix}PEER_FQDNS");
        list.push(Assignment::new(name, fqdns.join(","), Origin::Units));
    }
    for provided in sources.provided {
        list.extend(provided.variables.iter().map(|(name, value)| {
            let origin = framework::of_relation(observation, provided, name);
            Assignment::new(name, value, origin)
        }));
    }
    framework::made_of_others(observation, sources, &mut list);
    json_logging(observation, &mut list);
    let code = sources.code.iter();
    list.extend(code.map(|(name, value)| Assignment::new(name, value, Origin::Code)));
    list
}

fn user_options(observation: &Observation, options: &Options, list: &mut Vec<Assignment>) {
    let prefix = &observation.charm.runtime.user_prefix;
    list.extend(options.user.iter().map(|(name, value)| {
        let option = name.clone();
        Assignment::new(
            variable(prefix, name),
            plain(value),
            Origin::Option { option },
        )
    }));
    for (name, content) in &options.user_secrets {
        list.extend(content.iter().map(|(key, value)| {
            let (option, key) = (name.clone(), key.clone());
            let variable = variable(prefix, &format!("{name}-{key}"));
            Assignment::new(variable, value, Origin::OptionSecret { option, key })
        }));
    }
}

/// An option, of the framework or of the user's own, stands above the peer secret.
fn secret_key(observation: &Observation, sources: &Sources<'_>, list: &mut Vec<Assignment>) {
    let runtime = &observation.charm.runtime;
    let name = format!("{}SECRET_KEY", runtime.user_prefix);
    let Some(key) = &sources.options.secret_key else {
        let mut set = list.iter().filter(|set| set.origin != Origin::Rock);
        if !set.any(|set| set.name == name) {
            let endpoint = observation.charm.peer_endpoint();
            let endpoint = endpoint.map_or_else(String::new, |endpoint| endpoint.name.clone());
            let origin = Origin::PeerSecret { endpoint };
            list.push(Assignment::new(name, sources.secret_key, origin));
        }
        return;
    };
    let mut given = runtime.secret_key.all_options();
    let option = given.find(|option| observation.config.contains_key(option));
    let option = option.unwrap_or_default();
    let origin = match observation.config_secrets.get(&option) {
        Some(_) => Origin::OptionSecret {
            option,
            key: "value".into(),
        },
        None => Origin::Option { option },
    };
    let mut rows = runtime.secret_key.options.iter();
    let row = rows.find_map(|option| runtime.options.get(option));
    if let Some(to) = row.and_then(|row| of(row.variable.as_ref(), observation)) {
        list.push(Assignment::new(to, key, origin.clone()));
    }
    list.push(Assignment::new(name, key, origin));
}

/// By which URL the app is reached: from outside where an ingress says so, else from inside the cluster.
fn base_url(observation: &Observation, sources: &Sources<'_>) -> (String, Origin) {
    let mut provided = sources.provided.iter();
    let outside = provided.find_map(|provided| {
        let origin = Origin::Relation {
            endpoint: provided.endpoint.clone(),
            keys: Vec::new(),
        };
        Some((provided.base_url.clone()?, origin))
    });
    outside.unwrap_or_else(|| {
        let (identity, port) = (&observation.identity, sources.port);
        let url = format!("http://{}.{}:{port}", identity.app, identity.model);
        (url, Origin::Service)
    })
}

fn of<'a>(per: Option<&'a PerGeneration<String>>, observation: &Observation) -> Option<&'a String> {
    per.and_then(|per| per.of(observation.charm.generation))
}

/// Variable, key of the model's config, value.
fn proxies(observation: &Observation) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
    let proxies = &observation.identity.proxies;
    [
        ("http_proxy", "juju-http-proxy", &proxies.http),
        ("https_proxy", "juju-https-proxy", &proxies.https),
        ("no_proxy", "juju-no-proxy", &proxies.no_proxy),
    ]
    .into_iter()
    .filter_map(|(name, key, value)| Some((name, key, value.as_deref()?)))
    .filter(|(_, _, value)| !value.is_empty())
}

fn json_logging(observation: &Observation, list: &mut Vec<Assignment>) {
    let Some(logging) = observation.charm.json_logging() else {
        return;
    };
    let origin = Origin::PaasConfig {
        key: "framework_logging_format".into(),
    };
    if logging.python_path {
        let mut old = list.iter().rev();
        let old = old.find(|old| old.name == "PYTHONPATH");
        let old = old.filter(|old| !old.value.is_empty());
        let path = old.map_or_else(
            || logging.directory.clone(),
            |old| format!("{}:{}", logging.directory, old.value),
        );
        list.push(Assignment::new("PYTHONPATH", path, origin.clone()));
    }
    let variables = logging.variables.iter();
    list.extend(variables.map(|(name, value)| Assignment::new(name, value, origin.clone())));
}

fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.replace('-', "_").to_uppercase())
}

/// Strings as they are, everything else as JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The names of variables that differ between two environments, sorted.
#[must_use]
pub fn changed(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> = new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    names.extend(old.keys().filter(|name| !new.contains_key(*name)).cloned());
    names.sort();
    names
}
