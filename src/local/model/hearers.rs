//! Who hears of a change, and in which order (contract "Juju", section 2).

use super::change::Change;
use super::events::{QueuedEvent, RelationHook, SecretHook};
use super::{Model, Relation};

/// Which units get which events for `changes`, in Juju's order. Units of applications that are built in get none.
///
/// The model is the one after the changes; what goes away must still be in it, as dying.
#[must_use]
pub fn after(model: &Model, changes: &[Change]) -> Vec<(String, QueuedEvent)> {
    let mut events = Vec::new();
    for change in changes {
        one(model, change, &mut events);
    }
    events.retain(|(unit, _)| model.runs_charm(unit));
    events
}

type Events = Vec<(String, QueuedEvent)>;

fn one(model: &Model, change: &Change, events: &mut Events) {
    match change {
        Change::ActionQueued { action } => {
            if let Some(found) = model.actions.get(action) {
                let event = QueuedEvent::Action { action: *action };
                events.push((found.unit.clone(), event));
            }
        }
        Change::AddressChanged { unit } => {
            events.push((unit.clone(), QueuedEvent::ConfigChanged));
        }
        Change::BagChanged { relation, member } => bag_changed(model, *relation, member, events),
        Change::ConfigChanged { application } => {
            for unit in model.living_units(application) {
                events.push((unit, QueuedEvent::ConfigChanged));
            }
        }
        Change::LeaderElected { application } => {
            if let Some(unit) = model.leader_of(application) {
                events.push((unit, QueuedEvent::LeaderElected));
            }
        }
        Change::Refreshed { application } => {
            for unit in model.living_units(application) {
                events.push((unit.clone(), QueuedEvent::UpgradeCharm));
                events.push((unit, QueuedEvent::ConfigChanged));
            }
        }
        Change::RelationAdded { relation } => created(model, *relation, events),
        Change::RelationDying { relation } => {
            if let Some(found) = model.relations.get(relation) {
                for unit in &found.members {
                    breaking(*relation, found, unit, None, events);
                }
            }
        }
        Change::ScopeEntered { relation, unit } => entered(model, *relation, unit, events),
        Change::ScopeLeft { relation, unit } => {
            let Some(found) = model.relations.get(relation).filter(|found| !found.dying) else {
                return;
            };
            // A unit that goes too has its own `departed` for everybody.
            for other in found.seen_by_others(unit) {
                if is_alive(model, &other) {
                    let hook = RelationHook::Departed;
                    push_relation(*relation, found, &other, hook, Some(unit), events);
                }
            }
        }
        Change::SecretObsolete { secret, revision } => {
            if let Some(unit) = model.secret_keeper(secret) {
                let event = QueuedEvent::Secret {
                    hook: SecretHook::Remove,
                    secret: secret.clone(),
                    revision: Some(*revision),
                };
                events.push((unit, event));
            }
        }
        Change::SecretRevised { secret } => {
            for unit in model.units_behind(secret) {
                let event = QueuedEvent::Secret {
                    hook: SecretHook::Changed,
                    secret: secret.clone(),
                    revision: None,
                };
                events.push((unit, event));
            }
        }
        Change::UnitAdded { unit } => unit_added(model, unit, events),
        Change::UnitDying { unit } => unit_dying(model, unit, events),
        Change::ApplicationRemoved { .. }
        | Change::PortsChanged { .. }
        | Change::RelationRemoved { .. }
        | Change::SecretRemoved { .. }
        | Change::UnitRemoved { .. } => {}
    }
}

fn unit_added(model: &Model, unit: &str, events: &mut Events) {
    let application = super::application_of(unit);
    events.push((unit.into(), QueuedEvent::Install));
    for (id, relation) in &model.relations {
        if !relation.dying && relation.side_of(application).is_some() {
            push_relation(*id, relation, unit, RelationHook::Created, None, events);
        }
    }
    if model.is_leader(unit) {
        events.push((unit.into(), QueuedEvent::LeaderElected));
    }
    events.push((unit.into(), QueuedEvent::ConfigChanged));
    events.push((unit.into(), QueuedEvent::Start));
}

fn unit_dying(model: &Model, unit: &str, events: &mut Events) {
    for (id, relation) in &model.relations {
        // A relation that goes anyway has queued its own end already.
        if relation.members.contains(unit) && !relation.dying {
            breaking(*id, relation, unit, Some(unit), events);
        }
    }
    events.push((unit.into(), QueuedEvent::Stop));
    events.push((unit.into(), QueuedEvent::Remove));
}

fn created(model: &Model, id: u32, events: &mut Events) {
    let Some(relation) = model.relations.get(&id) else {
        return;
    };
    for side in &relation.sides {
        for unit in model.living_units(&side.application) {
            push_relation(id, relation, &unit, RelationHook::Created, None, events);
        }
    }
}

fn entered(model: &Model, id: u32, unit: &str, events: &mut Events) {
    let Some(relation) = model.relations.get(&id) else {
        return;
    };
    if relation.dying {
        push_relation(id, relation, unit, RelationHook::Broken, None, events);
        return;
    }
    let others = relation.seen_by_others(unit);
    for other in &others {
        if is_alive(model, other) {
            joined(id, relation, other, unit, events);
        }
    }
    let remote = relation
        .remote_application(super::application_of(unit))
        .unwrap_or_default();
    let news = relation.bags.get(remote).is_some_and(|bag| !bag.is_empty());
    if news && !(relation.is_peer() && model.is_leader(unit)) {
        push_relation(id, relation, unit, RelationHook::Changed, None, events);
    }
    for other in &others {
        joined(id, relation, unit, other, events);
    }
}

fn joined(id: u32, relation: &Relation, hearer: &str, of: &str, events: &mut Events) {
    for hook in [RelationHook::Joined, RelationHook::Changed] {
        push_relation(id, relation, hearer, hook, Some(of), events);
    }
}

/// A unit that goes has queued its own end of every relation.
fn is_alive(model: &Model, unit: &str) -> bool {
    model.unit(unit).is_some_and(|unit| !unit.dying)
}

fn bag_changed(model: &Model, id: u32, member: &str, events: &mut Events) {
    let Some(relation) = model.relations.get(&id).filter(|found| !found.dying) else {
        return;
    };
    let hook = RelationHook::Changed;
    if member.contains('/') {
        if relation.members.contains(member) {
            for other in relation.seen_by_others(member) {
                if is_alive(model, &other) {
                    push_relation(id, relation, &other, hook, Some(member), events);
                }
            }
        }
        return;
    }
    for unit in &relation.members {
        let own = super::application_of(unit) == member;
        let hears = if relation.is_peer() {
            !model.is_leader(unit)
        } else {
            !own
        };
        if hears && is_alive(model, unit) {
            push_relation(id, relation, unit, hook, None, events);
        }
    }
}

/// `departed` for each unit that `unit` sees, then `broken`, which peers do not get.
fn breaking(
    id: u32,
    relation: &Relation,
    unit: &str,
    departing: Option<&str>,
    events: &mut Events,
) {
    for other in relation.seen_by_others(unit) {
        let Some(mut event) = relation_event(id, relation, unit, RelationHook::Departed) else {
            return;
        };
        if let QueuedEvent::Relation {
            remote_unit,
            departing_unit,
            ..
        } = &mut event
        {
            *departing_unit = Some(departing.unwrap_or(&other).to_owned());
            *remote_unit = Some(other);
        }
        events.push((unit.into(), event));
    }
    if !relation.is_peer() {
        push_relation(id, relation, unit, RelationHook::Broken, None, events);
    }
}

fn relation_event(
    id: u32,
    relation: &Relation,
    unit: &str,
    hook: RelationHook,
) -> Option<QueuedEvent> {
    let application = super::application_of(unit);
    Some(QueuedEvent::Relation {
        hook,
        relation: id,
        endpoint: relation.side_of(application)?.endpoint.clone(),
        remote_application: relation.remote_application(application)?.to_owned(),
        remote_unit: None,
        departing_unit: None,
    })
}

fn push_relation(
    id: u32,
    relation: &Relation,
    unit: &str,
    hook: RelationHook,
    remote: Option<&str>,
    events: &mut Events,
) {
    let Some(mut event) = relation_event(id, relation, unit, hook) else {
        return;
    };
    if let QueuedEvent::Relation {
        remote_unit,
        departing_unit,
        ..
    } = &mut event
    {
        *remote_unit = remote.map(str::to_owned);
        if hook == RelationHook::Departed {
            departing_unit.clone_from(remote_unit);
        }
    }
    events.push((unit.into(), event));
}
