//! Juju's hook tools in the local model: the processes that a charm starts, and what answers them.

mod action;
mod arguments;
mod client;
mod context;
mod failure;
mod output;
mod ports;
mod relation;
mod reply;
mod secret;
mod secret_read;
mod status;
mod tools;
mod unit;

pub use client::main;
pub use context::{Context, LogLine};
pub use reply::{Reply, Request};
pub use unit::resource_files;

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

#[cfg(test)]
mod tests;
