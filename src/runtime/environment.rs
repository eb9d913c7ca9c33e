//! The app's environment (contract: runtime, section 5). Later rows win.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observation::Observation;
use super::options::Options;
use crate::frameworks::Generation;
use crate::frameworks::runtime::PerGeneration;
use crate::interfaces::{Bag, Provided};

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
}

/// The app's port: `paas-config.yaml`, then the option where the project declares it, then the framework's.
#[must_use]
pub fn port(observation: &Observation, options: &Options) -> u16 {
    let charm = &observation.charm;
    let configured = charm
        .paas_config
        .as_ref()
        .ok()
        .and_then(|config| config.port);
    let option = || {
        options
            .framework
            .get(&charm.runtime.port.option)?
            .as_u64()?
            .try_into()
            .ok()
    };
    let default = || charm.runtime.port.default.of(charm.generation).copied();
    configured.or_else(option).or_else(default).unwrap_or(8080)
}

/// The variables of one of the app's services.
#[must_use]
pub fn build(observation: &Observation, sources: &Sources<'_>) -> Bag {
    let charm = &observation.charm;
    let runtime = &charm.runtime;
    let prefix = &runtime.user_prefix;
    let generation = charm.generation;
    let mut variables = sources.rock.clone();

    for (name, value) in &sources.options.user {
        variables.insert(variable(prefix, name), text(value));
    }
    for (name, content) in &sources.options.user_secrets {
        for (key, value) in content {
            variables.insert(variable(prefix, &format!("{name}-{key}")), value.clone());
        }
    }
    for (name, row) in &runtime.options {
        if let (Some(to), Some(value)) = (
            of(row.variable.as_ref(), generation),
            sources.options.framework.get(name),
        ) {
            variables.insert(to.clone(), text(value));
        }
    }
    if let Some(to) = runtime.port.variable.of(generation) {
        variables.insert(to.clone(), sources.port.to_string());
    }
    metrics(observation, sources.options, &mut variables);

    let base_url = sources
        .provided
        .iter()
        .find_map(|provided| provided.base_url.clone());
    let identity = &observation.identity;
    let inside = || {
        format!(
            "http://{}.{}:{}",
            identity.app, identity.model, sources.port
        )
    };
    variables.insert(format!("{prefix}BASE_URL"), base_url.unwrap_or_else(inside));

    // An option, of the framework or of the user's own, stands above the peer secret.
    let secret_name = format!("{prefix}SECRET_KEY");
    let user_option = sources
        .options
        .user
        .keys()
        .any(|name| variable(prefix, name) == secret_name);
    if let Some(key) = &sources.options.secret_key {
        let row = runtime.options.get(&runtime.secret_key.option);
        if let Some(to) = row.and_then(|row| of(row.variable.as_ref(), generation)) {
            variables.insert(to.clone(), key.clone());
        }
        variables.insert(secret_name, key.clone());
    } else if !user_option {
        variables.insert(secret_name, sources.secret_key.to_owned());
    }

    for (name, value) in proxies(observation) {
        variables.insert(name.to_owned(), value.to_owned());
        variables.insert(name.to_uppercase(), value.to_owned());
    }
    let peers = observation.peer.iter().flat_map(|peer| &peer.others);
    let fqdns: Vec<String> = peers.map(|number| identity.fqdn(*number)).collect();
    if !fqdns.is_empty() {
        variables.insert(format!("{prefix}PEER_FQDNS"), fqdns.join(","));
    }
    for provided in sources.provided {
        variables.extend(provided.variables.clone());
    }
    json_logging(observation, &mut variables);
    variables
}

fn of(per: Option<&PerGeneration<String>>, generation: Generation) -> Option<&String> {
    per.and_then(|per| per.of(generation))
}

fn metrics(observation: &Observation, options: &Options, variables: &mut Bag) {
    let charm = &observation.charm;
    let Some(metrics) = &charm.runtime.metrics else {
        return;
    };
    let config = charm.paas_config.as_ref().ok();
    let default_port = || {
        metrics
            .port
            .default
            .as_ref()?
            .of(charm.generation)
            .map(u16::to_string)
    };
    let default_path = || metrics.path.default.as_ref()?.of(charm.generation).cloned();
    let port = config
        .and_then(|config| config.metrics_port)
        .map(|port| port.to_string());
    let path = config.and_then(|config| config.metrics_path.clone());
    for (configured, option, default, to) in [
        (
            port,
            &metrics.port.option,
            default_port(),
            &metrics.port.variable,
        ),
        (
            path,
            &metrics.path.option,
            default_path(),
            &metrics.path.variable,
        ),
    ] {
        let value = configured
            .or_else(|| options.framework.get(option).map(text))
            .or(default);
        if let (Some(value), Some(to)) = (value, to.of(charm.generation)) {
            variables.insert(to.clone(), value);
        }
    }
}

fn proxies(observation: &Observation) -> impl Iterator<Item = (&'static str, &str)> {
    let proxies = &observation.identity.proxies;
    [
        ("http_proxy", &proxies.http),
        ("https_proxy", &proxies.https),
        ("no_proxy", &proxies.no_proxy),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
    .filter(|(_, value)| !value.is_empty())
}

fn json_logging(observation: &Observation, variables: &mut Bag) {
    let charm = &observation.charm;
    let asked = charm
        .paas_config
        .as_ref()
        .is_ok_and(super::paas_config::PaasConfig::json_logging);
    let Some(logging) = charm.runtime.json_logging.as_ref().filter(|_| asked) else {
        return;
    };
    if logging.python_path {
        let old = variables.get("PYTHONPATH").filter(|old| !old.is_empty());
        let path = old.map_or_else(
            || logging.directory.clone(),
            |old| format!("{}:{old}", logging.directory),
        );
        variables.insert("PYTHONPATH".into(), path);
    }
    variables.extend(logging.variables.clone());
}

fn variable(prefix: &str, name: &str) -> String {
    format!("{prefix}{}", name.replace('-', "_").to_uppercase())
}

/// Strings as they are, everything else as JSON.
fn text(value: &Value) -> String {
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
