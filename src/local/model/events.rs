//! Events for a unit, in the forms of Juju's uniter (contract "Juju", section 1).

use serde::{Deserialize, Serialize};

use super::Model;

/// What a relation's event says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationHook {
    /// Once, before all others.
    Created,
    /// Per remote unit.
    Joined,
    /// With a unit, or without for the application's bag.
    Changed,
    /// Per remote unit.
    Departed,
    /// Once, after all others.
    Broken,
}

impl RelationHook {
    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Joined => "joined",
            Self::Changed => "changed",
            Self::Departed => "departed",
            Self::Broken => "broken",
        }
    }
}

/// What a secret's event says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretHook {
    /// To units that track it: there is a newer revision.
    Changed,
    /// To the owner.
    Rotate,
    /// To the owner, with a revision.
    Expired,
    /// To the owner, with a revision that nobody tracks.
    Remove,
}

impl SecretHook {
    const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Rotate => "rotate",
            Self::Expired => "expired",
            Self::Remove => "remove",
        }
    }
}

/// One event for one unit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueuedEvent {
    /// An action.
    Action {
        /// Its id in the model.
        action: u32,
    },
    /// `config-changed`
    ConfigChanged,
    /// `install`
    Install,
    /// `leader-elected`
    LeaderElected,
    /// `<container>-pebble-check-failed` or `-recovered`
    PebbleCheck {
        /// The container.
        container: String,
        /// The check.
        check: String,
        /// Recovered, not failed.
        recovered: bool,
    },
    /// `<container>-pebble-custom-notice`
    PebbleNotice {
        /// The container.
        container: String,
        /// The notice's id.
        id: String,
        /// Its key.
        key: String,
    },
    /// `<container>-pebble-ready`
    PebbleReady {
        /// The container.
        container: String,
    },
    /// `<endpoint>-relation-…`
    Relation {
        /// What happened.
        hook: RelationHook,
        /// The relation.
        relation: u32,
        /// The unit's own endpoint.
        endpoint: String,
        /// The application at the other side; its own for peers.
        remote_application: String,
        /// The unit at the other side.
        remote_unit: Option<String>,
        /// `departed` only: the unit that goes, which may be the one that hears of it.
        departing_unit: Option<String>,
    },
    /// `remove`
    Remove,
    /// `secret-…`
    Secret {
        /// What happened.
        hook: SecretHook,
        /// The secret's bare id.
        secret: String,
        /// The revision, where the event has one.
        revision: Option<u32>,
    },
    /// `start`
    Start,
    /// `stop`
    Stop,
    /// `update-status`
    UpdateStatus,
    /// `upgrade-charm`
    UpgradeCharm,
}

impl QueuedEvent {
    /// The event's name: `config-changed`, `db-relation-joined`, or the action's name.
    #[must_use]
    pub fn name(&self, model: &Model) -> String {
        match self {
            Self::Action { action } => model
                .actions
                .get(action)
                .map_or_else(String::new, |action| action.name.clone()),
            Self::ConfigChanged => "config-changed".into(),
            Self::Install => "install".into(),
            Self::LeaderElected => "leader-elected".into(),
            Self::PebbleCheck {
                container,
                recovered,
                ..
            } => {
                let word = if *recovered { "recovered" } else { "failed" };
                format!("{container}-pebble-check-{word}")
            }
            Self::PebbleNotice { container, .. } => format!("{container}-pebble-custom-notice"),
            Self::PebbleReady { container } => format!("{container}-pebble-ready"),
            Self::Relation { hook, endpoint, .. } => {
                format!("{endpoint}-relation-{}", hook.word())
            }
            Self::Remove => "remove".into(),
            Self::Secret { hook, .. } => format!("secret-{}", hook.word()),
            Self::Start => "start".into(),
            Self::Stop => "stop".into(),
            Self::UpdateStatus => "update-status".into(),
            Self::UpgradeCharm => "upgrade-charm".into(),
        }
    }

    /// `JUJU_DISPATCH_PATH`.
    #[must_use]
    pub fn path(&self, model: &Model) -> String {
        let directory = if matches!(self, Self::Action { .. }) {
            "actions"
        } else {
            "hooks"
        };
        format!("{directory}/{}", self.name(model))
    }

    /// The relation that the event is about.
    #[must_use]
    pub const fn relation(&self) -> Option<u32> {
        match self {
            Self::Relation { relation, .. } => Some(*relation),
            _ => None,
        }
    }
}
