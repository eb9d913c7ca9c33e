//! Carries a decision out on paper: what comes of it, the state after it, and what would still be left to do.

use charmwright::interfaces::Bag;
use charmwright::juju::{Event, LifecycleKind};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::conclude::{self, Done, conclude};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Decision, Work};
use charmwright::runtime::observation::{Container, Observation, Workload};
use charmwright::yaml::{self, Mapping, Value as Yaml};
use serde_json::{Map, Value, json};

use super::case::{Case, bag};
use super::outcome::{GUNICORN_SETTINGS, Outcome, integration_files, integration_paths};

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
        is_partial: false,
        again: still_to_do(&after, &done),
    }
}

/// The state after the decision was carried out.
pub(super) fn after(
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
    if let Some(targets) = &decision.log_targets {
        let layer: Mapping = yaml::from_str(&targets.layer).unwrap();
        for (name, target) in layer.get("log-targets").unwrap().as_mapping().unwrap() {
            container.log_targets.insert(name.clone(), target.clone());
        }
    }
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
    left.extend(decision.log_targets.map(|targets| format!("{targets:?}")));
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
