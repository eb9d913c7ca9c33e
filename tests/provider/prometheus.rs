//! `prometheus-k8s`, with the machine's Prometheus.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use charmwright::local::provider::{Dial, RelationView, Update, View};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::talk::{eventually, get_json, provider};
use super::{bag, relation, run, view};

const UUID: &str = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";

/// A unit's metrics, in a network that only `dial` reaches; gives its address there.
async fn unit(value: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            let asked = head[..length].starts_with(b"GET /metrics ");
            let body = format!("requests_total {value}\n");
            let status = if asked { "200 OK" } else { "404 Not Found" };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn dial(units: &Rc<RefCell<BTreeMap<String, SocketAddr>>>) -> Dial {
    let units = Rc::clone(units);
    #[allow(clippy::arc_with_non_send_sync)] // Everything stays on one thread, as in the daemon.
    let dial: Dial = Arc::new(move |unit, port| {
        assert_eq!(port, 9102);
        let address = units.borrow().get(&unit).copied();
        Box::pin(async move {
            match address {
                Some(address) => TcpStream::connect(address).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    });
    dial
}

fn metrics(application: &str, rule: &str, units: &[(&str, &str)]) -> RelationView {
    let metadata = json!({"model": "demo", "model_uuid": UUID, "application": application,
        "unit": format!("{application}/0"), "charm_name": format!("{application}-k8s")});
    let jobs = json!([{"metrics_path": "/metrics", "static_configs": [{"targets": ["*:9102"]}]}]);
    let rules = json!({"groups": [{"name": format!("demo_0f1e2d3c_{application}_HostHealth_rules"), "rules": [
        {"alert": "HostDown", "expr": rule, "for": "5m", "labels": {"severity": "critical"}}]}]});
    let data = bag(&[
        ("scrape_metadata", &metadata.to_string()),
        ("scrape_jobs", &jobs.to_string()),
        ("alert_rules", &rules.to_string()),
    ]);
    let mut relation = relation("metrics-endpoint", "prometheus_scrape", data);
    relation.remote_application = application.into();
    for (unit, address) in units {
        let data = bag(&[
            ("prometheus_scrape_unit_address", address),
            ("prometheus_scrape_unit_name", unit),
        ]);
        relation.remote_units.insert((*unit).into(), data);
    }
    relation
}

async fn query(update: &Update, query: &str, right: impl Fn(&Value) -> bool) -> Value {
    let url = format!("{}/api/v1/query?query={query}", update.addresses[0]);
    eventually(&url, |answer| right(&answer["data"]["result"])).await["data"]["result"].clone()
}

async fn alerts(update: &Update) -> Vec<String> {
    let answer = get_json(&format!("{}/api/v1/rules", update.addresses[0])).await;
    let groups = answer["data"]["groups"].as_array().unwrap().clone();
    let names = groups
        .iter()
        .map(|group| group["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[test]
fn every_unit_is_scraped_where_it_is_now_and_the_alert_rules_are_loaded() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let units: Rc<RefCell<BTreeMap<String, SocketAddr>>> = Rc::default();
        for (name, value) in [("web/0", 10), ("web/1", 11)] {
            let address = unit(value).await;
            units.borrow_mut().insert(name.into(), address);
        }
        let mut prometheus = provider("prometheus-k8s");
        let mut view: View = view("prometheus", directory.path());
        view.dial = dial(&units);
        let both = [("web/0", "10.1.40.5"), ("web/1", "10.1.40.6")];
        view.relations.insert(3, metrics("web", "up < 1", &both));
        let update = prometheus.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active", "{}", update.status.message);
        assert_eq!(
            alerts(&update).await,
            ["demo_0f1e2d3c_web_HostHealth_rules"]
        );
        let results = query(&update, "requests_total", |it| {
            it.as_array().unwrap().len() == 2
        })
        .await;
        for (unit, address, value) in [("web/0", "10.1.40.5", "10"), ("web/1", "10.1.40.6", "11")] {
            let mut results = results.as_array().unwrap().iter();
            let found = results
                .find(|it| it["metric"]["juju_unit"] == unit)
                .unwrap();
            assert_eq!(found["value"][1], value);
            let labels = &found["metric"];
            for (label, expected) in [
                ("juju_model", "demo"),
                ("juju_model_uuid", UUID),
                ("juju_application", "web"),
                ("juju_charm", "web-k8s"),
                ("instance", &format!("demo_{UUID}_web_{unit}")),
            ] {
                assert_eq!(labels[label], expected);
            }
            let targets = get_json(&format!("{}/api/v1/targets", update.addresses[0])).await;
            let scraped = targets.to_string();
            assert!(
                scraped.contains(&format!("http://{address}:9102/metrics")),
                "{scraped}"
            );
        }
        // A pod that moved, and one that is gone.
        view.relations
            .insert(3, metrics("web", "up < 1", &[("web/0", "10.1.40.9")]));
        let update = prometheus.reconcile(&view).await.unwrap();
        let targets = format!("{}/api/v1/targets", update.addresses[0]);
        eventually(&targets, |answer| {
            let active = answer["data"]["activeTargets"].as_array().unwrap();
            active.len() == 1
                && active[0]["scrapeUrl"] == "http://10.1.40.9:9102/metrics"
                && active[0]["health"] == "up"
        })
        .await;
        prometheus.stop(true).await;
    });
    assert!(!directory.path().exists());
}

#[test]
fn a_wrong_rule_is_told_and_harms_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut prometheus = provider("prometheus-k8s");
        let mut view: View = view("prometheus", directory.path());
        view.relations.insert(3, metrics("web", "up <", &[]));
        view.relations.insert(4, metrics("other", "up < 1", &[]));
        let update = prometheus.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "blocked");
        let message = &update.status.message;
        assert!(message.starts_with("web (relation 3): "), "{message}");
        assert!(message.contains("HostDown"), "{message}");
        assert!(message.contains("unexpected end of input"), "{message}");
        assert_eq!(
            alerts(&update).await,
            ["demo_0f1e2d3c_other_HostHealth_rules"]
        );
        view.relations
            .get_mut(&3)
            .unwrap()
            .remote_bag
            .insert("scrape_jobs".into(), "{".into());
        let update = prometheus.reconcile(&view).await.unwrap();
        assert_eq!(
            update.status.message,
            "web (relation 3): `scrape_jobs` is no JSON"
        );
        view.relations.remove(&3);
        let update = prometheus.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active");
        prometheus.stop(true).await;
    });
}
