//! Juju's hook tools in the local model: the processes that a charm starts, and what answers them.

mod context;
mod reply;

pub use context::{Context, LogLine, resource_files};
pub use reply::{Reply, Request};

use std::ffi::OsString;
use std::process::ExitCode;

/// Every hook tool, as `juju` links it on the PATH of a hook.
pub const NAMES: &[&str] = &[
    "action-fail",
    "action-get",
    "action-log",
    "action-set",
    "application-version-set",
    "close-port",
    "config-get",
    "credential-get",
    "goal-state",
    "is-leader",
    "juju-log",
    "juju-reboot",
    "network-get",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-model-get",
    "relation-set",
    "resource-get",
    "secret-add",
    "secret-get",
    "secret-grant",
    "secret-ids",
    "secret-info-get",
    "secret-remove",
    "secret-revoke",
    "secret-set",
    "state-delete",
    "state-get",
    "state-set",
    "status-get",
    "status-set",
    "storage-get",
    "storage-list",
];

/// The hook tool as a process.
#[must_use]
pub fn main(_tool: &'static str, _arguments: &[OsString]) -> ExitCode {
    ExitCode::FAILURE
}
