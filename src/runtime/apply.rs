//! Carries a decision out, in one fixed order: requests, container, ports and who wants to know, status, action. Only what differs is written.

pub mod container;

use std::collections::BTreeMap;

use super::conclude::{self, Conclusion, conclude};
use super::decision::{ActionOutcome, BagWrite, Decision, SecretWrite, Verdict, Work};
use super::execute;
use super::observation::Observation;
use super::secret_key::URI_KEY;
use crate::juju::{self, LogLevel, Owner, Port, Protocol, RelationId, Status, Tools};
use crate::pebble;
use crate::streams::errln;

/// The text of the peer while it works.
const PREPARING: &str = "Preparing service for restart";

/// Carries the decision out.
///
/// # Errors
/// A hook tool failed for a reason that nobody can act on: Juju drops what was written and tries the hook again.
pub async fn apply(
    observation: &Observation,
    mut decision: Decision,
    tools: &Tools,
    pebble: &pebble::Client,
) -> Result<(), juju::Error> {
    let mut changes = Vec::new();
    for remark in &decision.remarks {
        // Juju takes standard error at WARNING: no process for a line of log.
        errln!("{}", decision.mask.hide(remark));
    }
    if let Some(secret) = decision.secret.take() {
        keep_secret(tools, &secret, &mut decision.bags).await?;
        changes.push("moved the secret key into a new secret revision".to_owned());
    }
    for secret in &decision.own_secrets {
        let (label, content) = (Some(secret.label.as_str()), &secret.content);
        let description = format!("What this unit keeps for {}", secret.endpoint);
        let description = Some(description.as_str());
        tools
            .secret_add(label, description, content, Owner::Unit)
            .await?;
        changes.push(format!("made a secret for {}", secret.endpoint));
    }
    write_bags(tools, &decision.bags, &mut changes).await?;
    let is_visible = match &decision.work {
        Work::Run(run) => !run.is_idle(),
        Work::Stop { .. } | Work::Nothing => false,
    };
    if is_visible {
        tools
            .status_set(false, Status::Maintenance, PREPARING)
            .await?;
    }
    let done = container::work(&decision, pebble, &mut changes).await;
    let Conclusion { verdict, port } = conclude(&decision, &done);
    if let Some(port) = port {
        set_ports(tools, observation, port, &mut changes).await?;
        write_bags(tools, &decision.once_open, &mut changes).await?;
    }
    if let Some(verdict) = &verdict {
        set_status(tools, observation, verdict, is_visible, &mut changes).await?;
    }
    let action = match decision.action.take() {
        Some(ActionOutcome::Run(command)) => {
            let done = execute::command(&command, &decision.mask, pebble).await;
            Some(conclude::action(&command, &decision.mask, done))
        }
        action => action,
    };
    match action {
        Some(ActionOutcome::Done(results)) => tools.action_set(&results).await?,
        Some(ActionOutcome::Failed(message)) => tools.action_fail(&message).await?,
        Some(ActionOutcome::Run(_)) | None => {}
    }
    if !changes.is_empty() {
        let line = decision.mask.hide(&changes.join("; "));
        tools.juju_log(LogLevel::Info, &line).await?;
    }
    Ok(())
}

/// Makes or renews the secret, and has its URI written with the rest of the peer relation's bag.
async fn keep_secret(
    tools: &Tools,
    secret: &SecretWrite,
    bags: &mut [BagWrite],
) -> Result<(), juju::Error> {
    let content = BTreeMap::from([("value".to_owned(), secret.value.clone())]);
    let uri = match &secret.uri {
        Some(uri) => {
            tools.secret_set(uri, &content, Owner::Application).await?;
            uri.clone()
        }
        None => {
            let description = Some("The app's secret key, shared by all units");
            tools
                .secret_add(
                    Some(&secret.label),
                    description,
                    &content,
                    Owner::Application,
                )
                .await?
        }
    };
    let (_, relation) = &secret.peer;
    for bag in bags
        .iter_mut()
        .filter(|bag| bag.app && bag.relation == *relation)
    {
        bag.changes.insert(URI_KEY.to_owned(), Some(uri.clone()));
    }
    Ok(())
}

async fn write_bags(
    tools: &Tools,
    writes: &[BagWrite],
    changes: &mut Vec<String>,
) -> Result<(), juju::Error> {
    for write in writes {
        write_bag(tools, write).await?;
        let keys: Vec<&str> = write.changes.keys().map(String::as_str).collect();
        changes.push(format!("wrote {} on {}", keys.join(", "), write.endpoint));
    }
    Ok(())
}

async fn write_bag(tools: &Tools, write: &BagWrite) -> Result<(), juju::Error> {
    let id = RelationId::new(write.endpoint.clone(), write.relation);
    match tools.relation_set(&id, write.app, &write.changes).await {
        // A relation that is gone needs nothing; a unit that no longer leads leaves it to the one that does.
        Err(error) if error.is_absent() || (write.app && error.is_refused()) => Ok(()),
        result => result,
    }
}

async fn set_ports(
    tools: &Tools,
    observation: &Observation,
    port: u16,
    changes: &mut Vec<String>,
) -> Result<(), juju::Error> {
    let wanted = Port::tcp(port);
    let name = wanted.to_string();
    if !observation.opened_ports.contains(&name) {
        tools.open_port(wanted).await?;
        changes.push(format!("opened port {name}"));
    }
    for other in observation
        .opened_ports
        .iter()
        .filter(|other| **other != name)
    {
        let Ok(other) = other.parse::<Port>() else {
            continue;
        };
        if other.protocol == Protocol::Tcp || other.protocol == Protocol::Udp {
            tools.close_port(other).await?;
            changes.push(format!("closed port {other}"));
        }
    }
    Ok(())
}

async fn set_status(
    tools: &Tools,
    observation: &Observation,
    verdict: &Verdict,
    disturbed: bool,
    changes: &mut Vec<String>,
) -> Result<(), juju::Error> {
    let (status, message) = (verdict.status, verdict.message.as_str());
    let wanted = (status.to_string(), message.to_owned());
    if disturbed || observation.unit_status.as_ref() != Some(&wanted) {
        tools.status_set(false, status, message).await?;
    }
    if observation.unit_status.as_ref() != Some(&wanted) {
        let text = if message.is_empty() {
            String::new()
        } else {
            format!(": {message}")
        };
        changes.push(format!("status {status}{text}"));
    }
    if observation.leader && observation.app_status.as_ref() != Some(&wanted) {
        match tools.status_set(true, status, message).await {
            Err(error) if error.is_refused() => {}
            result => result?,
        }
    }
    Ok(())
}
