//! What functions may look at.

use std::fmt;

use serde_json::Value;

use crate::interfaces::{Bag, Relation};
use crate::runtime::observation::Observation;

/// All that a hook has read and made, for the functions of a charm's code.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    observation: &'a Observation,
    environment: &'a Bag,
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Facts").finish_non_exhaustive()
    }
}

impl<'a> Facts<'a> {
    pub(in crate::runtime) fn new(observation: &'a Observation, environment: &'a Bag) -> Self {
        Self {
            observation,
            environment,
        }
    }

    pub(super) fn environment(&self) -> &'a Bag {
        self.environment
    }

    /// The application's name.
    #[must_use]
    pub fn app(&self) -> &'a str {
        &self.observation.identity.app
    }

    /// The unit's name, such as `web/0`.
    #[must_use]
    pub fn unit(&self) -> &'a str {
        &self.observation.identity.unit
    }

    /// The unit's number.
    #[must_use]
    pub fn unit_number(&self) -> u64 {
        self.observation.identity.number
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &'a str {
        &self.observation.identity.model
    }

    /// Whether this unit leads; true holds for at least 30 seconds more.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.observation.leader
    }

    /// How many units the application has, as this one sees it.
    #[must_use]
    pub fn units(&self) -> usize {
        let peer = self.observation.peer.as_ref();
        1 + peer.map_or(0, |peer| peer.others.len())
    }

    /// An option's value, set or by default; `None` for one without a value. That of a secret option is the secret's URI.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&'a Value> {
        self.observation.config.get(name)
    }

    /// The content of the secret that an option names; `None` where it cannot be read.
    #[must_use]
    pub fn secret(&self, option: &str) -> Option<&'a Bag> {
        self.observation.config_secrets.get(option)?.as_ref().ok()
    }

    /// A variable that the app gets from options, integrations and the framework, but not from the rock or the charm's code;
    /// none in an action while the app cannot run.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The relations of an endpoint, as far as its interface has them read, by id.
    pub fn relations(&self, endpoint: &str) -> impl Iterator<Item = &'a Relation> {
        let relations = self.observation.relations.iter();
        relations.filter(move |relation| relation.endpoint == endpoint)
    }
}
