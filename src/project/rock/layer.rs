//! The Pebble layer that a rock carries.

use super::Error;
use super::validate::SERVICE_KEYS;
use crate::yaml::{self, Mapping, Value};

/// The name of the layer's file in `/var/lib/pebble/default/layers`.
pub(super) fn file_name(rock: &str) -> String {
    format!("001-rockcraft-{rock}.yaml")
}

/// The layer of a merged project, as YAML text.
pub(super) fn layer(project: &Mapping) -> Result<String, Error> {
    let mut layer = Mapping::new();
    for key in ["summary", "description"] {
        if let Some(value) = project.get(key) {
            layer.insert(key.into(), value.clone());
        }
    }
    if let Some(Value::Mapping(services)) = project.get("services") {
        let services = services
            .iter()
            .map(|(name, service)| (name.clone(), ordered(service)))
            .collect();
        layer.insert("services".into(), Value::Mapping(services));
    }
    if let Some(Value::Mapping(checks)) = project.get("checks")
        && !checks.is_empty()
    {
        layer.insert("checks".into(), Value::Mapping(checks.clone()));
    }
    yaml::to_string(&layer).map_err(|error| Error::Content(vec![error.to_string()]))
}

/// The keys of a service in Pebble's order.
fn ordered(service: &Value) -> Value {
    let Value::Mapping(service) = service else {
        return service.clone();
    };
    Value::Mapping(
        SERVICE_KEYS
            .iter()
            .filter_map(|key| Some(((*key).into(), service.get(*key)?.clone())))
            .collect(),
    )
}
