//! The jobs that Prometheus is asked to do.

use serde_json::{Map, Value, json};

use crate::paas_config::ScrapeConfig;

/// Prometheus' own default.
const DEFAULT_PATH: &str = "/metrics";

/// Where the app's own metrics are, as far as it is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The port.
    pub port: Option<String>,
    /// The path.
    pub path: Option<String>,
    /// The port that the app itself listens on.
    pub app_port: u16,
    /// Whether the framework has metrics at all.
    pub is_expected: bool,
}

/// The framework's job, then the user's. `scheduler` is the host name of the unit that runs schedulers.
#[must_use]
pub fn jobs(place: &Place, more: &[ScrapeConfig], scheduler: &str) -> Vec<Value> {
    let mut jobs: Vec<Value> = own(place).into_iter().collect();
    jobs.extend(more.iter().map(|job| custom(job, scheduler)));
    if jobs.is_empty() && place.is_expected {
        // What the peer's library asks for when it is told nothing.
        jobs.push(job("80", DEFAULT_PATH));
    }
    jobs
}

fn own(place: &Place) -> Option<Value> {
    // One of the two is enough: an option that is set is honoured (known defect 37).
    if place.port.is_none() && place.path.is_none() {
        return None;
    }
    let port = place.port.clone();
    let port = port.unwrap_or_else(|| place.app_port.to_string());
    Some(job(&port, place.path.as_deref().unwrap_or(DEFAULT_PATH)))
}

fn job(port: &str, path: &str) -> Value {
    json!({"metrics_path": path, "static_configs": [{"targets": [format!("*:{port}")]}]})
}

fn custom(config: &ScrapeConfig, scheduler: &str) -> Value {
    let target = |target: &String| match target.strip_prefix("@scheduler") {
        Some(port) => format!("{scheduler}{port}"),
        None => target.clone(),
    };
    let of = |config: &crate::paas_config::StaticConfig| {
        let targets: Vec<String> = config.targets.iter().map(target).collect();
        let mut one = Map::new();
        one.insert("targets".into(), targets.into());
        if let Some(labels) = &config.labels {
            one.insert("labels".into(), json!(labels));
        }
        Value::Object(one)
    };
    let static_configs: Vec<Value> = config.static_configs.iter().map(of).collect();
    json!({
        "metrics_path": config.metrics_path,
        "static_configs": static_configs,
        "job_name": config.job_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: Option<&str>, path: Option<&str>) -> Place {
        Place {
            port: port.map(str::to_owned),
            path: path.map(str::to_owned),
            app_port: 8000,
            is_expected: true,
        }
    }

    #[test]
    fn what_is_known_of_the_apps_metrics_is_scraped() {
        for (port, path, target, scraped) in [
            (Some("9102"), Some("/metrics"), "*:9102", "/metrics"),
            (Some("9102"), None, "*:9102", "/metrics"),
            (None, Some("/m"), "*:8000", "/m"),
            (None, None, "*:80", "/metrics"),
        ] {
            let expected =
                json!([{"metrics_path": scraped, "static_configs": [{"targets": [target]}]}]);
            assert_eq!(Value::from(jobs(&place(port, path), &[], "s")), expected);
        }
        let none = Place {
            is_expected: false,
            ..place(None, None)
        };
        assert_eq!(jobs(&none, &[], "s"), Vec::<Value>::new());
    }

    #[test]
    fn the_users_jobs_come_after_it_and_schedulers_are_where_they_run() {
        let config: Vec<ScrapeConfig> = crate::yaml::from_str(
            "- job_name: jobs\n  static_configs:\n  - {targets: ['@scheduler:8081', 'x:1'], labels: {a: b}}\n  - {targets: []}\n",
        )
        .unwrap();
        let jobs = jobs(&place(Some("1"), None), &config, "web-0.example");
        assert_eq!(
            jobs[1],
            json!({
                "metrics_path": "/metrics",
                "static_configs": [{"targets": ["web-0.example:8081", "x:1"], "labels": {"a": "b"}}, {"targets": []}],
                "job_name": "jobs",
            })
        );
        assert_eq!(jobs.len(), 2);
    }
}
