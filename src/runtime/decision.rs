//! What a hook is to do: plain data, all that [`super::apply`] may go by.

use std::collections::BTreeMap;
use std::time::Duration;

use super::log_targets::LogTargets;
use super::mask::Mask;
use super::webserver::Webserver;
use crate::juju::Status;

/// All that is to be done, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// Databag writes.
    pub bags: Vec<BagWrite>,
    /// A secret key to be kept as a Juju secret.
    pub secret: Option<SecretWrite>,
    /// Secrets to be made that this unit keeps for endpoints.
    pub own_secrets: Vec<OwnSecret>,
    /// Log targets to be changed, before any work.
    pub log_targets: Option<LogTargets>,
    /// What is to be done in the container.
    pub work: Work,
    /// The only port to be open when the work is done; `None` leaves ports as they are.
    pub port: Option<u16>,
    /// Databag writes for when that port is open.
    pub once_open: Vec<BagWrite>,
    /// The status when the work is done; `None` leaves it as it is.
    pub verdict: Option<Verdict>,
    /// How the action ends.
    pub action: Option<ActionOutcome>,
    /// Remarks for the unit's log: what was ignored, and why.
    pub remarks: Vec<String>,
    /// Hides the app's secrets in whatever others print.
    pub mask: Mask,
}

/// A status with its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The status.
    pub status: Status,
    /// Its text, never with a secret in it.
    pub message: String,
}

impl Verdict {
    /// All is well.
    #[must_use]
    pub fn active() -> Self {
        Self {
            status: Status::Active,
            message: String::new(),
        }
    }

    /// Somebody has to do something.
    pub fn blocked(message: impl Into<String>) -> Self {
        Self {
            status: Status::Blocked,
            message: message.into(),
        }
    }

    /// It heals by itself.
    pub fn waiting(message: impl Into<String>) -> Self {
        Self {
            status: Status::Waiting,
            message: message.into(),
        }
    }
}

/// Keys to be written into one bag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BagWrite {
    /// The endpoint.
    pub endpoint: String,
    /// The relation's id.
    pub relation: u64,
    /// The application's bag, else the unit's.
    pub app: bool,
    /// Values by key; `None` removes the key.
    pub changes: BTreeMap<String, Option<String>>,
}

/// A secret key to be kept as a Juju secret owned by the application.
#[derive(Clone, Eq, PartialEq)]
pub struct SecretWrite {
    /// The secret that already holds it, to be given a new revision; else one is made.
    pub uri: Option<String>,
    /// The owner's label.
    pub label: String,
    /// The key.
    pub value: String,
    /// The peer relation whose bag gets the URI: endpoint and id.
    pub peer: (String, u64),
}

impl std::fmt::Debug for SecretWrite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretWrite")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A secret to be made that this unit owns and nobody else reads.
#[derive(Clone, Eq, PartialEq)]
pub struct OwnSecret {
    /// The endpoint that it is for.
    pub endpoint: String,
    /// The owner's label.
    pub label: String,
    /// Its content.
    pub content: BTreeMap<String, String>,
}

impl std::fmt::Debug for OwnSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OwnSecret")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// What is to be done in the container.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Work {
    /// Nothing.
    #[default]
    Nothing,
    /// The app must not run.
    Stop {
        /// Services that run and must not.
        services: Vec<String>,
        /// Files to be written.
        files: Vec<File>,
    },
    /// The app must run.
    Run(Box<Run>),
}

/// How the app is to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Files to be written first.
    pub files: Vec<File>,
    /// What is to be done about the web server: checked before the migration, replaced after it.
    pub webserver: Option<Webserver>,
    /// Whether the app goes without the tracing that is asked for.
    pub without_tracing: bool,
    /// A migration to be run before anything else changes.
    pub migration: Option<Migration>,
    /// The layer to be combined into the plan, as YAML; `None` when the plan is as it should be.
    pub layer: Option<String>,
    /// Names of variables that change, for the log.
    pub changed_variables: Vec<String>,
    /// Services that run and must not.
    pub stop: Vec<String>,
    /// The app's enabled services that do not run.
    pub start: Vec<String>,
    /// Those among them that ended by themselves and wait to be started again: they must stay up to count as started.
    pub crashing: Vec<String>,
    /// Pebble is to bring what runs in line with the plan; the path is of the file that is there from before the layer
    /// until after the replan.
    pub replan: Option<String>,
}

impl Run {
    /// Whether nothing is to be done but, perhaps, files to be written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.webserver.is_none()
            && self.migration.is_none()
            && self.replan.is_none()
            && self.stop.is_empty()
    }
}

/// A file to be written into the container.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its content.
    pub content: String,
    /// Owner and group; the container's root where there are none.
    pub owner: Option<(String, String)>,
    /// Whether nobody but the owner may read it.
    pub private: bool,
}

/// A migration.
#[derive(Clone, PartialEq)]
pub struct Migration {
    /// The command.
    pub command: Vec<String>,
    /// Where it runs.
    pub directory: String,
    /// Who runs it.
    pub user: String,
    /// With which group.
    pub group: String,
    /// The app's whole environment.
    pub environment: BTreeMap<String, String>,
    /// When it is ended.
    pub timeout: Duration,
    /// What is written when it succeeded.
    pub completed: Vec<File>,
    /// What is written when it failed, with the failure filled in.
    pub record: super::migration::Record,
    /// The status file's path.
    pub status_path: String,
    /// The record's path.
    pub record_path: String,
}

impl std::fmt::Debug for Migration {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Migration")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// A command that an action runs.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Command {
    /// The command.
    pub command: Vec<String>,
    /// Where it runs.
    pub directory: String,
    /// Who runs it.
    pub user: String,
    /// With which group.
    pub group: String,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// When it is ended.
    pub timeout: Duration,
    /// What the action gives when it succeeds, as templates.
    pub results: BTreeMap<String, String>,
    /// What `results` may be made of.
    pub values: BTreeMap<String, String>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Command")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// How an action ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ActionOutcome {
    /// As this command does.
    Run(Box<Command>),
    /// With these results.
    Done(BTreeMap<String, String>),
    /// With this message.
    Failed(String),
}
