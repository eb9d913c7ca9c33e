//! The code that a charm adds, of which [`crate::charm`] tells: functions by name, called when a hook decides.

mod call;
mod facts;
mod interface;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::mask::Mask;
use crate::interfaces::{Bag, Interface};

pub(super) use call::Kind;
pub use call::{Answer, Call, Run};
pub use facts::Facts;
pub(super) use interface::Own;

/// Why something cannot be computed: any error, or a text by `.into()`. It is shown to people.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What functions answer with.
pub type Result<T> = std::result::Result<T, Error>;

type Variable = dyn Fn(&Facts<'_>) -> Result<Option<String>> + Send + Sync;
type Action = dyn Fn(&Call<'_>) -> Result<Answer> + Send + Sync;

/// The code of a charm's own: nothing at first.
#[derive(Clone, Default)]
pub struct Code {
    variables: BTreeMap<String, Arc<Variable>>,
    actions: BTreeMap<String, Arc<Action>>,
    interfaces: BTreeMap<String, Own>,
    /// What the code itself has wrong.
    problem: Option<String>,
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Code")
            .field("variables", &self.variables.keys())
            .field("actions", &self.actions.keys())
            .field("interfaces", &self.interfaces.keys())
            .finish_non_exhaustive()
    }
}

impl Code {
    /// Adds a variable of the app's environment, which stands above what all others make of that name: `Ok(None)` leaves it
    /// to them. It is asked when the app could run, after all integrations; an error blocks the unit, and the app goes on
    /// with what it had.
    #[must_use]
    pub fn variable(
        mut self,
        name: impl Into<String>,
        value: impl Fn(&Facts<'_>) -> Result<Option<String>> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        if name.is_empty() || name.contains(['=', '\0']) {
            self.wrong(format!("`{name}` cannot be the name of a variable"));
        }
        if self
            .variables
            .insert(name.clone(), Arc::new(value))
            .is_some()
        {
            self.wrong(format!("the variable `{name}` is there twice"));
        }
        self
    }

    /// Adds an action, which `actions` of `charmcraft.yaml` must declare. An error fails the action. It changes nothing but what
    /// its command does.
    #[must_use]
    pub fn action(
        mut self,
        name: impl Into<String>,
        action: impl Fn(&Call<'_>) -> Result<Answer> + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        if self
            .actions
            .insert(name.clone(), Arc::new(action))
            .is_some()
        {
            self.wrong(format!("the action `{name}` is there twice"));
        }
        self
    }

    /// Speaks an interface, on all endpoints of its name, required or provided; one that Charmwright speaks too is spoken by
    /// this code alone. A required endpoint with `optional: false` blocks the unit until it is [`Outcome::Ready`].
    ///
    /// [`Outcome::Ready`]: crate::interfaces::Outcome::Ready
    #[must_use]
    pub fn interface(
        mut self,
        name: impl Into<String>,
        interface: impl Interface + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        let own = Own::of(interface);
        if self.interfaces.insert(name.clone(), own).is_some() {
            self.wrong(format!("the interface `{name}` is there twice"));
        }
        self
    }

    fn wrong(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// The names of all actions.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// The names of all interfaces.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = &str> {
        self.interfaces.keys().map(String::as_str)
    }

    /// The first thing that the code itself has wrong, such as a name that is there twice.
    #[must_use]
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub(super) fn has_variables(&self) -> bool {
        !self.variables.is_empty()
    }

    pub(super) fn has_action(&self, name: &str) -> bool {
        self.actions.contains_key(name)
    }

    pub(super) fn of_interface(&self, name: &str) -> Option<&Own> {
        self.interfaces.get(name)
    }

    /// Notes that a table has one of the actions.
    pub(super) fn refuse_taken<'a>(&mut self, mut taken: impl Iterator<Item = &'a String>) {
        if let Some(name) = taken.find(|name| self.actions.contains_key(*name)) {
            self.wrong(format!(
                "the action `{name}` is the framework's or one of paas-config.yaml; rename it"
            ));
        }
    }

    /// How the action goes; `None` for one that the code does not have.
    pub(super) fn run(&self, name: &str, call: &Call<'_>) -> Option<Result<Answer>> {
        Some(self.actions.get(name)?(call))
    }

    /// The variables that the code sets.
    ///
    /// # Errors
    /// The first that cannot be computed, as text for a status.
    pub(super) fn variables(&self, facts: &Facts<'_>) -> std::result::Result<Bag, String> {
        let mut variables = Bag::new();
        for (name, value) in &self.variables {
            match value(facts) {
                Ok(None) => {}
                Ok(Some(value)) if value.contains('\0') => {
                    return Err(format!("variable {name}: its value has a NUL character"));
                }
                Ok(Some(value)) => {
                    variables.insert(name.clone(), value);
                }
                Err(error) => {
                    let mask = Mask::of(facts.environment());
                    return Err(format!("variable {name}: {}", text(&error, &mask)));
                }
            }
        }
        Ok(variables)
    }
}

/// An error as one line without secrets.
pub(super) fn text(error: &Error, mask: &Mask) -> String {
    let lines = error.to_string();
    let words: Vec<&str> = lines.split_whitespace().collect();
    mask.last_line(words.join(" ").as_bytes())
}
