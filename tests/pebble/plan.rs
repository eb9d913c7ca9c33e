//! Layers and the plan they make.

use std::collections::BTreeMap;

use charmwright::pebble::{Client, Error, LogTarget, Plan, Reason};
use charmwright::yaml::Value;

use crate::daemon::Daemon;

async fn refused(
    client: &Client,
    label: &str,
    layer: &str,
    combine: bool,
) -> (u16, Option<Reason>, String) {
    match client.add_layer(label, layer, combine).await {
        Err(Error::Refused(error)) => (error.status, error.reason(), error.message),
        other => panic!("{layer}: {other:?}"),
    }
}

fn command(plan: &Plan, service: &str) -> Value {
    plan.services[service]["command"].clone()
}

#[tokio::test]
async fn a_daemon_says_who_it_is() {
    let daemon = Daemon::start().await;
    let info = daemon.client.system_info().await.unwrap();
    assert!(info.version.starts_with('v'), "{info:?}");
    assert_eq!(info.boot_id.len(), 36, "{info:?}");
    assert_eq!(info.http_address, None);
}

#[tokio::test]
async fn an_empty_plan_has_no_services() {
    let daemon = Daemon::start().await;
    let plan = daemon.client.plan().await.unwrap();
    assert_eq!(plan.text, "{}\n");
    assert!(plan.services.is_empty());
    assert_eq!(daemon.client.services(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_label_exists_unless_it_is_combined() {
    let Daemon { client, .. } = &Daemon::start().await;
    let one =
        "services: {a: {override: replace, command: one}, b: {override: replace, command: one}}";
    let two = "services: {a: {override: replace, command: two}}";
    client.add_layer("charm", one, false).await.unwrap();
    let (status, reason, message) = refused(client, "charm", two, false).await;
    assert_eq!((status, reason), (400, Some(Reason::LabelExists)));
    assert_eq!(message, "layer \"charm\" already exists");
    client.add_layer("charm", two, true).await.unwrap();
    let plan = client.plan().await.unwrap();
    assert_eq!(command(&plan, "a"), Value::from("two"));
    assert_eq!(
        command(&plan, "b"),
        Value::from("one"),
        "what is not mentioned stays"
    );
}

#[tokio::test]
async fn replace_drops_and_merge_overlays() {
    let Daemon { client, .. } = &Daemon::start().await;
    let base = "services: {web: {override: replace, command: run, startup: enabled, after: [x],
        environment: {A: '1', B: '1'}}, x: {override: replace, command: run}, y: {override: replace, command: run}}";
    client.add_layer("base", base, false).await.unwrap();
    let merge = "services: {web: {override: merge, after: [y], environment: {B: '2', C: '2'}}}";
    client.add_layer("top", merge, false).await.unwrap();
    let web = client.plan().await.unwrap().services["web"].clone();
    assert_eq!(web["command"], Value::from("run"));
    assert_eq!(web["startup"], Value::from("enabled"));
    assert_eq!(web["after"], Value::from(vec!["x", "y"]));
    for (name, value) in [("A", "1"), ("B", "2"), ("C", "2")] {
        assert_eq!(web["environment"][name], Value::from(value));
    }
    let replace = "services: {web: {override: replace, command: other}}";
    client.add_layer("top", replace, true).await.unwrap();
    let web = client.plan().await.unwrap().services["web"].clone();
    assert_eq!(web["command"], Value::from("other"));
    assert!(
        web.get("environment").is_none() && web.get("startup").is_none(),
        "{web:?}"
    );
}

#[tokio::test]
async fn a_later_layer_wins_also_when_an_earlier_one_is_combined_after_it() {
    let Daemon { client, .. } = &Daemon::start().await;
    let layer =
        |command: &str| format!("services: {{web: {{override: replace, command: {command}}}}}");
    client.add_layer("low", &layer("low"), false).await.unwrap();
    client
        .add_layer("high", &layer("high"), false)
        .await
        .unwrap();
    client
        .add_layer("low", &layer("lower"), true)
        .await
        .unwrap();
    assert_eq!(
        command(&client.plan().await.unwrap(), "web"),
        Value::from("high")
    );
}

#[tokio::test]
async fn a_layer_that_is_not_valid_is_refused_and_changes_nothing() {
    let Daemon { client, .. } = &Daemon::start().await;
    let good = "services: {web: {override: replace, command: run}}";
    client.add_layer("charm", good, false).await.unwrap();
    let before = client.plan().await.unwrap();
    for (layer, text) in [
        (
            "services: {x: {command: run}}",
            "layer \"charm\" must define \"override\" for service \"x\"",
        ),
        (
            "services: {x: {override: replace}}",
            "plan must define \"command\" for service \"x\"",
        ),
        (
            "services: {x: {override: maybe, command: run}}",
            "layer \"charm\" has invalid \"override\" value for service \"x\"",
        ),
        (
            "services: {x: {override: replace, command: run, colour: red}}",
            "cannot parse layer",
        ),
        ("colours: {}", "cannot parse layer"),
        ("services: [", "cannot parse layer"),
        (
            "services: {x: null}",
            "service object cannot be null for service \"x\"",
        ),
        (
            "checks: {x: {override: replace, level: loud, tcp: {port: 1}}}",
            "plan check \"x\" level must be",
        ),
        (
            "checks: {x: {override: replace}}",
            "plan must specify one of",
        ),
        (
            "log-targets: {x: {override: replace, type: loki, location: 'http://x', services: [nope]}}",
            "unknown service \"nope\"",
        ),
        (
            "services: {a: {override: replace, command: r, after: [b]}, b: {override: replace, command: r, after: [a]}}",
            "services in before/after loop",
        ),
    ] {
        let (status, reason, message) = refused(client, "charm", layer, true).await;
        assert!(message.contains(text), "{layer}: {message}");
        assert_eq!(
            (status, reason),
            (400, Some(Reason::InvalidLayer)),
            "{message}"
        );
        assert_eq!(client.plan().await.unwrap(), before);
    }
    let (_, reason, message) = refused(client, "pebble-x", good, true).await;
    assert_eq!(reason, Some(Reason::InvalidLayer), "{message}");
    let (status, ..) = refused(client, "", good, true).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_large_layer_with_odd_texts_arrives_as_it_was() {
    let Daemon { client, .. } = &Daemon::start().await;
    let odd = "naïve \u{1F980} \"quoted\" \\ back\ttab\nline $HOME #no: - [x]";
    let environment: BTreeMap<String, String> = (0..2000)
        .map(|number| (format!("KEY_{number}"), format!("{odd} {number}")))
        .collect();
    let service = BTreeMap::from([
        ("override", serde_json::json!("replace")),
        ("command", serde_json::json!("run")),
        ("environment", serde_json::json!(environment)),
    ]);
    let layer = serde_json::json!({"services": {"web": service}}).to_string();
    client.add_layer("charm", &layer, true).await.unwrap();
    let plan = client.plan().await.unwrap();
    for (name, value) in &environment {
        assert_eq!(
            plan.services["web"]["environment"][name.as_str()],
            Value::from(value.as_str())
        );
    }
}

#[tokio::test]
async fn a_log_target_is_part_of_the_plan() {
    let Daemon { client, .. } = &Daemon::start().await;
    let labels = BTreeMap::from([("product".to_owned(), "Juju".to_owned())]);
    let target = LogTarget::loki("http://127.0.0.1:1/loki/api/v1/push", labels);
    let targets = BTreeMap::from([("log-targets", BTreeMap::from([("loki/0", target)]))]);
    let layer = charmwright::yaml::to_string(&targets).unwrap();
    client.add_layer("logs", &layer, true).await.unwrap();
    let plan = client.plan().await.unwrap();
    assert_eq!(plan.log_targets["loki/0"]["type"], Value::from("loki"));
    assert_eq!(
        plan.log_targets["loki/0"]["labels"]["product"],
        Value::from("Juju")
    );
}
