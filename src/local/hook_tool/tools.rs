//! Which tool takes which flags, and what answers it.

use crate::juju::JujuVersion;
use crate::local::model::Model;

use super::arguments::{Arguments, Flag};
use super::context::Context;
use super::failure::Failure;
use super::{action, ports, relation, secret, secret_read, status, unit};

/// Flags, positional arguments and purpose.
fn describe(tool: &str) -> Option<(&'static [Flag], &'static str, &'static str)> {
    Some(match tool {
        "action-fail" => (
            action::NONE,
            "[\"<message>\"]",
            "Set the action's failure message.",
        ),
        "action-get" => (
            action::GET,
            "[<key>[.<key>…]]",
            "Get the action's parameters.",
        ),
        "action-log" => (action::NONE, "<message>", "Record progress of the action."),
        "action-set" => (action::NONE, "<key>=<value> …", "Set the action's results."),
        "application-version-set" => (
            action::NONE,
            "<version>",
            "Say which version of the workload runs.",
        ),
        "close-port" => (
            ports::CHANGE,
            "<port>[/<protocol>]",
            "Register a request to close a port.",
        ),
        "config-get" => (
            unit::CONFIG,
            "[<key>]",
            "Print the application's configuration.",
        ),
        "credential-get" => (unit::PRINTS, "", "Access the cloud's credentials."),
        "goal-state" => (unit::PRINTS, "", "Print the planned units and relations."),
        "is-leader" => (unit::PRINTS, "", "Print whether this unit leads."),
        "juju-log" => (unit::LOG, "<message>", "Write a message to the log."),
        "juju-reboot" => (unit::REBOOT, "", "Reboot the machine."),
        "network-get" => (unit::NETWORK, "<binding>", "Get the network's addresses."),
        "open-port" => (
            ports::CHANGE,
            "<port>[/<protocol>]",
            "Register a request to open a port.",
        ),
        "opened-ports" => (ports::LIST, "", "List the ports that are open."),
        "relation-get" => (
            relation::GET,
            "[<key> [<member>]]",
            "Get relation settings.",
        ),
        "relation-ids" => (
            relation::IDS,
            "<endpoint>",
            "List the relations of an endpoint.",
        ),
        "relation-list" => (relation::LIST, "", "List the units of a relation."),
        "relation-model-get" => (relation::MODEL, "", "Get the model at the other side."),
        "relation-set" => (relation::SET, "[<key>=<value> …]", "Set relation settings."),
        "resource-get" => (unit::PRINTS, "<name>", "Get the path of a resource's file."),
        "secret-add" => (
            secret::ADD,
            "<key>[#base64|#file]=<value> …",
            "Add a secret.",
        ),
        "secret-get" => (
            secret_read::GET,
            "<ID> [<key>[#base64]]",
            "Get a secret's content.",
        ),
        "secret-grant" => (secret::GRANT, "<ID>", "Grant access to a secret."),
        "secret-ids" => (secret_read::IDS, "", "List the secrets that are owned."),
        "secret-info-get" => (secret_read::INFO, "<ID>", "Get a secret's metadata."),
        "secret-remove" => (secret::REMOVE, "<ID>", "Remove a secret."),
        "secret-revoke" => (secret::REVOKE, "<ID>", "Revoke access to a secret."),
        "secret-set" => (
            secret::ADD,
            "<ID> [<key>[#base64|#file]=<value> …]",
            "Update a secret.",
        ),
        "state-delete" => (action::NONE, "<key>", "Delete a key of the charm's state."),
        "state-get" => (unit::PRINTS, "[<key>]", "Print the charm's state."),
        "state-set" => (
            unit::STATE_SET,
            "<key>=<value> …",
            "Set keys of the charm's state.",
        ),
        "status-get" => (status::GET, "", "Print the status."),
        "status-set" => (status::SET, "<status> [<message>]", "Set the status."),
        "storage-get" => (unit::STORAGE, "[<key>]", "Print about a storage."),
        "storage-list" => (unit::STORAGE, "[<name>]", "List the storages."),
        _ => return None,
    })
}

/// Answers one call with what goes to standard output.
pub(super) fn run(
    context: &mut Context,
    model: &mut Model,
    tool: &str,
    arguments: &[String],
    stdin: &[u8],
) -> Result<String, Failure> {
    let known = describe(tool).filter(|_| is_in(model.juju_version, tool));
    let (flags, positional, purpose) =
        known.ok_or_else(|| Failure::server(format!("bad request: unknown command {tool:?}")))?;
    let arguments = &Arguments::parse(flags, arguments)?;
    if arguments.boolean("help") {
        return Ok(help(tool, flags, positional, purpose));
    }
    match tool {
        "action-fail" => action::fail(context, model, arguments),
        "action-get" => action::get(context, model, arguments),
        "action-log" => action::log(context, model, arguments),
        "action-set" => action::set(context, model, arguments),
        "application-version-set" => status::set_version(context, model, arguments),
        "close-port" => ports::change(context, arguments, false),
        "config-get" => unit::config(context, model, arguments),
        "credential-get" => unit::credential(),
        "goal-state" => status::goal_state(context, model, arguments),
        "is-leader" => status::is_leader(context, model, arguments),
        "juju-log" => unit::log(context, arguments),
        "juju-reboot" => unit::reboot(),
        "network-get" => unit::network(context, model, arguments),
        "open-port" => ports::change(context, arguments, true),
        "opened-ports" => ports::list(context, model, arguments),
        "relation-get" => relation::get(context, model, arguments),
        "relation-ids" => relation::ids(context, model, arguments),
        "relation-list" => relation::list(context, arguments),
        "relation-model-get" => relation::model_of(context, model, arguments),
        "relation-set" => relation::set(context, model, arguments, stdin),
        "resource-get" => unit::resource(context, model, arguments),
        "secret-add" => secret::add(context, model, arguments, stdin),
        "secret-get" => secret_read::get(context, model, arguments),
        "secret-grant" => secret::grant(context, model, arguments),
        "secret-ids" => secret_read::ids(context, model, arguments),
        "secret-info-get" => secret_read::info(context, model, arguments),
        "secret-remove" => secret::remove(context, model, arguments),
        "secret-revoke" => secret::revoke(context, model, arguments),
        "secret-set" => secret::set(context, model, arguments, stdin),
        "state-delete" => unit::state_delete(context, arguments),
        "state-get" => unit::state_get(context, model, arguments),
        "state-set" => unit::state_set(context, arguments, stdin),
        "status-get" => status::get(context, model, arguments),
        "status-set" => status::set(context, model, arguments),
        "storage-get" => unit::storage_get(arguments),
        "storage-list" => unit::storage_list(arguments),
        _ => Err(Failure::server(format!(
            "bad request: unknown command {tool:?}"
        ))),
    }
}

/// Whether that version of Juju has the tool (contract "Juju", section 6).
fn is_in(version: JujuVersion, tool: &str) -> bool {
    match tool {
        "relation-model-get" => version >= JujuVersion::new(3, 6, 2),
        _ if tool.starts_with("secret-") => version.major >= 3,
        _ => true,
    }
}

fn help(tool: &str, flags: &[Flag], positional: &str, purpose: &str) -> String {
    let mut text = format!("Usage: {tool} [options] {positional}\n\nSummary:\n{purpose}\n");
    if !flags.is_empty() {
        text.push_str("\nOptions:\n");
    }
    for flag in flags {
        let names: Vec<String> = flag
            .names
            .iter()
            .map(|name| match name.len() {
                1 => format!("-{name}"),
                _ => format!("--{name}"),
            })
            .collect();
        let value = if flag.boolean { "" } else { " <value>" };
        text.push_str(&format!("{}{value}\n", names.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_name_on_the_path_is_answered() {
        for name in super::super::NAMES {
            assert!(super::describe(name).is_some(), "{name}");
        }
    }
}
