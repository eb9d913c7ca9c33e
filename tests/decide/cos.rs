//! Prometheus, Loki and Grafana: what is published on which databags, and where log lines go.

use std::collections::BTreeMap;
use std::path::Path;

use charmwright::cos::Assets;
use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::{Event, RelationId, RelationKind};
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{BagWrite, Decision};
use charmwright::runtime::observation::{Container, Observation, Workload};
use charmwright::yaml::{self, Mapping};
use serde_json::{Value, json};

use super::support::{bag, unit};

const METADATA: &str = r#"{"model": "demo", "model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", "application": "web", "unit": "web/0", "charm_name": "web-k8s"}"#;
const JOBS: &str = r#"[{"metrics_path": "/metrics", "static_configs": [{"targets": ["*:9102"]}]}]"#;
const LOKI: &str = "http://loki-0.loki-endpoints.demo.svc.cluster.local:3100/loki/api/v1/push";

fn observation_with(paas_config: Option<&str>) -> Observation {
    let metadata = "\
name: web-k8s
containers: {flask-app: {resource: flask-app-image}}
peers: {secret-storage: {interface: secret-storage}}
requires: {logging: {interface: loki_push_api}}
provides:
  metrics-endpoint: {interface: prometheus_scrape}
  grafana-dashboard: {interface: grafana_dashboard}
";
    let manifest = "charmwright: {framework: flask}\nbases: [{channel: '24.04'}]\n";
    let charm = Charm::parse(metadata, None, Some(manifest), paas_config).unwrap();
    let mut observation = unit(
        charm,
        ("flask_secret_key", "old-key"),
        "flask: {override: replace, startup: enabled, command: x}",
    );
    observation.assets = Assets::load("flask", Path::new("/nonexistent"));
    observation
}

fn observation() -> Observation {
    observation_with(None)
}

fn relation(endpoint: &str, id: u64) -> Relation {
    Relation {
        endpoint: endpoint.into(),
        id,
        remote_application: "cos".into(),
        address: Some("10.1.40.5".into()),
        ..Relation::default()
    }
}

fn writes(observation: &Observation) -> Vec<BagWrite> {
    decide(observation).bags
}

/// What the bags of one relation are told, by side.
fn told(writes: &[BagWrite], relation: u64) -> (Bag, Bag) {
    let side = |app: bool| -> Bag {
        let ours = writes
            .iter()
            .filter(|write| write.relation == relation && write.app == app);
        let changes = ours.flat_map(|write| write.changes.clone());
        changes.map(|(key, value)| (key, value.unwrap())).collect()
    };
    (side(true), side(false))
}

fn address(address: &str) -> Bag {
    bag(&[
        ("prometheus_scrape_unit_address", address),
        ("prometheus_scrape_unit_name", "web/0"),
        (
            "prometheus_scrape_unit_fqdn",
            "web-0.web-endpoints.demo.svc.cluster.local",
        ),
    ])
}

#[test]
fn prometheus_is_told_what_it_does_not_know_yet() {
    let mut fresh = observation();
    fresh.relations = vec![relation("metrics-endpoint", 7)];
    let (app, unit) = told(&writes(&fresh), 7);
    assert_eq!(unit, address("10.1.40.5"));
    assert_eq!(app["scrape_metadata"], METADATA);
    assert_eq!(app["scrape_jobs"], JOBS);
    let rules: Value = serde_json::from_str(&app["alert_rules"]).unwrap();
    assert_eq!(rules["groups"].as_array().unwrap().len(), 2);
    assert_eq!(app.len(), 3);

    let one = |key: &str, value: &str| {
        let mut app = app.clone();
        app.insert(key.into(), value.into());
        app
    };
    // What is there, and which keys are written then.
    let missing: Bag = app
        .clone()
        .into_iter()
        .filter(|(key, _)| key != "scrape_jobs")
        .collect();
    for (there, written) in [
        (app.clone(), &[][..]),
        (missing, &["scrape_jobs"]),
        (one("scrape_jobs", ""), &["scrape_jobs"]),
        (one("alert_rules", "{"), &["alert_rules"]),
        (one("scrape_metadata", "[]"), &["scrape_metadata"]),
        (one("foreign", "x"), &[]),
        (
            Bag::new(),
            &["alert_rules", "scrape_jobs", "scrape_metadata"],
        ),
    ] {
        let mut again = fresh.clone();
        again.relations[0].local_app = there;
        again.relations[0].local_unit = unit.clone();
        // Whatever Prometheus says changes nothing.
        again.relations[0].remote_app = bag(&[("event", r#"{"errors": "{"}"#)]);
        let (app, unit) = told(&writes(&again), 7);
        assert!(app.keys().eq(written), "{app:?}");
        assert_eq!(unit, Bag::new());
    }
}

#[test]
fn every_prometheus_is_told_and_one_that_goes_is_not() {
    let mut two = observation();
    two.relations = vec![
        relation("metrics-endpoint", 7),
        relation("metrics-endpoint", 9),
    ];
    let all = writes(&two);
    assert_eq!(told(&all, 7), told(&all, 9));
    two.relations.pop();
    let left = writes(&two);
    assert!(left.iter().all(|write| write.relation == 7) && !left.is_empty());
    two.relations.pop();
    assert_eq!(writes(&two), Vec::new());
}

#[test]
fn a_moved_pod_is_scraped_where_it_is_now_and_one_without_address_by_its_name() {
    let mut moved = observation();
    moved.leader = false;
    moved.relations = vec![relation("metrics-endpoint", 7)];
    moved.relations[0].local_unit = address("10.1.40.4");
    let writes = writes(&moved);
    let expected = bag(&[("prometheus_scrape_unit_address", "10.1.40.5")]);
    assert_eq!(told(&writes, 7), (Bag::new(), expected));
    moved.relations[0].address = None;
    let fqdn = "web-0.web-endpoints.demo.svc.cluster.local";
    let expected = bag(&[("prometheus_scrape_unit_address", fqdn)]);
    assert_eq!(told(&decide(&moved).bags, 7), (Bag::new(), expected));
}

#[test]
fn schedulers_are_scraped_on_the_unit_that_runs_them() {
    let config = "prometheus: {scrape_configs: [{job_name: s, static_configs: [{targets: ['@scheduler:9']}]}]}";
    for (own, others, planned, number) in [
        (0, vec![], None, 0),
        (2, vec![0, 1], None, 0),
        (2, vec![3], None, 2),
        (2, vec![1, 3], None, 1),
        (2, vec![0, 3], Some(vec![2, 3]), 2),
    ] {
        let mut observation = observation_with(Some(config));
        observation.identity.number = own;
        observation.peer.as_mut().unwrap().others = others.iter().copied().collect();
        observation.planned_units = planned.map(|planned| planned.into_iter().collect());
        observation.relations = vec![relation("metrics-endpoint", 7)];
        let (app, _) = told(&writes(&observation), 7);
        let target = format!("web-{number}.web-endpoints.demo.svc.cluster.local:9");
        assert!(
            app["scrape_jobs"].contains(&target),
            "{own} {others:?}: {app:?}"
        );
    }
}

#[test]
fn while_the_config_cannot_be_used_the_jobs_stay_as_they_are() {
    let mut broken = observation();
    broken.config = BTreeMap::from([("metrics-port".into(), json!(0))]);
    broken.relations = vec![relation("metrics-endpoint", 7)];
    broken.relations[0].local_app = bag(&[("scrape_jobs", "[before]")]);
    let (app, _) = told(&writes(&broken), 7);
    assert!(!app.contains_key("scrape_jobs"), "{app:?}");
    broken.config.clear();
    assert!(told(&writes(&broken), 7).0.contains_key("scrape_jobs"));
}

#[test]
fn grafana_is_told_once_and_by_the_leader() {
    let mut fresh = observation();
    fresh.relations = vec![
        relation("grafana-dashboard", 7),
        relation("grafana-dashboard", 9),
    ];
    let all = writes(&fresh);
    let (app, unit) = told(&all, 7);
    assert!(app.keys().eq(["dashboards"]) && unit.is_empty());
    let templates = |app: &Bag| {
        let published: Value = serde_json::from_str(&app["dashboards"]).unwrap();
        published["templates"].clone()
    };
    let (other, _) = told(&all, 9);
    assert_eq!(templates(&app), templates(&other));
    for (there, is_written) in [
        (app.clone(), false),
        (bag(&[("dashboards", "")]), true),
        (bag(&[("dashboards", "{")]), true),
        (
            bag(&[("dashboards", r#"{"templates": {"file:flask": {}}}"#)]),
            true,
        ),
        (bag(&[("foreign", "x")]), true),
    ] {
        let mut again = fresh.clone();
        again.relations.pop();
        again.relations[0].local_app = there;
        again.random = [2; 32];
        assert_eq!(!writes(&again).is_empty(), is_written, "{again:?}");
        again.leader = false;
        assert_eq!(writes(&again), Vec::new());
    }
    // The topology names the unit that writes: another leader writes anew.
    let mut other = fresh.clone();
    other.identity.unit = "web/1".into();
    other.relations[0].local_app = app;
    let (app, _) = told(&writes(&other), 7);
    assert_eq!(
        templates(&app)["file:flask"]["juju_topology"]["unit"],
        "web/1"
    );
}

#[test]
fn what_is_left_out_of_cos_custom_is_in_the_log() {
    let mut observation = observation();
    observation.assets.problems = vec!["`cos_custom/x` is left out: because".into()];
    let remarks = decide(&observation).remarks;
    assert_eq!(remarks, ["`cos_custom/x` is left out: because"]);
}

fn loki(id: u64, units: &[(&str, Option<&str>)]) -> Relation {
    let said = |url: &str| bag(&[("endpoint", &format!("{{\"url\": \"{url}\"}}"))]);
    let units = units
        .iter()
        .map(|(unit, url)| ((*unit).to_owned(), url.map(said).unwrap_or_default()));
    Relation {
        remote_units: units.collect(),
        ..relation("logging", id)
    }
}

fn with_targets(mut observation: Observation, targets: &str) -> Observation {
    let Workload::Reachable(container) = &mut observation.workload else {
        panic!("not reachable")
    };
    container.log_targets = yaml::from_str(targets).unwrap();
    observation
}

/// The log targets that a decision changes.
fn targets(decision: &Decision) -> Value {
    let Some(targets) = &decision.log_targets else {
        return Value::Null;
    };
    assert_eq!(targets.label, "flask-app-log-forwarding");
    let layer: Value = yaml::from_str(&targets.layer).unwrap();
    assert!(
        layer.as_object().unwrap().keys().eq(["log-targets"]),
        "{layer}"
    );
    layer["log-targets"].clone()
}

fn to(location: &str) -> Value {
    json!({
        "override": "replace",
        "type": "loki",
        "location": location,
        "services": ["all"],
        "labels": {
            "product": "Juju", "charm": "web-k8s", "juju_model": "demo",
            "juju_model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", "juju_application": "web",
            "juju_unit": "web/0", "job": "juju_demo_0f1e2d3c_web",
        },
    })
}

fn gone() -> Value {
    json!({"override": "replace", "type": "loki", "location": "(removed)", "services": ["-all"]})
}

#[test]
fn log_lines_go_to_every_unit_of_loki_that_says_where() {
    let other = "http://other/loki/api/v1/push";
    for (relations, expected) in [
        (vec![], Value::Null),
        (vec![loki(7, &[])], Value::Null),
        (vec![loki(7, &[("loki/0", None)])], Value::Null),
        (vec![loki(7, &[("loki/0", Some("nonsense"))])], Value::Null),
        (
            vec![loki(7, &[("loki/0", Some(LOKI))])],
            json!({"loki/0": to(LOKI)}),
        ),
        // Known defect 111.
        (
            vec![loki(
                7,
                &[
                    ("loki/0", None),
                    ("loki/1", Some(LOKI)),
                    ("loki/2", Some("x")),
                ],
            )],
            json!({"loki/1": to(LOKI)}),
        ),
        (
            vec![
                loki(7, &[("loki/0", Some(LOKI))]),
                loki(9, &[("other/3", Some(other))]),
            ],
            json!({"loki/0": to(LOKI), "other/3": to(other)}),
        ),
    ] {
        let mut observation = observation();
        observation.relations = relations;
        let decision = decide(&observation);
        assert_eq!(targets(&decision), expected);
        let told = decision
            .bags
            .iter()
            .filter(|write| write.endpoint == "logging");
        for write in told {
            let metadata = write.changes["metadata"].as_deref();
            assert_eq!(metadata, Some(METADATA));
            assert_eq!(write.changes["alert_rules"].as_deref(), Some("{}"));
        }
    }
}

/// The plan's log targets after a decision, as Pebble has them.
fn applied(observation: &Observation) -> Observation {
    let mut after = observation.clone();
    let changed = targets(&decide(observation));
    let Workload::Reachable(container) = &mut after.workload else {
        panic!("not reachable")
    };
    for (name, mut target) in changed.as_object().unwrap().clone() {
        // Pebble gives some fields first; their order means nothing.
        target.as_object_mut().unwrap().sort_keys();
        let target = yaml::from_str(&target.to_string()).unwrap();
        container.log_targets.insert(name.into(), target);
    }
    after
}

#[test]
fn log_targets_follow_the_relation_to_its_end() {
    let mut observation = observation();
    observation.relations = vec![loki(7, &[("loki/0", Some(LOKI)), ("loki/1", Some(LOKI))])];
    let mut observation = applied(&observation);
    assert_eq!(targets(&decide(&observation)), Value::Null);

    observation.relations[0].remote_units.remove("loki/1");
    assert_eq!(targets(&decide(&observation)), json!({"loki/1": gone()}));
    let mut observation = applied(&observation);
    assert_eq!(targets(&decide(&observation)), Value::Null);

    observation.relations = vec![loki(7, &[("loki/0", Some("http://moved/push"))])];
    assert_eq!(
        targets(&decide(&observation)),
        json!({"loki/0": to("http://moved/push")})
    );

    // Known defect 110: also when none is left.
    observation.event = Event::Relation {
        endpoint: "logging".into(),
        kind: RelationKind::Broken,
        id: RelationId::new("logging", 7),
        remote_app: Some("loki".into()),
        remote_unit: None,
        departing_unit: None,
    };
    observation.relations.clear();
    assert_eq!(targets(&decide(&observation)), json!({"loki/0": gone()}));
    let mut observation = applied(&observation);
    assert_eq!(targets(&decide(&observation)), Value::Null);

    observation.relations = vec![loki(8, &[("loki/0", Some(LOKI))])];
    assert_eq!(targets(&decide(&observation)), json!({"loki/0": to(LOKI)}));
}

#[test]
fn targets_of_the_rock_and_of_others_stay() {
    let rock = "mine: {override: merge, type: loki, location: 'http://x/', services: [flask], labels: {product: Juju, juju_unit: web/1}}";
    let observation = with_targets(observation(), rock);
    assert_eq!(targets(&decide(&observation)), Value::Null);
}

#[test]
fn an_old_juju_forwards_nothing_and_what_a_newer_one_had_is_gone() {
    for (juju, expected) in [
        ("3.3.9", Value::Null),
        ("3.4.0", json!({"loki/0": to(LOKI)})),
    ] {
        let mut observation = observation();
        observation.identity.juju = juju.parse().unwrap();
        observation.relations = vec![loki(7, &[("loki/0", Some(LOKI))])];
        assert_eq!(targets(&decide(&observation)), expected, "{juju}");
    }
}

#[test]
fn lines_are_forwarded_also_while_the_app_may_not_run_and_nothing_is_where_no_pebble_answers() {
    let mut observation = observation();
    observation.relations = vec![loki(7, &[("loki/0", Some(LOKI))])];
    observation.config = BTreeMap::from([("webserver-workers".into(), json!("x"))]);
    observation.peer = None;
    assert_eq!(targets(&decide(&observation)), json!({"loki/0": to(LOKI)}));
    observation.workload = Workload::Unreachable;
    assert_eq!(decide(&observation).log_targets, None);
    observation.workload = Workload::Reachable(Box::new(Container {
        log_targets: Mapping::new(),
        ..Container::default()
    }));
    assert_eq!(targets(&decide(&observation)), json!({"loki/0": to(LOKI)}));
}
