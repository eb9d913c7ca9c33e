//! Actions: asked for by a person, run by a unit.

use serde_json::{Map, Value};

use super::change::Change;
use super::{Action, ActionStatus, Model, application_of};

/// Why an action cannot be run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no such unit.
    #[error("unit \"{0}\" not found")]
    UnitNotFound(String),
    /// The charm has no such action.
    #[error("action \"{action}\" not defined on unit \"{unit}\"{hint}")]
    Unknown {
        /// The action.
        action: String,
        /// The unit.
        unit: String,
        /// What was perhaps meant.
        hint: String,
    },
    /// A parameter that is required is missing.
    #[error("action \"{action}\" needs the parameter \"{parameter}\"; add `{parameter}=VALUE`")]
    Missing {
        /// The action.
        action: String,
        /// The parameter.
        parameter: String,
    },
    /// A parameter is not declared, and the action takes no others.
    #[error("action \"{action}\" has no parameter \"{parameter}\"")]
    Additional {
        /// The action.
        action: String,
        /// The parameter.
        parameter: String,
    },
    /// A parameter has another type than declared.
    #[error("parameter \"{parameter}\" expected {kind}, got {value}")]
    Type {
        /// The parameter.
        parameter: String,
        /// The declared type.
        kind: String,
        /// What was given, as JSON.
        value: String,
    },
}

impl Model {
    /// Asks a unit to run an action and answers with the action's id.
    ///
    /// # Errors
    /// There is no such unit or action, or the parameters do not fit.
    pub fn run_action(
        &mut self,
        unit: &str,
        action: &str,
        parameters: Map<String, Value>,
    ) -> Result<(u32, Vec<Change>), Error> {
        let missing = || Error::UnitNotFound(unit.into());
        self.unit(unit).ok_or_else(missing)?;
        let charm = self.applications.get(application_of(unit));
        let charm = &charm.ok_or_else(missing)?.charm;
        let declared = charm.actions.get(action).ok_or_else(|| {
            let names = charm.actions.keys().map(String::as_str);
            Error::Unknown {
                action: action.into(),
                unit: unit.into(),
                hint: super::config::nearest(action, names)
                    .map(|meant| format!("; did you mean \"{meant}\"?"))
                    .unwrap_or_default(),
            }
        })?;
        let closed_by_default = self.juju_version.major >= 4;
        let parameters = check(action, declared, parameters, closed_by_default)?;
        let id = self.next_action.max(1);
        self.next_action = id + 1;
        let queued = Action {
            unit: unit.into(),
            name: action.into(),
            parameters,
            status: ActionStatus::Pending,
            results: Map::new(),
            message: String::new(),
            log: Vec::new(),
        };
        self.actions.insert(id, queued);
        Ok((id, vec![Change::ActionQueued { action: id }]))
    }

    /// Ends an action as failed; `message` is kept unless the charm gave one.
    pub fn fail_action(&mut self, action: u32, message: &str) {
        if let Some(action) = self.actions.get_mut(&action) {
            action.status = ActionStatus::Failed;
            if action.message.is_empty() {
                action.message = message.into();
            }
        }
    }
}

fn check(
    action: &str,
    declared: &Value,
    mut parameters: Map<String, Value>,
    closed_by_default: bool,
) -> Result<Map<String, Value>, Error> {
    let none = Map::new();
    let schema = declared.get("params").and_then(Value::as_object);
    let schema = schema.unwrap_or(&none);
    let closed = declared
        .get("additionalProperties")
        .and_then(Value::as_bool)
        .map_or(closed_by_default, |open| !open);
    for (name, value) in &parameters {
        match schema.get(name) {
            None if closed => {
                return Err(Error::Additional {
                    action: action.into(),
                    parameter: name.clone(),
                });
            }
            Some(declared) => {
                let kind = declared.get("type").and_then(Value::as_str);
                if let Some(kind) = kind.filter(|kind| !is_of(value, kind)) {
                    return Err(Error::Type {
                        parameter: name.clone(),
                        kind: kind.into(),
                        value: value.to_string(),
                    });
                }
            }
            None => {}
        }
    }
    for (name, declared) in schema {
        if let Some(default) = declared.get("default")
            && !parameters.contains_key(name)
        {
            parameters.insert(name.clone(), default.clone());
        }
    }
    let required = declared.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !parameters.contains_key(name) {
            return Err(Error::Missing {
                action: action.into(),
                parameter: name.into(),
            });
        }
    }
    Ok(parameters)
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => true,
    }
}
