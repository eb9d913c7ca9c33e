//! Units to decide about, and what is looked at in a decision.

use std::collections::{BTreeMap, BTreeSet};

use charmwright::cos::Assets;
use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::{Event, LifecycleKind, Proxies, Status};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{Decision, Run, Work};
use charmwright::runtime::observation::{Container, Identity, Observation, Peer, Workload};
use charmwright::yaml::{self, Mapping};

pub const FRAMEWORKS: [&str; 6] = [
    "django",
    "expressjs",
    "fastapi",
    "flask",
    "go",
    "spring-boot",
];
pub const FIRST: &str = "24.04";
pub const SECOND: &str = "26.04";

/// A leader with a key, alone, its container up and its app not yet started.
pub fn unit(charm: Charm, key: (&str, &str), services: &str) -> Observation {
    let services: Mapping = yaml::from_str(services).unwrap();
    Observation {
        charm,
        identity: Identity {
            unit: "web/0".into(),
            number: 0,
            app: "web".into(),
            model: "demo".into(),
            model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0".into(),
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
            app: bag(&[key]),
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
        assets: Assets::default(),
        planned_units: None,
        fresh_key: "fresh-key".into(),
        random: [1; 32],
        key_seed: Some([2; 32]),
        now: 1_800_000_000,
    }
}

const SERVICES: &str = "\
fastapi: {override: replace, startup: enabled, command: x, environment: {ROCK: r}}
a-scheduler: {override: replace, startup: enabled, command: y}
";

/// A FastAPI app's charm.
pub fn charm(channel: &str, config: &str, paas_config: Option<&str>) -> Charm {
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

/// The unit of a FastAPI app with a scheduler.
pub fn observation() -> Observation {
    let charm = charm("24.04", "options: {}", None);
    unit(charm, ("fastapi_secret_key", "old-key"), SERVICES)
}

/// A framework's unit that is ready to run: its key is there, and a database where it needs one.
pub fn ready(
    framework: &str,
    channel: &str,
    config: &str,
    paas_config: Option<&str>,
) -> Observation {
    let workload = match framework {
        "django" | "flask" if channel == FIRST => format!("{framework}-app"),
        _ => "app".to_owned(),
    };
    let metadata = format!(
        "\
name: web
containers: {{{workload}: {{resource: {workload}-image}}}}
peers: {{secret-storage: {{interface: secret-storage}}}}
requires:
  ingress: {{interface: ingress}}
  mongodb: {{interface: mongodb_client, optional: true}}
  mysql: {{interface: mysql_client, optional: true}}
  postgresql: {{interface: postgresql_client, optional: true}}
  redis: {{interface: redis, optional: true}}
  saml: {{interface: saml, optional: true}}
"
    );
    let manifest =
        format!("charmwright: {{framework: {framework}}}\nbases: [{{channel: '{channel}'}}]\n");
    let charm = Charm::parse(&metadata, Some(config), Some(&manifest), paas_config).unwrap();
    let key = format!("{framework}_secret_key");
    let services = format!("{framework}: {{override: replace, startup: enabled, command: x}}\n");
    let mut observation = unit(charm, (&key, "peer-key"), &services);
    if framework == "django" {
        observation.relations.push(postgresql("pw"));
    }
    observation
}

/// The app's variables, without those of a database.
pub fn variables(observation: &Observation) -> Bag {
    let service = observation.charm.runtime.service.clone();
    let decision = decide(observation);
    let layer: Mapping = yaml::from_str(run(&decision).layer.as_ref().unwrap()).unwrap();
    let environment = &layer["services"][service.as_str()]["environment"];
    let mut environment: Bag = yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap();
    environment.retain(|name, _| !name.starts_with("POSTGRESQL_DB_"));
    environment
}

pub fn with(mut observation: Observation, config: &[(&str, serde_json::Value)]) -> Observation {
    for (name, value) in config {
        observation.config.insert((*name).to_owned(), value.clone());
    }
    observation
}

pub fn blocked(observation: &Observation) -> String {
    let (status, message) = status(&decide(observation));
    assert_eq!(status, Status::Blocked, "{message}");
    message
}

pub fn bag(pairs: &[(&str, &str)]) -> Bag {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub fn container(observation: &mut Observation) -> &mut Container {
    match &mut observation.workload {
        Workload::Reachable(container) => container,
        other => panic!("{other:?}"),
    }
}

pub fn run(decision: &Decision) -> &Run {
    match &decision.work {
        Work::Run(run) => run,
        other => panic!("{other:?} with {:?}", decision.verdict),
    }
}

pub fn environment(decision: &Decision) -> Bag {
    let layer: Mapping = yaml::from_str(run(decision).layer.as_ref().unwrap()).unwrap();
    let environment = &layer["services"]["fastapi"]["environment"];
    yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap()
}

pub fn status(decision: &Decision) -> (Status, String) {
    let verdict = decision.verdict.clone().unwrap();
    (verdict.status, verdict.message)
}

pub fn postgresql(password: &str) -> Relation {
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
