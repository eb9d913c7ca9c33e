//! What the command line can ask for, one file for each concern.

mod actions;
mod applications;
mod config;
mod deploy;
mod provide;
mod secrets;
mod units;
mod wait;

use std::rc::Rc;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::Daemon;
use crate::local::protocol::Command;

/// Takes lines for people while something takes long.
pub(super) type Progress = UnboundedSender<String>;

/// Does what was asked and answers with what is to be told.
pub(super) async fn carry_out(
    daemon: &Rc<Daemon>,
    command: Command,
    progress: Progress,
) -> Result<Value, String> {
    match command {
        Command::Deploy(asked) => deploy::deploy(daemon, asked, progress).await,
        Command::Refresh {
            application,
            charm,
            resources,
        } => deploy::refresh(daemon, &application, &charm, resources, progress).await,
        Command::Status => Ok(daemon.status()),
        Command::Integrate { a, b } => {
            let key = daemon.change(|model| {
                let (id, changes) = model.integrate(&a, &b)?;
                let key = model.relations.get(&id).map(|relation| relation.key());
                Ok::<_, crate::local::model::RelationError>((key.unwrap_or_default(), changes))
            })?;
            Ok(json!({ "relation": key }))
        }
        Command::RemoveRelation { a, b } => {
            daemon.change(|model| model.remove_relation(&a, &b).map(|changes| ((), changes)))?;
            Ok(Value::Null)
        }
        Command::Config {
            application,
            set,
            reset,
        } => config::config(daemon, &application, &set, &reset),
        Command::AddUnit { application, count } => applications::add(daemon, &application, count),
        Command::RemoveUnit { target, count } => applications::remove(daemon, &target, count),
        Command::RemoveApplication { application } => {
            applications::remove_application(daemon, &application)
        }
        Command::Run {
            unit,
            action,
            parameters,
        } => actions::run(daemon, &unit, &action, parameters, &progress).await,
        Command::AddSecret { name, content } => secrets::add(daemon, &name, content),
        Command::GrantSecret { name, application } => secrets::grant(daemon, &name, &application),
        Command::Provide {
            application,
            endpoint,
            interface,
            app_data,
            unit_data,
            secrets,
        } => {
            let stand_in = crate::local::provider::stand_in::StandIn::new(
                interface.clone(),
                endpoint.clone(),
                app_data,
                unit_data,
                secrets,
            );
            provide::provide(daemon, &application, &endpoint, &interface, stand_in)
        }
        Command::Wait {
            applications,
            status,
            timeout_seconds,
        } => wait::wait(daemon, &applications, &status, timeout_seconds, &progress).await,
        Command::Fire { unit, event } => units::fire(daemon, &unit, &event).await,
        Command::Restart { unit } => units::restart(daemon, &unit).await,
        Command::Resolve { unit, no_retry } => units::resolve(daemon, &unit, no_retry),
        Command::Destroy => Err("destroy is not carried out here".into()),
    }
}
