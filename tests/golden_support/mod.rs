//! Turns a recorded case into an observation, carries the decision out on paper, and compares.

pub mod better;
pub mod exceptions;
pub mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use charmwright::frameworks::{Frameworks, Generation};
use charmwright::interfaces::{self, Bag, Relation, table};
use charmwright::juju::{self, Event, LifecycleKind, RelationKind};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::conclude::{self, Done, MigrationFailure, conclude};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Decision, Run, Work};
use charmwright::runtime::observation::{
    Container, Identity, Observation, Peer, SecretProblem, Workload,
};
use charmwright::runtime::webserver;
use charmwright::yaml::{self, Mapping, Value as Yaml};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One recorded case.
#[derive(Clone, Deserialize)]
pub struct Case {
    case: String,
    /// The framework's name.
    pub framework: String,
    charm: Value,
    input: Value,
    output: Value,
    /// Fields of the output that are random, as JSON pointers.
    #[serde(skip)]
    pub varying: Vec<String>,
}

/// Settings of gunicorn that are compared.
const GUNICORN_SETTINGS: [&str; 10] = [
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

const FRESH_KEY: &str = "fresh-secret-key";

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

    /// Whether the peer did nothing at this event but let its libraries write bags.
    fn peer_looked_away(&self) -> bool {
        self.output["unit_status"][0] == "unknown" && self.input["event"].get("action").is_none()
    }

    fn charm(&self) -> Charm {
        let variant = self.charm["variant"].as_str().unwrap();
        let path = format!("tests/golden/projects/{variant}/charmcraft.yaml");
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let project: Value = yaml::from_str(&text).unwrap();
        let framework = Frameworks::shipped()
            .find(&self.framework)
            .unwrap()
            .unwrap();
        let extension = framework
            .charm()
            .unwrap()
            .adds(&self.framework, Generation::V1);
        let adds: Value = yaml::from_str(&yaml::to_string(&extension).unwrap()).unwrap();
        let both = |pointer: &str| {
            let of = |value: &Value| {
                let section = value.pointer(pointer).and_then(Value::as_object);
                section.cloned().unwrap_or_default()
            };
            // `pack` sorts what it writes.
            let both: BTreeMap<String, Value> = of(&adds).into_iter().chain(of(&project)).collect();
            both
        };
        let metadata = match &self.charm["metadata"] {
            Value::Null => json!({
                "name": project["name"],
                "containers": adds["containers"],
                "peers": adds["peers"],
                "requires": both("/requires"),
            }),
            metadata => metadata.clone(),
        };
        let config = match &self.charm["config"] {
            Value::Null => json!({"options": both("/config/options")}),
            config => config.clone(),
        };
        let manifest = format!(
            "charmwright: {{framework: {}}}\nbases: [{{channel: '24.04'}}]\n",
            self.framework
        );
        let text = |value: &Value| yaml::to_string(value).unwrap();
        let paas = self.input["paas_config"].as_str();
        Charm::parse(
            &text(&metadata),
            Some(&text(&config)),
            Some(&manifest),
            paas,
        )
        .unwrap()
    }

    fn event(&self) -> Event {
        let event = &self.input["event"];
        if let Some(name) = event["action"].as_str() {
            return Event::Action {
                name: name.into(),
                uuid: "1".into(),
            };
        }
        let name = event["name"].as_str().unwrap();
        let kind = match name {
            "config-changed" => return Event::Lifecycle(LifecycleKind::ConfigChanged),
            "install" => return Event::Lifecycle(LifecycleKind::Install),
            "update-status" => return Event::Lifecycle(LifecycleKind::UpdateStatus),
            "upgrade-charm" => return Event::Lifecycle(LifecycleKind::UpgradeCharm),
            "relation-created" => RelationKind::Created,
            "relation-joined" => RelationKind::Joined,
            "relation-changed" => RelationKind::Changed,
            "relation-departed" => RelationKind::Departed,
            "relation-broken" => RelationKind::Broken,
            other => return Event::Unknown(other.into()),
        };
        let endpoint = event["relation"].as_str().unwrap();
        let relations = self.input["relations"].as_array().unwrap();
        let relation = relations
            .iter()
            .find(|relation| relation["endpoint"] == endpoint)
            .unwrap();
        Event::Relation {
            endpoint: endpoint.into(),
            kind,
            id: juju::RelationId::new(endpoint, relation["id"].as_u64().unwrap()),
            remote_app: relation["remote_app"].as_str().map(str::to_owned),
            remote_unit: event["remote_unit"].as_str().map(str::to_owned),
            departing_unit: None,
        }
    }

    fn secret(&self, uri: &str) -> Option<Bag> {
        let secrets = self.input["secrets"].as_array().unwrap();
        let secret = secrets.iter().find(|secret| secret["id"] == uri)?;
        Some(bag(&secret["content"]))
    }

    /// The state as `observe` would read it.
    pub fn observation(&self) -> Observation {
        let charm = self.charm();
        let input = &self.input;
        let event = self.event();
        let unit = input["unit"].as_str().unwrap();
        let leader = input["leader"].as_bool().unwrap();
        let config: BTreeMap<String, Value> = input["config"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let secret_options = charm
            .options
            .iter()
            .filter(|option| option.kind == "secret");
        let config_secrets = secret_options
            .filter_map(|option| Some((option.name.clone(), config.get(&option.name)?.as_str()?)))
            .map(|(name, uri)| (name, self.secret(uri).ok_or(SecretProblem::NotFound)))
            .collect();
        let broken = match &event {
            Event::Relation {
                kind: RelationKind::Broken,
                id,
                ..
            } => Some(id.number()),
            _ => None,
        };
        let mut peer = None;
        let mut relations = Vec::new();
        for relation in input["relations"].as_array().unwrap() {
            let id = relation["id"].as_u64().unwrap();
            let endpoint = relation["endpoint"].as_str().unwrap().to_owned();
            let local_app = bag(&relation["local_app_data"]);
            if relation["peer"] == true {
                let others = relation["peers"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|n| n.as_u64().unwrap());
                peer = Some(Peer {
                    endpoint,
                    id,
                    app: local_app,
                    others: others.collect(),
                    secret: None,
                });
                continue;
            }
            if Some(id) == broken {
                continue;
            }
            let units = relation["remote_units"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let remote = relation["remote_app"].as_str().unwrap();
            let mut read = Relation {
                endpoint,
                id,
                remote_application: remote.into(),
                remote_app: bag(&relation["remote_app_data"]),
                remote_units: units
                    .iter()
                    .map(|(n, data)| (format!("{remote}/{n}"), bag(data)))
                    .collect(),
                local_app: if leader { local_app } else { Bag::new() },
                local_unit: Bag::new(),
                address: Some("192.0.2.0".into()),
                secrets: BTreeMap::new(),
            };
            let row = table::find(relation["interface"].as_str().unwrap());
            if let Some(interface) = row.and_then(|row| interfaces::handler(&row)) {
                for request in interface.secrets(&read) {
                    if let Some(content) = self.secret(&request.uri) {
                        read.secrets.insert(request.uri, content);
                    }
                }
            }
            relations.push(read);
        }
        let proxy = |name: &str| input["environ"][name].as_str().map(str::to_owned);
        let planned = input["planned_units"].as_u64().unwrap();
        let number = unit.rsplit('/').next().unwrap().parse().unwrap();
        Observation {
            workload: self.workload(&charm),
            charm,
            identity: Identity {
                unit: unit.into(),
                number,
                app: input["app"].as_str().unwrap().into(),
                model: input["model"]["name"].as_str().unwrap().into(),
                juju: input["juju_version"].as_str().unwrap().parse().unwrap(),
                proxies: juju::Proxies {
                    http: proxy("JUJU_CHARM_HTTP_PROXY"),
                    https: proxy("JUJU_CHARM_HTTPS_PROXY"),
                    ftp: None,
                    no_proxy: proxy("JUJU_CHARM_NO_PROXY"),
                },
            },
            event,
            parameters: parameters(&input["event"]["params"]),
            leader,
            config,
            config_secrets,
            peer,
            relations,
            opened_ports: BTreeSet::new(),
            unit_status: None,
            app_status: None,
            planned_units: Some(
                (0..planned.max(1))
                    .map(|n| if planned == 1 { number } else { n })
                    .collect(),
            ),
            fresh_key: FRESH_KEY.into(),
        }
    }

    fn workload(&self, charm: &Charm) -> Workload {
        let container = &self.input["container"];
        if container["can_connect"] == false {
            return Workload::Unreachable;
        }
        let services: Mapping =
            yaml::from_str(&container["base_plan"]["services"].to_string()).unwrap_or_default();
        let files = container["files"].as_object().unwrap();
        let file = |path: &str| {
            files
                .get(path)
                .map(|content| content.as_str().unwrap().to_owned())
        };
        let directory = format!("{}/", charm.runtime.app_directory);
        let names = services.keys().filter_map(Yaml::as_str);
        let running: Vec<&str> = container["running"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let state = |name: &str| {
            if running.contains(&name) {
                "active"
            } else {
                "inactive"
            }
        };
        Workload::Reachable(Box::new(Container {
            states: names
                .map(|name| (name.to_owned(), state(name).to_owned()))
                .collect(),
            snapshot: [
                Some(&charm.runtime.state_directory),
                charm.runtime.peer_state_directory.as_ref(),
            ]
            .into_iter()
            .flatten()
            .find_map(|directory| file(&format!("{directory}/original-services.json"))),
            migration_status: file(&format!(
                "/tmp/{}/state/database-migration-status",
                self.framework
            )),
            migration_record: None,
            layer_pending: false,
            scripts: files
                .keys()
                .filter_map(|path| path.strip_prefix(&directory))
                .map(str::to_owned)
                .collect(),
            files: BTreeMap::new(),
            services,
        }))
    }

    /// How a command ends in this case: the peer's exec table.
    fn exec(&self, command: &[String]) -> Result<Vec<u8>, MigrationFailure> {
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
    fn webserver(&self, run: &Run) -> Option<Done> {
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
            again: Vec::new(),
        }
    }
}

/// The files that the framework's table has made of relations, as far as they are there.
fn integration_files<'a>(charm: &Charm, content: impl Fn(&str) -> Option<&'a str>) -> Value {
    let paths = integration_paths(charm).filter_map(|path| Some((path, content(path)?)));
    let files: BTreeMap<&str, &str> = paths.collect();
    json!(files)
}

fn integration_paths(charm: &Charm) -> impl Iterator<Item = &str> {
    let files = charm.runtime.integration_files.values().flatten();
    files.map(|file| file.path.as_str())
}

/// Every recorded case.
pub fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let varying: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&std::fs::read_to_string(root.join("varying.json")).unwrap()).unwrap();
    let mut cases = Vec::new();
    for framework in [
        "django",
        "expressjs",
        "fastapi",
        "flask",
        "go",
        "spring-boot",
    ] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(framework))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut case: Case =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            case.varying = varying.get(&case.name()).cloned().unwrap_or_default();
            cases.push(case);
        }
    }
    cases
}

/// What came of a case, by field.
pub struct Outcome {
    facts: Map<String, Value>,
    varying: Vec<String>,
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
            compare(
                &format!("/{field}"),
                expected,
                &got,
                &self.varying,
                &mut differences,
            );
        }
        differences
    }
}

fn compare(
    path: &str,
    expected: &Value,
    got: &Value,
    varying: &[String],
    differences: &mut Vec<String>,
) {
    if varying
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
                let (left, right) = (
                    expected.get(key).unwrap_or(&Value::Null),
                    got.get(key).unwrap_or(&Value::Null),
                );
                compare(&format!("{path}/{key}"), left, right, varying, differences);
            }
        }
        (expected, got) if expected == got => {}
        (expected, got) => differences.push(format!("{path}: expected {expected}, got {got}")),
    }
}

/// Decides, carries the decision out on paper, and says what came of it.
pub fn run(case: &Case) -> Outcome {
    let observation = case.observation();
    let decision = decide(&observation);
    let done = match &decision.work {
        Work::Run(run) => case.webserver(run).unwrap_or_else(|| {
            run.migration.as_ref().map_or(Done::Completed, |migration| {
                case.exec(&migration.command)
                    .map_or_else(Done::MigrationFailed, |_| Done::Completed)
            })
        }),
        Work::Stop { .. } | Work::Nothing => Done::Completed,
    };
    let conclusion = conclude(&decision, &done);
    let after = after(&observation, &decision, &done, &conclusion.port);
    let verdict = conclusion.verdict.as_ref();
    let status = verdict.map_or(json!(["unknown", ""]), |verdict| {
        json!([verdict.status.to_string(), verdict.message])
    });
    let mut facts = Map::new();
    facts.insert(
        "app_status".into(),
        if observation.leader {
            status.clone()
        } else {
            json!(["unknown", ""])
        },
    );
    facts.insert("unit_status".into(), status);
    if let Work::Run(run) = &decision.work
        && let Some(config) = run.webserver.as_ref().and_then(|w| w.config.as_ref())
    {
        let lines = config.texts[0].content.lines();
        let settings = lines.filter_map(|line| line.split_once(" = "));
        let settings = settings.filter(|(name, _)| GUNICORN_SETTINGS.contains(name));
        let settings: Map<String, Value> = settings.map(|(k, v)| (k.into(), v.into())).collect();
        facts.insert("gunicorn".into(), settings.into());
    }
    facts.insert("opened_ports".into(), json!(after.opened_ports));
    if let Workload::Reachable(container) = &after.workload {
        let services: Value =
            yaml::from_str(&yaml::to_string(&container.services).unwrap()).unwrap();
        let main = &observation.charm.runtime.service;
        let environment = services[main]["environment"].as_object();
        let environment = environment.cloned().unwrap_or_default();
        facts.insert("environment".into(), environment.into());
        facts.insert("services".into(), services);
        facts.insert("service_running".into(), json!(container.states));
        let there = |path: &str| std::str::from_utf8(container.files.get(path)?).ok();
        let files = integration_files(&observation.charm, there);
        facts.insert("files".into(), files);
    } else {
        // The recorder shows the plan of a container that the peer could not reach.
        facts.extend(case.expected().facts.into_iter().filter(|(name, _)| {
            matches!(
                name.as_str(),
                "environment" | "files" | "services" | "service_running"
            )
        }));
    }
    facts.insert(
        "own_databags".into(),
        bags(case, &after, &decision, conclusion.port.is_some()),
    );
    if let Event::Action { .. } = observation.event {
        let action = match &decision.action {
            Some(ActionOutcome::Run(command)) => {
                let done = case.exec(&command.command);
                Some(conclude::action(command, &decision.mask, Some(done)))
            }
            action => action.clone(),
        };
        let (results, failed) = match action {
            Some(ActionOutcome::Done(results)) => (json!(results), Value::Null),
            Some(ActionOutcome::Failed(message)) => (Value::Null, json!(message)),
            Some(ActionOutcome::Run(_)) | None => (Value::Null, Value::Null),
        };
        facts.insert("action_results".into(), results);
        facts.insert("action_failed".into(), failed);
    }
    Outcome {
        facts,
        varying: Vec::new(),
        again: still_to_do(&after, &done),
    }
}

/// The state after the decision was carried out.
fn after(
    observation: &Observation,
    decision: &Decision,
    done: &Done,
    port: &Option<u16>,
) -> Observation {
    let mut after = observation.clone();
    let open = port.is_some().then_some(&decision.once_open);
    for write in decision.bags.iter().chain(open.into_iter().flatten()) {
        let target = match &mut after.peer {
            Some(peer) if peer.id == write.relation => &mut peer.app,
            _ => {
                let relation = after
                    .relations
                    .iter_mut()
                    .find(|relation| relation.id == write.relation)
                    .unwrap();
                if write.app {
                    &mut relation.local_app
                } else {
                    &mut relation.local_unit
                }
            }
        };
        for (key, value) in &write.changes {
            match value {
                Some(value) => drop(target.insert(key.clone(), value.clone())),
                None => drop(target.remove(key)),
            }
        }
    }
    if let (Some(secret), Some(peer)) = (&decision.secret, &mut after.peer) {
        peer.app
            .insert("secret-key-id".into(), "secret:fresh".into());
        peer.secret = Some([("value".to_owned(), secret.value.clone())].into());
    }
    if let Some(port) = port {
        after.opened_ports = [format!("{port}/tcp")].into();
    }
    let Workload::Reachable(container) = &mut after.workload else {
        return after;
    };
    match &decision.work {
        Work::Nothing => {}
        Work::Stop { services, files } => {
            for service in services {
                container.states.insert(service.clone(), "inactive".into());
            }
            for file in files {
                put(container, &observation.charm, &file.path, &file.content);
            }
        }
        Work::Run(run) => {
            for file in &run.files {
                put(container, &observation.charm, &file.path, &file.content);
            }
            if let Done::WebserverFailed(_) = done {
                return after;
            }
            if let Some(migration) = &run.migration {
                if *done != Done::Completed {
                    let record = migration.record.file(&migration.record_path);
                    put(container, &observation.charm, &record.path, &record.content);
                    put(
                        container,
                        &observation.charm,
                        &migration.status_path,
                        "FAILED",
                    );
                    return after;
                }
                for file in &migration.completed {
                    put(container, &observation.charm, &file.path, &file.content);
                }
            }
            if let Some(webserver) = &run.webserver {
                if let Some(config) = &webserver.config {
                    let text = &config.texts.first().unwrap().content;
                    put(container, &observation.charm, &config.path, text);
                }
                container.files.remove(&webserver.marker);
            }
            if let Some(layer) = &run.layer {
                let layer: Mapping = yaml::from_str(layer).unwrap();
                for (name, service) in layer.get("services").unwrap().as_mapping().unwrap() {
                    container.services.insert(name.clone(), service.clone());
                }
            }
            container.layer_pending = false;
            for (name, service) in &container.services {
                let state = if service.get("startup").and_then(Yaml::as_str) == Some("enabled") {
                    "active"
                } else {
                    "inactive"
                };
                container
                    .states
                    .insert(name.as_str().unwrap().into(), state.into());
            }
        }
    }
    after
}

fn put(container: &mut Container, charm: &Charm, path: &str, content: &str) {
    let name = path.rsplit('/').next().unwrap();
    match name {
        "original-services.json" => container.snapshot = Some(content.into()),
        "database-migration-status" => container.migration_status = Some(content.into()),
        "database-migration.json" => container.migration_record = Some(content.into()),
        _ => drop(container.files.insert(path.into(), content.into())),
    }
    let gunicorn = charm.runtime.gunicorn.as_ref();
    assert!(
        path.starts_with("/tmp/")
            || gunicorn.is_some_and(|gunicorn| gunicorn.config_file == path)
            || integration_paths(charm).any(|known| known == path),
        "{}: {path} is not below /tmp",
        charm.name
    );
}

/// What deciding once more on the same event would still do: nothing, if all went well.
fn still_to_do(after: &Observation, done: &Done) -> Vec<String> {
    let mut again = after.clone();
    if let Event::Action { .. } = again.event {
        // A refused action leaves everything to the next event.
        return Vec::new();
    }
    if *done != Done::Completed {
        again.event = Event::Lifecycle(LifecycleKind::ConfigChanged);
    }
    // The first publication of the port is followed by one key that tells that it is open.
    let decision = decide(&again);
    let mut left: Vec<String> = decision
        .bags
        .iter()
        .filter(|write| write.changes.keys().ne(["is_port_open"]))
        .map(|write| format!("write {:?}", write.changes.keys()))
        .collect();
    match decision.work {
        Work::Nothing => {}
        Work::Stop { services, files } => {
            left.push(format!("stop {services:?} and write {} files", files.len()))
        }
        Work::Run(run) => {
            // What did not pass its check is checked again, and so heals by itself.
            let checks_again = matches!(done, Done::WebserverFailed(_)) && run.webserver.is_some();
            if !checks_again && (!run.is_idle() || !run.files.is_empty()) {
                left.push(format!("run {run:?}"));
            }
        }
    }
    left
}

fn bags(case: &Case, after: &Observation, decision: &Decision, opened: bool) -> Value {
    let mut bags = Map::new();
    let fqdn = after.identity.fqdn(after.identity.number);
    for relation in case.input["relations"].as_array().unwrap() {
        let (endpoint, id) = (
            relation["endpoint"].as_str().unwrap(),
            relation["id"].as_u64().unwrap(),
        );
        let (mut app, mut unit) = (bag(&relation["local_app_data"]), Bag::new());
        let later = decision.once_open.iter().filter(|_| opened);
        let writes = decision.bags.iter().chain(later);
        for write in writes.filter(|write| write.relation == id) {
            let target = if write.app { &mut app } else { &mut unit };
            for (key, value) in &write.changes {
                match value {
                    Some(value) => drop(target.insert(key.clone(), value.clone())),
                    None => drop(target.remove(key)),
                }
            }
        }
        // The recorder's machine has no name of its own.
        for value in unit.values_mut() {
            *value = value.replace(&fqdn, "localhost");
        }
        bags.insert(
            format!("{endpoint}:{id}"),
            json!({"app": app, "unit": unit}),
        );
    }
    Value::Object(bags)
}

fn parameters(value: &Value) -> BTreeMap<String, Value> {
    let given = value.as_object().cloned().unwrap_or_default();
    given.into_iter().collect()
}

fn bag(value: &Value) -> Bag {
    let Some(object) = value.as_object() else {
        return Bag::new();
    };
    object
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}
