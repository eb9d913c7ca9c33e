//! Writing secrets: `secret-add`, `secret-set`, `secret-grant`, `secret-revoke`, `secret-remove`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::juju::JujuVersion;
use crate::local::model::{
    Bag, Change, Model, SecretUpdate, application_of, is_secret_id, new_secret_id,
};

use super::arguments::{Arguments, Flag, text};
use super::context::{Context, SecretWrite};
use super::failure::Failure;
use super::relation::{RELATION, mapping};

pub(super) const ADD: &[Flag] = &[
    text(&["label"]),
    text(&["description"]),
    text(&["expire"]),
    text(&["rotate"]),
    text(&["owner"]),
    text(&["file"]),
];
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
    pub(super) fn ahead(&self, model: &Model) -> Result<Model, Failure> {
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

    pub(super) fn write_secret(
        &mut self,
        model: &Model,
        write: SecretWrite,
    ) -> Result<(), Failure> {
        let mut ahead = self.ahead(model)?;
        apply(&mut ahead, &self.unit, &write)?;
        self.writes.secrets.push(write);
        Ok(())
    }
}

pub(super) fn not_found(id: &str) -> Failure {
    Failure::server(format!("secret {id:?} not found"))
}

/// The bare id of `secret:ID`, `secret://MODEL/ID` or `ID`.
pub(super) fn parse_uri(written: &str) -> Result<String, Failure> {
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
    let coalesces = model.juju_version >= JujuVersion::new(3, 6, 0);
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
