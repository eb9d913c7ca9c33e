//! The dashboards and alert rules of a charm: its framework's and the user's own, merged in memory (known defect 115).

use std::path::Path;

use serde_json::Value;

use super::custom::{self, File, Kind};
use super::{Group, Topology, rules, shipped};

/// All that a charm has.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// Its dashboards.
    pub dashboards: Vec<Dashboard>,
    /// Its alert rules for Prometheus.
    prometheus: Vec<Group>,
    /// Its alert rules for Loki.
    loki: Vec<Group>,
    /// What was left out and why, one line each.
    pub problems: Vec<String>,
}

/// A dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// Where it would be among the merged ones, such as `flask.json` or `team/custom_queue.json`.
    pub path: String,
    /// The dashboard, an object.
    pub content: Value,
}

impl Assets {
    /// What is in the executable for the framework, and what is in `cos_custom/` of the charm's directory.
    #[must_use]
    pub fn load(framework: &str, charm: &Path) -> Self {
        let shipped = shipped::of(framework);
        let mut assets = Self::custom(charm);
        let dashboard = shipped.dashboard.map(|content| Dashboard {
            path: format!("{framework}.json"),
            content,
        });
        assets.dashboards.splice(0..0, dashboard);
        assets.prometheus.splice(0..0, shipped.rules);
        assets
    }

    /// What is in `cos_custom/`. One file that cannot be used does not keep the others out (known defect 116).
    #[must_use]
    pub fn custom(charm: &Path) -> Self {
        let (files, problems) = custom::read(charm);
        let mut assets = Self {
            problems,
            ..Self::default()
        };
        for file in files {
            if let Err(reason) = assets.add(&file) {
                let problem = custom::left_out(&file.full_path(), &reason);
                assets.problems.push(problem);
            }
        }
        assets
    }

    fn add(&mut self, file: &File) -> Result<(), String> {
        let path = file.published_path();
        match file.kind {
            Kind::Dashboard => {
                let content: Value = serde_json::from_str(&file.text)
                    .map_err(|error| format!("it is no JSON: {error}"))?;
                if !content.is_object() {
                    return Err("it is no dashboard: it must be one JSON object".into());
                }
                self.dashboards.push(Dashboard { path, content });
            }
            Kind::LokiRules => self.loki.extend(Group::parse(&path, &file.text)?),
            Kind::PrometheusRules => self.prometheus.extend(Group::parse(&path, &file.text)?),
        }
        Ok(())
    }

    /// `alert_rules` for Prometheus, with those for whatever is scraped.
    #[must_use]
    pub fn prometheus_rules(&self, topology: &Topology<'_>) -> Value {
        rules::of(
            self.prometheus.iter().chain([&shipped::generic()]),
            topology,
        )
    }

    /// `alert_rules` for Loki.
    #[must_use]
    pub fn loki_rules(&self, topology: &Topology<'_>) -> Value {
        rules::of(&self.loki, topology)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_cannot_be_used_is_told_and_the_rest_counts() {
        let charm = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = charm.path().join("cos_custom").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("stray.json", b"{}");
        write("other/x.json", b"{}");
        write("grafana_dashboards/.gitkeep", b"");
        write("grafana_dashboards/a.json", b"{}");
        write("grafana_dashboards/team/queue.json.tmpl", b"{}");
        write("grafana_dashboards/broken.json", b"{");
        write("grafana_dashboards/list.json", b"[]");
        write("grafana_dashboards/notes.md", b"");
        write("prometheus_alert_rules/a.rule", b"{alert: A, expr: up}");
        write(
            "prometheus_alert_rules/team/b.yml",
            b"groups: [{name: b, rules: []}]",
        );
        write("prometheus_alert_rules/broken.yaml", b"a: [");
        write("loki_alert_rules/latin.rules", b"\xff");
        write("loki_alert_rules/c.rules", b"{alert: C, expr: x}");

        let assets = Assets::load("flask", charm.path());
        let dashboards: Vec<&str> = assets.dashboards.iter().map(|one| &*one.path).collect();
        assert_eq!(
            dashboards,
            ["flask.json", "custom_a.json", "team/custom_queue.json.tmpl"]
        );
        let topology = Topology {
            model: "m",
            model_uuid: "01234567-",
            application: "web",
            unit: "web/0",
            charm: "web",
        };
        let names = |rules: Value| -> Vec<String> {
            let groups = rules["groups"].as_array().unwrap().iter();
            groups
                .map(|group| group["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            names(assets.prometheus_rules(&topology)),
            [
                "m_01234567_web_flask_rules",
                "m_01234567_web_custom_a_rules",
                "m_01234567_web_team_b_rules",
                "m_01234567_web_HostHealth_rules",
            ]
        );
        assert_eq!(
            names(assets.loki_rules(&topology)),
            ["m_01234567_web_custom_c_rules"]
        );
        for (path, reason) in [
            ("cos_custom/stray.json", "only `grafana_dashboards/`"),
            ("cos_custom/other", "only `grafana_dashboards/`"),
            ("cos_custom/grafana_dashboards/broken.json", "no JSON"),
            ("cos_custom/grafana_dashboards/list.json", "object"),
            ("cos_custom/grafana_dashboards/notes.md", ".json"),
            (
                "cos_custom/prometheus_alert_rules/broken.yaml",
                "no YAML in line",
            ),
            ("cos_custom/loki_alert_rules/latin.rules", "UTF-8"),
        ] {
            let told = |problem: &&String| problem.starts_with(&format!("`{path}` is left out"));
            let problem = assets.problems.iter().find(told);
            assert!(problem.unwrap().contains(reason), "{path}: {problem:?}");
        }
        assert_eq!(assets.problems.len(), 7, "{:?}", assets.problems);
    }

    #[test]
    fn a_framework_of_the_projects_own_brings_nothing_and_fails_nothing() {
        let charm = tempfile::tempdir().unwrap();
        let assets = Assets::load("rails", charm.path());
        assert!(assets.dashboards.is_empty() && assets.problems.is_empty());
    }
}
