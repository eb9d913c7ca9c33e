//! The background process of a local model: what `local deploy` starts and `local destroy` ends.
//!
//! One thread, one [`Daemon`] shared by tasks: a task for each unit ([`super::agent`]), for each unit's containers
//! ([`pod`]), for each application that is built in ([`runner`]), for each connection of the command line
//! ([`requests`]) and of a hook tool ([`hook_tools`]). All that happens goes through [`Daemon::apply`], which lets
//! the model draw its conclusions, wakes whom it concerns and writes the state down.

mod charm;
mod follow;
mod hook_tools;
mod launch;
mod pebble_executable;
mod pod;
mod publish;
mod recovery;
mod requests;
mod runner;
mod serve;
mod services;
mod settle;
mod status;
mod tools;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::watch;

use super::agent::Agent;
use super::hook_tool::Context;
use super::log::{self, Log};
use super::model::{Change, Model};
use super::store::{Directory, State};

pub use launch::{is_gone, main, start};
pub use pod::Pod;
pub use recovery::clean_up;
pub use runner::Runner;
pub(super) use tools::path as tools_path;

/// A running local model.
pub struct Daemon {
    pub(super) directory: Directory,
    pub(super) state: RefCell<State>,
    /// Dispatches that run, by `JUJU_CONTEXT_ID`.
    pub(super) contexts: RefCell<BTreeMap<String, Context>>,
    pub(super) agents: RefCell<BTreeMap<String, Rc<Agent>>>,
    pub(super) pods: RefCell<BTreeMap<String, Rc<Pod>>>,
    runners: RefCell<BTreeMap<String, Rc<Runner>>>,
    published: publish::Published,
    /// Counts what happened.
    generation: watch::Sender<u64>,
    next_context: Cell<u64>,
    /// No dispatch is to begin any more.
    pub(super) closing: Cell<bool>,
    log: Log,
    model_log: Log,
}

impl Daemon {
    fn new(directory: Directory, state: State) -> Rc<Self> {
        let log = Log::new(directory.log("daemon"));
        let model_log = Log::new(directory.log("model"));
        Rc::new(Self {
            directory,
            state: RefCell::new(state),
            contexts: RefCell::default(),
            agents: RefCell::default(),
            pods: RefCell::default(),
            runners: RefCell::default(),
            published: publish::Published::default(),
            generation: watch::Sender::new(0),
            next_context: Cell::new(0),
            closing: Cell::new(false),
            log,
            model_log,
        })
    }

    /// Reads the model. Not to be called while it is being changed.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Model) -> T) -> T {
        read(&self.state.borrow().model)
    }

    /// Changes the model by `change`, all or nothing, and lets follow what follows.
    pub(super) fn change<T, E: std::fmt::Display>(
        self: &Rc<Self>,
        change: impl FnOnce(&mut Model) -> Result<(T, Vec<Change>), E>,
    ) -> Result<T, String> {
        let result = {
            let mut state = self.state.borrow_mut();
            let mut model = state.model.clone();
            change(&mut model).map(|(value, changes)| {
                state.model = model;
                (value, changes)
            })
        };
        let (value, changes) = result.map_err(|error| error.to_string())?;
        self.apply(changes);
        Ok(value)
    }

    /// Lets follow what follows from changes that were made.
    pub(super) fn apply(self: &Rc<Self>, changes: Vec<Change>) {
        let all = self.state.borrow_mut().model.enqueue(changes);
        self.follow(&all);
    }

    /// Something is not as it was: writes it down and tells those who wait.
    pub(super) fn changed(&self) {
        if let Err(error) = self.directory.save(&self.state.borrow()) {
            self.say("ERROR", &error.to_string());
        }
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Told when anything changed.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// A name for the next dispatch.
    pub(super) fn next_context(&self, unit: &str, event: &str) -> String {
        let number = self.next_context.get();
        self.next_context.set(number + 1);
        format!("{unit}-{event}-{number}")
    }

    /// Writes a line into the daemon's own log.
    pub(super) fn say(&self, level: &str, message: &str) {
        self.log.write(&log::line(
            "controller",
            level,
            "charmwright.local",
            message,
        ));
    }

    /// Writes a line of a unit's log into the model's, too.
    pub(super) fn write_model_log(&self, line: &str) {
        self.model_log.write(line);
    }
}
