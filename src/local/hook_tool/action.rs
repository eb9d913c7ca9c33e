//! `action-get`, `action-set`, `action-fail`, `action-log`.

use serde_json::{Map, Value, json};

use crate::local::model::{Action, ActionStatus, Model};

use super::arguments::{Arguments, Flag};
use super::context::Context;
use super::failure::Failure;
use super::output::{FORMAT, print};

pub(super) const GET: &[Flag] = &[FORMAT];
pub(super) const NONE: &[Flag] = &[];

type Outcome = Result<String, Failure>;

const RESERVED: [&str; 4] = ["stdout", "stderr", "stdout-encoding", "stderr-encoding"];

fn running<'a>(context: &Context, model: &'a mut Model) -> Result<&'a mut Action, Failure> {
    let id = context.action()?;
    model
        .actions
        .get_mut(&id)
        .ok_or_else(|| Failure::server(format!("action \"{id}\" not found")))
}

pub(super) fn get(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    let action = running(context, model)?;
    let Some(path) = arguments.at(0) else {
        return print(arguments, "smart", &json!(action.parameters));
    };
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| action.parameters.get(key));
    let found = keys.fold(first, |value, key| value?.get(key));
    print(arguments, "smart", &found.cloned().unwrap_or_default())
}

/// All or nothing: one key that is wrong and none is set.
pub(super) fn set(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    let action = running(context, model)?;
    let mut results = action.results.clone();
    for argument in &arguments.rest {
        let (path, value) = argument.split_once('=').ok_or_else(|| {
            Failure::usage(format!(
                "argument {argument:?} must be of the form key...=value"
            ))
        })?;
        let keys: Vec<&str> = path.split('.').collect();
        for key in &keys {
            check(key)?;
        }
        if RESERVED.contains(&path) {
            return Err(Failure::usage(format!(
                "cannot set reserved action key {path:?}"
            )));
        }
        insert(&mut results, &keys, value);
    }
    action.results = results;
    Ok(String::new())
}

fn check(key: &str) -> Result<(), Failure> {
    let solid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [key.bytes().next(), key.bytes().next_back()];
    let good = ends.iter().all(|end| end.is_some_and(solid))
        && key.bytes().all(|byte| solid(byte) || byte == b'-');
    if good {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "key {key:?} must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric, hyphens and periods"
    )))
}

fn insert(results: &mut Map<String, Value>, keys: &[&str], value: &str) {
    let Some((first, rest)) = keys.split_first() else {
        return;
    };
    if rest.is_empty() {
        results.insert((*first).into(), json!(value));
        return;
    }
    let entry = results.entry(*first).or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    if let Some(inner) = entry.as_object_mut() {
        insert(inner, rest, value);
    }
}

pub(super) fn fail(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    let action = running(context, model)?;
    action.status = ActionStatus::Failed;
    action.message = arguments
        .at(0)
        .filter(|message| !message.is_empty())
        .unwrap_or("action failed without reason given, check action for errors")
        .into();
    Ok(String::new())
}

pub(super) fn log(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    if arguments.rest.is_empty() {
        return Err(Failure::usage("no message specified"));
    }
    let action = running(context, model)?;
    action.log.push(arguments.rest.join(" "));
    Ok(String::new())
}
