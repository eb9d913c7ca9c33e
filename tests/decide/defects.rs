//! Better than the peer where no other test tells of it: each test names its row of the contract's known defects.

use charmwright::interfaces::Relation;
use charmwright::juju::Status;
use charmwright::runtime::decide::decide;
use serde_json::json;

use super::support::{
    FIRST, FRAMEWORKS, bag, blocked, observation, ready, run, status, unit, variables, with,
};

fn relation(endpoint: &str, id: u64, app: &[(&str, &str)]) -> Relation {
    Relation {
        endpoint: endpoint.into(),
        id,
        remote_application: "provider".into(),
        remote_app: bag(app),
        ..Relation::default()
    }
}

/// Known defect 5.
#[test]
fn of_two_receivers_of_traces_the_first_is_used() {
    let metadata = "name: web\ncontainers: {app: {resource: x}}\npeers: {secret-storage: {interface: secret-storage}}\n\
                    requires: {tracing: {interface: tracing}}\n";
    let manifest = "charmwright: {framework: go}\nbases: [{channel: '24.04'}]\n";
    let charm =
        charmwright::runtime::charm::Charm::parse(metadata, None, Some(manifest), None).unwrap();
    let services = "go: {override: replace, startup: enabled, command: x}\n";
    let mut observation = unit(charm, ("go_secret_key", "key"), services);
    let receiver = |host: &str| {
        format!(
            r#"[{{"protocol": {{"name": "otlp_http", "type": "http"}}, "url": "http://{host}:4318"}}]"#
        )
    };
    let told = [receiver("first"), receiver("second")];
    observation.relations = (1..)
        .zip(&told)
        .map(|(id, told)| relation("tracing", id, &[("receivers", told)]))
        .collect();
    let found = variables(&observation);
    assert!(
        found["OTEL_EXPORTER_OTLP_ENDPOINT"].contains("first"),
        "{found:?}"
    );
}

/// Known defect 10.
#[test]
fn an_ingress_that_tells_nonsense_is_left_out_and_every_port_is_told() {
    for framework in FRAMEWORKS {
        let name = |found: &charmwright::interfaces::Bag| {
            let mut all = found.iter();
            all.find(|(name, _)| name.ends_with("_BASE_URL"))
                .unwrap()
                .1
                .clone()
        };
        for told in ["", "{", "5", "{\"url\": 5}", "{\"url\": \"no address\"}"] {
            let mut observation = ready(framework, FIRST, "options: {}", None);
            let before = name(&variables(&observation));
            assert!(before.starts_with("http://web.demo:"), "{before}");
            observation
                .relations
                .push(relation("ingress", 9, &[("ingress", told)]));
            assert_eq!(
                name(&variables(&observation)),
                before,
                "{framework}: {told}"
            );
        }
    }
    let config = "options: {app-port: {type: int, default: 8080}}";
    let mut observation = with(
        ready("go", FIRST, config, None),
        &[("app-port", json!(65535))],
    );
    observation.relations.push(relation("ingress", 9, &[]));
    let decision = decide(&observation);
    assert_eq!(status(&decision), (Status::Active, String::new()));
    let told = decision.bags.iter().find(|write| write.app).unwrap();
    assert_eq!(told.changes["port"].as_deref(), Some("65535"));
}

/// Known defect 13.
#[test]
fn a_metrics_path_that_is_the_front_page_blocks_and_never_crashes() {
    for framework in FRAMEWORKS {
        let config = "options: {metrics-path: {type: string, default: /metrics}}";
        let options = [("metrics-path", json!("/"))];
        let observation = with(ready(framework, FIRST, config, None), &options);
        let message = blocked(&observation);
        assert_eq!(message, "invalid options: metrics-path", "{framework}");
    }
}

/// Known defect 39.
#[test]
fn the_other_units_are_in_the_order_of_their_numbers() {
    let mut observation = observation();
    observation.peer.as_mut().unwrap().others = [10, 2, 1].into();
    let decision = decide(&observation);
    let layer = run(&decision).layer.clone().unwrap();
    let name = |number: u32| format!("web-{number}.web-endpoints.demo.svc.cluster.local");
    let expected = [1, 2, 10].map(name).join(",");
    assert!(layer.contains(&expected), "{layer}");
}
