//! `local status` as data, in the shape of `juju status --format json`.

use serde_json::{Map, Value, json};

use super::Daemon;
use super::services::tcp_port;
use crate::local::model::{Application, Model, Status, Unit};

impl Daemon {
    /// All that there is to know.
    pub(super) fn status(&self) -> Value {
        let state = self.state.borrow();
        let model = &state.model;
        let addresses = self.unit_addresses(model);
        let mut applications = Map::new();
        for (name, application) in &model.applications {
            let value = self.application(model, name, application, &addresses);
            applications.insert(name.clone(), value);
        }
        let relations: Vec<Value> = model
            .relations
            .iter()
            .map(|(id, it)| relation(*id, it))
            .collect();
        json!({
            "model": {
                "name": model.name,
                "type": "caas",
                "controller": "charmwright",
                "cloud": "local",
                "version": model.juju_version.to_string(),
                "directory": self.directory.path(),
                "log": self.directory.log("model"),
            },
            "applications": applications,
            "relations": relations,
        })
    }

    /// Where each unit's open ports can be reached, by unit.
    fn unit_addresses(&self, model: &Model) -> Map<String, Value> {
        let mut addresses: Map<String, Value> = Map::new();
        for (name, application) in &model.applications {
            for (number, unit) in &application.units {
                let name = format!("{name}/{number}");
                let ports = unit.ports.iter().filter_map(|port| tcp_port(port));
                let found = ports.filter_map(|port| self.published_address(&name, port));
                addresses.insert(name.clone(), found.map(Value::String).collect());
            }
        }
        addresses
    }

    fn application(
        &self,
        model: &Model,
        name: &str,
        application: &Application,
        addresses: &Map<String, Value>,
    ) -> Value {
        let mut units = Map::new();
        for (number, unit) in &application.units {
            let name = format!("{name}/{number}");
            let leader = application.leader == Some(*number);
            let value = self.unit(&name, unit, leader, addresses.get(&name));
            units.insert(name, value);
        }
        let provided = self
            .runners
            .borrow()
            .get(name)
            .map(|runner| runner.addresses())
            .unwrap_or_default();
        let living = application
            .units
            .values()
            .filter(|unit| !unit.dying)
            .count();
        let mut relations: Map<String, Value> = Map::new();
        for relation in model.relations.values() {
            if let (Some(side), Some(remote)) =
                (relation.side_of(name), relation.remote_application(name))
                && let Some(list) = relations
                    .entry(side.endpoint.clone())
                    .or_insert_with(|| json!([]))
                    .as_array_mut()
            {
                list.push(json!({"related-application": remote, "interface": relation.interface}));
            }
        }
        json!({
            "charm": application.charm.name,
            "charm-name": application.charm.name,
            "charm-rev": application.charm.revision,
            "charm-origin": if application.runs_charm() { "local" } else { "built in" },
            "scale": living,
            "life": if application.dying { "dying" } else { "alive" },
            "addresses": provided,
            "application-status": told(&application_status(application)),
            "version": application.workload_version,
            "relations": relations,
            "units": units,
        })
    }

    fn unit(&self, name: &str, unit: &Unit, leader: bool, addresses: Option<&Value>) -> Value {
        let mut workload = unit.status.clone();
        let mut agent = unit.agent.clone();
        if let Some(problem) = unit.agent.strip_prefix("error ") {
            workload = Status {
                status: "error".into(),
                message: problem.into(),
            };
            agent = "idle".into();
        } else if let Some(problem) = self.pods.borrow().get(name).and_then(|pod| pod.problem()) {
            workload = Status {
                status: "error".into(),
                message: problem,
            };
        }
        let (current, doing) = agent
            .split_once(' ')
            .map_or((agent.as_str(), ""), |(current, doing)| (current, doing));
        let life = if unit.dying { "dying" } else { "alive" };
        json!({
            "workload-status": told(&workload),
            "juju-status": {"current": current, "message": doing},
            "life": life,
            "leader": leader,
            "address": unit.address,
            "open-ports": unit.ports,
            "addresses": addresses.cloned().unwrap_or_else(|| json!([])),
        })
    }
}

/// What the application says of itself, else its leader's word, as Juju derives it.
fn application_status(application: &Application) -> Status {
    if application.status.status != "unknown" {
        return application.status.clone();
    }
    let mut units = application.units.values();
    const WORST_FIRST: [&str; 6] = [
        "error",
        "blocked",
        "waiting",
        "maintenance",
        "terminated",
        "active",
    ];
    let rank = |status: &str| WORST_FIRST.iter().position(|it| *it == status).unwrap_or(6);
    let first = units.next();
    first
        .into_iter()
        .chain(units)
        .map(|unit| {
            if unit.agent.starts_with("error ") {
                Status {
                    status: "error".into(),
                    message: unit.agent.trim_start_matches("error ").into(),
                }
            } else {
                unit.status.clone()
            }
        })
        .min_by_key(|status| rank(&status.status))
        .unwrap_or_default()
}

fn told(status: &Status) -> Value {
    json!({"current": status.status, "message": status.message})
}

fn relation(id: u32, relation: &crate::local::model::Relation) -> Value {
    let ends: Vec<String> = relation
        .sides
        .iter()
        .map(|side| format!("{}:{}", side.application, side.endpoint))
        .collect();
    let requirer = ends.first().cloned().unwrap_or_default();
    let provider = ends.last().cloned().unwrap_or_default();
    json!({
        "id": id,
        "provider": provider,
        "requirer": requirer,
        "interface": relation.interface,
        "type": if relation.is_peer() { "peer" } else { "regular" },
        "status": if relation.dying { "removing" } else { "joined" },
    })
}
