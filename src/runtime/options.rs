//! Config: the framework's options and the user's, checked (contract: runtime, sections 4 and 10).

use std::collections::BTreeMap;

use serde_json::Value;

use super::observation::{Observation, SecretProblem};
use crate::frameworks::runtime::FrameworkOption;
use crate::interfaces::Bag;

/// Options that can be used.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The framework's options that are set or have a default.
    pub framework: BTreeMap<String, Value>,
    /// The user's options that are set.
    pub user: BTreeMap<String, Value>,
    /// The contents of the user's secret options.
    pub user_secrets: BTreeMap<String, Bag>,
    /// The app's secret key, where an option gives it.
    pub secret_key: Option<String>,
}

/// Options that cannot be used.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Problem {
    /// The text of the status.
    pub message: String,
    /// What is wrong with each option, for the log.
    pub reasons: Vec<String>,
}

/// Checks all options at once, so that the user sees all mistakes at once.
///
/// # Errors
/// Options that are missing or invalid, or secrets that cannot be read.
pub fn check(observation: &Observation) -> Result<Options, Problem> {
    let (options, problem) = examine(observation);
    problem.map_or(Ok(options), Err)
}

/// The options that can be used, and what is wrong with the others.
#[must_use]
pub fn examine(observation: &Observation) -> (Options, Option<Problem>) {
    let charm = &observation.charm;
    let table = &charm.runtime.options;
    let mut options = Options::default();
    let (mut missing, mut invalid, mut reasons, mut grants) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());

    // The second generation's secret key option is a secret itself; its content is looked at below.
    let is_secret = |name: &str| {
        charm
            .option(name)
            .is_some_and(|option| option.kind == "secret")
    };
    for (name, row) in table.iter().filter(|(name, _)| !is_secret(name)) {
        let given = observation.config.get(name);
        let sound = |value| {
            check_value(row, value)?;
            let metrics = charm.runtime.metrics.as_ref();
            let is_path = metrics.is_some_and(|metrics| metrics.path.option == *name);
            check_path(value.as_str().filter(|_| is_path))
        };
        match given.map(sound) {
            Some(Err(reason)) => {
                reasons.push(format!("option `{name}`: {reason}"));
                invalid.push(name.clone());
            }
            Some(Ok(())) | None => {
                if let Some(value) = given.or(row.default.as_ref()) {
                    options.framework.insert(name.clone(), value.clone());
                }
            }
        }
    }
    for (name, value) in observation
        .config
        .iter()
        .filter(|(name, _)| !table.contains_key(*name))
    {
        options.user.insert(name.clone(), value.clone());
    }
    for declared in charm.options.iter().filter(|option| option.required) {
        if !observation.config.contains_key(&declared.name) {
            missing.push(declared.name.clone());
        }
    }
    let key_options: Vec<String> = charm
        .runtime
        .secret_key
        .all_options()
        .filter(|name| observation.config.contains_key(name))
        .collect();
    let mut rivals = key_options.iter();
    if let Some(first) = rivals.next() {
        invalid.extend(
            rivals.map(|name| format!("{name} ({first} is set as well, reset one of them)")),
        );
    }
    for (name, content) in &observation.config_secrets {
        match content {
            Ok(content) if charm.runtime.secret_key.is_option(name) => match content.get("value") {
                _ if key_options.len() > 1 => {}
                Some(value) if content.len() == 1 => options.secret_key = Some(value.clone()),
                _ => invalid.push(format!(
                    "{name} (its secret must hold exactly one key, `value`)"
                )),
            },
            Ok(content) => {
                options.user.remove(name);
                options.user_secrets.insert(name.clone(), content.clone());
            }
            Err(problem) => grants.push((name.clone(), *problem)),
        }
    }
    if options.secret_key.is_none() {
        let mut names = charm.runtime.secret_key.options.iter();
        let key = names.find_map(|name| options.framework.get(name)?.as_str());
        options.secret_key = key.map(str::to_owned);
    }

    let message = message(&missing, &invalid, &grants, &observation.identity.app);
    let problem = (!message.is_empty()).then_some(Problem { message, reasons });
    (options, problem)
}

/// The peer's text, but trimmed and in a stable order (known defects 130, 131, 15).
fn message(
    missing: &[String],
    invalid: &[String],
    grants: &[(String, SecretProblem)],
    app: &str,
) -> String {
    let list = |label: &str, names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        (!names.is_empty()).then(|| format!("{label}: {}", names.join(", ")))
    };
    let grant = |(name, problem): &(String, SecretProblem)| match problem {
        SecretProblem::NotFound => format!("option {name}: there is no such secret"),
        SecretProblem::NotGranted => {
            format!(
                "option {name}: its secret is not granted, run `juju grant-secret <secret> {app}`"
            )
        }
    };
    let lists = [
        list("missing options", missing),
        list("invalid options", invalid),
    ];
    lists
        .into_iter()
        .flatten()
        .chain(grants.iter().map(grant))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Prometheus takes no other (known defect 13).
fn check_path(path: Option<&str>) -> Result<(), String> {
    match path {
        Some(path) if !path.starts_with('/') || path == "/" => {
            Err(format!("`{path}` is no absolute path other than `/`"))
        }
        _ => Ok(()),
    }
}

fn check_value(row: &FrameworkOption, value: &Value) -> Result<(), String> {
    match (row.kind.as_str(), value) {
        ("int", Value::Number(number)) => {
            let Some(number) = number.as_i64() else {
                return Err(format!("{number} is not an integer"));
            };
            if let Some(minimum) = row.minimum.filter(|minimum| number < *minimum) {
                return Err(format!("{number} is too small, the least is {minimum}"));
            }
            if let Some(maximum) = row.maximum.filter(|maximum| number > *maximum) {
                return Err(format!("{number} is too large, the most is {maximum}"));
            }
            Ok(())
        }
        ("string", Value::String(text)) => {
            if row
                .minimum_length
                .is_some_and(|length| text.chars().count() < length)
            {
                return Err("it is empty".into());
            }
            let is_choice = |choice: &String| {
                choice == text || (row.ignore_case && choice.eq_ignore_ascii_case(text))
            };
            match &row.choices {
                Some(choices) if !choices.iter().any(is_choice) => {
                    Err(format!("`{text}` is none of {}", choices.join(", ")))
                }
                _ => Ok(()),
            }
        }
        ("boolean", Value::Bool(_)) | ("secret", Value::String(_)) => Ok(()),
        (kind, _) => Err(format!("it is not of type {kind}")),
    }
}
