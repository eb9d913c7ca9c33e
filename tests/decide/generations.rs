//! The generations of the framework's table, which the base chooses.

use charmwright::runtime::decide::decide;
use serde_json::json;

use super::support::{bag, charm, environment, observation};

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
