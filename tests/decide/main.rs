//! `decide` on states that the recorded cases do not have: the second generation, rotation, migrations, schedulers.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod actions;
mod frameworks;
mod options;
mod saml;

use std::collections::{BTreeMap, BTreeSet};

use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::{Event, LifecycleKind, Proxies, Status};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::conclude::{Done, MigrationFailure, conclude};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Decision, Run, Work};
use charmwright::runtime::observation::{
    Container, Identity, Observation, Peer, SecretProblem, Workload,
};
use charmwright::yaml::{self, Mapping};
use serde_json::json;

const SERVICES: &str = "\
fastapi: {override: replace, startup: enabled, command: x, environment: {ROCK: r}}
a-scheduler: {override: replace, startup: enabled, command: y}
";

fn charm(channel: &str, config: &str, paas_config: Option<&str>) -> Charm {
    let metadata = "\
name: web
containers: {app: {resource: app-image}}
peers: {secret-storage: {interface: secret-storage}}
requires:
  ingress: {interface: ingress}
  mysql: {interface: mysql_client, optional: true}
  postgresql: {interface: postgresql_client, optional: true}
";
    let manifest =
        format!("charmwright: {{framework: fastapi}}\nbases: [{{channel: '{channel}'}}]\n");
    Charm::parse(metadata, Some(config), Some(&manifest), paas_config).unwrap()
}

/// A leader with a key, alone, its container up and its app not yet started.
fn observation() -> Observation {
    let services: Mapping = yaml::from_str(SERVICES).unwrap();
    Observation {
        charm: charm("24.04", "options: {}", None),
        identity: Identity {
            unit: "web/0".into(),
            number: 0,
            app: "web".into(),
            model: "demo".into(),
            juju: "3.6.14".parse().unwrap(),
            proxies: Proxies::default(),
        },
        event: Event::Lifecycle(LifecycleKind::ConfigChanged),
        parameters: BTreeMap::new(),
        leader: true,
        config: BTreeMap::new(),
        config_secrets: BTreeMap::new(),
        peer: Some(Peer {
            endpoint: "secret-storage".into(),
            id: 0,
            app: bag(&[("fastapi_secret_key", "old-key")]),
            others: BTreeSet::new(),
            secret: None,
        }),
        relations: Vec::new(),
        workload: Workload::Reachable(Box::new(Container {
            services,
            ..Container::default()
        })),
        opened_ports: BTreeSet::new(),
        unit_status: None,
        app_status: None,
        planned_units: None,
        fresh_key: "fresh-key".into(),
    }
}

/// The container as it is when a first decision was carried out.
fn carry_out(observation: &mut Observation, decision: &Decision) {
    let layer: Mapping = yaml::from_str(run(decision).layer.as_ref().unwrap()).unwrap();
    let files = &run(decision).files;
    let snapshot = files
        .iter()
        .find(|file| file.path.ends_with("original-services.json"))
        .unwrap();
    let container = container(observation);
    container.services = layer["services"].as_mapping().unwrap().clone();
    container.snapshot = Some(snapshot.content.clone());
    container.states = ["fastapi", "a-scheduler"]
        .map(|name| (name.to_owned(), "active".to_owned()))
        .into();
}

fn bag(pairs: &[(&str, &str)]) -> Bag {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn container(observation: &mut Observation) -> &mut Container {
    match &mut observation.workload {
        Workload::Reachable(container) => container,
        other => panic!("{other:?}"),
    }
}

fn run(decision: &Decision) -> &Run {
    match &decision.work {
        Work::Run(run) => run,
        other => panic!("{other:?} with {:?}", decision.verdict),
    }
}

fn environment(decision: &Decision) -> Bag {
    let layer: Mapping = yaml::from_str(run(decision).layer.as_ref().unwrap()).unwrap();
    let environment = &layer["services"]["fastapi"]["environment"];
    yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap()
}

fn status(decision: &Decision) -> (Status, String) {
    let verdict = decision.verdict.clone().unwrap();
    (verdict.status, verdict.message)
}

fn postgresql(password: &str) -> Relation {
    Relation {
        endpoint: "postgresql".into(),
        id: 7,
        remote_application: "pg".into(),
        remote_app: bag(&[
            ("endpoints", "pg:5432"),
            ("username", "u"),
            ("password", password),
        ]),
        ..Relation::default()
    }
}

#[test]
fn the_second_generation_has_its_own_port_and_always_tells_about_metrics() {
    let mut observation = observation();
    observation.charm = charm("26.04", "options: {}", None);
    let decision = decide(&observation);
    let environment = environment(&decision);
    for (name, value) in [
        ("UVICORN_PORT", "8000"),
        ("METRICS_PORT", "8000"),
        ("METRICS_PATH", "/metrics"),
        ("APP_BASE_URL", "http://web.demo:8000"),
        ("ROCK", "r"),
    ] {
        assert_eq!(
            environment.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    assert_eq!(decision.port, Some(8000));
}

#[test]
fn the_second_generation_reads_ports_from_paas_config_and_its_key_from_a_secret() {
    let mut observation = observation();
    let paas_config = "port: 9000\nmetrics-port: 9001\nmetrics-path: /m\n";
    let config = "options: {app-secret-key: {type: secret}}";
    observation.charm = charm("26.04", config, Some(paas_config));
    observation
        .config
        .insert("app-secret-key".into(), json!("secret:abc"));
    observation
        .config_secrets
        .insert("app-secret-key".into(), Ok(bag(&[("value", "mine")])));
    let environment = environment(&decide(&observation));
    for (name, value) in [
        ("UVICORN_PORT", "9000"),
        ("METRICS_PORT", "9001"),
        ("METRICS_PATH", "/m"),
        ("APP_SECRET_KEY", "mine"),
    ] {
        assert_eq!(
            environment.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
}

#[test]
fn an_old_project_on_the_new_base_keeps_what_it_declares() {
    let mut observation = observation();
    observation.charm = charm(
        "26.04",
        "options: {webserver-port: {type: int}, metrics-port: {type: int}}",
        None,
    );
    observation
        .config
        .insert("webserver-port".into(), json!(8080));
    observation
        .config
        .insert("metrics-port".into(), json!(8081));
    let environment = environment(&decide(&observation));
    assert_eq!(
        environment.get("UVICORN_PORT").map(String::as_str),
        Some("8080")
    );
    assert_eq!(
        environment.get("METRICS_PORT").map(String::as_str),
        Some("8081")
    );
}

#[test]
fn a_missing_key_waits_in_the_words_of_its_generation() {
    for (channel, text) in [
        ("24.04", "Waiting for peer integration"),
        ("26.04", "Waiting for secret key creation"),
    ] {
        let mut observation = observation();
        observation.charm = charm(channel, "options: {}", None);
        observation.leader = false;
        observation.peer.as_mut().unwrap().app.clear();
        assert_eq!(
            status(&decide(&observation)),
            (Status::Waiting, text.into())
        );
    }
}

#[test]
fn any_event_makes_the_key_on_the_leader() {
    let mut observation = observation();
    observation.peer.as_mut().unwrap().app.clear();
    let decision = decide(&observation);
    let write = decision.bags.first().unwrap();
    assert!(write.app && write.endpoint == "secret-storage");
    assert_eq!(
        write.changes,
        [(
            "fastapi_secret_key".to_owned(),
            Some("fresh-key".to_owned())
        )]
        .into()
    );
    assert_eq!(
        environment(&decision)
            .get("APP_SECRET_KEY")
            .map(String::as_str),
        Some("fresh-key")
    );
}

fn rotate() -> Event {
    Event::Action {
        name: "rotate-secret-key".into(),
        uuid: "1".into(),
    }
}

#[test]
fn the_first_rotation_moves_the_key_into_a_secret_and_the_next_renews_it() {
    let mut observation = observation();
    observation.event = rotate();
    let decision = decide(&observation);
    let secret = decision.secret.as_ref().unwrap();
    assert_eq!(
        (secret.uri.as_ref(), secret.value.as_str()),
        (None, "fresh-key")
    );
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(changes.get("fastapi_secret_key"), Some(&None));
    assert_eq!(changes.get("secret-key-revision"), Some(&Some("1".into())));
    assert_eq!(
        environment(&decision)
            .get("APP_SECRET_KEY")
            .map(String::as_str),
        Some("fresh-key")
    );

    let peer = observation.peer.as_mut().unwrap();
    peer.app = bag(&[
        ("secret-key-id", "secret:abc"),
        ("secret-key-revision", "1"),
    ]);
    peer.secret = Some(bag(&[("value", "second-key")]));
    let decision = decide(&observation);
    assert_eq!(decision.secret.unwrap().uri.as_deref(), Some("secret:abc"));
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(changes.get("secret-key-revision"), Some(&Some("2".into())));
}

#[test]
fn a_juju_without_secrets_rotates_in_the_bag() {
    let mut observation = observation();
    observation.identity.juju = "2.9.50".parse().unwrap();
    observation.event = rotate();
    let decision = decide(&observation);
    assert_eq!(decision.secret, None);
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(
        changes.get("fastapi_secret_key"),
        Some(&Some("fresh-key".into()))
    );
}

#[test]
fn a_rotation_with_bad_config_fails_and_changes_nothing() {
    let mut observation = observation();
    observation.event = rotate();
    observation
        .config
        .insert("webserver-port".into(), json!(70_000));
    let decision = decide(&observation);
    assert_eq!(
        decision.action,
        Some(ActionOutcome::Failed(
            "invalid options: webserver-port".into()
        ))
    );
    assert!(decision.bags.is_empty() && decision.work == Work::Nothing);
}

#[test]
fn every_bad_option_is_told_at_once_and_its_reason_is_logged() {
    let mut observation = observation();
    let config = "options: {token: {type: secret}, name: {type: string, optional: false}, app-secret-key-id: {type: secret}}";
    observation.charm = charm("24.04", config, None);
    observation
        .config
        .insert("webserver-log-level".into(), json!("loud"));
    observation
        .config_secrets
        .insert("token".into(), Err(SecretProblem::NotGranted));
    observation
        .config_secrets
        .insert("app-secret-key-id".into(), Ok(bag(&[("other", "x")])));
    let decision = decide(&observation);
    let text = "missing options: name, invalid options: app-secret-key-id (its secret must hold exactly one key, \
                `value`), webserver-log-level, option token: its secret is not granted, run `juju grant-secret \
                <secret> web`";
    assert_eq!(status(&decision), (Status::Blocked, text.into()));
    assert!(
        decision
            .remarks
            .iter()
            .any(|remark| remark.contains("`loud` is none of critical"))
    );
}

#[test]
fn a_hook_with_nothing_to_change_decides_nothing() {
    let mut observation = observation();
    let first = decide(&observation);
    carry_out(&mut observation, &first);
    let decision = decide(&observation);
    assert_eq!(*run(&decision), Run::default());
    assert!(decision.bags.is_empty() && decision.remarks.is_empty());
}

#[test]
fn a_hook_cut_off_after_its_layer_is_made_good() {
    let mut observation = observation();
    let first = decide(&observation);
    let pending = Some("/tmp/fastapi/state/layer-pending".to_owned());
    assert_eq!(run(&first).replan, pending);
    carry_out(&mut observation, &first);
    assert_eq!(run(&decide(&observation)).replan, None);
    container(&mut observation).layer_pending = true;
    assert_eq!(run(&decide(&observation)).replan, pending);
}

#[test]
fn the_scheduler_runs_on_unit_0_while_it_is_planned_else_on_the_lowest() {
    for (own, others, planned, here) in [
        (0, &[1, 2][..], None, true),
        (1, &[0, 2], None, false),
        (1, &[2], Some(&[1, 2][..]), true),
        (2, &[1], Some(&[1, 2]), false),
        // Unit 0 is planned but has not joined yet.
        (1, &[], Some(&[0, 1]), false),
    ] {
        let mut observation = observation();
        observation.identity.number = own;
        observation.peer.as_mut().unwrap().others = others.iter().copied().collect();
        observation.planned_units = planned.map(|units: &[u64]| units.iter().copied().collect());
        container(&mut observation).states =
            [("a-scheduler".to_owned(), "active".to_owned())].into();
        let decision = decide(&observation);
        let stopped = run(&decision).stop == ["a-scheduler"];
        assert_eq!(
            stopped, !here,
            "unit {own} among {others:?}, planned {planned:?}"
        );
    }
}

fn with_script(status: Option<&str>, record: Option<&str>) -> Observation {
    let mut observation = observation();
    observation.relations.push(postgresql("secret-word"));
    let container = container(&mut observation);
    container.scripts = ["migrate.py".to_owned(), "migrate".to_owned()].into();
    container.migration_status = status.map(str::to_owned);
    container.migration_record = record.map(str::to_owned);
    observation
}

#[test]
fn the_last_script_wins_and_runs_as_the_app_does() {
    let observation = with_script(None, None);
    let decision = decide(&observation);
    let migration = run(&decision).migration.as_ref().unwrap();
    assert_eq!(migration.command, ["python3", "migrate.py"]);
    assert_eq!(
        (migration.directory.as_str(), migration.user.as_str()),
        ("/app", "_daemon_")
    );
    assert_eq!(
        migration
            .environment
            .get("POSTGRESQL_DB_PASSWORD")
            .map(String::as_str),
        Some("secret-word")
    );
    assert_eq!(migration.timeout.as_secs(), 3600);
}

#[test]
fn a_completed_migration_runs_again_only_for_other_databases() {
    let first = decide(&with_script(None, None));
    let record = run(&first)
        .migration
        .as_ref()
        .unwrap()
        .completed
        .first()
        .unwrap()
        .content
        .clone();
    let same = decide(&with_script(Some("COMPLETED"), Some(&record)));
    assert_eq!(run(&same).migration, None);

    let mut renewed = with_script(Some("COMPLETED"), Some(&record));
    renewed.relations = vec![postgresql("another-word")];
    assert_eq!(
        run(&decide(&renewed)).migration,
        None,
        "a new password is no new database"
    );

    let mut other = with_script(Some("COMPLETED"), Some(&record));
    other
        .relations
        .first_mut()
        .unwrap()
        .remote_app
        .insert("endpoints".into(), "pg-2:5432".into());
    assert!(run(&decide(&other)).migration.is_some());
}

#[test]
fn a_database_that_goes_is_not_migrated_but_the_next_one_is_even_if_it_looks_the_same() {
    let first = decide(&with_script(None, None));
    let record = run(&first).migration.as_ref().unwrap().completed[0]
        .content
        .clone();
    let mut without = with_script(Some("COMPLETED"), Some(&record));
    without.relations.clear();
    let gone = decide(&without);
    assert_eq!(run(&gone).migration, None);
    let written = run(&gone)
        .files
        .iter()
        .find(|file| file.path.ends_with("database-migration.json"))
        .unwrap();
    let again = decide(&with_script(Some("COMPLETED"), Some(&written.content)));
    assert!(run(&again).migration.is_some());
}

#[test]
fn of_two_databases_one_that_goes_is_not_migrated_and_one_that_comes_is() {
    let both = |status: Option<&str>, record: Option<&str>| {
        let mut observation = with_script(status, record);
        let mut mysql = postgresql("another-word");
        mysql.endpoint = "mysql".into();
        mysql.id = 8;
        observation.relations.push(mysql);
        observation
    };
    let record = |decision: &Decision| {
        let run = run(decision);
        let files = run.migration.iter().flat_map(|run| &run.completed);
        let record = files
            .chain(&run.files)
            .find(|file| file.path.ends_with("database-migration.json"));
        record.unwrap().content.clone()
    };
    let with_both = record(&decide(&both(None, None)));
    let gone = decide(&with_script(Some("COMPLETED"), Some(&with_both)));
    assert_eq!(run(&gone).migration, None);
    let with_one = record(&gone);
    let idle = decide(&with_script(Some("COMPLETED"), Some(&with_one)));
    assert_eq!(run(&idle).migration, None);
    let again = decide(&both(Some("COMPLETED"), Some(&with_one)));
    assert!(run(&again).migration.is_some());
}

#[test]
fn the_peers_completed_migration_is_taken_over() {
    let decision = decide(&with_script(Some("COMPLETED"), None));
    assert_eq!(run(&decision).migration, None);
    assert!(
        run(&decision)
            .files
            .iter()
            .any(|file| file.path.ends_with("database-migration.json"))
    );

    // The peer's layer shows that it was for another database.
    let mut other = with_script(Some("COMPLETED"), None);
    let plan = "fastapi: {override: replace, startup: enabled, command: x, \
                environment: {APP_BASE_URL: x, POSTGRESQL_DB_HOSTNAME: old}}";
    container(&mut other).services = yaml::from_str(plan).unwrap();
    assert!(run(&decide(&other)).migration.is_some());
}

#[test]
fn a_failed_migration_is_told_without_secrets_and_waits_for_update_status_or_a_change() {
    let first = decide(&with_script(None, None));
    let output = b"connecting\ncannot log in with secret-word\n".to_vec();
    let done = Done::MigrationFailed(MigrationFailure::Exited { code: 2, output });
    let verdict = conclude(&first, &done).verdict.unwrap();
    let text = "database migration command python3 migrate.py failed, will retry in next update-status \
                (exit code 2: cannot log in with ***)";
    assert_eq!(
        (verdict.status, verdict.message.as_str()),
        (Status::Blocked, text)
    );

    let mut record = run(&first).migration.as_ref().unwrap().record.clone();
    record.failure = "exit code 2: cannot log in with ***".into();
    let record = serde_json::to_string(&record).unwrap();
    let mut again = with_script(Some("FAILED"), Some(&record));
    let waiting = decide(&again);
    assert_eq!(waiting.work, Work::Nothing);
    assert_eq!(status(&waiting), (Status::Blocked, text.into()));

    again.event = Event::Lifecycle(LifecycleKind::UpdateStatus);
    assert!(run(&decide(&again)).migration.is_some());
    again.event = Event::Lifecycle(LifecycleKind::ConfigChanged);
    again.config.insert("greeting".into(), json!("other"));
    assert!(
        run(&decide(&again)).migration.is_some(),
        "what failed may work with another environment"
    );
}

#[test]
fn other_failures_of_a_migration_say_what_they_are() {
    let mut observation = with_script(None, None);
    observation.charm = charm("24.04", "options: {}", Some("migration-timeout: 2\n"));
    let decision = decide(&observation);
    for (failure, reason) in [
        (
            MigrationFailure::TimedOut {
                output: b"half way".to_vec(),
            },
            "(ended after 2 seconds: half way)",
        ),
        (
            MigrationFailure::NotStarted("cannot find executable \"python3\"".into()),
            "(cannot find executable \"python3\")",
        ),
        (
            MigrationFailure::Exited {
                code: 1,
                output: Vec::new(),
            },
            "(exit code 1)",
        ),
    ] {
        let verdict = conclude(&decision, &Done::MigrationFailed(failure))
            .verdict
            .unwrap();
        assert!(verdict.message.ends_with(reason), "{}", verdict.message);
    }
}

#[test]
fn stop_and_remove_do_nothing() {
    for kind in [LifecycleKind::Stop, LifecycleKind::Remove] {
        let mut observation = observation();
        observation.event = Event::Lifecycle(kind);
        assert_eq!(decide(&observation), Decision::default());
    }
}

#[test]
fn json_logging_pushes_its_files_once() {
    let mut observation = observation();
    observation.charm = charm(
        "24.04",
        "options: {}",
        Some("framework_logging_format: json\n"),
    );
    let decision = decide(&observation);
    let files: Vec<_> = run(&decision)
        .files
        .iter()
        .filter(|file| file.path.contains("log_config"))
        .cloned()
        .collect();
    assert_eq!(files.len(), 2);
    assert!(
        files
            .iter()
            .all(|file| file.owner == Some(("_daemon_".into(), "_daemon_".into())))
    );
    for file in files {
        container(&mut observation)
            .files
            .insert(file.path, file.content.into_bytes());
    }
    assert!(
        !run(&decide(&observation))
            .files
            .iter()
            .any(|file| file.path.contains("log_config"))
    );
}
