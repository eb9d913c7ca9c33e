//! What containers can reach: the providers' services, and the units by the names that Kubernetes gives them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Daemon;
use crate::local::container::{Service, Target};
use crate::local::model::{Application, Model, application_of};

impl Daemon {
    /// Tells all containers what they can reach.
    pub(super) fn update_services(self: &Rc<Self>) {
        let mut provided = Vec::new();
        for runner in self.runners.borrow().values() {
            provided.extend(runner.services());
        }
        let pods: Vec<_> = self.pods.borrow().values().cloned().collect();
        for pod in pods {
            let mut services = provided.clone();
            services.extend(self.read(|model| units_for(model, pod.unit())));
            let services = without_clashes(services);
            let daemon = Rc::clone(self);
            tokio::task::spawn_local(async move {
                if let Err(why) = pod.set_services(&services).await {
                    daemon.say("ERROR", &why);
                }
            });
        }
    }
}

/// The units that `unit` can reach. A container listens for them in the network of its own app, which must find its
/// ports free: there are none until the app has opened its ports, and none on those.
fn units_for(model: &Model, unit: &str) -> Vec<Service> {
    let application = model.applications.get(application_of(unit));
    let own: BTreeSet<u16> = application
        .into_iter()
        .flat_map(open_ports)
        .map(|(_, port)| port)
        .collect();
    if own.is_empty() {
        return Vec::new();
    }
    let mut services = unit_services(model);
    services.retain(|service| !own.contains(&service.port));
    services
}

/// The application's service goes to its first unit that has the port open; each unit has a name of its own.
fn unit_services(model: &Model) -> Vec<Service> {
    let mut services = Vec::new();
    for (name, application) in model.applications.iter().filter(|(_, it)| it.runs_charm()) {
        let namespace = &model.name;
        let mut seen = BTreeSet::new();
        for (number, port) in open_ports(application) {
            let unit = format!("{name}/{number}");
            if seen.insert(port) {
                services.push(Service {
                    hostnames: vec![
                        format!("{name}.{namespace}.svc.cluster.local"),
                        format!("{name}.{namespace}.svc"),
                        format!("{name}.{namespace}"),
                        name.clone(),
                    ],
                    port,
                    target: Target::Unit {
                        unit: unit.clone(),
                        port,
                    },
                });
            }
            let host = format!("{name}-{number}.{name}-endpoints");
            services.push(Service {
                hostnames: vec![
                    format!("{host}.{namespace}.svc.cluster.local"),
                    format!("{host}.{namespace}"),
                    host,
                ],
                port,
                target: Target::Unit { unit, port },
            });
        }
    }
    services
}

/// The TCP ports that units have open, with the unit's number.
pub(super) fn open_ports(application: &Application) -> Vec<(u32, u16)> {
    let mut ports = Vec::new();
    for (number, unit) in application.units.iter().filter(|(_, unit)| !unit.dying) {
        for port in &unit.ports {
            if let Some(port) = tcp_port(port) {
                ports.push((*number, port));
            }
        }
    }
    ports
}

/// The number of `8080/tcp`.
pub(super) fn tcp_port(port: &str) -> Option<u16> {
    port.strip_suffix("/tcp").unwrap_or(port).parse().ok()
}

/// One service for each first name and port: a container cannot listen twice.
fn without_clashes(services: Vec<Service>) -> Vec<Service> {
    let mut by_name = BTreeMap::new();
    for service in services {
        let name = service.hostnames.first().cloned().unwrap_or_default();
        by_name.entry((name, service.port)).or_insert(service);
    }
    by_name.into_values().collect()
}
