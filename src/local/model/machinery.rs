//! What follows from changes without anybody asking: events, scopes, the end of what is dying.

use std::collections::VecDeque;

use super::change::Change;
use super::events::QueuedEvent;
use super::hearers::after;
use super::{Application, Model, Relation, Side, Unit};
use crate::juju::JujuVersion;

/// The application of a unit: `web` of `web/0`; an application's name is its own.
#[must_use]
pub fn application_of(unit: &str) -> &str {
    unit.split_once('/').map_or(unit, |(name, _)| name)
}

impl Model {
    /// An empty model.
    #[must_use]
    pub fn new(name: &str, uuid: &str, juju_version: JujuVersion) -> Self {
        Self {
            name: name.into(),
            uuid: uuid.into(),
            juju_version,
            ..Self::default()
        }
    }

    /// A unit by its name.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&Unit> {
        let (application, number) = name.split_once('/')?;
        let application = self.applications.get(application)?;
        application.units.get(&number.parse().ok()?)
    }

    /// A unit by its name, to change.
    pub fn unit_mut(&mut self, name: &str) -> Option<&mut Unit> {
        let (application, number) = name.split_once('/')?;
        let application = self.applications.get_mut(application)?;
        application.units.get_mut(&number.parse().ok()?)
    }

    /// The names of an application's units that are not dying, by number.
    #[must_use]
    pub fn living_units(&self, application: &str) -> Vec<String> {
        let found = self.applications.get(application);
        found.map_or_else(Vec::new, |found| {
            let living = found.units.iter().filter(|(_, unit)| !unit.dying);
            living
                .map(|(number, _)| format!("{application}/{number}"))
                .collect()
        })
    }

    /// The leader's name.
    #[must_use]
    pub fn leader_of(&self, application: &str) -> Option<String> {
        let leader = self.applications.get(application)?.leader?;
        Some(format!("{application}/{leader}"))
    }

    /// Whether a unit leads its application.
    #[must_use]
    pub fn is_leader(&self, unit: &str) -> bool {
        self.leader_of(application_of(unit)).as_deref() == Some(unit)
    }

    /// Whether a unit runs a charm; those of applications that are built in do not.
    #[must_use]
    pub fn runs_charm(&self, unit: &str) -> bool {
        self.applications
            .get(application_of(unit))
            .is_some_and(Application::runs_charm)
    }

    /// Gives the units concerned their events for `changes`, and does what needs no charm: units that are built in
    /// enter and leave relations, what is dying and has nobody left goes. Answers with all that changed.
    pub fn enqueue(&mut self, changes: Vec<Change>) -> Vec<Change> {
        let mut all = Vec::new();
        let mut pending = VecDeque::from(changes);
        while let Some(change) = pending.pop_front() {
            for (unit, event) in after(self, std::slice::from_ref(&change)) {
                self.push(&unit, event);
            }
            pending.extend(self.settle(&change));
            all.push(change);
        }
        all
    }

    /// Gives one unit one event, such as `update-status` or `pebble-ready`, which no change makes.
    pub fn push(&mut self, unit: &str, event: QueuedEvent) {
        if let Some(unit) = self.unit_mut(unit) {
            unit.queue.push(event);
        }
    }

    fn settle(&mut self, change: &Change) -> Vec<Change> {
        let mut changes = Vec::new();
        match change {
            Change::RelationAdded { relation } => {
                for unit in self.built_in_units(*relation) {
                    changes.extend(self.enter_scope(*relation, &unit));
                }
            }
            Change::RelationDying { relation } => {
                for unit in self.built_in_units(*relation) {
                    changes.extend(self.leave_scope(*relation, &unit));
                }
                self.forget_outside_scope(*relation);
            }
            Change::UnitAdded { unit } if !self.runs_charm(unit) => {
                let application = application_of(unit);
                let ids: Vec<u32> = self
                    .relations
                    .iter()
                    .filter(|(_, relation)| {
                        !relation.dying && relation.side_of(application).is_some()
                    })
                    .map(|(id, _)| *id)
                    .collect();
                for id in ids {
                    changes.extend(self.enter_scope(id, unit));
                }
            }
            Change::UnitDying { unit } if !self.runs_charm(unit) => {
                changes.extend(self.leave_all(unit));
                changes.extend(self.drop_unit(unit));
            }
            _ => {}
        }
        changes.extend(self.sweep());
        changes
    }

    fn built_in_units(&self, relation: u32) -> Vec<String> {
        let sides = self
            .relations
            .get(&relation)
            .map_or(&[][..], |found| &found.sides);
        sides
            .iter()
            .flat_map(|side| self.living_units(&side.application))
            .filter(|unit| !self.runs_charm(unit))
            .collect()
    }

    /// Puts a unit where the other side sees it.
    pub(super) fn enter_scope(&mut self, relation: u32, unit: &str) -> Vec<Change> {
        let Some(found) = self.relations.get_mut(&relation) else {
            return Vec::new();
        };
        if !found.members.insert(unit.into()) {
            return Vec::new();
        }
        found.bags.entry(unit.into()).or_default();
        if self.runs_charm(unit) {
            self.write_network_keys(relation, unit);
        }
        vec![Change::ScopeEntered {
            relation,
            unit: unit.into(),
        }]
    }

    /// Gives a unit an address, as a new pod does.
    pub fn set_address(&mut self, unit: &str, address: &str) -> Vec<Change> {
        let Some(found) = self.unit_mut(unit) else {
            return Vec::new();
        };
        if found.address == address {
            return Vec::new();
        }
        let first = found.address.is_empty();
        found.address = address.into();
        let mut changes = Vec::new();
        // The first address is no change: `config-changed` comes with the start anyway.
        if !first {
            changes.push(Change::AddressChanged { unit: unit.into() });
        }
        let entered: Vec<u32> = self
            .relations
            .iter()
            .filter(|(_, relation)| !relation.dying && relation.members.contains(unit))
            .map(|(id, _)| *id)
            .collect();
        for relation in entered {
            if self.write_network_keys(relation, unit) {
                changes.push(Change::BagChanged {
                    relation,
                    member: unit.into(),
                });
            }
        }
        changes
    }

    /// The keys that Juju itself writes into a unit's bag; true when something changed.
    fn write_network_keys(&mut self, relation: u32, unit: &str) -> bool {
        let address = self.unit(unit).map(|unit| unit.address.clone());
        let Some(address) = address.filter(|address| !address.is_empty()) else {
            return false;
        };
        let keys = if self.juju_version.major >= 4 {
            vec![("ip", address)]
        } else {
            vec![
                ("egress-subnets", format!("{address}/32")),
                ("ingress-address", address.clone()),
                ("private-address", address),
            ]
        };
        let Some(found) = self.relations.get_mut(&relation) else {
            return false;
        };
        let bag = found.bags.entry(unit.into()).or_default();
        let mut changed = false;
        for (key, value) in keys {
            changed |= bag.get(key) != Some(&value);
            bag.insert(key.into(), value);
        }
        changed
    }

    /// Takes a unit from where the other side sees it.
    pub(super) fn leave_scope(&mut self, relation: u32, unit: &str) -> Vec<Change> {
        let Some(found) = self.relations.get_mut(&relation) else {
            return Vec::new();
        };
        if !found.members.remove(unit) {
            return Vec::new();
        }
        vec![Change::ScopeLeft {
            relation,
            unit: unit.into(),
        }]
    }

    pub(super) fn leave_all(&mut self, unit: &str) -> Vec<Change> {
        let ids: Vec<u32> = self.relations.keys().copied().collect();
        ids.into_iter()
            .flat_map(|id| self.leave_scope(id, unit))
            .collect()
    }

    fn forget_outside_scope(&mut self, relation: u32) {
        let Some(found) = self.relations.get(&relation) else {
            return;
        };
        let members = found.members.clone();
        for side in found.sides.clone() {
            let Some(application) = self.applications.get_mut(&side.application) else {
                continue;
            };
            for (number, unit) in &mut application.units {
                let name = format!("{}/{number}", side.application);
                if !members.contains(&name) {
                    unit.queue.forget_relation(relation);
                }
            }
        }
    }

    fn queues_mention(&self, relation: u32) -> bool {
        let mut queues = self
            .applications
            .values()
            .flat_map(|application| application.units.values())
            .map(|unit| &unit.queue);
        queues.any(|queue| {
            queue
                .running
                .iter()
                .chain(&queue.waiting)
                .any(|event| event.relation() == Some(relation))
        })
    }

    /// Removes what is dying and has nobody left.
    pub(super) fn sweep(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        let over: Vec<u32> = self
            .relations
            .iter()
            .filter(|(id, relation)| {
                relation.dying && relation.members.is_empty() && !self.queues_mention(**id)
            })
            .map(|(id, _)| *id)
            .collect();
        for relation in over {
            self.relations.remove(&relation);
            for secret in self.secrets.values_mut() {
                secret
                    .grants
                    .retain(|grant| grant.relation != Some(relation));
            }
            changes.push(Change::RelationRemoved { relation });
        }
        let over: Vec<String> = self
            .applications
            .iter()
            .filter(|(name, application)| {
                let busy = self.relations.values().any(|relation| {
                    !relation.is_peer() && relation.side_of(name.as_str()).is_some()
                });
                application.dying && application.units.is_empty() && !busy
            })
            .map(|(name, _)| name.clone())
            .collect();
        for application in over {
            changes.extend(self.drop_application(&application));
        }
        changes
    }

    fn drop_application(&mut self, application: &str) -> Vec<Change> {
        let mut changes = self.drop_secrets_of(application);
        let peers: Vec<u32> = self
            .relations
            .iter()
            .filter(|(_, relation)| relation.side_of(application).is_some())
            .map(|(id, _)| *id)
            .collect();
        for relation in peers {
            self.relations.remove(&relation);
            changes.push(Change::RelationRemoved { relation });
        }
        self.applications.remove(application);
        changes.push(Change::ApplicationRemoved {
            application: application.into(),
        });
        changes
    }

    pub(super) fn drop_unit(&mut self, unit: &str) -> Vec<Change> {
        let number = unit.split_once('/').and_then(|(_, n)| n.parse().ok());
        let found = self.applications.get_mut(application_of(unit));
        let (Some(number), Some(found)) = (number, found) else {
            return Vec::new();
        };
        if found.units.remove::<u32>(&number).is_none() {
            return Vec::new();
        }
        // Its databags stay readable for as long as the relations live.
        for secret in self.secrets.values_mut() {
            secret.consumers.remove(unit);
        }
        let mut changes = self.drop_secrets_of(unit);
        changes.push(Change::UnitRemoved { unit: unit.into() });
        changes
    }
}

impl Application {
    /// Whether a packed charm runs, rather than a provider that is built in.
    #[must_use]
    pub const fn runs_charm(&self) -> bool {
        self.charm.directory.is_some()
    }
}

impl Relation {
    /// The application's side.
    #[must_use]
    pub fn side_of(&self, application: &str) -> Option<&Side> {
        self.sides
            .iter()
            .find(|side| side.application == application)
    }

    /// Between units of one application.
    #[must_use]
    pub const fn is_peer(&self) -> bool {
        self.sides.len() == 1
    }

    /// The application at the other side of `application`'s; for peers its own.
    #[must_use]
    pub fn remote_application(&self, application: &str) -> Option<&str> {
        let other = self
            .sides
            .iter()
            .find(|side| side.application != application);
        other
            .or_else(|| self.sides.first())
            .map(|side| side.application.as_str())
    }

    /// The units in scope that `unit` sees, which are those that see it: the other side's, for peers the others.
    #[must_use]
    pub fn seen_by_others(&self, unit: &str) -> Vec<String> {
        let own = application_of(unit);
        self.members
            .iter()
            .filter(|member| {
                member.as_str() != unit && (self.is_peer() || application_of(member) != own)
            })
            .cloned()
            .collect()
    }
}
