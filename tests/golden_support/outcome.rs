//! What comes of a case, by field: what the peer made of it, and every difference from it.

use std::collections::{BTreeMap, BTreeSet};

use charmwright::runtime::charm::Charm;
use serde_json::{Map, Value, json};

use super::Case;

/// Settings of gunicorn that are compared.
pub(super) const GUNICORN_SETTINGS: [&str; 10] = [
    "access_log_format",
    "accesslog",
    "bind",
    "chdir",
    "errorlog",
    "keepalive",
    "statsd_host",
    "threads",
    "timeout",
    "workers",
];

/// Stands for dashboards and alert rules.
pub(super) const PRESENT: &str = "(present)";

/// What came of a case, by field.
pub struct Outcome {
    pub(super) facts: Map<String, Value>,
    pub(super) varying: Vec<String>,
    /// Whether nothing is known but what is said: where the peer's hook failed.
    pub is_partial: bool,
    /// What a second hook on the resulting state would still do.
    pub again: Vec<String>,
}

impl Outcome {
    /// Sets a field, given as a path with dots between keys that have none, else a JSON pointer.
    pub fn set(&mut self, path: &str, value: Value) {
        let parts: Vec<String> = match path.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect(),
            None => path.split('.').map(str::to_owned).collect(),
        };
        let (last, parents) = parts.split_last().unwrap();
        let mut target = &mut self.facts;
        for part in parents {
            let entry = target.entry(part.clone()).or_insert_with(|| json!({}));
            if !entry.is_object() {
                *entry = json!({});
            }
            target = entry.as_object_mut().unwrap();
        }
        if value.is_null() && !parents.is_empty() {
            target.remove(last);
        } else {
            target.insert(last.clone(), value);
        }
    }

    /// What came of the container and the status, by field.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Value)> {
        let facts = self
            .facts
            .iter()
            .map(|(field, value)| (field.as_str(), value));
        facts.filter(|(field, _)| *field != "own_databags")
    }

    /// The value of a field.
    pub fn get(&self, pointer: &str) -> Option<Value> {
        Value::Object(self.facts.clone()).pointer(pointer).cloned()
    }

    /// Every difference from what came of ours, one a line. A field that is not expected is not compared.
    pub fn differences(&self, ours: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (field, expected) in &self.facts {
            let got = ours.facts.get(field).cloned().unwrap_or(Value::Null);
            compare(&format!("/{field}"), expected, &got, self, &mut differences);
        }
        differences
    }
}

fn compare(
    path: &str,
    expected: &Value,
    got: &Value,
    whole: &Outcome,
    differences: &mut Vec<String>,
) {
    if whole
        .varying
        .iter()
        .any(|pointer| pointer == path || path.ends_with(pointer.as_str()))
    {
        if got.is_null() {
            differences.push(format!("{path}: missing"));
        }
        return;
    }
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(got.keys()).collect();
            for key in keys {
                if whole.is_partial && !expected.contains_key(key) {
                    continue;
                }
                let (left, right) = (
                    expected.get(key).unwrap_or(&Value::Null),
                    got.get(key).unwrap_or(&Value::Null),
                );
                compare(&format!("{path}/{key}"), left, right, whole, differences);
            }
        }
        (expected, got) if expected == got => {}
        // The recorder does not show what each framework has of its own.
        (expected, Value::String(got)) if expected == PRESENT && !got.is_empty() => {}
        (expected, got) => differences.push(format!("{path}: expected {expected}, got {got}")),
    }
}

impl Case {
    /// What the peer's gunicorn config file says, without its own Python.
    fn gunicorn_settings(&self) -> Option<Value> {
        let files = self.output["files_pushed"].as_object()?;
        let file = files
            .iter()
            .find(|(path, _)| path.ends_with("/gunicorn.conf.py"));
        let settings = file?.1["settings"].as_object()?.iter();
        let settings = settings.filter(|(name, _)| GUNICORN_SETTINGS.contains(&name.as_str()));
        Some(settings.map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// What the peer made of it, with what is ours to choose taken out.
    pub fn expected(&self) -> Outcome {
        let output = &self.output;
        let mut facts = Map::new();
        if output["crash"].is_null() && !self.peer_looked_away() {
            for field in [
                "unit_status",
                "app_status",
                "environment",
                "opened_ports",
                "service_running",
            ] {
                facts.insert(field.into(), output[field].clone());
            }
            facts.insert("services".into(), output["plan"]["services"].clone());
            // The peer sets no application status from units that are not the leader.
            if self.input["leader"] == false {
                facts.insert("app_status".into(), json!(["unknown", ""]));
            }
        }
        if !facts.is_empty() {
            let pushed = |path: &str| output["files_pushed"][path]["content"].as_str();
            facts.insert("files".into(), integration_files(&self.charm(), pushed));
        }
        if let Some(settings) = self.gunicorn_settings() {
            facts.insert("gunicorn".into(), settings);
        }
        if self.input["event"].get("action").is_some() {
            for field in ["action_failed", "action_results"] {
                facts.insert(field.into(), output[field].clone());
            }
        }
        if output["crash"].is_null() {
            let mut bags = output["own_databags"].clone();
            for bag in bags.as_object_mut().unwrap().values_mut() {
                // A library's private memory (contract: interfaces, section 1).
                bag["unit"].as_object_mut().unwrap().remove("data");
            }
            facts.insert("own_databags".into(), bags);
        }
        Outcome {
            facts,
            varying: self.varying.clone(),
            is_partial: false,
            again: Vec::new(),
        }
    }
}

/// The files that the framework's table has made of relations, as far as they are there.
pub(super) fn integration_files<'a>(
    charm: &Charm,
    content: impl Fn(&str) -> Option<&'a str>,
) -> Value {
    let paths = integration_paths(charm).filter_map(|path| Some((path, content(path)?)));
    let files: BTreeMap<&str, &str> = paths.collect();
    json!(files)
}

pub(super) fn integration_paths(charm: &Charm) -> impl Iterator<Item = &str> {
    let files = charm.runtime.integration_files.values().flatten();
    files.map(|file| file.path.as_str())
}
