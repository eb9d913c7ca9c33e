//! Options: types, defaults and what a person may set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::Change;
use super::{Application, ConfigOption, Model};
use crate::yaml;

/// Why an option cannot be set.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no such application.
    #[error("application \"{0}\" not found")]
    ApplicationNotFound(String),
    /// The charm has no such option.
    #[error("unknown option \"{option}\"{hint}")]
    Unknown {
        /// The option.
        option: String,
        /// What was perhaps meant.
        hint: String,
    },
    /// The value is not of the option's type.
    #[error("option \"{option}\" expected {kind}, got \"{value}\"")]
    Type {
        /// The option.
        option: String,
        /// Its type.
        kind: String,
        /// What was given.
        value: String,
    },
}

impl ConfigOption {
    /// An option as `config.yaml` declares it.
    #[must_use]
    pub fn declared(value: &yaml::Value) -> Self {
        let text = |key: &str| {
            let text = value.get(key).and_then(yaml::Value::as_str);
            text.map(str::to_owned)
        };
        let kind = text("type").unwrap_or_else(|| "string".into());
        let default = value
            .get("default")
            .and_then(|default| serde_json::to_value(default).ok())
            .filter(|default| !default.is_null());
        let default = match (kind.as_str(), default) {
            ("float", Some(number)) => number.as_f64().map(Value::from).or(Some(number)),
            (_, default) => default,
        };
        Self {
            kind,
            default,
            description: text("description").unwrap_or_default(),
        }
    }
}

/// Values of options from texts, each of its option's type.
///
/// # Errors
/// An option is unknown or a value is not of its type.
pub fn typed(
    options: &BTreeMap<String, ConfigOption>,
    values: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, Error> {
    let typed = |(name, text): (&String, &String)| {
        let option = find(options, name)?;
        let value = parse(&option.kind, text).ok_or_else(|| Error::Type {
            option: name.clone(),
            kind: option.kind.clone(),
            value: text.clone(),
        })?;
        Ok((name.clone(), value))
    };
    values.iter().map(typed).collect()
}

/// The defaults of those options that have one.
#[must_use]
pub fn defaults(options: &BTreeMap<String, ConfigOption>) -> BTreeMap<String, Value> {
    options
        .iter()
        .filter_map(|(name, option)| Some((name.clone(), option.default.clone()?)))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

impl Application {
    /// The options with defaults applied; those without a value are absent.
    #[must_use]
    pub fn effective_config(&self) -> BTreeMap<String, Value> {
        let mut config = defaults(&self.charm.options);
        config.extend(
            self.config
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        config
    }
}

impl Model {
    /// Sets options from texts, all or none.
    ///
    /// # Errors
    /// An option is unknown or a value is not of its type.
    pub fn set_config(
        &mut self,
        application: &str,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<Change>, Error> {
        let found = self
            .applications
            .get_mut(application)
            .ok_or_else(|| Error::ApplicationNotFound(application.into()))?;
        let parsed = typed(&found.charm.options, values)?;
        let before = found.effective_config();
        found.config.extend(parsed);
        Ok(changed(application, found, &before))
    }

    /// Puts options back to their defaults.
    ///
    /// # Errors
    /// An option is unknown.
    pub fn reset_config(
        &mut self,
        application: &str,
        names: &[String],
    ) -> Result<Vec<Change>, Error> {
        let found = self
            .applications
            .get_mut(application)
            .ok_or_else(|| Error::ApplicationNotFound(application.into()))?;
        for name in names {
            find(&found.charm.options, name)?;
        }
        let before = found.effective_config();
        for name in names {
            found.config.remove(name);
        }
        Ok(changed(application, found, &before))
    }
}

fn changed(name: &str, application: &Application, before: &BTreeMap<String, Value>) -> Vec<Change> {
    if application.effective_config() == *before {
        return Vec::new();
    }
    vec![Change::ConfigChanged {
        application: name.into(),
    }]
}

fn find<'a>(
    options: &'a BTreeMap<String, ConfigOption>,
    name: &str,
) -> Result<&'a ConfigOption, Error> {
    options.get(name).ok_or_else(|| Error::Unknown {
        option: name.into(),
        hint: nearest(name, options.keys().map(String::as_str))
            .map(|meant| format!("; did you mean \"{meant}\"?"))
            .unwrap_or_default(),
    })
}

/// Go's `strconv` decides what Juju takes.
fn parse(kind: &str, text: &str) -> Option<Value> {
    match kind {
        "string" => Some(Value::String(text.into())),
        "int" => text.parse::<i64>().ok().map(Value::from),
        "float" => text
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::from),
        "boolean" => match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        "secret" => {
            let id = text.strip_prefix("secret:");
            let good = text.is_empty() || id.is_some_and(super::secrets::is_id);
            good.then(|| Value::String(text.into()))
        }
        _ => None,
    }
}

/// The name that was perhaps meant: the nearest one, when it is near.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(far, candidate)| *far <= 1 + name.len().min(candidate.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left = i + 1;
        for ((y, diagonal), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != *y))
                .min(above + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
