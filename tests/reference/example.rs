//! What `metadata/interfaces/documentation/INTERFACE.yaml` says of an interface, and what the charm makes of it.

use std::collections::BTreeMap;

use charmwright::rehearsal::Told;
use charmwright::yaml::{self, Mapping, Value};
use serde::Deserialize;

use super::project::{Project, repository};

/// What a person says of an interface; the rest is what the code does with the example.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Documentation {
    pub title: String,
    /// The usual name of our endpoint.
    pub endpoint: String,
    pub about: String,
    /// Charms at the other side.
    pub providers: Vec<String>,
    #[serde(default)]
    pub notes: Vec<String>,
    /// Other relations that the example needs.
    #[serde(default)]
    with: Vec<Value>,
    /// An example, as `charmwright env --relation` takes it, without `endpoint`.
    pub relation: Mapping,
    /// What is otherwise in it for a provider with TLS.
    pub tls: Option<Mapping>,
}

/// The endpoints that every charm has.
fn common() -> Vec<String> {
    let text = std::fs::read_to_string(repository("metadata/charm.yaml")).unwrap();
    let common: Value = yaml::from_str(&text).unwrap();
    let sections = ["provides", "requires"].map(|section| common["v1"][section].clone());
    let names = sections.iter().flat_map(|section| {
        let keys = section.as_mapping().unwrap().keys();
        keys.map(|name| name.as_str().unwrap().to_owned())
    });
    names.collect()
}

impl Documentation {
    pub fn read(interface: &str) -> Option<Self> {
        let path = format!("metadata/interfaces/documentation/{interface}.yaml");
        let text = std::fs::read_to_string(repository(&path)).ok()?;
        let read = yaml::from_str(&text);
        Some(read.unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    /// What a charm of a framework makes of a relation; `None` for no relation at all.
    pub fn told(
        &self,
        framework: &str,
        interface: &str,
        paas_config: Option<&str>,
        relation: Option<&Mapping>,
    ) -> Result<Told, String> {
        let endpoint = &self.endpoint;
        let more = if common().contains(endpoint) {
            String::new()
        } else {
            format!(
                "requires: {{{endpoint}: {{interface: {interface}, optional: false, limit: 1}}}}\n"
            )
        };
        let mut project = Project::new(framework, "24.04", &more);
        if let Some(text) = paas_config {
            project.write("paas-config.yaml", text);
        }
        for other in &self.with {
            project.relate(other);
        }
        if let Some(relation) = relation {
            let mut file = relation.clone();
            file.insert("endpoint".into(), endpoint.as_str().into());
            project.relate(&file.into());
        }
        project.told()
    }

    /// The example with a provider that has said nothing yet.
    pub fn silent(&self) -> Mapping {
        let application = self.relation.iter();
        let application = application.filter(|(key, _)| key.as_str() == Some("application"));
        application
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// The example with the parts of a provider with TLS.
    pub fn with_tls(&self) -> Option<Mapping> {
        let mut relation = self.relation.clone();
        for (key, value) in self.tls.as_ref()? {
            relation.insert(key.clone(), value.clone());
        }
        Some(relation)
    }
}

/// A key of the example: whose bag or secret it is in, its name and its value.
pub struct Key {
    pub place: String,
    pub name: String,
    pub value: String,
    path: Vec<String>,
}

/// All that a provider says in an example.
pub fn keys(relation: &Mapping) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut add = |place: &str, path: &[&str], bag: &Value| {
        for (name, value) in bag.as_mapping().into_iter().flatten() {
            let name = name.as_str().unwrap().to_owned();
            let mut path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
            path.push(name.clone());
            keys.push(Key {
                place: place.to_owned(),
                name,
                value: match value {
                    Value::String(text) => text.clone(),
                    other => serde_json::to_string(other).unwrap(),
                },
                path,
            });
        }
    };
    for (section, place) in [("app-data", "application"), ("unit-data", "unit")] {
        if let Some(bag) = relation.get(section) {
            add(place, &[section], bag);
        }
    }
    let secrets = relation.get("secrets").and_then(Value::as_mapping);
    for (label, content) in secrets.into_iter().flatten() {
        let label = label.as_str().unwrap();
        add(&format!("secret `{label}`"), &["secrets", label], content);
    }
    keys
}

impl Key {
    /// The example without this key; a secret that nobody refers to any more may stay.
    pub fn removed_from(&self, relation: &Mapping) -> Mapping {
        let mut without: Value = relation.clone().into();
        let (last, parents) = self.path.split_last().unwrap();
        let parent = parents.iter().fold(&mut without, |value, key| {
            value.get_mut(key.as_str()).unwrap()
        });
        parent.as_mapping_mut().unwrap().shift_remove(last.as_str());
        without.as_mapping().unwrap().clone()
    }
}

/// What one environment has and another has not or has otherwise, by name.
pub fn differences(
    of: &BTreeMap<String, String>,
    from: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    of.iter()
        .filter(|(name, value)| from.get(*name) != Some(value) && !name.ends_with("SECRET_KEY"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
