//! A file that tells of a relation: what a provider has written, and the secrets that it has granted.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use crate::interfaces::{Bag, Relation};
use crate::project::{Problem, closest};
use crate::runtime::endpoint::Endpoint;
use crate::runtime::integrations;
use crate::runtime::observation::Observation;
use crate::yaml::{Document, Mapping, Value};

/// What a reference to one of the file's secrets begins with; its label follows.
pub(super) const SECRET_SCHEME: &str = "secret://";

/// The keys of the file.
const KEYS: &[&str] = &[
    "app-data",
    "application",
    "endpoint",
    "interface",
    "own-app-data",
    "own-unit-data",
    "secrets",
    "unit-data",
];

struct File<'a> {
    name: String,
    document: &'a Document,
    mapping: &'a Mapping,
}

/// Reads the file at `path` and relates.
pub(super) fn add(path: &Path, observation: &mut Observation) -> Result<(), Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| crate::project::Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let document = Document::parse(&text).map_err(|error| {
        let message = match error.position {
            Some(_) => format!("neither YAML nor JSON: {}", error.message),
            None => format!("`{name}` is neither YAML nor JSON: {}", error.message),
        };
        problem_of(Problem::new(&name, message).at("", error.position))
    })?;
    let Some(mapping) = document.value.as_mapping() else {
        let message = format!("`{name}` is not a mapping");
        let hint = "begin with `endpoint: NAME` and `app-data: {KEY: VALUE}`";
        return Err(problem_of(Problem::new(&name, message).hint(hint)));
    };
    let file = File {
        name,
        document: &document,
        mapping,
    };
    file.only_known_keys()?;
    let endpoint = file.endpoint(&observation.charm.endpoints)?;
    let interface = endpoint.handler().ok_or_else(|| {
        let (name, interface) = (&endpoint.name, &endpoint.interface);
        file.problem(
            &["endpoint"],
            &format!("the endpoint `{name}` has the interface `{interface}`, of which the charm reads nothing"),
            None,
        )
    })?;
    let remote = match file.text("application")? {
        Some(name) => name,
        None => endpoint.interface.replace('_', "-"),
    };
    let reads = interface.reads();
    let taken = |wanted: bool, bag: Bag| if wanted { bag } else { Bag::new() };
    let units = file.units()?.into_iter().enumerate();
    let units: BTreeMap<String, Bag> = units
        .map(|(number, bag)| (format!("{remote}/{number}"), bag))
        .collect();
    let remote_app = taken(reads.remote_app, file.bag("app-data")?);
    let relation = Relation {
        endpoint: endpoint.name.clone(),
        id: u64::try_from(observation.relations.len()).unwrap_or(0) + 1,
        remote_application: remote,
        remote_units: if reads.remote_units || interface.reads_units(&remote_app) {
            units
        } else {
            BTreeMap::new()
        },
        remote_app,
        local_app: taken(reads.local_app, file.bag("own-app-data")?),
        local_unit: taken(reads.local_unit, file.bag("own-unit-data")?),
        address: reads.address.then(|| "192.0.2.1".to_owned()),
        secrets: file.secrets()?,
        own_secret: None,
    };
    file.no_secret_is_missing(&relation)?;
    let place = |name: &str| {
        let mut endpoints = observation.charm.endpoints.iter();
        endpoints.position(|endpoint| endpoint.name == name)
    };
    let key = |relation: &Relation| (place(&relation.endpoint), relation.id);
    let mut relations = std::mem::take(&mut observation.relations);
    relations.push(relation);
    relations.sort_by_key(key);
    observation.relations = relations;
    Ok(())
}

/// Writes what the charm writes before a provider answers, and takes no secret that the charm would not ask for.
pub(super) fn settle(observation: &mut Observation, port: u16) {
    for write in integrations::requests(observation, port) {
        let mut relations = observation.relations.iter_mut();
        let Some(relation) = relations.find(|relation| relation.id == write.relation) else {
            continue;
        };
        let bag = if write.app {
            &mut relation.local_app
        } else {
            &mut relation.local_unit
        };
        for (key, value) in write.changes {
            match value {
                Some(value) => drop(bag.entry(key).or_insert(value)),
                None => drop(bag.remove(&key)),
            }
        }
    }
    for secret in integrations::own_secrets(observation, port) {
        let relations = observation.relations.iter_mut();
        for relation in relations.filter(|relation| relation.endpoint == secret.endpoint) {
            relation.own_secret = Some(secret.content.clone());
        }
    }
    let endpoints = &observation.charm.endpoints;
    for relation in &mut observation.relations {
        let mut endpoints = endpoints.iter();
        let endpoint = endpoints.find(|endpoint| endpoint.name == relation.endpoint);
        let Some(interface) = endpoint.and_then(Endpoint::handler) else {
            continue;
        };
        // As in a hook, nothing of them is known when it is asked which are needed.
        let mut secrets = std::mem::take(&mut relation.secrets);
        let asked = interface.secrets(relation);
        secrets.retain(|uri, _| asked.iter().any(|asked| asked.uri == *uri));
        relation.secrets = secrets;
    }
}

fn problem_of(problem: Problem) -> Error {
    crate::project::Error::from(problem).into()
}

impl File<'_> {
    fn problem(&self, path: &[&str], message: &str, hint: Option<String>) -> Error {
        let place = self.document.nearest_place(path);
        let message = match place {
            Some(_) => message.to_owned(),
            None => format!("`{}`: {message}", self.name),
        };
        let problem = Problem::new(&self.name, message).at(path.join("."), place);
        problem_of(Problem { hint, ..problem })
    }

    fn only_known_keys(&self) -> Result<(), Error> {
        for key in self.mapping.keys() {
            let key = key.as_str().unwrap_or_default();
            if !KEYS.contains(&key) {
                let hint = closest(key, KEYS).map_or_else(
                    || format!("there are {}", KEYS.join(", ")),
                    |name| format!("did you mean `{name}`?"),
                );
                let message = format!("there is no key `{key}`");
                return Err(self.problem(&[key], &message, Some(hint)));
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Result<Option<String>, Error> {
        match self.mapping.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(self.problem(&[key], &format!("`{key}` is not a name"), None)),
        }
    }

    /// The endpoint of the name, or the only one of the interface.
    fn endpoint(&self, endpoints: &[Endpoint]) -> Result<Endpoint, Error> {
        let names = |endpoints: &[&Endpoint]| {
            let names = endpoints.iter().map(|endpoint| endpoint.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        let spoken: Vec<&Endpoint> = endpoints
            .iter()
            .filter(|endpoint| endpoint.row.is_some())
            .collect();
        let there = match names(&spoken) {
            none if none.is_empty() => "the charm has none; add one under `requires`".to_owned(),
            names => format!("the charm has {names}"),
        };
        if let Some(name) = self.text("endpoint")? {
            let found = endpoints.iter().find(|endpoint| endpoint.name == name);
            let known: Vec<&str> = spoken.iter().map(|it| it.name.as_str()).collect();
            let hint = closest(&name, &known)
                .map_or_else(|| there, |name| format!("did you mean `{name}`?"));
            let message = format!("the charm has no endpoint `{name}`");
            return found
                .cloned()
                .ok_or_else(|| self.problem(&["endpoint"], &message, Some(hint)));
        }
        let Some(interface) = self.text("interface")? else {
            let message = "neither `endpoint` nor `interface` says which relation it is";
            return Err(self.problem(&[], message, Some(there)));
        };
        let of_it: Vec<&Endpoint> = endpoints
            .iter()
            .filter(|endpoint| endpoint.interface == interface)
            .collect();
        match of_it.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let message = format!("the charm has no endpoint of the interface `{interface}`");
                Err(self.problem(&["interface"], &message, Some(there)))
            }
            many => {
                let message =
                    format!("several endpoints of the charm have the interface `{interface}`");
                let hint = format!("write `endpoint:` with one of {}", names(many));
                Err(self.problem(&["interface"], &message, Some(hint)))
            }
        }
    }

    fn bag(&self, key: &str) -> Result<Bag, Error> {
        match self.mapping.get(key) {
            None | Some(Value::Null) => Ok(Bag::new()),
            Some(Value::Mapping(mapping)) => self.texts(&[key], mapping),
            Some(_) => Err(self.not_pairs(&[key])),
        }
    }

    /// One unit's bag, or a list of them.
    fn units(&self) -> Result<Vec<Bag>, Error> {
        const KEY: &str = "unit-data";
        match self.mapping.get(KEY) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Mapping(mapping)) => Ok(vec![self.texts(&[KEY], mapping)?]),
            Some(Value::Sequence(list)) => list
                .iter()
                .map(|bag| match bag {
                    Value::Mapping(mapping) => self.texts(&[KEY], mapping),
                    _ => Err(self.not_pairs(&[KEY])),
                })
                .collect(),
            Some(_) => Err(self.not_pairs(&[KEY])),
        }
    }

    /// By URI.
    fn secrets(&self) -> Result<BTreeMap<String, Bag>, Error> {
        const KEY: &str = "secrets";
        let contents = match self.mapping.get(KEY) {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Mapping(contents)) => contents,
            Some(_) => return Err(self.not_pairs(&[KEY])),
        };
        contents
            .iter()
            .map(|(label, content)| {
                let label = label.as_str().unwrap_or_default();
                let Value::Mapping(content) = content else {
                    return Err(self.not_pairs(&[KEY, label]));
                };
                let uri = if label.starts_with("secret:") {
                    label.to_owned()
                } else {
                    format!("{SECRET_SCHEME}{label}")
                };
                Ok((uri, self.texts(&[KEY, label], content)?))
            })
            .collect()
    }

    fn not_pairs(&self, path: &[&str]) -> Error {
        let message = format!("`{}` is not made of `KEY: VALUE`", path.join("."));
        self.problem(path, &message, None)
    }

    /// A databag holds texts: what is none becomes JSON.
    fn texts(&self, path: &[&str], mapping: &Mapping) -> Result<Bag, Error> {
        let text = |(key, value): (&Value, &Value)| {
            let key = match key {
                Value::String(key) if !key.is_empty() => key.clone(),
                _ => return Err(self.not_pairs(path)),
            };
            let value = match value {
                Value::String(text) => Some(text.clone()),
                other => serde_json::to_string(other).ok(),
            };
            Ok((key, value.ok_or_else(|| self.not_pairs(path))?))
        };
        mapping.iter().map(text).collect()
    }

    fn no_secret_is_missing(&self, relation: &Relation) -> Result<(), Error> {
        let units = relation.remote_units.values();
        for (key, uri) in std::iter::once(&relation.remote_app).chain(units).flatten() {
            if let Some(label) = uri.strip_prefix(SECRET_SCHEME)
                && !relation.secrets.contains_key(uri)
            {
                let message = format!("`{key}` refers to `{uri}`, and `secrets` has no `{label}`");
                let hint = format!("add `secrets: {{{label}: {{KEY: VALUE}}}}`");
                let path = ["app-data", key.as_str()];
                return Err(self.problem(&path, &message, Some(hint)));
            }
        }
        Ok(())
    }
}
