//! One dispatch as its hook tools see it: what was there when it began, and what it has written since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::local::model::{Bag, Change, Model, QueuedEvent, Relation};

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
    pub(super) relations: BTreeMap<u32, Relation>,
    pub(super) bags: BTreeMap<(u32, String), Bag>,
}

impl Context {
    /// Begins a dispatch of `event` on `unit`. `resources` is the directory of resources as the dispatch sees it;
    /// [`resource_files`] says what the agent has to put there.
    #[must_use]
    pub fn new(model: &Model, unit: &str, event: &QueuedEvent, resources: &Path) -> Self {
        Self {
            log: Vec::new(),
            changes: Vec::new(),
            unit: unit.into(),
            event: event.clone(),
            resources: resources.into(),
            relations: model.relations.clone(),
            bags: BTreeMap::new(),
        }
    }

    /// Runs one hook tool. Never fails: what is wrong is in the reply.
    pub fn run(
        &mut self,
        _model: &mut Model,
        _tool: &str,
        _arguments: &[String],
        _stdin: &[u8],
    ) -> Reply {
        Reply::default()
    }

    /// The dispatch has ended well (exit 0): writes what it buffered to the model, all or nothing, and answers with
    /// what changed. Dropping the context instead discards it.
    ///
    /// # Errors
    /// The model refuses a write, as Juju's controller does at the flush ("committing requested changes failed").
    pub fn commit(self, _model: &mut Model) -> Result<Vec<Change>, String> {
        Ok(self.changes)
    }
}

/// The files that the agent lays out for `resource-get`: path below the directory of resources, and content.
#[must_use]
pub fn resource_files(_model: &Model, _unit: &str) -> Vec<(PathBuf, String)> {
    Vec::new()
}
