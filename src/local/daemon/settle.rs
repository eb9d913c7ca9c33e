//! When everything has come to rest, and what is still missing until then.

use super::Daemon;
use super::services::open_ports;
use crate::local::model::{Application, Unit};

impl Daemon {
    /// What keeps units of `applications` (all when empty) from being idle with `status`: one line for each.
    pub(super) fn missing(&self, applications: &[String], status: &str) -> Vec<String> {
        let state = self.state.borrow();
        let mut missing = Vec::new();
        for name in applications {
            if !state.model.applications.contains_key(name) {
                missing.push(format!("application \"{name}\" not found"));
            }
        }
        let wanted =
            |name: &String| applications.is_empty() || applications.iter().any(|it| it == name);
        for (name, application) in state.model.applications.iter().filter(|(it, _)| wanted(it)) {
            if application.dying {
                missing.push(format!("{name} is being removed"));
            }
            if application.units.is_empty() {
                missing.push(format!("{name} has no units"));
            }
            for (number, unit) in &application.units {
                let unit_name = format!("{name}/{number}");
                if let Some(what) = self.lacks(&unit_name, application, unit, status) {
                    missing.push(format!("{unit_name} {what}"));
                }
            }
        }
        missing.extend(self.busy_providers());
        missing
    }

    /// Units of `applications` (all when empty) with an open port on which nothing listens: one line for each port.
    pub(super) async fn silent(&self, applications: &[String]) -> Vec<String> {
        let open: Vec<(String, u16)> = {
            let state = self.state.borrow();
            let all = state.model.applications.iter();
            all.filter(|(name, _)| applications.is_empty() || applications.contains(name))
                .flat_map(|(name, application)| {
                    open_ports(application)
                        .into_iter()
                        .map(move |(number, port)| (format!("{name}/{number}"), port))
                })
                .collect()
        };
        let mut silent = Vec::new();
        for (unit, port) in open {
            let pod = self.pods.borrow().get(&unit).cloned();
            let Some(pod) = pod.filter(|pod| pod.has_containers()) else {
                continue;
            };
            if pod.dial(port).await.is_err() {
                silent.push(format!("{unit} does not answer on port {port} yet"));
            }
        }
        silent
    }

    /// Providers that have not answered yet: what they say may be news to any unit.
    fn busy_providers(&self) -> Vec<String> {
        let runners = self.runners.borrow();
        let busy = runners.iter().filter(|(_, runner)| runner.is_due());
        busy.map(|(name, _)| format!("{name} is working")).collect()
    }

    fn lacks(
        &self,
        name: &str,
        application: &Application,
        unit: &Unit,
        status: &str,
    ) -> Option<String> {
        if let Some(problem) = unit.agent.strip_prefix("error ") {
            return Some(format!("is in error: {problem}"));
        }
        if let Some(problem) = self.pods.borrow().get(name).and_then(|pod| pod.problem()) {
            return Some(format!("has no container: {problem}"));
        }
        if unit.dying {
            return Some("is being removed".into());
        }
        if application.runs_charm() {
            if let Some(doing) = unit.agent.strip_prefix("executing ") {
                return Some(format!("is executing {doing}"));
            }
            if !unit.queue.is_empty() || !unit.installed {
                return Some("has events to handle".into());
            }
            if self.is_pod_starting(name) {
                return Some("has containers that are starting".into());
            }
        }
        if unit.status.status != status {
            let message = &unit.status.message;
            let colon = if message.is_empty() { "" } else { ": " };
            return Some(format!("is {}{colon}{message}", unit.status.status));
        }
        None
    }
}
