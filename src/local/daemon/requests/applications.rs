//! `add-unit`, `remove-unit` and `remove-application`.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::local::daemon::Daemon;
use crate::local::model::ApplicationError;

pub(super) fn add(daemon: &Rc<Daemon>, application: &str, count: u32) -> Result<Value, String> {
    let built_in = daemon.read(|model| {
        let found = model.applications.get(application);
        found.is_some_and(|found| !found.runs_charm())
    });
    if built_in {
        return Err(format!("`{application}` is built in and has one unit"));
    }
    let units = daemon.change(|model| {
        let mut units = Vec::new();
        let mut changes = Vec::new();
        for _ in 0..count {
            let (unit, made) = model.add_unit(application)?;
            units.push(unit);
            changes.extend(made);
        }
        Ok::<_, ApplicationError>((units, changes))
    })?;
    Ok(json!({ "units": units }))
}

pub(super) fn remove(daemon: &Rc<Daemon>, target: &str, count: u32) -> Result<Value, String> {
    let units = if target.contains('/') {
        vec![target.to_owned()]
    } else {
        let living = daemon.read(|model| {
            model
                .applications
                .contains_key(target)
                .then(|| model.living_units(target))
        });
        let living = living.ok_or_else(|| format!("application \"{target}\" not found"))?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if living.len() < count {
            return Err(format!(
                "`{target}` has {} units; {count} cannot be removed",
                living.len()
            ));
        }
        // As a StatefulSet: the highest numbers go first.
        living.into_iter().rev().take(count).collect()
    };
    daemon.change(|model| {
        let mut changes = Vec::new();
        for unit in &units {
            changes.extend(model.remove_unit(unit)?);
        }
        Ok::<_, ApplicationError>(((), changes))
    })?;
    Ok(json!({ "units": units }))
}

pub(super) fn remove_application(daemon: &Rc<Daemon>, application: &str) -> Result<Value, String> {
    daemon.change(|model| {
        model
            .remove_application(application)
            .map(|changes| ((), changes))
    })?;
    Ok(Value::Null)
}
