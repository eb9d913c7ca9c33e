//! A unit's dispatches: what it handles next, and what follows when that ends well or badly.

use super::change::Change;
use super::events::{QueuedEvent, RelationHook};
use super::{ActionStatus, Model, Status};

impl Model {
    /// What a unit handles now: the event that failed before, else the next in Juju's order. It stays in the queue,
    /// so that it is handled again after a crash, until [`Model::dispatched`] or [`Model::failed`].
    pub fn begin(&mut self, unit: &str) -> Option<QueuedEvent> {
        let event = self.unit_mut(unit)?.queue.start()?;
        self.mark(unit, &event);
        Some(event)
    }

    /// The next action of a unit whose hook has failed and waits for its retry: actions run meanwhile.
    pub fn begin_action(&mut self, unit: &str) -> Option<QueuedEvent> {
        let event = self.unit_mut(unit)?.queue.take_action()?;
        self.mark(unit, &event);
        Some(event)
    }

    fn mark(&mut self, unit: &str, event: &QueuedEvent) {
        let agent = format!("executing {}", event.name(self));
        if let Some(found) = self.unit_mut(unit) {
            found.agent = agent;
            if *event == QueuedEvent::Install {
                found.status = Status {
                    status: "maintenance".into(),
                    message: "installing charm software".into(),
                };
            }
        }
        if let QueuedEvent::Action { action } = event
            && let Some(action) = self.actions.get_mut(action)
        {
            action.status = ActionStatus::Running;
        }
    }

    /// A unit's charm has failed at `event`. A hook stays to be retried; an action has failed for good.
    pub fn failed(&mut self, unit: &str, event: &QueuedEvent) {
        if let QueuedEvent::Action { action } = event {
            self.fail_action(*action, "action terminated");
            if let Some(found) = self.unit_mut(unit)
                && found.queue.running.as_ref() == Some(event)
            {
                found.queue.running = None;
            }
        }
        self.tell_agent(unit);
    }

    /// `idle`, or the hook that failed.
    fn tell_agent(&mut self, unit: &str) {
        let stuck = self
            .unit(unit)
            .and_then(|found| found.queue.running.clone());
        let agent = match stuck {
            Some(event) => format!("error hook failed: \"{}\"", event.name(self)),
            None => "idle".into(),
        };
        if let Some(found) = self.unit_mut(unit) {
            found.agent = agent;
        }
    }

    /// A unit's agent starts: what it was at runs again, and a unit that had started hears `config-changed` and
    /// `start` once more. `pebble-ready` is the agent's to push.
    pub fn restarted(&mut self, unit: &str) {
        let found = self.unit_mut(unit);
        if let Some(unit) = found.filter(|unit| unit.started && !unit.dying) {
            unit.queue.push(QueuedEvent::ConfigChanged);
            unit.queue.push(QueuedEvent::Start);
        }
    }

    /// A unit's charm has handled `event` (exit 0, or any end of an action): carries the unit's life on, queues what
    /// follows and answers with all that changed.
    pub fn dispatched(&mut self, unit: &str, event: &QueuedEvent) -> Vec<Change> {
        let Some(found) = self.unit_mut(unit) else {
            return Vec::new();
        };
        if found.queue.running.as_ref() == Some(event) {
            found.queue.running = None;
        }
        let dying = found.dying;
        let mut changes = Vec::new();
        match event {
            QueuedEvent::Install => found.installed = true,
            QueuedEvent::Start => found.started = true,
            QueuedEvent::Stop => {
                found.started = false;
                changes.extend(self.leave_all(unit));
            }
            QueuedEvent::Remove => changes.extend(self.drop_unit(unit)),
            QueuedEvent::Action { action } => {
                let found = self.actions.get_mut(action);
                if let Some(action) = found.filter(|it| it.status != ActionStatus::Failed) {
                    action.status = ActionStatus::Completed;
                }
            }
            QueuedEvent::Relation {
                hook: RelationHook::Created,
                relation,
                ..
            } if !dying => changes.extend(self.enter_scope(*relation, unit)),
            QueuedEvent::Relation {
                hook: RelationHook::Broken,
                relation,
                ..
            } => changes.extend(self.leave_scope(*relation, unit)),
            _ => {}
        }
        self.tell_agent(unit);
        changes.extend(self.sweep());
        self.enqueue(changes)
    }
}
