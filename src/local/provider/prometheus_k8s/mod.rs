//! `prometheus-k8s`: the machine's Prometheus, which scrapes units through a proxy of ours, since it is outside of
//! their networks.

mod proxy;
mod scrape;

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use self::proxy::Proxy;
use super::declared::Declared;
use super::server::write;
use super::{BoxFuture, Provider, Update, View, listen, private_directory};
use crate::local::container::on_path;
use crate::local::model::{Charm, Status};

/// The charm that this stands in for.
pub const NAME: &str = "prometheus-k8s";
/// Its server.
const DESCRIPTION: &str = include_str!("../../../../metadata/providers/prometheus-k8s.yaml");

/// The provider; nothing runs before its first `reconcile`.
pub struct PrometheusK8s {
    server: Declared,
    proxy: Option<Proxy>,
}

/// The provider.
pub(super) fn provider() -> PrometheusK8s {
    PrometheusK8s {
        server: Declared::new(DESCRIPTION, |_| None, None),
        proxy: None,
    }
}

impl PrometheusK8s {
    async fn update(&mut self, view: &View) -> Result<Update, String> {
        let proxy = match self.proxy.take() {
            Some(proxy) => proxy,
            None => {
                let listener = listen(&view.directory).await.and_then(Proxy::start);
                listener.map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?
            }
        };
        let proxy = self.proxy.insert(proxy);
        proxy.set(scrape::hosts(view), view.dial.clone());
        let mut jobs = Vec::new();
        let mut groups = Vec::new();
        let mut problem = None;
        for (id, relation) in &view.relations {
            let wanted = scrape::wanted(relation, proxy.port());
            let wanted = match wanted {
                Ok(wanted) => check(&view.directory, &wanted).await.map(|()| wanted),
                Err(error) => Err(error),
            };
            match wanted {
                Ok(wanted) => {
                    jobs.extend(wanted.jobs);
                    groups.extend(wanted.groups);
                }
                Err(error) => {
                    let application = &relation.remote_application;
                    problem.get_or_insert(format!("{application} (relation {id}): {error}"));
                }
            }
        }
        let code = json!({
            "config": configuration("rules.yml", jobs),
            "rules": json!({ "groups": scrape::distinct(groups) }),
        });
        let mut update = self.server.update(view, code).await?;
        if let Some(problem) = problem {
            update.status = Status::blocked(problem);
        }
        Ok(update)
    }
}

impl Provider for PrometheusK8s {
    fn charm(&self) -> Charm {
        self.server.charm()
    }

    fn adopt(&mut self, directory: &Path) {
        self.server.adopt(directory);
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(self.update(view))
    }

    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.proxy = None;
            self.server.stop(remove_data).await;
        })
    }
}

/// Prometheus' own configuration; JSON is YAML.
fn configuration(rules: &str, jobs: Vec<Value>) -> Value {
    json!({
        // The charm's are a minute; here somebody is waiting.
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [rules],
        "scrape_configs": jobs,
    })
}

/// Asks promtool what it thinks of one application's jobs and rules, so that it alone suffers from its mistakes.
async fn check(directory: &Path, wanted: &scrape::Wanted) -> Result<(), String> {
    // Without it the server is not there either, which is told elsewhere.
    let Some(promtool) = on_path("promtool") else {
        return Ok(());
    };
    let cannot = |error: std::io::Error| format!("cannot check its rules: {error}");
    let directory = directory.join("check");
    private_directory(&directory).map_err(cannot)?;
    let rules = json!({ "groups": scrape::distinct(wanted.groups.clone()) });
    write(&directory.join("rules.yml"), &rules.to_string()).map_err(cannot)?;
    let file = directory.join("prometheus.yml");
    let text = configuration("rules.yml", wanted.jobs.clone()).to_string();
    write(&file, &text).map_err(cannot)?;
    let output = Command::new(promtool)
        .args(["check", "config"])
        .arg(&file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(cannot)?;
    let _ = std::fs::remove_dir_all(&directory);
    if output.status.success() {
        return Ok(());
    }
    Err(complaint(&String::from_utf8_lossy(&output.stderr)))
}

/// The reason out of what promtool writes: what follows `FAILED:`, without our file names.
fn complaint(text: &str) -> String {
    let reason = text
        .split_once("FAILED:")
        .map_or(text, |(_, reason)| reason);
    let lines = reason.lines().map(str::trim);
    let reason = lines
        .filter(|line| !line.is_empty())
        .take(3)
        .collect::<Vec<_>>();
    let reason = reason.join(" ");
    let named = reason
        .split_once(".yml: ")
        .map_or(reason.as_str(), |(_, reason)| reason);
    let short: String = named.chars().take(300).collect();
    format!("Prometheus refuses its jobs or alert rules: {short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_can_be_read() {
        crate::local::provider::declared::check(NAME, DESCRIPTION, |_| None);
    }

    #[test]
    fn complaints_of_promtool_are_told_without_our_files() {
        let text = "Checking /x/prometheus.yml\n  FAILED:\n/x/rules.yml: 7:11: group \"a\", rule 1, \"Down\": could not parse\n";
        assert_eq!(
            complaint(text),
            "Prometheus refuses its jobs or alert rules: 7:11: group \"a\", rule 1, \"Down\": could not parse"
        );
        assert!(complaint("").ends_with("rules: "));
    }
}
