//! A packed charm, as the model needs to know it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::local::model::{Charm, ConfigOption, Endpoint, Role};
use crate::project::charm::packed;
use crate::yaml::{Mapping, Value};

/// A charm that was read.
pub(super) struct Read {
    pub charm: Charm,
    /// Resources that are images.
    pub images: Vec<String>,
    /// All resources.
    pub resources: Vec<String>,
}

/// Reads the packed charm at `path`.
pub(super) fn read(path: &Path) -> Result<Read, String> {
    let found = packed::read(path).map_err(|error| error.to_string())?;
    let mut charm = Charm {
        name: found.name,
        directory: Some(path.to_owned()),
        ..Charm::default()
    };
    for (section, role) in [
        ("peers", Role::Peer),
        ("provides", Role::Provider),
        ("requires", Role::Requirer),
    ] {
        for (name, value) in entries(found.metadata.get(section)) {
            charm.endpoints.insert(name, endpoint(value, role));
        }
    }
    for (name, value) in entries(found.metadata.get("containers")) {
        let resource = text(value, "resource").unwrap_or_default();
        charm.containers.insert(name, resource);
    }
    for (name, value) in pairs(&found.options) {
        charm.options.insert(name, ConfigOption::declared(value));
    }
    for (name, value) in pairs(&found.actions) {
        charm.actions.insert(name, json(value));
    }
    let resources = entries(found.metadata.get("resources"));
    let images = resources
        .iter()
        .filter(|(_, value)| text(value, "type").as_deref() == Some("oci-image"))
        .map(|(name, _)| name.clone())
        .collect();
    Ok(Read {
        charm,
        images,
        resources: resources.into_iter().map(|(name, _)| name).collect(),
    })
}

impl Read {
    /// Checks what `--resource` gave against what the charm declares.
    pub(super) fn check_resources<T>(&self, given: &BTreeMap<String, T>) -> Result<(), String> {
        if let Some(unknown) = given.keys().find(|name| !self.resources.contains(name)) {
            let declared = if self.resources.is_empty() {
                "the charm declares none".to_owned()
            } else {
                format!("the charm declares {}", self.resources.join(", "))
            };
            return Err(format!("unrecognized resource `{unknown}`: {declared}"));
        }
        let missing: Vec<&str> = self
            .images
            .iter()
            .filter(|name| !given.contains_key(*name))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let first = missing.first().copied().unwrap_or_default();
        Err(format!(
            "local charm missing OCI images for: {}; add `--resource {first}=DIRECTORY` with the project of the rock",
            missing.join(", ")
        ))
    }
}

fn endpoint(value: &Value, role: Role) -> Endpoint {
    Endpoint {
        // `db: postgresql_client` is the short form.
        interface: value
            .as_str()
            .map(str::to_owned)
            .or_else(|| text(value, "interface"))
            .unwrap_or_default(),
        role,
        limit: value
            .get("limit")
            .and_then(Value::as_u64)
            .and_then(|limit| u32::try_from(limit).ok()),
        optional: value.get("optional").and_then(Value::as_bool),
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

fn entries(value: Option<&Value>) -> Vec<(String, &Value)> {
    value
        .and_then(Value::as_mapping)
        .map_or_else(Vec::new, pairs)
}

fn pairs(mapping: &Mapping) -> Vec<(String, &Value)> {
    mapping
        .iter()
        .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value)))
        .collect()
}
