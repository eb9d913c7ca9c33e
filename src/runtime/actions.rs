//! Actions that run a command in the container, as a table declares them.
//!
//! Those of the framework are in its file, the project's own in `paas-config.yaml`. Such an action changes nothing else: no reconcile, no key. It runs only where the app could (known defect 100), with
//! its own values above the app's (known defect 101).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::code::{self, Call, Facts, Kind};
use super::decide::{CODE, gates};
use super::decision::{ActionOutcome, Command, Decision};
use super::mask::Mask;
use super::observation::Observation;
use super::options::Options;
use super::{conclude, environment, options, secret_key, template};
use crate::frameworks::runtime::Action;
use crate::juju::Event;
use crate::paas_config::actions::{TIMEOUTS, argument, variable};

/// How many characters a generated password has: 132 bits, as the peer's.
const PASSWORD_LENGTH: usize = 22;

/// What is to be done in an action that the table declares; `None` in every other event.
#[must_use]
pub fn decide(observation: &Observation) -> Option<Decision> {
    let Event::Action { name, .. } = &observation.event else {
        return None;
    };
    let charm = &observation.charm;
    if charm.code.has_action(name) {
        return Some(by_code(observation, name).unwrap_or_else(|refusal| *refusal));
    }
    let Some(row) = charm.runtime.actions.get(name) else {
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

fn refused(message: String) -> Box<Decision> {
    Box::new(Decision {
        action: Some(ActionOutcome::Failed(message)),
        ..Decision::default()
    })
}

/// The options and the port, unless something is wrong that nothing can be done with.
fn options(observation: &Observation) -> Result<(Options, u16), Box<Decision>> {
    let charm = &observation.charm;
    if let Err(message) = &charm.paas_config {
        return Err(refused(message.clone()));
    }
    if let Some(problem) = charm.code.problem() {
        return Err(refused(format!("{CODE}: {problem}")));
    }
    let options = options::check(observation).map_err(|problem| refused(problem.message))?;
    let port = environment::port(observation, &options);
    Ok((options, port))
}

/// What stops a command where the app cannot run.
fn not_ready(observation: &Observation, mut shut: Box<Decision>) -> Box<Decision> {
    // The peer's text; the status, which the peer sets too, says what it is that the app waits for.
    shut.action = Some(ActionOutcome::Failed(format!(
        "{} container is not ready",
        observation.charm.container
    )));
    shut
}

fn password(observation: &Observation) -> String {
    let key = observation.fresh_key.chars();
    key.take(PASSWORD_LENGTH).collect()
}

fn command(observation: &Observation, name: &str, row: &Action) -> Result<Decision, Box<Decision>> {
    let (options, port) = options(observation)?;
    let mut values = values(observation, name, &row.parameters).map_err(refused)?;
    let app = app_environment(observation, options, port);
    let mut environment = app.map_err(|shut| not_ready(observation, shut))?;
    if row.own {
        environment.extend(of_parameters(&values));
    }
    let words = row.command.iter().enumerate();
    let command = words
        .filter_map(|(index, word)| match index {
            0 => Some(word.clone()),
            _ => argument(word, &row.arguments, &values),
        })
        .collect();
    values.insert("random".into(), password(observation));
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
    Ok(run(
        observation,
        Command {
            command,
            directory: row.working_directory.clone().unwrap_or_default(),
            environment,
            timeout: Duration::from_secs(row.timeout.into()),
            results: row.results.clone(),
            values,
            ..Command::default()
        },
    ))
}

/// An action of the charm's own code.
fn by_code(observation: &Observation, name: &str) -> Result<Decision, Box<Decision>> {
    let (options, port) = options(observation)?;
    let values = values(observation, name, &[]).map_err(refused)?;
    let app = app_environment(observation, options, port);
    let nothing = BTreeMap::new();
    let password = password(observation);
    let call = Call {
        facts: Facts::new(observation, app.as_ref().unwrap_or(&nothing)),
        parameters: &observation.parameters,
        password: &password,
        can_run: app.is_ok(),
    };
    let done = observation.charm.code.run(name, &call);
    let mut environment = app.as_ref().unwrap_or(&nothing).clone();
    environment.extend(of_parameters(&values));
    let answer = match done {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => {
            return Err(refused(code::text(
                &error,
                &Mask::with_secrets(&environment, observation),
            )));
        }
        None => return Err(refused(format!("there is no action `{name}`"))),
    };
    match answer.0 {
        Kind::Results(results) => Ok(Decision {
            action: Some(conclude::results(results)),
            ..Decision::default()
        }),
        Kind::Run(wanted) => {
            if let Err(shut) = app {
                return Err(not_ready(observation, shut));
            }
            let longest = Duration::from_secs((*TIMEOUTS.end()).into());
            environment.extend(wanted.variables);
            // No key of a result begins so, nor does the name of a template's value.
            let names = wanted
                .results
                .keys()
                .map(|key| (key.clone(), format!("[{{={key}}}]")));
            let mut results: BTreeMap<String, String> = names.collect();
            results.insert(wanted.result, "{output}".into());
            let values = wanted.results.into_iter();
            let values = values
                .map(|(key, value)| (format!("={key}"), value))
                .collect();
            Ok(run(
                observation,
                Command {
                    command: wanted.command,
                    directory: wanted.directory.unwrap_or_default(),
                    environment,
                    timeout: wanted.timeout.min(longest),
                    results,
                    values,
                    ..Command::default()
                },
            ))
        }
    }
}

/// The variables by which a command finds the parameters.
fn of_parameters(values: &BTreeMap<String, String>) -> impl Iterator<Item = (String, String)> {
    let values = values.iter();
    values.map(|(name, value)| (variable(name), value.clone()))
}

/// Runs the command as the app's user, in the app's directory where it says no other.
fn run(observation: &Observation, mut command: Command) -> Decision {
    let runtime = &observation.charm.runtime;
    if command.directory.is_empty() {
        command.directory.clone_from(&runtime.app_directory);
    }
    command.user.clone_from(&runtime.user);
    command.group.clone_from(&runtime.group);
    Decision {
        mask: Mask::with_secrets(&command.environment, observation),
        action: Some(ActionOutcome::Run(Box::new(command))),
        ..Decision::default()
    }
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
    required: &[String],
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
    let missing: Vec<&str> = required
        .iter()
        .filter(is_missing)
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(values);
    }
    let all: Vec<String> = required.iter().map(|name| format!("{name}=…")).collect();
    Err(format!(
        "missing parameters: {}; run `juju run {} {name} {}`",
        missing.join(", "),
        observation.identity.unit,
        all.join(" ")
    ))
}
