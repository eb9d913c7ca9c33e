//! What applications want scraped, as the charm library's consumer makes it out of their databags. Pure.

use serde_json::{Map, Value, json};

use super::proxy::Hosts;
use crate::local::provider::{RelationView, View};

/// What a job may say; the consumer drops everything else.
const JOB_KEYS: [&str; 17] = [
    "authorization",
    "basic_auth",
    "job_name",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "metric_relabel_configs",
    "metrics_path",
    "params",
    "proxy_url",
    "relabel_configs",
    "sample_limit",
    "scheme",
    "scrape_interval",
    "scrape_timeout",
    "static_configs",
    "tls_config",
];

/// Labels of every target, by the field of the metadata that they come from.
const TOPOLOGY: [(&str, &str); 4] = [
    ("juju_model", "model"),
    ("juju_model_uuid", "model_uuid"),
    ("juju_application", "application"),
    ("juju_charm", "charm_name"),
];

/// What one application wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// For `scrape_configs`.
    pub(super) jobs: Vec<Value>,
    /// Groups of rules.
    pub(super) groups: Vec<Value>,
}

/// The units by what targets call them.
pub(super) fn hosts(view: &View) -> Hosts {
    let mut hosts = Hosts::new();
    for relation in view.relations.values() {
        for (unit, bag) in &relation.remote_units {
            for key in [
                "prometheus_scrape_unit_address",
                "prometheus_scrape_unit_fqdn",
            ] {
                if let Some(host) = bag.get(key) {
                    hosts.insert(host.clone(), unit.clone());
                }
            }
            let Some((application, number)) = unit.split_once('/') else {
                continue;
            };
            let host = format!("{application}-{number}.{application}-endpoints");
            hosts.insert(
                format!("{host}.{}.svc.cluster.local", view.model),
                unit.clone(),
            );
            hosts.insert(host, unit.clone());
        }
    }
    hosts
}

/// Reads a relation. Before its metadata is there it wants nothing.
///
/// # Errors
/// One line.
pub(super) fn wanted(relation: &RelationView, proxy: u16) -> Result<Wanted, String> {
    let metadata = read(relation, "scrape_metadata")?;
    let Some(metadata) = metadata.as_object().filter(|it| !it.is_empty()) else {
        return Ok(Wanted::default());
    };
    let mut labels = Map::new();
    for (label, field) in TOPOLOGY {
        let value = metadata.get(field).and_then(Value::as_str);
        labels.insert(label.into(), value.unwrap_or_default().into());
    }
    let text = |label: &str| {
        labels
            .get(label)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let uuid: String = text("juju_model_uuid").chars().take(8).collect();
    let prefix = format!(
        "juju_{}_{uuid}_{}_prometheus_scrape",
        text("juju_model"),
        text("juju_application")
    );
    let mut wanted = Wanted::default();
    let jobs = read(relation, "scrape_jobs")?;
    for (number, job) in list(&jobs, "scrape_jobs")?.iter().enumerate() {
        let job = job
            .as_object()
            .ok_or("a job of `scrape_jobs` is no mapping")?;
        let name = match job.get("job_name").and_then(Value::as_str) {
            Some(name) => format!("{prefix}_{name}"),
            None => prefix.clone(),
        };
        wanted.jobs.extend(expanded(
            job,
            &format!("{name}-{number}"),
            &labels,
            relation,
            proxy,
        ));
    }
    let rules = read(relation, "alert_rules")?;
    if let Some(groups) = rules.get("groups") {
        wanted
            .groups
            .extend_from_slice(list(groups, "alert_rules")?);
    }
    Ok(wanted)
}

/// Groups of which no two have one name, which a file of rules must not have.
pub(super) fn distinct(groups: Vec<Value>) -> Vec<Value> {
    let mut names = Vec::new();
    let mut kept = Vec::new();
    for group in groups {
        if !names.contains(&group["name"]) {
            names.push(group["name"].clone());
            kept.push(group);
        }
    }
    kept
}

fn read(relation: &RelationView, key: &str) -> Result<Value, String> {
    let Some(text) = relation.remote_bag.get(key).filter(|text| !text.is_empty()) else {
        return Ok(Value::Null);
    };
    serde_json::from_str(text).map_err(|_| format!("`{key}` is no JSON"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("`{key}` has no list")),
    }
}

/// A job with `*:PORT` spread over the units, and one for its other targets.
fn expanded(
    job: &Map<String, Value>,
    name: &str,
    topology: &Map<String, Value>,
    relation: &RelationView,
    proxy: u16,
) -> Vec<Value> {
    let mut base = job.clone();
    base.retain(|key, _| JOB_KEYS.contains(&key.as_str()));
    let configs = base.remove("static_configs").unwrap_or_default();
    let mut units = Vec::new();
    let mut others = Vec::new();
    for config in configs.as_array().into_iter().flatten() {
        let mut labels = config["labels"].as_object().cloned().unwrap_or_default();
        labels.extend(topology.clone());
        for target in config["targets"].as_array().into_iter().flatten() {
            match target.as_str().and_then(|target| target.strip_prefix('*')) {
                Some(port) => {
                    for (unit, bag) in &relation.remote_units {
                        let Some(address) = bag.get("prometheus_scrape_unit_address") else {
                            continue;
                        };
                        let mut labels = labels.clone();
                        let unit = bag.get("prometheus_scrape_unit_name").unwrap_or(unit);
                        labels.insert("juju_unit".into(), unit.as_str().into());
                        if let Some(prefix) = bag.get("prometheus_scrape_unit_path") {
                            let path = base.get("metrics_path").and_then(Value::as_str);
                            let path = path.unwrap_or("/metrics");
                            labels.insert(
                                "__metrics_path__".into(),
                                format!("{prefix}{path}").into(),
                            );
                        }
                        units.push(
                            json!({"targets": [format!("{address}{port}")], "labels": labels}),
                        );
                    }
                }
                None => others.push(json!({"targets": [target], "labels": labels})),
            }
        }
    }
    let mut jobs = Vec::new();
    for (suffix, configs, sources) in [
        (
            "-units",
            units,
            &[
                "juju_model",
                "juju_model_uuid",
                "juju_application",
                "juju_unit",
            ][..],
        ),
        (
            "",
            others,
            &[
                "juju_model",
                "juju_model_uuid",
                "juju_application",
                "__address__",
            ],
        ),
    ] {
        if configs.is_empty() {
            continue;
        }
        let mut job = base.clone();
        job.insert("job_name".into(), format!("{name}{suffix}").into());
        job.insert("static_configs".into(), configs.into());
        let instance = json!({"source_labels": sources, "separator": "_", "target_label": "instance", "regex": "(.*)"});
        if let Some(relabelled) = job
            .entry("relabel_configs")
            .or_insert_with(|| json!([]))
            .as_array_mut()
        {
            relabelled.push(instance);
        }
        job.entry("proxy_url")
            .or_insert_with(|| format!("http://127.0.0.1:{proxy}").into());
        jobs.push(Value::Object(job));
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::{test_bag, test_relation};

    fn relation(jobs: &Value) -> RelationView {
        let mut relation = test_relation("metrics-endpoint", "prometheus_scrape");
        let metadata = json!({"model": "demo", "model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
            "application": "web", "unit": "web/0", "charm_name": "web-k8s"});
        relation
            .remote_bag
            .insert("scrape_metadata".into(), metadata.to_string());
        relation
            .remote_bag
            .insert("scrape_jobs".into(), jobs.to_string());
        for (unit, address) in [("web/0", "10.1.40.5"), ("web/1", "10.1.40.6")] {
            let bag = test_bag(&[
                ("prometheus_scrape_unit_address", address),
                ("prometheus_scrape_unit_name", unit),
            ]);
            relation.remote_units.insert(unit.into(), bag);
        }
        relation
    }

    #[test]
    fn every_unit_is_scraped_with_labels_of_its_own() {
        let jobs = json!([{"metrics_path": "/metrics", "static_configs": [{"targets": ["*:9102"]}], "odd": 1}]);
        let wanted = wanted(&relation(&jobs), 4000).unwrap();
        let labels = |unit: &str| {
            json!({"juju_model": "demo", "juju_model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
                "juju_application": "web", "juju_charm": "web-k8s", "juju_unit": unit})
        };
        assert_eq!(
            Value::Array(wanted.jobs),
            json!([{
                "metrics_path": "/metrics",
                "job_name": "juju_demo_0f1e2d3c_web_prometheus_scrape-0-units",
                "static_configs": [
                    {"targets": ["10.1.40.5:9102"], "labels": labels("web/0")},
                    {"targets": ["10.1.40.6:9102"], "labels": labels("web/1")},
                ],
                "relabel_configs": [{
                    "source_labels": ["juju_model", "juju_model_uuid", "juju_application", "juju_unit"],
                    "separator": "_", "target_label": "instance", "regex": "(.*)",
                }],
                "proxy_url": "http://127.0.0.1:4000",
            }])
        );
    }

    #[test]
    fn a_target_with_a_name_is_scraped_once() {
        let jobs = json!([{"job_name": "one", "static_configs": [
            {"targets": ["web-0.web-endpoints.demo.svc.cluster.local:81"], "labels": {"a": "b"}}]}]);
        let wanted = wanted(&relation(&jobs), 4000).unwrap();
        assert_eq!(wanted.jobs.len(), 1);
        let job = &wanted.jobs[0];
        assert_eq!(
            job["job_name"],
            "juju_demo_0f1e2d3c_web_prometheus_scrape_one-0"
        );
        assert_eq!(job["static_configs"][0]["labels"]["a"], "b");
        assert_eq!(job["static_configs"][0]["labels"]["juju_unit"], Value::Null);
    }

    #[test]
    fn malformed_data_is_told() {
        for (key, text, expected) in [
            ("scrape_jobs", "{", "`scrape_jobs` is no JSON"),
            ("scrape_jobs", "{}", "`scrape_jobs` has no list"),
            ("scrape_jobs", "[1]", "a job of `scrape_jobs` is no mapping"),
            ("scrape_metadata", "nope", "`scrape_metadata` is no JSON"),
            (
                "alert_rules",
                r#"{"groups": 1}"#,
                "`alert_rules` has no list",
            ),
        ] {
            let mut relation = relation(&json!([]));
            relation.remote_bag.insert(key.into(), text.into());
            assert_eq!(wanted(&relation, 1).unwrap_err(), expected);
        }
        for text in ["", "{}", "[]", "null"] {
            let mut relation = relation(&json!([{}]));
            relation
                .remote_bag
                .insert("scrape_metadata".into(), text.into());
            assert_eq!(wanted(&relation, 1), Ok(Wanted::default()));
        }
    }

    #[test]
    fn units_are_known_by_address_and_by_name() {
        let mut view = crate::local::provider::test_view("prometheus");
        view.relations.insert(3, relation(&json!([])));
        let hosts = hosts(&view);
        for host in [
            "10.1.40.6",
            "web-1.web-endpoints",
            "web-1.web-endpoints.demo.svc.cluster.local",
        ] {
            assert_eq!(hosts[host], "web/1");
        }
    }
}
