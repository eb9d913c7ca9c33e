//! One dispatch as its hook tools see it: what was there when it began, and what it has written since.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::local::model::{
    Bag, Change, Model, QueuedEvent, Relation, RelationHook, SecretUpdate, application_of,
};

use super::failure::Failure;
use super::reply::Reply;

/// A line of `juju-log`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// `TRACE`, `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    pub level: String,
    /// The text.
    pub message: String,
}

/// One dispatch.
#[derive(Clone, Debug)]
pub struct Context {
    /// Lines of `juju-log` so far, for the agent to take.
    pub log: Vec<LogLine>,
    /// What the dispatch changed at once, for the agent to take and [`Model::enqueue`].
    pub changes: Vec<Change>,
    pub(super) unit: String,
    pub(super) event: QueuedEvent,
    pub(super) resources: PathBuf,
    /// The relations that the unit sees, as they were at the beginning, with `members` being the remote units.
    pub(super) relations: BTreeMap<u32, Relation>,
    /// Options as they were at the beginning.
    pub(super) config: BTreeMap<String, serde_json::Value>,
    pub(super) writes: Writes,
}

/// What is kept until the dispatch has ended well.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    /// Databags that were written to, as they will be.
    pub bags: BTreeMap<(u32, String), Bag>,
    pub open: BTreeSet<String>,
    pub close: BTreeSet<String>,
    /// `None` deletes.
    pub state: BTreeMap<String, Option<String>>,
    pub secrets: Vec<SecretWrite>,
}

/// One write to a secret, in the order of the calls.
#[derive(Clone, Debug)]
pub(super) enum SecretWrite {
    Create {
        id: String,
        owner: String,
        update: SecretUpdate,
    },
    Update {
        id: String,
        update: SecretUpdate,
    },
    Grant {
        id: String,
        to: String,
        relation: u32,
    },
    Revoke {
        id: String,
        to: Option<String>,
        relation: Option<u32>,
    },
    Remove {
        id: String,
        revision: Option<u32>,
    },
    /// `--refresh` to a revision that is not written yet.
    TrackLatest {
        id: String,
    },
}

impl Context {
    /// Begins a dispatch of `event` on `unit`. `resources` is the directory of resources as the dispatch sees it;
    /// [`super::resource_files`] says what the agent has to put there.
    #[must_use]
    pub fn new(model: &Model, unit: &str, event: &QueuedEvent, resources: &Path) -> Self {
        let application = model.applications.get(application_of(unit));
        Self {
            log: Vec::new(),
            changes: Vec::new(),
            unit: unit.into(),
            event: event.clone(),
            resources: resources.into(),
            relations: relations_of(model, unit, event),
            config: application.map_or_else(BTreeMap::new, |found| found.effective_config()),
            writes: Writes::default(),
        }
    }

    /// The unit that the dispatch is of.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Runs one hook tool. Never fails: what is wrong is in the reply.
    pub fn run(
        &mut self,
        model: &mut Model,
        tool: &str,
        arguments: &[String],
        stdin: &[u8],
    ) -> Reply {
        match super::tools::run(self, model, tool, arguments, stdin) {
            Ok(stdout) => Reply {
                stdout,
                ..Reply::default()
            },
            Err(failure) => failure.into(),
        }
    }

    /// The dispatch has ended well (exit 0): writes what it buffered to the model, all or nothing, and answers with
    /// what changed. Dropping the context instead discards it; what is in `changes` happened either way.
    ///
    /// # Errors
    /// The model refuses a write, as Juju's controller does at the flush ("committing requested changes failed").
    /// The model is as it was.
    pub fn commit(self, model: &mut Model) -> Result<Vec<Change>, String> {
        let mut next = model.clone();
        let mut changes = self.changes;
        let refused = |error: String| format!("committing requested changes failed: {error}");
        for ((relation, member), bag) in self.writes.bags {
            changes.extend(next.set_bag(relation, &member, bag));
        }
        if let Some(found) = next.unit_mut(&self.unit) {
            let before = found.ports.clone();
            found.ports.extend(self.writes.open);
            found.ports.retain(|port| !self.writes.close.contains(port));
            if found.ports != before {
                changes.push(Change::PortsChanged {
                    unit: self.unit.clone(),
                });
            }
            for (key, value) in self.writes.state {
                match value {
                    Some(value) => found.charm_state.insert(key, value),
                    None => found.charm_state.remove(&key),
                };
            }
        }
        for write in &self.writes.secrets {
            let made = super::secret::apply(&mut next, &self.unit, write);
            changes.extend(made.map_err(|failure| refused(failure.message))?);
        }
        *model = next;
        Ok(changes)
    }

    /// The unit's application.
    pub(super) fn application(&self) -> &str {
        application_of(&self.unit)
    }

    /// The action that runs, or the refusal.
    pub(super) const fn action(&self) -> Result<u32, ActionMissing> {
        match self.event {
            QueuedEvent::Action { action } => Ok(action),
            _ => Err(ActionMissing),
        }
    }
}

/// A tool for actions in a hook.
pub(super) struct ActionMissing;

impl From<ActionMissing> for Failure {
    fn from(_: ActionMissing) -> Self {
        Self::server("not running an action")
    }
}

fn relations_of(model: &Model, unit: &str, event: &QueuedEvent) -> BTreeMap<u32, Relation> {
    let nothing = Vec::new();
    let waiting = model
        .unit(unit)
        .map_or(&nothing, |found| &found.queue.waiting);
    let waits = |wanted: RelationHook, id: u32| {
        waiting.iter().filter_map(move |event| match event {
            QueuedEvent::Relation {
                hook,
                relation,
                remote_unit,
                ..
            } if *hook == wanted && *relation == id => Some(remote_unit.clone()),
            _ => None,
        })
    };
    let mut seen = BTreeMap::new();
    for (id, relation) in &model.relations {
        let current = event.relation() == Some(*id);
        let known = relation.members.contains(unit) || current;
        if relation.side_of(application_of(unit)).is_none() || !known {
            continue;
        }
        let mut relation = relation.clone();
        let mut members: BTreeSet<String> = relation.seen_by_others(unit).into_iter().collect();
        // A unit is listed from its `joined` to its `departed`, whatever the scope says meanwhile.
        for remote in waits(RelationHook::Joined, *id).flatten() {
            members.remove(&remote);
        }
        members.extend(waits(RelationHook::Departed, *id).flatten());
        if let QueuedEvent::Relation {
            hook, remote_unit, ..
        } = event
            && current
        {
            match (hook, remote_unit) {
                (RelationHook::Departed, Some(remote)) => {
                    members.remove(remote);
                }
                (RelationHook::Broken, _) => members.clear(),
                (RelationHook::Joined | RelationHook::Changed, Some(remote)) => {
                    members.insert(remote.clone());
                }
                _ => {}
            }
        }
        relation.members = members;
        seen.insert(*id, relation);
    }
    seen
}
