//! `secret-add`, `secret-set`, `secret-get`, `secret-info-get`, `secret-ids`, `secret-grant`, `secret-revoke`,
//! `secret-remove`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::local::model::{
    Bag, Change, Consumer, Model, Secret, SecretUpdate, Version, application_of, is_secret_id,
    new_secret_id,
};

use super::arguments::{Arguments, Flag, boolean, text};
use super::context::{Context, SecretWrite};
use super::failure::Failure;
use super::output::{FORMAT, print};
use super::relation::{RELATION, mapping};

pub(super) const ADD: &[Flag] = &[
    text(&["label"]),
    text(&["description"]),
    text(&["expire"]),
    text(&["rotate"]),
    text(&["owner"]),
    text(&["file"]),
];
pub(super) const GET: &[Flag] = &[
    FORMAT,
    text(&["label"]),
    boolean(&["peek"]),
    boolean(&["refresh"]),
];
pub(super) const INFO: &[Flag] = &[FORMAT, text(&["label"])];
pub(super) const IDS: &[Flag] = &[FORMAT];
pub(super) const GRANT: &[Flag] = &[RELATION, text(&["unit"])];
pub(super) const REVOKE: &[Flag] = &[RELATION, text(&["unit"]), text(&["app"])];
pub(super) const REMOVE: &[Flag] = &[text(&["revision"])];

type Outcome = Result<String, Failure>;

const ROTATIONS: [&str; 7] = [
    "never",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "yearly",
];

/// Carries one buffered write out.
pub(super) fn apply(
    model: &mut Model,
    unit: &str,
    write: &SecretWrite,
) -> Result<Vec<Change>, Failure> {
    match write.clone() {
        SecretWrite::Create { id, owner, update } => {
            model.insert_secret(&id, Some(&owner), update)?;
        }
        SecretWrite::Update { id, update } => return Ok(model.update_secret(&id, update)?),
        SecretWrite::Grant { id, to, relation } => {
            model.grant_secret(&id, &to, Some(relation))?;
        }
        SecretWrite::Revoke { id, to, relation } => {
            model.revoke_secret(&id, to.as_deref(), relation)?;
        }
        SecretWrite::Remove { id, revision } => return Ok(model.remove_secret(&id, revision)?),
        SecretWrite::TrackLatest { id } => {
            let mut before = 0;
            if let Some(secret) = model.secrets.get_mut(&id) {
                let latest = secret.latest();
                let consumer = secret.consumers.entry(unit.into()).or_default();
                before = consumer.revision;
                consumer.revision = latest;
            }
            return Ok(model.obsolete(&id, before).into_iter().collect());
        }
    }
    Ok(Vec::new())
}

impl Context {
    /// The model as it will be, for reading one's own writes.
    fn ahead(&self, model: &Model) -> Result<Model, Failure> {
        let mut ahead = model.clone();
        for write in &self.writes.secrets {
            apply(&mut ahead, &self.unit, write)?;
        }
        Ok(ahead)
    }

    /// A secret that this unit may change, or why not.
    fn manageable(&self, model: &Model, id: &str) -> Result<Model, Failure> {
        let ahead = self.ahead(model)?;
        let secret = ahead
            .secrets
            .get(id)
            .filter(|secret| secret.is_owned_by(&self.unit))
            .ok_or_else(|| not_found(id))?;
        if secret.owner.as_deref() != Some(&self.unit) && !model.is_leader(&self.unit) {
            return Err(Failure::not_leader());
        }
        Ok(ahead)
    }

    fn write_secret(&mut self, model: &Model, write: SecretWrite) -> Result<(), Failure> {
        let mut ahead = self.ahead(model)?;
        apply(&mut ahead, &self.unit, &write)?;
        self.writes.secrets.push(write);
        Ok(())
    }
}

fn not_found(id: &str) -> Failure {
    Failure::server(format!("secret {id:?} not found"))
}

/// The bare id of `secret:ID`, `secret://MODEL/ID` or `ID`.
fn parse_uri(written: &str) -> Result<String, Failure> {
    let wrong = || Failure::usage(format!("secret URI {written:?} not valid"));
    let id = match written.strip_prefix("secret:") {
        Some(path) => path.rsplit('/').next().unwrap_or_default(),
        None => written,
    };
    // A text that is no id names no secret: Juju says so for what at least looks like one.
    let plausible = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_secret_id(id) && !plausible {
        return Err(wrong());
    }
    Ok(id.into())
}

fn needed_uri(arguments: &Arguments) -> Result<String, Failure> {
    let written = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("missing secret URI"))?;
    parse_uri(written)
}

/// `key=value` and `key#base64=value`; the process has turned `key#file=path` into the latter. Values never appear
/// in a refusal.
fn content(arguments: &[String], from_file: bool, stdin: &[u8]) -> Result<Bag, Failure> {
    let mut content = if from_file {
        mapping(stdin)?
    } else {
        Bag::new()
    };
    for argument in arguments {
        let (key, value) = argument.split_once('=').ok_or_else(|| {
            Failure::usage("key values must be of the form key=value, with `key` not empty")
        })?;
        let (key, value) = match key.split_once('#') {
            None => (key, value.to_owned()),
            Some((key, "base64")) => {
                let decoded = STANDARD.decode(value).ok();
                let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                let text = text.ok_or_else(|| {
                    Failure::usage(format!("value of key {key:?} is not base64 of UTF-8 text"))
                })?;
                (key, text)
            }
            Some((key, kind)) => {
                return Err(Failure::usage(format!(
                    "key {key:?}: unknown encoding {kind:?}; use `#base64` or `#file`"
                )));
            }
        };
        content.insert(key.into(), value);
    }
    Ok(content)
}

fn update_of(
    arguments: &Arguments,
    values: &[String],
    stdin: &[u8],
) -> Result<SecretUpdate, Failure> {
    let rotate = arguments.text("rotate");
    if let Some(rotate) = rotate.filter(|rotate| !ROTATIONS.contains(rotate)) {
        return Err(Failure::usage(format!(
            "rotate policy {rotate:?} not valid"
        )));
    }
    let content = content(values, arguments.text("file").is_some(), stdin)?;
    Ok(SecretUpdate {
        label: arguments.text("label").map(str::to_owned),
        description: arguments.text("description").map(str::to_owned),
        rotate: rotate.map(str::to_owned),
        content: Some(content).filter(|content| !content.is_empty()),
    })
}

fn owner_of(context: &Context, model: &Model, arguments: &Arguments) -> Result<String, Failure> {
    match arguments.text("owner").unwrap_or("application") {
        "application" if model.is_leader(&context.unit) => Ok(context.application().to_owned()),
        "application" => Err(Failure::not_leader()),
        "unit" => Ok(context.unit.clone()),
        other => Err(Failure::usage(format!("secret owner {other:?} not valid"))),
    }
}

pub(super) fn add(
    context: &mut Context,
    model: &Model,
    arguments: &Arguments,
    stdin: &[u8],
) -> Outcome {
    let update = update_of(arguments, &arguments.rest, stdin)?;
    if update.content.is_none() {
        return Err(Failure::usage("missing secret value or filename"));
    }
    let owner = owner_of(context, model, arguments)?;
    let id = new_secret_id()?;
    let printed = format!("secret:{id}\n");
    context.write_secret(model, SecretWrite::Create { id, owner, update })?;
    Ok(printed)
}

pub(super) fn set(
    context: &mut Context,
    model: &Model,
    arguments: &Arguments,
    stdin: &[u8],
) -> Outcome {
    let id = needed_uri(arguments)?;
    let values = arguments.rest.get(1..).unwrap_or_default();
    let update = update_of(arguments, values, stdin)?;
    let owner = arguments.text("owner").unwrap_or("application");
    if !["application", "unit"].contains(&owner) {
        return Err(Failure::usage(format!("secret owner {owner:?} not valid")));
    }
    context.manageable(model, &id)?;
    let coalesces = model.juju_version >= Version::new(3, 6, 0);
    let pending = context.writes.secrets.iter().position(|write| {
        matches!(write,
            SecretWrite::Create { id: other, .. } | SecretWrite::Update { id: other, .. }
            if *other == id)
    });
    let before = context.writes.secrets.clone();
    match pending.and_then(|at| context.writes.secrets.get_mut(at)) {
        Some(SecretWrite::Create { update: old, .. } | SecretWrite::Update { update: old, .. })
            if coalesces =>
        {
            merge(old, update);
            if let Err(failure) = context.ahead(model) {
                context.writes.secrets = before;
                return Err(failure);
            }
        }
        _ => context.write_secret(model, SecretWrite::Update { id, update })?,
    }
    Ok(String::new())
}

fn merge(old: &mut SecretUpdate, new: SecretUpdate) {
    old.label = new.label.or(old.label.take());
    old.description = new.description.or(old.description.take());
    old.rotate = new.rotate.or(old.rotate.take());
    old.content = new.content.or(old.content.take());
}

/// Up to some versions an owner always reads the newest revision, and may neither refresh nor name a secret by URI
/// and label (https://bugs.launchpad.net/juju/+bug/2042596).
fn owner_reads_newest(version: Version) -> bool {
    version < Version::new(3, 1, 7)
        || (version >= Version::new(3, 2, 0) && version < Version::new(3, 3, 1))
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

pub(super) fn grant(context: &mut Context, model: &Model, arguments: &Arguments) -> Outcome {
    let id = needed_uri(arguments)?;
    arguments.at_most(1)?;
    let relation = context
        .relation_of(arguments)?
        .ok_or_else(|| Failure::usage("missing relation id"))?;
    let remote = remote_application(context, relation)?;
    let to = match arguments.text("unit") {
        Some(unit) if application_of(unit) == remote => unit.to_owned(),
        Some(unit) => {
            return Err(Failure::usage(format!(
                "unit {unit:?} is not of the relation's application {remote:?}"
            )));
        }
        None => remote,
    };
    context.manageable(model, &id)?;
    context.write_secret(model, SecretWrite::Grant { id, to, relation })?;
    Ok(String::new())
}

pub(super) fn revoke(context: &mut Context, model: &Model, arguments: &Arguments) -> Outcome {
    let id = needed_uri(arguments)?;
    arguments.at_most(1)?;
    let named = arguments.text("unit").or_else(|| arguments.text("app"));
    let relation = if arguments.text("r").is_some() || named.is_none() {
        context.relation_of(arguments)?
    } else {
        None
    };
    if relation.is_none() && named.is_none() {
        return Err(Failure::usage("missing relation or application or unit"));
    }
    let to = match (named, relation) {
        (Some(named), _) => Some(named.to_owned()),
        (None, Some(_)) | (None, None) => None,
    };
    context.manageable(model, &id)?;
    context.write_secret(model, SecretWrite::Revoke { id, to, relation })?;
    Ok(String::new())
}

fn remote_application(context: &Context, relation: u32) -> Result<String, Failure> {
    context
        .relations
        .get(&relation)
        .and_then(|found| found.remote_application(context.application()))
        .map(str::to_owned)
        .ok_or_else(|| Failure::server(format!("relation {relation} not found")))
}

pub(super) fn remove(context: &mut Context, model: &Model, arguments: &Arguments) -> Outcome {
    let id = needed_uri(arguments)?;
    arguments.at_most(1)?;
    let revision = arguments
        .text("revision")
        .map(|written| {
            written.parse::<u32>().map_err(|_| {
                Failure::usage(format!("invalid value {written:?} for option --revision"))
            })
        })
        .transpose()?;
    context.manageable(model, &id)?;
    context.write_secret(model, SecretWrite::Remove { id, revision })?;
    Ok(String::new())
}
