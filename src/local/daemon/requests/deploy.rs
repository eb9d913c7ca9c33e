//! `deploy` and `refresh`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Value, json};

use super::Progress;
use crate::local::container::prepare_image;
use crate::local::daemon::charm::{Read, read};
use crate::local::daemon::{Daemon, pebble_executable};
use crate::local::model::{Charm, Model, application_of};
use crate::local::protocol::Deploy;
use crate::local::provider::registry;

pub(super) async fn deploy(
    daemon: &Rc<Daemon>,
    asked: Deploy,
    progress: Progress,
) -> Result<Value, String> {
    name_model(daemon, asked.model.as_deref())?;
    let (charm, resources, packed) = if Path::new(&asked.charm).is_absolute() {
        let path = PathBuf::from(&asked.charm);
        let read = read(&path)?;
        read.check_resources(&asked.resources)?;
        check_application(
            daemon,
            asked.application.as_ref().unwrap_or(&read.charm.name),
        )?;
        find_pebble(daemon, &read, asked.pebble.as_deref())?;
        let resources = prepare(daemon, &asked.resources, &progress).await?;
        (read.charm, resources, Some(path))
    } else {
        if !asked.resources.is_empty() {
            return Err(format!(
                "`{}` is built in and has no resources",
                asked.charm
            ));
        }
        if asked.units > 1 {
            return Err(format!("`{}` is built in and has one unit", asked.charm));
        }
        let provider = registry::create(&asked.charm).map_err(|error| error.to_string())?;
        (provider.charm(), BTreeMap::new(), None)
    };
    let application = asked.application.unwrap_or_else(|| charm.name.clone());
    if let Some(packed) = packed {
        keep_charm(daemon, &application, charm.revision, &packed)?;
    }
    if let Some(seconds) = asked.update_status_interval {
        daemon.state.borrow_mut().update_status_interval = seconds;
    }
    let facts = json!({
        "application": application,
        "charm": charm.name,
        "revision": charm.revision,
        "model": daemon.read(|model| model.name.clone()),
    });
    daemon.change(|model| {
        add(
            model,
            &application,
            charm,
            resources,
            asked.units,
            &asked.config,
        )
    })?;
    Ok(facts)
}

fn add(
    model: &mut Model,
    application: &str,
    charm: Charm,
    resources: BTreeMap<String, PathBuf>,
    units: u32,
    config: &BTreeMap<String, String>,
) -> Result<((), Vec<crate::local::model::Change>), String> {
    let changes = model
        .deploy(application, charm, resources, units.max(1))
        .map_err(|error| error.to_string())?;
    // Before the first hook, which then sees the values: no `config-changed` of their own.
    model
        .set_config(application, config)
        .map_err(|error| error.to_string())?;
    Ok(((), changes))
}

pub(super) async fn refresh(
    daemon: &Rc<Daemon>,
    application: &str,
    path: &Path,
    resources: BTreeMap<String, PathBuf>,
    progress: Progress,
) -> Result<Value, String> {
    let (before, kept) = daemon.read(|model| {
        let found = model.applications.get(application);
        let found = found.ok_or_else(|| format!("application \"{application}\" not found"))?;
        if !found.runs_charm() {
            return Err(format!(
                "`{application}` is built in and cannot be refreshed"
            ));
        }
        Ok((found.charm.clone(), found.resources.clone()))
    })?;
    let read = read(path)?;
    if read.charm.name != before.name {
        return Err(format!(
            "cannot refresh \"{}\" to \"{}\": deploy it as another application instead",
            before.name, read.charm.name
        ));
    }
    let mut all = kept;
    all.extend(resources.clone());
    all.retain(|name, _| read.resources.contains(name) || resources.contains_key(name));
    read.check_resources(&all)?;
    // All that can be refused is refused before anything is built or replaced.
    let mut trial = daemon.read(Clone::clone);
    trial
        .refresh(application, read.charm.clone(), BTreeMap::new())
        .map_err(|error| error.to_string())?;
    find_pebble(daemon, &read, None)?;
    let resources = prepare(daemon, &resources, &progress).await?;
    let revision = before.revision + 1;
    keep_charm(daemon, application, revision, path)?;
    daemon.change(|model| {
        model
            .refresh(application, read.charm, resources)
            .map(|changes| ((), changes))
    })?;
    Ok(json!({"application": application, "charm": before.name, "revision": revision}))
}

/// A new model may be named; one that has applications keeps its name.
fn name_model(daemon: &Daemon, name: Option<&str>) -> Result<(), String> {
    let Some(name) = name else { return Ok(()) };
    let good = !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !good {
        return Err(format!(
            "`{name}` is not a model's name: lower-case letters, digits and `-`, at neither end"
        ));
    }
    let mut state = daemon.state.borrow_mut();
    if state.model.name == name {
        return Ok(());
    }
    if !state.model.applications.is_empty() {
        return Err(format!(
            "the model here is `{}`; leave out `--model`, or use another directory",
            state.model.name
        ));
    }
    state.model.name = name.into();
    Ok(())
}

fn check_application(daemon: &Daemon, application: &str) -> Result<(), String> {
    let mut trial = daemon.read(Clone::clone);
    trial
        .deploy(
            application_of(application),
            Charm::default(),
            BTreeMap::new(),
            0,
        )
        .map_err(|error| error.to_string())
        .and_then(|_| {
            if application.contains('/') {
                Err(format!("\"{application}\" is not an application name"))
            } else {
                Ok(())
            }
        })
}

fn find_pebble(daemon: &Daemon, read: &Read, asked: Option<&Path>) -> Result<(), String> {
    if read.charm.containers.is_empty() && asked.is_none() {
        return Ok(());
    }
    let known = daemon.state.borrow().pebble.clone();
    let known = known.filter(|path| asked.is_none() && path.is_file());
    let pebble = match known {
        Some(pebble) => pebble,
        None => pebble_executable::find(asked)?,
    };
    daemon.state.borrow_mut().pebble = Some(pebble);
    Ok(())
}

async fn prepare(
    daemon: &Daemon,
    resources: &BTreeMap<String, PathBuf>,
    progress: &Progress,
) -> Result<BTreeMap<String, PathBuf>, String> {
    let images = daemon.directory.join("images");
    let mut prepared = BTreeMap::new();
    for (name, path) in resources {
        let image = prepare_image(path, &images, Some(progress.clone()))
            .await
            .map_err(|error| format!("resource `{name}`: {error}"))?;
        prepared.insert(name.clone(), image);
    }
    Ok(prepared)
}

/// Units are given the charm from this copy: the file that was deployed may change meanwhile.
fn keep_charm(
    daemon: &Daemon,
    application: &str,
    revision: u32,
    packed: &Path,
) -> Result<(), String> {
    let target = daemon.directory.charm(application, revision);
    std::fs::copy(packed, &target).map(drop).map_err(|error| {
        format!(
            "cannot copy `{}` to `{}`: {error}",
            packed.display(),
            target.display()
        )
    })
}
