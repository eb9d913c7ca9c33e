//! Actions: what one is called with, and what it answers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::Facts;
use crate::interfaces::Bag;

/// After how long a command is ended when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(300);

/// What an action is called with.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub(in crate::runtime) facts: Facts<'a>,
    pub(in crate::runtime) parameters: &'a BTreeMap<String, Value>,
    pub(in crate::runtime) password: &'a str,
    pub(in crate::runtime) can_run: bool,
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<'a> Call<'a> {
    /// A parameter, with the default of its declaration; `None` for one that was not given.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a Value> {
        self.parameters.get(name).filter(|value| !value.is_null())
    }

    /// What the hook has read.
    #[must_use]
    pub fn facts(&self) -> Facts<'a> {
        self.facts
    }

    /// A fresh password of 22 letters, digits, `-` and `_` (132 bits); the same in the whole call.
    #[must_use]
    pub fn password(&self) -> &'a str {
        self.password
    }

    /// Whether the app can run, and so a command. Otherwise facts have no variables, and a command fails the action.
    #[must_use]
    pub fn can_run(&self) -> bool {
        self.can_run
    }
}

/// What an action answers.
#[derive(Clone)]
pub struct Answer(pub(in crate::runtime) Kind);

#[derive(Clone)]
pub(in crate::runtime) enum Kind {
    Results(Bag),
    Run(Run),
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl Answer {
    /// The action succeeds with these results, shown as they are. Keys are made of `a-z`, `0-9` and `-`; dots nest. `stdout` and
    /// `stderr` are Juju's. A result is at most 128000 bytes long.
    pub fn results<K: Into<String>, V: Into<String>>(
        results: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let results = results.into_iter();
        let results = results.map(|(key, value)| (key.into(), value.into()));
        Self(Kind::Results(results.collect()))
    }
}

impl From<Run> for Answer {
    fn from(run: Run) -> Self {
        Self(Kind::Run(run))
    }
}

/// A command in the app's container, as the app's user, in its directory, with its whole environment; the action's parameters
/// are variables too, `ACTION_NAME`. The action ends as the command does.
#[derive(Clone)]
pub struct Run {
    pub(in crate::runtime) command: Vec<String>,
    pub(in crate::runtime) variables: Bag,
    pub(in crate::runtime) directory: Option<String>,
    pub(in crate::runtime) timeout: Duration,
    pub(in crate::runtime) result: String,
    pub(in crate::runtime) results: Bag,
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Run").finish_non_exhaustive()
    }
}

impl Run {
    /// A program and its arguments; no shell is between. Others see the arguments: what is secret goes into a
    /// [variable](Run::variable).
    pub fn new<W: Into<String>>(command: impl IntoIterator<Item = W>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            variables: Bag::new(),
            directory: None,
            timeout: TIMEOUT,
            result: "output".into(),
            results: Bag::new(),
        }
    }

    /// Adds a variable, which stands above the app's.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Where the command runs, instead of in the app's directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<String>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// After how long it is ended, instead of after 300 seconds; 86400 at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The key of the result that its output becomes (standard error too), instead of `output`. Secrets are hidden in it.
    #[must_use]
    pub fn output(mut self, key: impl Into<String>) -> Self {
        self.result = key.into();
        self
    }

    /// Adds a result for when it succeeds, shown as it is.
    #[must_use]
    pub fn result(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.results.insert(key.into(), value.into());
        self
    }
}
