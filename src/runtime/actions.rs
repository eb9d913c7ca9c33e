//! Actions that run a command in the container, as a table declares them.
//!
//! Those of the framework are in its file, the project's own in `paas-config.yaml`. Such an action changes nothing else: no reconcile, no key. It runs only where the app could (known defect 100), with
//! its own values above the app's (known defect 101).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::decide::gates;
use super::decision::{ActionOutcome, Command, Decision};
use super::mask::Mask;
use super::observation::Observation;
use super::options::Options;
use super::{environment, options, secret_key, template};
use crate::frameworks::runtime::Action;
use crate::juju::Event;
use crate::paas_config::actions::{argument, variable};

/// How many characters a generated password has: 132 bits, as the peer's.
const PASSWORD_LENGTH: usize = 22;

/// What is to be done in an action that the table declares; `None` in every other event.
#[must_use]
pub fn decide(observation: &Observation) -> Option<Decision> {
    let Event::Action { name, .. } = &observation.event else {
        return None;
    };
    let Some(row) = observation.charm.runtime.actions.get(name) else {
        let unusable = observation.charm.paas_config.as_ref().err();
        // It may be one of those that the file would tell of.
        let message = unusable.filter(|_| name != "rotate-secret-key")?.clone();
        return Some(Decision {
            action: Some(ActionOutcome::Failed(message)),
            ..Decision::default()
        });
    };
    Some(command(observation, name, row).unwrap_or_else(|refusal| *refusal))
}

fn command(observation: &Observation, name: &str, row: &Action) -> Result<Decision, Box<Decision>> {
    let charm = &observation.charm;
    let refused = |message: String| {
        Box::new(Decision {
            action: Some(ActionOutcome::Failed(message)),
            ..Decision::default()
        })
    };
    if let Err(message) = &charm.paas_config {
        return Err(refused(message.clone()));
    }
    let options = options::check(observation).map_err(|problem| refused(problem.message))?;
    let mut values = values(observation, name, row).map_err(refused)?;
    let port = environment::port(observation, &options);
    let app = app_environment(observation, options, port).map_err(|mut shut| {
        // The peer's text; the status, which the peer sets too, says what it is that the app waits for.
        shut.action = Some(ActionOutcome::Failed(format!(
            "{} container is not ready",
            charm.container
        )));
        shut
    })?;

    let mut environment = app;
    if row.own {
        for (name, value) in &values {
            environment.insert(variable(name), value.clone());
        }
    }
    let words = row.command.iter().enumerate();
    let command = words
        .filter_map(|(index, word)| match index {
            0 => Some(word.clone()),
            _ => argument(word, &row.arguments, &values),
        })
        .collect();
    let password: String = observation
        .fresh_key
        .chars()
        .take(PASSWORD_LENGTH)
        .collect();
    values.insert("random".into(), password);
    let value = |name: &str| {
        let apps = || environment.get(name).filter(|_| row.own);
        values.get(name).or_else(apps).cloned()
    };
    let made: Vec<(String, String)> = row
        .environment
        .iter()
        .filter_map(|(name, text)| Some((name.clone(), template::fill(text, value)?)))
        .collect();
    environment.extend(made);
    let runtime = &charm.runtime;
    let directory = row.working_directory.as_ref();
    Ok(Decision {
        mask: Mask::of(&environment),
        action: Some(ActionOutcome::Run(Box::new(Command {
            command,
            directory: directory.unwrap_or(&runtime.app_directory).clone(),
            user: runtime.user.clone(),
            group: runtime.group.clone(),
            environment,
            timeout: Duration::from_secs(row.timeout.into()),
            results: row.results.clone(),
            values,
        }))),
        ..Decision::default()
    })
}

/// The app's environment, or what to do where the app cannot run: to say so.
fn app_environment(
    observation: &Observation,
    options: Options,
    port: u16,
) -> Result<BTreeMap<String, String>, Box<Decision>> {
    let key = secret_key::current(observation).map(str::to_owned);
    let mut scratch = Decision::default();
    match gates(observation, Ok(options), key, port, &mut scratch) {
        Ok((_, environment)) => Ok(environment),
        Err(verdict) => Err(Box::new(Decision {
            verdict: Some(verdict),
            remarks: scratch.remarks,
            ..Decision::default()
        })),
    }
}

/// The action's parameters as text, or what is wrong with them.
fn values(
    observation: &Observation,
    name: &str,
    row: &Action,
) -> Result<BTreeMap<String, String>, String> {
    let given = observation.parameters.iter();
    let values: BTreeMap<String, String> = given
        .filter_map(|(name, value)| match value {
            Value::Null => None,
            Value::String(text) => Some((name.clone(), text.clone())),
            other => Some((name.clone(), other.to_string())),
        })
        .collect();
    if let Some((name, _)) = values.iter().find(|(_, value)| value.contains('\0')) {
        return Err(format!(
            "the parameter {name} has a NUL character, which no variable can hold"
        ));
    }
    let is_missing = |name: &&String| {
        values
            .get(*name)
            .is_none_or(|value| value.trim().is_empty())
    };
    let missing: Vec<&str> = row
        .parameters
        .iter()
        .filter(is_missing)
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(values);
    }
    let all: Vec<String> = row
        .parameters
        .iter()
        .map(|name| format!("{name}=…"))
        .collect();
    Err(format!(
        "missing parameters: {}; run `juju run {} {name} {}`",
        missing.join(", "),
        observation.identity.unit,
        all.join(" ")
    ))
}
