//! One recorded case, how commands end in it, and where all cases are read from.

use std::collections::BTreeMap;
use std::path::Path;

use charmwright::interfaces::Bag;
use charmwright::runtime::conclude::{Done, MigrationFailure};
use charmwright::runtime::decision::Run;
use charmwright::runtime::webserver;
use serde::Deserialize;
use serde_json::Value;

/// One recorded case.
#[derive(Clone, Deserialize)]
pub struct Case {
    case: String,
    /// The framework's name.
    pub framework: String,
    pub(super) charm: Value,
    pub(super) input: Value,
    pub(super) output: Value,
    /// Fields of the output that are random, as JSON pointers.
    #[serde(skip)]
    pub varying: Vec<String>,
}

impl Case {
    /// `fastapi/install`
    pub fn name(&self) -> String {
        format!("{}/{}", self.framework, self.case)
    }

    /// The interfaces of relations in this case, but for the peer's.
    pub fn active_interfaces(&self) -> impl Iterator<Item = &str> {
        let relations = self.input["relations"].as_array().unwrap();
        relations
            .iter()
            .filter_map(|relation| relation["interface"].as_str())
    }

    /// Whether the peer's hook failed.
    pub fn is_crash(&self) -> bool {
        !self.output["crash"].is_null()
    }

    /// Whether the peer did nothing at this event but let its libraries write bags.
    pub(super) fn peer_looked_away(&self) -> bool {
        self.output["unit_status"][0] == "unknown" && self.input["event"].get("action").is_none()
    }

    /// How a command ends in this case: the peer's exec table.
    pub(super) fn exec(&self, command: &[String]) -> Result<Vec<u8>, MigrationFailure> {
        let execs = self.input["container"]["execs"].as_array().unwrap();
        let matches = |exec: &&Value| {
            let words = exec["cmd"].as_array().unwrap();
            words
                .iter()
                .zip(command)
                .all(|(word, given)| word == given.as_str())
        };
        let Some(exec) = execs.iter().find(matches) else {
            return Err(MigrationFailure::NotStarted("no such command".into()));
        };
        let text = |name: &str| exec[name].as_str().unwrap_or_default().to_owned();
        let output = format!("{}\n{}", text("stdout"), text("stderr")).into_bytes();
        match exec["rc"].as_i64().unwrap_or(0) {
            0 => Ok(output),
            code => Err(MigrationFailure::Exited { code, output }),
        }
    }

    /// How the webserver's probe and check fail in this case, if they do.
    pub(super) fn webserver(&self, run: &Run) -> Option<Done> {
        let webserver = run.webserver.as_ref()?;
        // The peer probes with the machine's Python, we with the one that runs gunicorn.
        let probe = ["python3", "-c"].map(str::to_owned);
        if webserver.gevent.is_some() && self.exec(&probe).is_err() {
            return Some(Done::WebserverFailed(webserver::Failure::WithoutGevent));
        }
        match self.exec(webserver.check.as_ref()?) {
            Err(MigrationFailure::Exited { output, .. }) => {
                Some(Done::WebserverFailed(webserver::Failure::Check(output)))
            }
            _ => None,
        }
    }
}

/// Every recorded case.
pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let varying: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&std::fs::read_to_string(root.join("varying.json")).unwrap()).unwrap();
    let mut cases = Vec::new();
    let entries = |directory: &Path| {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    for directory in entries(&root) {
        if !directory.is_dir() || directory.ends_with("projects") {
            continue;
        }
        for path in entries(&directory) {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut case: Case =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            case.varying = varying.get(&case.name()).cloned().unwrap_or_default();
            cases.push(case);
        }
    }
    cases
}

/// A bag as the recorder wrote it.
pub(super) fn bag(value: &Value) -> Bag {
    let Some(object) = value.as_object() else {
        return Bag::new();
    };
    object
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
