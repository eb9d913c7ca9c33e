//! `fire`, `restart` and `resolve`: what a person can do to one unit.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::local::daemon::Daemon;
use crate::local::model::{Model, QueuedEvent, RelationHook, application_of};

pub(super) async fn fire(daemon: &Rc<Daemon>, unit: &str, name: &str) -> Result<Value, String> {
    check(daemon, unit)?;
    let events = daemon.read(|model| events(model, unit, name))?;
    for event in &events {
        daemon.state.borrow_mut().model.push(unit, event.clone());
    }
    let mut news = daemon.watch();
    daemon.follow(&[]);
    loop {
        let outcome = daemon.read(|model| {
            let Some(found) = model.unit(unit) else {
                return Some(Ok(()));
            };
            if let Some(problem) = found.agent.strip_prefix("error ") {
                return Some(Err(format!("{unit}: {problem}")));
            }
            let left = events.iter().any(|event| {
                found.queue.running.as_ref() == Some(event) || found.queue.waiting.contains(event)
            });
            (!left).then_some(Ok(()))
        });
        if let Some(outcome) = outcome {
            outcome?;
            return Ok(json!({"unit": unit, "event": name}));
        }
        let _ = news.changed().await;
    }
}

pub(super) async fn restart(daemon: &Rc<Daemon>, unit: &str) -> Result<Value, String> {
    check(daemon, unit)?;
    let agent = daemon.agents.borrow().get(unit).cloned();
    if let Some(agent) = &agent {
        agent.interrupt();
    }
    daemon.renew_unit(unit).await?;
    if let Some(agent) = &agent {
        agent.resolve();
    }
    Ok(json!({ "unit": unit }))
}

pub(super) fn resolve(daemon: &Rc<Daemon>, unit: &str, no_retry: bool) -> Result<Value, String> {
    check(daemon, unit)?;
    let failed = daemon.read(|model| {
        let found = model.unit(unit)?;
        let stuck = found.agent.starts_with("error ");
        found.queue.running.clone().filter(|_| stuck)
    });
    let Some(event) = failed else {
        return Err(format!("unit \"{unit}\" is not in an error state"));
    };
    if no_retry {
        let changes = daemon.state.borrow_mut().model.dispatched(unit, &event);
        daemon.follow(&changes);
    }
    if let Some(agent) = daemon.agents.borrow().get(unit) {
        agent.resolve();
    }
    let name = daemon.read(|model| event.name(model));
    Ok(json!({"unit": unit, "event": name, "retried": !no_retry}))
}

fn check(daemon: &Daemon, unit: &str) -> Result<(), String> {
    daemon.read(|model| {
        if model.unit(unit).is_none() {
            Err(format!("unit \"{unit}\" not found"))
        } else if model.runs_charm(unit) {
            Ok(())
        } else {
            Err(format!("`{unit}` is built in and has no hooks"))
        }
    })
}

/// The events of a name, as they would come by themselves now.
fn events(model: &Model, unit: &str, name: &str) -> Result<Vec<QueuedEvent>, String> {
    let simple = match name {
        "config-changed" => Some(QueuedEvent::ConfigChanged),
        "install" => Some(QueuedEvent::Install),
        "leader-elected" => Some(QueuedEvent::LeaderElected),
        "start" => Some(QueuedEvent::Start),
        "update-status" => Some(QueuedEvent::UpdateStatus),
        "upgrade-charm" => Some(QueuedEvent::UpgradeCharm),
        _ => None,
    };
    if let Some(event) = simple {
        return Ok(vec![event]);
    }
    let application = application_of(unit);
    let charm = model.applications.get(application).map(|it| &it.charm);
    if let Some(container) = name.strip_suffix("-pebble-ready")
        && charm.is_some_and(|charm| charm.containers.contains_key(container))
    {
        return Ok(vec![QueuedEvent::PebbleReady {
            container: container.into(),
        }]);
    }
    for (suffix, hook) in [
        ("-relation-created", RelationHook::Created),
        ("-relation-joined", RelationHook::Joined),
        ("-relation-changed", RelationHook::Changed),
    ] {
        if let Some(endpoint) = name.strip_suffix(suffix) {
            return relation_events(model, unit, endpoint, hook);
        }
    }
    Err(format!(
        "`{name}` is no event that can be fired: choose config-changed, install, leader-elected, start, update-status, \
         upgrade-charm, CONTAINER-pebble-ready or ENDPOINT-relation-created, -joined or -changed"
    ))
}

fn relation_events(
    model: &Model,
    unit: &str,
    endpoint: &str,
    hook: RelationHook,
) -> Result<Vec<QueuedEvent>, String> {
    let application = application_of(unit);
    let mut events = Vec::new();
    for (id, relation) in &model.relations {
        let side = relation.side_of(application);
        if side.is_none_or(|side| side.endpoint != endpoint) || relation.dying {
            continue;
        }
        let remote_application = relation.remote_application(application).unwrap_or_default();
        let event = |remote_unit: Option<String>| QueuedEvent::Relation {
            hook,
            relation: *id,
            endpoint: endpoint.into(),
            remote_application: remote_application.into(),
            remote_unit,
            departing_unit: None,
        };
        let remotes = relation.seen_by_others(unit);
        if hook == RelationHook::Created || (hook == RelationHook::Changed && remotes.is_empty()) {
            events.push(event(None));
        } else {
            events.extend(remotes.into_iter().map(|remote| event(Some(remote))));
        }
    }
    if events.is_empty() {
        return Err(format!(
            "`{unit}` has no relation at `{endpoint}` with anybody in it"
        ));
    }
    Ok(events)
}
