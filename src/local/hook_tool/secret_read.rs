//! Reading secrets: `secret-get`, `secret-info-get`, `secret-ids`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::juju::JujuVersion;
use crate::local::model::{Consumer, Model, Secret, SecretUpdate};

use super::arguments::{Arguments, Flag, boolean, text};
use super::context::{Context, SecretWrite};
use super::failure::Failure;
use super::output::{FORMAT, print};
use super::secret::{not_found, parse_uri};

pub(super) const IDS: &[Flag] = &[FORMAT];
pub(super) const INFO: &[Flag] = &[FORMAT, text(&["label"])];
pub(super) const GET: &[Flag] = &[
    FORMAT,
    text(&["label"]),
    boolean(&["peek"]),
    boolean(&["refresh"]),
];

type Outcome = Result<String, Failure>;

/// Up to some versions an owner always reads the newest revision, and may neither refresh nor name a secret by URI
/// and label (https://bugs.launchpad.net/juju/+bug/2042596).
fn owner_reads_newest(version: JujuVersion) -> bool {
    version < JujuVersion::new(3, 1, 7)
        || (version >= JujuVersion::new(3, 2, 0) && version < JujuVersion::new(3, 3, 1))
}

pub(super) fn get(context: &mut Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    let uri = arguments.at(0).map(parse_uri).transpose()?;
    let label = arguments.text("label").filter(|label| !label.is_empty());
    let (peek, refresh) = (arguments.boolean("peek"), arguments.boolean("refresh"));
    if uri.is_none() && label.is_none() {
        return Err(Failure::usage("require either a secret URI or label"));
    }
    if peek && refresh {
        return Err(Failure::usage(
            "specify one of --peek or --refresh but not both",
        ));
    }
    arguments.at_most(2)?;
    let ahead = context.ahead(model)?;
    let id = match (&uri, label) {
        (Some(id), _) => id.clone(),
        (None, label) => {
            let label = label.unwrap_or_default();
            by_label(&ahead, &context.unit, label)
                .ok_or_else(|| Failure::server(format!("consumer label {label:?} not found")))?
        }
    };
    let secret = ahead.secrets.get(&id).ok_or_else(|| not_found(&id))?;
    if !ahead.may_read(secret, &context.unit) {
        return Err(Failure::server("permission denied"));
    }
    let owned = secret.is_owned_by(&context.unit);
    let newest_only = owned && owner_reads_newest(model.juju_version);
    if newest_only && refresh {
        return Err(Failure::server("secret owner cannot use --refresh"));
    }
    if newest_only && uri.is_some() && label.is_some() {
        return Err(Failure::server(
            "either URI or label should be used for getting an owned secret but not both",
        ));
    }
    let tracked = secret
        .consumers
        .get(&context.unit)
        .map_or(0, |consumer| consumer.revision);
    let wanted = if refresh || peek || tracked == 0 || newest_only {
        secret.latest()
    } else {
        tracked
    };
    let content = secret
        .revisions
        .get(&wanted)
        .cloned()
        .ok_or_else(|| not_found(&format!("{id}/{wanted}")))?;
    if !newest_only {
        let new_label = label.filter(|_| uri.is_some());
        relabel(context, model, &ahead, &id, owned, new_label)?;
        if refresh || tracked == 0 {
            track(context, model, &id, wanted, tracked);
        }
    }
    match arguments.at(1) {
        None => print(arguments, "yaml", &json!(content)),
        Some(key) => {
            let (key, encoded) = key
                .strip_suffix("#base64")
                .map_or((key, false), |key| (key, true));
            let value = content
                .get(key)
                .ok_or_else(|| Failure::server(format!("secret key value {key:?} not found")))?;
            let value = if encoded {
                STANDARD.encode(value)
            } else {
                value.clone()
            };
            print(arguments, "yaml", &json!(value))
        }
    }
}

/// The secret that a unit knows by a label: its own or its application's by the owner's label, else by the label
/// that the unit gave.
fn by_label(model: &Model, unit: &str, label: &str) -> Option<String> {
    let owned = model
        .secrets
        .iter()
        .find(|(_, secret)| secret.is_owned_by(unit) && secret.label.as_deref() == Some(label));
    let consumed = || {
        model.secrets.iter().find(|(_, secret)| {
            secret
                .consumers
                .get(unit)
                .is_some_and(|consumer| consumer.label.as_deref() == Some(label))
        })
    };
    owned.or_else(consumed).map(|(id, _)| id.clone())
}

/// Stores the label of `secret-get URI --label L`: the owner's as a buffered write, a consumer's at once.
fn relabel(
    context: &mut Context,
    model: &mut Model,
    ahead: &Model,
    id: &str,
    owned: bool,
    label: Option<&str>,
) -> Result<(), Failure> {
    let Some(label) = label else {
        return Ok(());
    };
    if owned {
        let keeps = ahead.secret_keeper(id).as_deref() == Some(&context.unit);
        let same = ahead
            .secrets
            .get(id)
            .is_some_and(|secret| secret.label.as_deref() == Some(label));
        if keeps && !same {
            let update = SecretUpdate {
                label: Some(label.into()),
                ..SecretUpdate::default()
            };
            let id = id.into();
            context.write_secret(model, SecretWrite::Update { id, update })?;
        }
        return Ok(());
    }
    if by_label(ahead, &context.unit, label).is_some_and(|other| other != id) {
        return Err(Failure::server(format!(
            "secret label {label:?} for {:?} already exists",
            context.unit
        )));
    }
    if let Some(consumer) = consumer(model, id, &context.unit) {
        consumer.label = Some(label.into());
    }
    Ok(())
}

fn consumer<'a>(model: &'a mut Model, id: &str, unit: &str) -> Option<&'a mut Consumer> {
    let secret = model.secrets.get_mut(id)?;
    Some(secret.consumers.entry(unit.into()).or_default())
}

fn track(context: &mut Context, model: &mut Model, id: &str, wanted: u32, before: u32) {
    let latest = model.secrets.get(id).map_or(0, Secret::latest);
    if latest == 0 {
        return;
    }
    if wanted > latest {
        let id = id.into();
        context.writes.secrets.push(SecretWrite::TrackLatest { id });
        return;
    }
    if let Some(consumer) = consumer(model, id, &context.unit) {
        consumer.revision = wanted;
    }
    context.changes.extend(model.obsolete(id, before));
}

pub(super) fn info(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(1)?;
    let ahead = context.ahead(model)?;
    let label = arguments.text("label").filter(|label| !label.is_empty());
    let id = match (arguments.at(0), label) {
        (Some(_), Some(_)) => {
            return Err(Failure::usage(
                "specify either a secret URI or label but not both",
            ));
        }
        (Some(written), None) => parse_uri(written)?,
        (None, Some(label)) => by_label(&ahead, &context.unit, label)
            .ok_or_else(|| Failure::server(format!("secret with label {label:?} not found")))?,
        (None, None) => {
            return Err(Failure::usage("require either a secret URI or label"));
        }
    };
    let secret = ahead
        .secrets
        .get(&id)
        .filter(|_| ahead.secret_keeper(&id).as_deref() == Some(&context.unit))
        .ok_or_else(|| not_found(&id))?;
    let mut about = Map::new();
    about.insert("revision".into(), json!(secret.latest()));
    about.insert(
        "label".into(),
        json!(secret.label.as_deref().unwrap_or_default()),
    );
    let application = secret.owner.as_deref() == Some(context.application());
    let owner = if application { "application" } else { "unit" };
    about.insert("owner".into(), json!(owner));
    if !secret.description.is_empty() {
        about.insert("description".into(), json!(secret.description));
    }
    about.insert("rotation".into(), json!(secret.rotate));
    let about = Map::from_iter([(id, Value::Object(about))]);
    print(arguments, "yaml", &Value::Object(about))
}

pub(super) fn ids(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let ahead = context.ahead(model)?;
    let ids: Vec<&String> = ahead
        .secrets
        .keys()
        .filter(|id| ahead.secret_keeper(id).as_deref() == Some(&context.unit))
        .collect();
    print(arguments, "smart", &json!(ids))
}
