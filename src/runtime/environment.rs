//! The app's environment (contract: runtime, section 5). Later rows win.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observation::{Identity, Observation};
use super::options::Options;
use super::template;
use crate::frameworks::runtime::{Output, PerGeneration, Variable};
use crate::interfaces::url::Url;
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
            .get(charm.runtime.port.option.as_ref()?)?
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
    let mut variables = user_options(observation, sources.options);
    let url = base_url(observation, sources);
    framework_options(observation, sources, &url, &mut variables);
    let runtime = &observation.charm.runtime;
    let prefix = &runtime.user_prefix;
    variables.insert(format!("{prefix}BASE_URL"), url);

    // An option, of the framework or of the user's own, stands above the peer secret.
    let secret_name = format!("{prefix}SECRET_KEY");
    if let Some(key) = &sources.options.secret_key {
        let mut rows = runtime.secret_key.options.iter();
        let row = rows.find_map(|option| runtime.options.get(option));
        if let Some(to) = row.and_then(|row| of(row.variable.as_ref(), observation)) {
            variables.insert(to.clone(), key.clone());
        }
        variables.insert(secret_name, key.clone());
    } else {
        let key = || sources.secret_key.to_owned();
        variables.entry(secret_name).or_insert_with(key);
    }

    for (name, value) in proxies(observation) {
        variables.insert(name.to_owned(), value.to_owned());
        variables.insert(name.to_uppercase(), value.to_owned());
    }
    let identity = &observation.identity;
    let peers = observation.peer.iter().flat_map(|peer| &peer.others);
    let fqdns: Vec<String> = peers.map(|number| identity.fqdn(*number)).collect();
    if !fqdns.is_empty() {
        variables.insert(format!("{prefix}PEER_FQDNS"), fqdns.join(","));
    }
    for provided in sources.provided {
        variables.extend(provided.variables.clone());
    }
    variables.extend(made_of_others(observation, sources));

    let mut all = sources.rock.clone();
    all.extend(variables);
    json_logging(observation, &mut all);
    all
}

fn user_options(observation: &Observation, options: &Options) -> Bag {
    let prefix = &observation.charm.runtime.user_prefix;
    let plain_ones = options
        .user
        .iter()
        .map(|(name, value)| (variable(prefix, name), plain(value)));
    let secrets = options.user_secrets.iter().flat_map(|(name, content)| {
        content
            .iter()
            .map(move |(key, value)| (variable(prefix, &format!("{name}-{key}")), value.clone()))
    });
    plain_ones.chain(secrets).collect()
}

/// By which URL the app is reached: from outside where an ingress says so, else from inside the cluster.
fn base_url(observation: &Observation, sources: &Sources<'_>) -> String {
    let mut provided = sources.provided.iter();
    let outside = provided.find_map(|provided| provided.base_url.clone());
    let identity = &observation.identity;
    outside.unwrap_or_else(|| {
        format!(
            "http://{}.{}:{}",
            identity.app, identity.model, sources.port
        )
    })
}

fn framework_options(
    observation: &Observation,
    sources: &Sources<'_>,
    url: &str,
    variables: &mut Bag,
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
            variables.insert(to.clone(), value);
        }
    }
    if let Some(to) = of(runtime.port.variable.as_ref(), observation) {
        variables.insert(to.clone(), sources.port.to_string());
    }
    let (port, path) = metrics(observation, sources.options);
    if let Some(metrics) = &runtime.metrics {
        for (row, value) in [
            (&metrics.port.variable, &port),
            (&metrics.path.variable, &path),
        ] {
            if let (Some(to), Some(value)) = (of(row.as_ref(), observation), value) {
                variables.insert(to.clone(), value.clone());
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
fn made_of_others(observation: &Observation, sources: &Sources<'_>) -> Bag {
    let charm = &observation.charm;
    let (port, path) = metrics(observation, sources.options);
    let fact = |name: &str| match name {
        "port" => Some(sources.port.to_string()),
        "metrics-port" => port.clone(),
        "metrics-path" => path.clone(),
        option => sources.options.framework.get(option).map(plain),
    };
    let ready = |interface: &str| {
        let mut provided = sources.provided.iter();
        provided.any(|provided| provided.interface == interface)
    };
    rows(&charm.runtime.variables, observation)
        .filter(|row| {
            row.without
                .as_deref()
                .is_none_or(|interface| !ready(interface))
        })
        .filter_map(|row| made(row, fact))
        .collect()
}

/// What the framework's table makes of what a relation gives.
#[must_use]
pub fn made_of(observation: &Observation, interface: &str, given: &Bag) -> Bag {
    let table = observation.charm.runtime.integrations.get(interface);
    rows(table.map_or(&[], Vec::as_slice), observation)
        .filter_map(|row| made(row, |name| given.get(name).cloned()))
        .collect()
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
    Some((row.name.clone(), template::fill(&row.value, &fact)?))
}

fn of<'a>(per: Option<&'a PerGeneration<String>>, observation: &Observation) -> Option<&'a String> {
    per.and_then(|per| per.of(observation.charm.generation))
}

/// Port and path that Prometheus scrapes, as far as the app is to be told.
fn metrics(observation: &Observation, options: &Options) -> (Option<String>, Option<String>) {
    let charm = &observation.charm;
    let Some(metrics) = &charm.runtime.metrics else {
        return (None, None);
    };
    let config = charm.paas_config.as_ref().ok();
    let option = |name: &str| options.framework.get(name).map(plain);
    let default_port = || {
        let default = metrics.port.default.as_ref()?;
        default.of(charm.generation).map(u16::to_string)
    };
    let default_path = || metrics.path.default.as_ref()?.of(charm.generation).cloned();
    let port = config
        .and_then(|config| config.metrics_port)
        .map(|port| port.to_string());
    let path = config.and_then(|config| config.metrics_path.clone());
    (
        port.or_else(|| option(&metrics.port.option))
            .or_else(default_port),
        path.or_else(|| option(&metrics.path.option))
            .or_else(default_path),
    )
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
    let Some(logging) = observation.charm.json_logging() else {
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
