//! `provide`: a stand-in for any other application.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::local::daemon::Daemon;
use crate::local::model::ApplicationError;
use crate::local::provider::Provider as _;
use crate::local::provider::stand_in::StandIn;

/// Adds the stand-in, or gives the one of that name other data.
pub(super) fn provide(
    daemon: &Rc<Daemon>,
    application: &str,
    endpoint: &str,
    interface: &str,
    stand_in: StandIn,
) -> Result<Value, String> {
    if let Some(label) = stand_in.missing_secrets().first() {
        return Err(format!(
            "`secret://{label}` refers to no secret; add `--secret {label}:KEY=VALUE`"
        ));
    }
    let exists = daemon.read(|model| model.applications.contains_key(application));
    let ours = daemon.state.borrow().stand_ins.contains_key(application);
    if exists && !ours {
        return Err(format!(
            "application \"{application}\" already exists and is no stand-in; choose another `--app`"
        ));
    }
    if exists {
        let fits = daemon.read(|model| {
            let found = model.applications.get(application);
            found
                .and_then(|found| found.charm.endpoints.get(endpoint))
                .is_some_and(|found| found.interface == interface)
        });
        if !fits {
            return Err(format!(
                "`{application}` has no endpoint `{endpoint}` of `{interface}`; remove it first, or choose another \
                 `--app`"
            ));
        }
        daemon
            .state
            .borrow_mut()
            .stand_ins
            .insert(application.into(), stand_in);
        daemon.follow(&[]);
    } else {
        let charm = stand_in.charm();
        daemon
            .state
            .borrow_mut()
            .stand_ins
            .insert(application.into(), stand_in);
        let added = daemon.change(|model| {
            let changes = model.deploy(application, charm, Default::default(), 1)?;
            Ok::<_, ApplicationError>(((), changes))
        });
        if added.is_err() {
            daemon.state.borrow_mut().stand_ins.remove(application);
        }
        added?;
    }
    Ok(json!({
        "application": application,
        "endpoint": endpoint,
        "interface": interface,
        "changed": exists,
    }))
}
