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
        match given.map(|value| check_value(row, value)) {
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
    let key_option = &charm.runtime.secret_key.option;
    let id_option = charm.secret_key_id_option();
    for (name, content) in &observation.config_secrets {
        match content {
            Ok(content) if *name == id_option || name == key_option => {
                match secret_key(observation, name, content) {
                    Ok(key) => options.secret_key = Some(key),
                    Err(reason) => invalid.push(format!("{name} ({reason})")),
                }
            }
            Ok(content) => {
                options.user.remove(name);
                options.user_secrets.insert(name.clone(), content.clone());
            }
            Err(problem) => grants.push((name.clone(), *problem)),
        }
    }
    if options.secret_key.is_none() {
        let key = options.framework.get(&charm.runtime.secret_key.option);
        options.secret_key = key.and_then(Value::as_str).map(str::to_owned);
    }

    let message = message(&missing, &invalid, &grants, &observation.identity.app);
    if message.is_empty() {
        Ok(options)
    } else {
        Err(Problem { message, reasons })
    }
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

fn check_value(row: &FrameworkOption, value: &Value) -> Result<(), String> {
    match (row.kind.as_str(), value) {
        ("int", Value::Number(number)) => {
            let Some(number) = number.as_i64() else {
                return Err(format!("{number} is not an integer"));
            };
            if row.minimum.is_some_and(|minimum| number < minimum) {
                return Err(format!("{number} is too small"));
            }
            if row.maximum.is_some_and(|maximum| number > maximum) {
                return Err(format!("{number} is too large"));
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
            match &row.choices {
                Some(choices) if !choices.contains(text) => {
                    Err(format!("`{text}` is none of {}", choices.join(", ")))
                }
                _ => Ok(()),
            }
        }
        ("boolean", Value::Bool(_)) | ("secret", Value::String(_)) => Ok(()),
        (kind, _) => Err(format!("it is not of type {kind}")),
    }
}

/// The rule of `<secret option>-id` (contract: runtime, section 4).
fn secret_key(observation: &Observation, name: &str, content: &Bag) -> Result<String, String> {
    let option = &observation.charm.runtime.secret_key.option;
    if name != option && observation.config.contains_key(option) {
        return Err(format!("{option} is set as well, reset one of them"));
    }
    match content.get("value") {
        Some(value) if content.len() == 1 => Ok(value.clone()),
        _ => Err("its secret must hold exactly one key, `value`".into()),
    }
}
