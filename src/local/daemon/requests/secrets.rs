//! `secret add` and `secret grant`: users' secrets.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::local::daemon::Daemon;

/// Adds the secret of that name, or gives it a new revision.
pub(super) fn add(
    daemon: &Rc<Daemon>,
    name: &str,
    content: BTreeMap<String, String>,
) -> Result<Value, String> {
    let id = daemon.change(|model| model.put_secret(None, name, content))?;
    Ok(json!({ "secret": format!("secret:{id}") }))
}

pub(super) fn grant(daemon: &Rc<Daemon>, name: &str, application: &str) -> Result<Value, String> {
    let (id, known) = daemon.read(|model| {
        let bare = name.strip_prefix("secret:").unwrap_or(name);
        let found = model.secrets.iter().find(|(id, secret)| {
            secret.owner.is_none() && (id.as_str() == bare || secret.label.as_deref() == Some(name))
        });
        let known = model.applications.contains_key(application);
        (found.map(|(id, _)| id.clone()), known)
    });
    let id = id.ok_or_else(|| format!("secret \"{name}\" not found"))?;
    if !known {
        return Err(format!("application \"{application}\" not found"));
    }
    daemon.change(|model| {
        model
            .grant_secret(&id, application, None)
            .map(|()| ((), Vec::new()))
    })?;
    Ok(json!({ "secret": format!("secret:{id}"), "application": application }))
}
