//! `relation-ids`, `relation-list`, `relation-get`, `relation-set`, `relation-model-get`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::juju::JujuVersion;
use crate::local::model::{Bag, Model, QueuedEvent, Relation, RelationHook, application_of};

use super::arguments::{Arguments, Flag, boolean, text};
use super::context::Context;
use super::failure::Failure;
use super::output::{FORMAT, print};

pub(super) const RELATION: Flag = text(&["r", "relation"]);
pub(super) const IDS: &[Flag] = &[FORMAT];
pub(super) const LIST: &[Flag] = &[FORMAT, RELATION, boolean(&["app"])];
pub(super) const GET: &[Flag] = LIST;
pub(super) const SET: &[Flag] = &[FORMAT, RELATION, boolean(&["app"]), text(&["file"])];
pub(super) const MODEL: &[Flag] = &[FORMAT, RELATION];

type Outcome = Result<String, Failure>;

impl Context {
    /// The relation of `-r`, else the event's, else `None`.
    pub(super) fn relation_of(&self, arguments: &Arguments) -> Result<Option<u32>, Failure> {
        let Some(written) = arguments.text("r") else {
            return Ok(self.event.relation());
        };
        let refuse =
            |why: &str| Failure::usage(format!("invalid value {written:?} for option -r: {why}"));
        // Juju ignores what is before the colon.
        let number = written.rsplit(':').next().unwrap_or_default();
        let id: u32 = number.parse().map_err(|_| refuse("invalid relation id"))?;
        if !self.relations.contains_key(&id) {
            return Err(refuse("relation not found"));
        }
        Ok(Some(id))
    }

    fn needed_relation(&self, arguments: &Arguments) -> Result<(u32, &Relation), Failure> {
        let id = self
            .relation_of(arguments)?
            .ok_or_else(|| Failure::usage("no relation id specified"))?;
        let relation = self
            .relations
            .get(&id)
            .ok_or_else(|| Failure::server(format!("relation {id} not found")))?;
        Ok((id, relation))
    }

    fn bag(&self, id: u32, member: &str) -> Option<Bag> {
        let written = self.writes.bags.get(&(id, member.to_owned()));
        let read = self.relations.get(&id)?.bags.get(member);
        written.or(read).cloned()
    }
}

pub(super) fn ids(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    let current = context
        .event
        .relation()
        .and_then(|id| context.relations.get(&id))
        .and_then(|relation| relation.side_of(context.application()))
        .map(|side| side.endpoint.as_str());
    let endpoint = arguments
        .at(0)
        .or(current)
        .ok_or_else(|| Failure::usage("no endpoint name specified"))?;
    let broken = matches!(
        context.event,
        QueuedEvent::Relation {
            hook: RelationHook::Broken,
            ..
        }
    );
    let hidden = (broken && model.juju_version >= JujuVersion::new(3, 5, 0))
        .then(|| context.event.relation())
        .flatten();
    let ids: Vec<String> = context
        .relations
        .iter()
        .filter(|(id, relation)| {
            Some(**id) != hidden
                && relation
                    .side_of(context.application())
                    .is_some_and(|side| side.endpoint == endpoint)
        })
        .map(|(id, _)| format!("{endpoint}:{id}"))
        .collect();
    print(arguments, "smart", &json!(ids))
}

pub(super) fn list(context: &Context, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let (_, relation) = context.needed_relation(arguments)?;
    if arguments.boolean("app") {
        let remote = relation.remote_application(context.application());
        return print(arguments, "smart", &json!(remote));
    }
    print(arguments, "smart", &json!(relation.members))
}

pub(super) fn get(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    let (id, relation) = context.needed_relation(arguments)?;
    arguments.at_most(2)?;
    let (member, is_application) = member(context, arguments)?;
    let own = context.application();
    let theirs = relation.side_of(application_of(&member)).is_some();
    let later = model.juju_version.major >= 4;
    if !theirs {
        return Err(Failure::server("permission denied"));
    }
    if is_application {
        if member == own && !relation.is_peer() && !model.is_leader(&context.unit) {
            return Err(Failure::server(match model.juju_version {
                version if version >= JujuVersion::new(3, 6, 0) && !later => {
                    "permission denied (unauthorized access)"
                }
                _ => "permission denied",
            }));
        }
        let gone = !model.relations.contains_key(&id) && member != own;
        if gone && !context.event_is_of(id) {
            return Err(Failure::server(if later {
                "relation not found"
            } else {
                "permission denied"
            }));
        }
    }
    let Some(bag) = context.bag(id, &member) else {
        if is_application || member == context.unit {
            return answer(arguments, &Bag::new());
        }
        return Err(Failure::server(format!(
            "cannot read settings for unit {member:?} in relation {:?}: unit {member:?}: settings not found",
            relation.key()
        )));
    };
    answer(arguments, &bag)
}

fn answer(arguments: &Arguments, bag: &Bag) -> Outcome {
    match arguments.at(0) {
        None | Some("-" | "") => print(arguments, "smart", &json!(bag)),
        Some(key) => print(
            arguments,
            "smart",
            &bag.get(key).map_or(Value::Null, |value| json!(value)),
        ),
    }
}

/// Whose bag is meant, and whether it is an application's.
fn member(context: &Context, arguments: &Arguments) -> Result<(String, bool), Failure> {
    let application = arguments.boolean("app");
    let unit_like = |text: &str| {
        text.split_once('/')
            .is_some_and(|(name, number)| !name.is_empty() && number.parse::<u32>().is_ok())
    };
    if let Some(written) = arguments.at(1) {
        if application {
            return Ok((application_of(written).to_owned(), true));
        }
        if unit_like(written) {
            return Ok((written.to_owned(), false));
        }
        return Err(Failure::usage(if written.contains('/') {
            format!("invalid unit name {written:?}")
        } else {
            format!("expected unit name, got application name {written:?}")
        }));
    }
    let QueuedEvent::Relation {
        remote_application,
        remote_unit,
        ..
    } = &context.event
    else {
        return Err(Failure::usage("no unit or application specified"));
    };
    Ok(match remote_unit {
        Some(unit) if !application => (unit.clone(), false),
        _ => (remote_application.clone(), true),
    })
}

impl Context {
    fn event_is_of(&self, id: u32) -> bool {
        self.event.relation() == Some(id)
    }
}

pub(super) fn set(
    context: &mut Context,
    model: &Model,
    arguments: &Arguments,
    stdin: &[u8],
) -> Outcome {
    let (id, _) = context.needed_relation(arguments)?;
    let mut values = if arguments.text("file").is_some() {
        mapping(stdin)?
    } else {
        BTreeMap::new()
    };
    values.extend(pairs(&arguments.rest)?);
    let member = if arguments.boolean("app") {
        if !model.is_leader(&context.unit) {
            return Err(Failure::server("cannot write relation settings"));
        }
        context.application().to_owned()
    } else {
        context.unit.clone()
    };
    let mut bag = context.bag(id, &member).unwrap_or_default();
    for (key, value) in values {
        if value.is_empty() {
            bag.remove(&key);
        } else {
            bag.insert(key, value);
        }
    }
    context.writes.bags.insert((id, member), bag);
    Ok(String::new())
}

pub(super) fn model_of(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    context.needed_relation(arguments)?;
    print(arguments, "smart", &json!({ "uuid": model.uuid }))
}

/// `key=value` arguments.
pub(super) fn pairs(arguments: &[String]) -> Result<Bag, Failure> {
    let mut values = Bag::new();
    for argument in arguments {
        let (key, value) = argument
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Failure::usage(format!("expected \"key=value\", got {argument:?}")))?;
        values.insert(key.into(), value.into());
    }
    Ok(values)
}

/// A YAML mapping of scalars to scalars, which become their texts.
pub(super) fn mapping(stdin: &[u8]) -> Result<Bag, Failure> {
    let wrong = |why: &str| Failure::usage(format!("cannot parse YAML: {why}"));
    let text = std::str::from_utf8(stdin).map_err(|_| wrong("it is not UTF-8"))?;
    if text.trim().is_empty() {
        return Ok(Bag::new());
    }
    // The parser's own message could quote what it read, which may be secret.
    let value: crate::yaml::Value = crate::yaml::from_str(text).map_err(|error| {
        error.position.map_or_else(
            || wrong("it is not a mapping of strings to strings"),
            |(line, column)| wrong(&format!("line {line}, column {column}")),
        )
    })?;
    let crate::yaml::Value::Mapping(values) = value else {
        return Err(wrong("it is not a mapping of strings to strings"));
    };
    let mut bag = Bag::new();
    for (key, value) in values {
        let key = scalar(&key).ok_or_else(|| wrong("a key is not a string"))?;
        let value = scalar(&value)
            .ok_or_else(|| wrong(&format!("the value of {key:?} is not a string")))?;
        bag.insert(key, value);
    }
    Ok(bag)
}

fn scalar(value: &crate::yaml::Value) -> Option<String> {
    use crate::yaml::Value;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}
