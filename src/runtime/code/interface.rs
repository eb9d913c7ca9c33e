//! An interface of a charm's code, as the runtime asks it: secrets are hidden in what it says to people.

use std::fmt;
use std::sync::Arc;

use crate::interfaces::{
    Bag, Context, Interface, Outcome, Reads, Relation, Request, SecretRequest,
};
use crate::runtime::mask::Mask;

/// An interface that a charm's code speaks.
#[derive(Clone)]
pub(in crate::runtime) struct Own(Arc<dyn Interface + Send + Sync>);

impl Own {
    pub(super) fn of(interface: impl Interface + Send + Sync + 'static) -> Self {
        Self(Arc::new(interface))
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Own")
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Own {}

impl Interface for Own {
    fn reads(&self) -> Reads {
        self.0.reads()
    }

    fn files(&self) -> Vec<String> {
        self.0.files()
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        self.0.secrets(relation)
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        self.0.request(context, relation)
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let hide = |text: String| mask(relation).last_line(text.replace('\n', " ").as_bytes());
        match self.0.outcome(context, relation) {
            Outcome::Waiting(text) => Outcome::Waiting(hide(text)),
            Outcome::Blocked(text) => Outcome::Blocked(hide(text)),
            Outcome::Misconfigured(text) => Outcome::Misconfigured(hide(text)),
            Outcome::Invalid(text) => Outcome::Invalid(hide(text)),
            outcome => outcome,
        }
    }
}

/// Hides what the provider says in secret.
fn mask(relation: &Relation) -> Mask {
    let bags = relation.remote_units.values().chain([&relation.remote_app]);
    let mut all = Bag::new();
    for (index, (key, value)) in bags.flatten().enumerate() {
        all.insert(format!("{index} {key}"), value.clone());
    }
    for (index, value) in relation.secrets.values().flat_map(Bag::values).enumerate() {
        all.insert(format!("SECRET {index}"), value.clone());
    }
    Mask::of(&all)
}
