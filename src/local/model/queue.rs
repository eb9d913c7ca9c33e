//! What a unit has yet to handle, in the order in which Juju's resolver offers it.

use serde::{Deserialize, Serialize};

use super::events::{QueuedEvent, RelationHook};

/// The events of one unit: at most one is being handled, the others wait.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Queue {
    /// Being handled, or failed and to be retried.
    pub running: Option<QueuedEvent>,
    /// Waiting, oldest first.
    pub waiting: Vec<QueuedEvent>,
}

impl Queue {
    /// Adds an event. One that waits already is not added again, since several changes make one event; an event
    /// that cancels waiting ones (a unit that went before its `joined` was handled) takes them out.
    pub fn push(&mut self, event: QueuedEvent) {
        let ending = self.waiting.contains(&QueuedEvent::Stop);
        if ending
            && matches!(
                event,
                QueuedEvent::ConfigChanged | QueuedEvent::UpdateStatus
            )
        {
            return;
        }
        if event.relation().is_some_and(|relation| self.ends(relation)) {
            return;
        }
        if let QueuedEvent::Relation {
            hook: RelationHook::Departed,
            relation,
            remote_unit: Some(unit),
            ..
        } = &event
        {
            let (relation, unit) = (*relation, unit.clone());
            if self.forget_joined(relation, &unit) {
                return;
            }
        }
        if let QueuedEvent::Relation {
            hook: RelationHook::Broken,
            relation,
            ..
        } = &event
        {
            let ended = *relation;
            self.waiting.retain(|event| {
                !matches!(event, QueuedEvent::Relation {
                    hook: RelationHook::Joined | RelationHook::Changed, relation, ..
                } if *relation == ended)
            });
        }
        if !self.waiting.contains(&event) {
            self.waiting.push(event);
        }
    }

    /// Whether `broken` is on its way: nothing comes after it.
    fn ends(&self, ended: u32) -> bool {
        self.running.iter().chain(&self.waiting).any(|event| {
            matches!(event, QueuedEvent::Relation { hook: RelationHook::Broken, relation, .. }
                if *relation == ended)
        })
    }

    /// Removes what waits about a remote unit; true when its `joined` was among it.
    fn forget_joined(&mut self, id: u32, unit: &str) -> bool {
        let mut joined = false;
        self.waiting.retain(|event| match event {
            QueuedEvent::Relation {
                hook,
                relation,
                remote_unit: Some(remote),
                ..
            } if *relation == id && remote == unit => {
                joined |= *hook == RelationHook::Joined;
                *hook == RelationHook::Departed
            }
            _ => true,
        });
        joined
    }

    /// The event to handle now: the one that failed before, else the first in Juju's order. It stays in the queue,
    /// so that it is handled again after a crash, until [`super::Model::dispatched`] removes it.
    pub fn start(&mut self) -> Option<QueuedEvent> {
        if self.running.is_none() {
            let first = self
                .waiting
                .iter()
                .enumerate()
                .min_by_key(|(at, event)| (rank(event), *at))
                .map(|(at, _)| at)?;
            self.running = Some(self.waiting.remove(first));
        }
        self.running.clone()
    }

    /// Forgets what waits about a relation that the unit never entered.
    pub(super) fn forget_relation(&mut self, relation: u32) {
        self.waiting
            .retain(|event| event.relation() != Some(relation));
    }

    /// Takes the next action out: actions run even while a failed hook waits for its retry.
    pub fn take_action(&mut self) -> Option<QueuedEvent> {
        let at = self
            .waiting
            .iter()
            .position(|event| matches!(event, QueuedEvent::Action { .. }))?;
        Some(self.waiting.remove(at))
    }

    /// Nothing waits and nothing runs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty()
    }
}

fn rank(event: &QueuedEvent) -> u8 {
    match event {
        QueuedEvent::Install => 0,
        QueuedEvent::UpgradeCharm => 1,
        QueuedEvent::Relation {
            hook: RelationHook::Created,
            ..
        } => 2,
        QueuedEvent::LeaderElected => 3,
        QueuedEvent::PebbleReady { .. }
        | QueuedEvent::PebbleNotice { .. }
        | QueuedEvent::PebbleCheck { .. } => 4,
        QueuedEvent::Secret { .. } => 5,
        QueuedEvent::Action { .. } => 6,
        QueuedEvent::ConfigChanged
        | QueuedEvent::Relation { .. }
        | QueuedEvent::Start
        | QueuedEvent::UpdateStatus => 7,
        QueuedEvent::Stop => 8,
        QueuedEvent::Remove => 9,
    }
}
