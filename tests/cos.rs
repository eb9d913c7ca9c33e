//! The dashboards and alert rules of every framework, held against Prometheus' own checker.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use charmwright::{frameworks, yaml};
use serde_json::{Value, json};

/// Stands for the matchers of a deployment (contract: interfaces, section 13).
const TOPOLOGY: &str = "%%juju_topology%%";
/// What Grafana's charm offers as variables (contract: interfaces, section 15).
const DROPDOWNS: [&str; 4] = [
    "juju_model",
    "juju_model_uuid",
    "juju_application",
    "juju_unit",
];

fn directory(framework: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("metadata/cos")
        .join(framework)
}

fn dashboard(framework: &str) -> Value {
    let path = directory(framework).join(format!("grafana_dashboards/{framework}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn alert_rules(framework: &str) -> Vec<Value> {
    let path = directory(framework).join(format!("prometheus_alert_rules/{framework}.rule"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let file: Value = yaml::from_str(&text).unwrap();
    let groups = file["groups"].as_array().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap());
    rules.cloned().collect()
}

fn targets(dashboard: &Value) -> Vec<(&Value, &str)> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .flat_map(|panel| {
            let targets = panel["targets"].as_array().unwrap().iter();
            targets.map(move |target| (panel, target["expr"].as_str().unwrap()))
        })
        .collect()
}

/// What is in each pair of braces.
fn selectors(expression: &str) -> Vec<&str> {
    let opened = expression.split('{').skip(1);
    opened.map(|rest| rest.split('}').next().unwrap()).collect()
}

#[track_caller]
fn check(rules: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rules.yaml");
    let groups = json!({"groups": [{"name": "checked", "rules": rules}]});
    fs::write(&file, groups.to_string()).unwrap();
    let output = Command::new("promtool")
        .args(["check", "rules"])
        .arg(&file)
        .output()
        .expect("`promtool` is missing; run `sudo apt install prometheus` or `make setup`");
    assert!(
        output.status.success(),
        "{groups:#}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_frameworks_alert_rules_are_scoped_and_sound() {
    let mut names = BTreeSet::new();
    for framework in frameworks::names() {
        let mut rules = alert_rules(framework);
        assert!(!rules.is_empty(), "{framework}");
        for rule in &mut rules {
            let expression = rule["expr"].as_str().unwrap().to_owned();
            for selector in selectors(&expression) {
                assert!(selector.starts_with(TOPOLOGY), "{framework}: {expression}");
            }
            assert!(
                names.insert(rule["alert"].as_str().unwrap().to_owned()),
                "{rule}"
            );
            for key in ["for", "labels", "annotations"] {
                assert!(!rule[key].is_null(), "no {key} in {rule}");
            }
            assert!(rule["labels"]["severity"].is_string(), "{rule}");
            for key in ["summary", "description"] {
                assert!(rule["annotations"][key].is_string(), "no {key} in {rule}");
            }
            rule["expr"] = json!(expression.replace(TOPOLOGY, r#"juju_application="web""#));
        }
        check(&rules);
    }
}

#[test]
fn every_frameworks_dashboard_asks_for_what_was_chosen_in_grafana() {
    let mut uids = BTreeSet::new();
    for framework in frameworks::names() {
        let dashboard = dashboard(framework);
        let uid = dashboard["uid"].as_str().unwrap().to_owned();
        // Two frameworks of the peer share one (known defect 113).
        assert!(uids.insert(uid), "{framework}: its uid is another's");
        let mut rules = Vec::new();
        for (panel, expression) in targets(&dashboard) {
            let title = &panel["title"];
            for selector in selectors(expression) {
                for label in DROPDOWNS {
                    let matcher = format!("{label}=~\"${label}\"");
                    assert!(
                        selector.contains(&matcher),
                        "{framework} {title}: no {matcher}"
                    );
                }
            }
            match panel["datasource"]["uid"].as_str() {
                Some("${prometheusds}") => rules.push(json!({
                    "record": format!("panel:{}", rules.len()),
                    "expr": expression.replace("$__rate_interval", "5m"),
                })),
                Some("${lokids}") => assert_eq!(panel["type"], "logs", "{framework} {title}"),
                other => panic!("{framework} {title}: data source {other:?}"),
            }
        }
        assert!(rules.len() > 5, "{framework}: {} panels", rules.len());
        check(&rules);
    }
}
