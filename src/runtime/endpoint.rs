//! The charm's endpoints, each with what the table of interfaces says of it: looked up once, used all through a hook.

use super::code::{Code, Own};
use crate::interfaces::{Interface, handler, table};
use crate::paas_config::FILE;
use crate::paas_config::integrations::{Integration, Integrations};
use crate::yaml::{Mapping, Value};

/// An endpoint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: String,
    /// Which section declares it.
    pub role: Role,
    /// `optional: true`.
    pub optional: bool,
    /// What the table of interfaces says of it, where the table knows it on this side.
    pub row: Option<table::Row>,
    /// The charm's own code that speaks the interface.
    pub(super) own: Option<Own>,
}

impl Endpoint {
    /// The code that speaks the endpoint's interface, where there is any.
    #[must_use]
    pub fn handler(&self) -> Option<Box<dyn Interface>> {
        if let Some(own) = &self.own {
            return Some(Box::new(own.clone()));
        }
        let mut row = self.row.clone()?;
        row.endpoint.clone_from(&self.name);
        handler(&row)
    }

    /// Lets the charm's own code speak the interface, if it does.
    pub(super) fn speak(&mut self, code: &Code) {
        let Some(own) = code.of_interface(&self.interface) else {
            return;
        };
        let provides = match self.role {
            Role::Peer => return,
            Role::Provides => true,
            Role::Requires => false,
        };
        self.own = Some(own.clone());
        if self.row.is_none() {
            let row = Integration::default().row(&self.interface, provides, None);
            self.row = row.ok();
        }
        // Nobody has to come for what the charm offers.
        if let Some(row) = self.row.as_mut().filter(|_| provides) {
            row.gate = None;
        }
    }
}

/// The section of `metadata.yaml` that declares an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// `peers`
    Peer,
    /// `provides`
    Provides,
    /// `requires`
    Requires,
}

/// The endpoints of a section of `metadata.yaml`, in its order.
pub(super) fn endpoints(section: &Mapping, role: Role) -> Vec<Endpoint> {
    let endpoint = |(name, body): (&Value, &Value)| {
        // Juju also takes the bare interface name.
        let interface = body
            .as_str()
            .or_else(|| body.get("interface").and_then(Value::as_str));
        let interface = interface?;
        Some(Endpoint {
            name: name.as_str()?.to_owned(),
            interface: interface.to_owned(),
            role,
            own: None,
            row: table::find(interface).filter(|row| match role {
                Role::Peer => false,
                Role::Provides => row.provides,
                Role::Requires => !row.provides,
            }),
            optional: body
                .get("optional")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        })
    };
    section.iter().filter_map(endpoint).collect()
}

/// Gives each of several databases of one interface variables of its own (known defect 62): the one with the usual name,
/// else the first, keeps the usual prefix, and the others are named after their endpoints.
pub(super) fn tell_apart(endpoints: &mut [Endpoint]) {
    let prefix = |endpoint: &Endpoint| {
        let row = endpoint.row.as_ref().filter(|row| row.database);
        row.and_then(|row| row.prefix.clone())
    };
    let is_usual =
        |endpoint: &&Endpoint| prefix(endpoint) == Some(table::database_prefix(&endpoint.name));
    let mains: Vec<String> = endpoints
        .iter()
        .filter_map(|endpoint| {
            let usual = prefix(endpoint)?;
            let mut alike = endpoints
                .iter()
                .filter(|other| prefix(other).as_ref() == Some(&usual));
            let main = alike.clone().find(is_usual).or_else(|| alike.next());
            main.map(|main| main.name.clone())
        })
        .collect();
    for endpoint in endpoints
        .iter_mut()
        .filter(|endpoint| !mains.contains(&endpoint.name))
    {
        if let Some(row) = endpoint.row.as_mut().filter(|row| row.database) {
            row.prefix = Some(table::database_prefix(&endpoint.name));
        }
    }
}

/// Lays what `paas-config.yaml` says of endpoints over what the table says of their interfaces.
///
/// # Errors
/// The first mistake, as text for a status. An endpoint that has one asks for nothing.
pub(super) fn lay_over(
    endpoints: &mut [Endpoint],
    integrations: &Integrations,
) -> Result<(), String> {
    let mut first = Ok(());
    for (name, integration) in integrations {
        let mut named = endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.role != Role::Peer && endpoint.name == *name);
        let problem = match named.next() {
            Some(endpoint) => {
                let provides = endpoint.role == Role::Provides;
                let prefix = endpoint.row.as_ref().and_then(|row| row.prefix.as_deref());
                let row = integration.row(&endpoint.interface, provides, prefix);
                let problem = row.as_ref().err().cloned();
                endpoint.row = row.ok();
                problem.map(|problem| format!("{name}.{problem}"))
            }
            None => Some(format!(
                "{name}: the charm has no such endpoint; declare it under `requires`, or pack it with charmwright"
            )),
        };
        if let (Ok(()), Some(problem)) = (&first, problem) {
            first = Err(format!("Invalid {FILE}: integrations.{problem}"));
        }
    }
    first
}
