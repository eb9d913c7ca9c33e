//! The unit as the peer leaves it: a case's output as the input of what comes next.

use charmwright::juju::{Event, LifecycleKind};
use charmwright::runtime::conclude::{Done, conclude};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{Decision, Run, Work};
use charmwright::runtime::observation::{Observation, Workload};
use charmwright::yaml;
use serde_json::{Map, Value};

use super::case::{Case, bag};
use super::paper::after;

impl Case {
    /// Whether the peer's unit ended up at work.
    pub fn peer_is_active(&self) -> bool {
        self.output["crash"].is_null() && self.output["unit_status"][0] == "active"
    }

    /// The services of the plan as the peer left it.
    pub fn peers_plan(&self) -> Value {
        self.output["plan"]["services"].clone()
    }

    /// The state that the peer left, in which `upgrade-charm` meets ours.
    pub fn after_the_peer(&self) -> Observation {
        let mut observation = self.observation();
        observation.event = Event::Lifecycle(LifecycleKind::UpgradeCharm);
        let output = &self.output;
        let bags = |endpoint: &str, id: u64, which: &str| {
            bag(&output["own_databags"][format!("{endpoint}:{id}")][which])
        };
        if let Some(peer) = &mut observation.peer {
            peer.app = bags(&peer.endpoint, peer.id, "app");
        }
        for relation in &mut observation.relations {
            if observation.leader {
                relation.local_app = bags(&relation.endpoint, relation.id, "app");
            }
            relation.local_unit = bags(&relation.endpoint, relation.id, "unit");
            // The recorder's machine has no name of its own.
            let fqdn = observation.identity.fqdn(observation.identity.number);
            for value in relation.local_unit.values_mut() {
                *value = value.replace("localhost", &fqdn);
            }
        }
        let status = |which: &str| {
            let text = |at: usize| output[which][at].as_str().unwrap().to_owned();
            Some((text(0), text(1)))
        };
        observation.unit_status = status("unit_status");
        observation.app_status = status("app_status");
        let ports = output["opened_ports"].as_array().unwrap();
        observation.opened_ports = ports
            .iter()
            .map(|port| port.as_str().unwrap().to_owned())
            .collect();
        let Workload::Reachable(container) = &mut observation.workload else {
            return observation;
        };
        container.services = yaml::from_str(&output["plan"]["services"].to_string()).unwrap();
        container.states = bag(&output["service_running"]);
        for (path, file) in output["files_pushed"].as_object().unwrap() {
            if let Some(settings) = file["settings"].as_object() {
                container
                    .files
                    .insert(path.clone(), gunicorn(settings).into());
            }
            let Some(content) = file["content"].as_str() else {
                continue;
            };
            match path.rsplit('/').next().unwrap() {
                "original-services.json" => container.snapshot = Some(content.into()),
                "database-migration-status" => container.migration_status = Some(content.into()),
                _ => drop(container.files.insert(path.clone(), content.into())),
            }
        }
        observation
    }
}

/// Whether the peer's gunicorn has a logger of its own, which no reload replaces.
pub fn is_plain_gunicorn(case: &Case) -> bool {
    let files = case.output["files_pushed"].as_object().unwrap();
    let mut all = files
        .values()
        .filter_map(|file| file["settings"].as_object());
    all.all(|settings| settings.values().all(|value| *value != true))
}

/// A config file with the recorded settings; the recorder names what it did not keep in brackets.
fn gunicorn(settings: &Map<String, Value>) -> String {
    settings.iter().fold(String::new(), |text, (name, value)| {
        text + &match value {
            Value::Bool(false) => String::new(),
            Value::Bool(true) => format!("class Own: # {name}\n    pass\n"),
            value => format!(
                "{name} = {}\n",
                value.as_str().unwrap_or(&value.to_string())
            ),
        }
    })
}

/// Carries one hook out on paper: what was decided, and the state after it.
pub fn hook(observation: &Observation, kind: LifecycleKind) -> (Decision, Observation) {
    let mut observation = observation.clone();
    observation.event = Event::Lifecycle(kind);
    let decision = decide(&observation);
    let conclusion = conclude(&decision, &Done::Completed);
    let mut after = after(&observation, &decision, &Done::Completed, &conclusion.port);
    if let Some(verdict) = conclusion.verdict {
        let status = Some((verdict.status.to_string(), verdict.message));
        after.unit_status.clone_from(&status);
        if after.leader {
            after.app_status = status;
        }
    }
    (decision, after)
}

/// What a hook does to the workload, if it lets it work.
pub fn run_of(decision: &Decision) -> Option<&Run> {
    match &decision.work {
        Work::Run(run) => Some(run),
        Work::Stop { .. } | Work::Nothing => None,
    }
}

/// The services of the plan.
pub fn plan(observation: &Observation) -> Value {
    let Workload::Reachable(container) = &observation.workload else {
        return Value::Null;
    };
    yaml::from_str(&yaml::to_string(&container.services).unwrap()).unwrap()
}
