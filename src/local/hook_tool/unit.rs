//! What a unit knows of its surroundings and keeps for itself: `config-get`, `network-get`, `resource-get`,
//! `state-get`, `state-set`, `state-delete`, `juju-log`, and the tools that answer "there is none" here.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::local::model::{Model, application_of};

use super::arguments::{Arguments, Flag, boolean, text};
use super::context::{Context, LogLine};
use super::failure::Failure;
use super::output::{FORMAT, print};
use super::relation::{RELATION, mapping, pairs};

pub(super) const CONFIG: &[Flag] = &[FORMAT, boolean(&["all", "a"])];
pub(super) const NETWORK: &[Flag] = &[
    FORMAT,
    RELATION,
    boolean(&["bind-address"]),
    boolean(&["ingress-address"]),
    boolean(&["egress-subnets"]),
];
pub(super) const PRINTS: &[Flag] = &[FORMAT];
pub(super) const STATE_SET: &[Flag] = &[text(&["file"])];
pub(super) const LOG: &[Flag] = &[text(&["log-level", "l"]), boolean(&["debug"])];
pub(super) const REBOOT: &[Flag] = &[boolean(&["now"])];
pub(super) const STORAGE: &[Flag] = &[FORMAT, text(&["s"])];

type Outcome = Result<String, Failure>;

pub(super) fn config(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    if let Some(key) = arguments.at(0) {
        if arguments.boolean("all") {
            return Err(Failure::usage(
                "cannot use argument --all together with key",
            ));
        }
        let value = context.config.get(key).cloned().unwrap_or_default();
        return print(arguments, "smart", &value);
    }
    let mut config: Map<String, Value> = context
        .config
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if arguments.boolean("all") {
        let application = model.applications.get(context.application());
        for name in application
            .into_iter()
            .flat_map(|it| it.charm.options.keys())
        {
            config.entry(name.clone()).or_insert(Value::Null);
        }
    }
    print(arguments, "smart", &Value::Object(config))
}

pub(super) fn network(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    let binding = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("no arguments specified"))?;
    arguments.at_most(1)?;
    context.relation_of(arguments)?;
    let application = model.applications.get(context.application());
    let known = application.is_some_and(|it| it.charm.endpoints.contains_key(binding));
    if !known && binding != "juju-info" {
        return Err(Failure::server(format!(
            "no network config found for binding {binding:?}"
        )));
    }
    let address = model
        .unit(&context.unit)
        .map(|unit| unit.address.clone())
        .unwrap_or_default();
    let addresses: Vec<&String> = Some(&address)
        .filter(|it| !it.is_empty())
        .into_iter()
        .collect();
    let subnets: Vec<String> = addresses.iter().map(|address| subnet(address)).collect();
    let bound: Vec<Value> = addresses
        .iter()
        .map(|address| json!({ "hostname": "", "value": address, "cidr": "" }))
        .collect();
    let all = json!({
        "bind-addresses": [{ "mac-address": "", "interface-name": "", "addresses": bound }],
        "egress-subnets": subnets,
        "ingress-addresses": addresses,
    });
    let mut asked = Map::new();
    if arguments.boolean("bind-address") {
        asked.insert("bind-address".into(), json!(address));
    }
    if arguments.boolean("ingress-address") {
        asked.insert("ingress-address".into(), json!(address));
    }
    if arguments.boolean("egress-subnets") {
        asked.insert("egress-subnets".into(), json!(subnets));
    }
    let value = match asked.len() {
        0 => all,
        1 => asked
            .into_iter()
            .next()
            .map_or(Value::Null, |(_, value)| value),
        _ => Value::Object(asked),
    };
    print(arguments, "smart", &value)
}

fn subnet(address: &str) -> String {
    let bits = if address.contains(':') { 128 } else { 32 };
    format!("{address}/{bits}")
}

pub(super) fn resource(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    let name = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("missing required resource name"))?;
    arguments.at_most(1)?;
    let application = model.applications.get(context.application());
    if !application.is_some_and(|it| it.resources.contains_key(name)) {
        return Err(Failure::server(format!(
            "could not download resource: resource \"{}/{name}\" not found",
            context.application()
        )));
    }
    let path = context.resources.join(name).join("content.yaml");
    Ok(format!("{}\n", path.display()))
}

/// The files that the agent lays out for `resource-get`: path below the directory of resources, and content.
#[must_use]
pub fn resource_files(model: &Model, unit: &str) -> Vec<(PathBuf, String)> {
    let application = model.applications.get(application_of(unit));
    let resources = application.into_iter().flat_map(|found| &found.resources);
    resources
        .map(|(name, image)| {
            let content = json!({
                "registrypath": image.display().to_string(),
                "username": "",
                "password": "",
            });
            // JSON is YAML.
            (Path::new(name).join("content.yaml"), format!("{content}\n"))
        })
        .collect()
}

pub(super) fn state_get(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    let mut state = model
        .unit(&context.unit)
        .map(|unit| unit.charm_state.clone())
        .unwrap_or_default();
    for (key, value) in &context.writes.state {
        match value {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(key),
        };
    }
    match arguments.at(0) {
        None | Some("-") => print(arguments, "smart", &json!(state)),
        Some(key) => {
            let absent = if model.juju_version.major >= 4 {
                Value::Null
            } else {
                json!("")
            };
            let value = state.get(key).map_or(absent, |value| json!(value));
            print(arguments, "smart", &value)
        }
    }
}

pub(super) fn state_set(context: &mut Context, arguments: &Arguments, stdin: &[u8]) -> Outcome {
    let mut values = if arguments.text("file").is_some() {
        mapping(stdin)?
    } else {
        Default::default()
    };
    values.extend(pairs(&arguments.rest)?);
    let written = values.into_iter().map(|(key, value)| (key, Some(value)));
    context.writes.state.extend(written);
    Ok(String::new())
}

pub(super) fn state_delete(context: &mut Context, arguments: &Arguments) -> Outcome {
    let key = arguments
        .at(0)
        .filter(|key| !key.is_empty())
        .ok_or_else(|| Failure::usage("no key specified"))?;
    arguments.at_most(1)?;
    context.writes.state.insert(key.into(), None);
    Ok(String::new())
}

pub(super) fn log(context: &mut Context, arguments: &Arguments) -> Outcome {
    if arguments.rest.is_empty() {
        return Err(Failure::usage("no message specified"));
    }
    let asked = if arguments.boolean("debug") {
        "DEBUG"
    } else {
        arguments.text("log-level").unwrap_or("INFO")
    };
    let level = match asked.to_uppercase().as_str() {
        known @ ("TRACE" | "DEBUG" | "INFO" | "WARNING" | "ERROR") => known.to_owned(),
        "WARN" => "WARNING".into(),
        "CRITICAL" => "ERROR".into(),
        _ => "INFO".into(),
    };
    context.log.push(LogLine {
        level,
        message: arguments.rest.join(" "),
    });
    Ok(String::new())
}

pub(super) fn credential() -> Outcome {
    Err(Failure::server("cannot access cloud credentials"))
}

pub(super) fn reboot() -> Outcome {
    Err(Failure::server(
        "juju-reboot is not supported for units on Kubernetes",
    ))
}

pub(super) fn storage_list(arguments: &Arguments) -> Outcome {
    print(arguments, "smart", &json!([]))
}

pub(super) fn storage_get(arguments: &Arguments) -> Outcome {
    match arguments.text("s") {
        None => Err(Failure::usage("no storage specified")),
        Some(storage) => Err(Failure::usage(format!(
            "invalid value {storage:?} for option -s: storage not found"
        ))),
    }
}
