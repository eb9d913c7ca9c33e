//! What the extension does not allow beside what it adds.

use super::{at, falsy};
use crate::frameworks::charm::Charm;
use crate::project::Error;
use crate::project::charm::{FILE, Project, companions};
use crate::yaml::{Mapping, Value};

/// The peer's checks, in the peer's order and words.
pub(super) fn check(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
    charm: &Charm,
    adds: &Mapping,
) -> Result<(), Error> {
    other_types(project, mapping, extension)?;
    companions::cos_custom(&project.directory)?;
    charm_part(project, mapping, extension)?;
    fields_that_no_app_has(project, mapping, extension)?;
    reserved_fields(project, mapping, extension, adds)?;
    for path in [
        &["actions"][..],
        &["requires"],
        &["provides"],
        &["config", "options"],
    ] {
        overlap(project, mapping, adds, path, extension)?;
    }
    reserved_prefixes(project, mapping, extension, charm)?;
    defaults_of_non_optional(project, mapping)
}

/// Any type but `charm`.
fn other_types(project: &Project, mapping: &Mapping, extension: &str) -> Result<(), Error> {
    match mapping.get("type") {
        Some(Value::String(kind)) if kind == "charm" => {}
        kind => {
            let kind = kind
                .and_then(Value::as_str)
                .map_or_else(|| "None".to_owned(), |kind| format!("'{kind}'"));
            return Err(project
                .problem(
                    &["type"],
                    format!("the '{extension}' extension is incompatible with type {kind}"),
                )
                .hint("write `type: charm`")
                .into());
        }
    }
    Ok(())
}

/// A `charm` part of the user's own.
fn charm_part(project: &Project, mapping: &Mapping, extension: &str) -> Result<(), Error> {
    if mapping
        .get("parts")
        .is_some_and(|parts| parts.get("charm").is_some())
    {
        let message =
            format!("the '{extension}' extension is incompatible with customized charm part");
        return Err(project.problem(&["parts", "charm"], message).into());
    }
    Ok(())
}

/// What an app on Kubernetes has no use for.
fn fields_that_no_app_has(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
) -> Result<(), Error> {
    let never: Vec<&str> = ["devices", "extra-bindings", "storage"]
        .into_iter()
        .filter(|key| mapping.get(key).is_some_and(|value| !falsy(value)))
        .collect();
    if let [first, ..] = never.as_slice() {
        let message = format!(
            "the '{extension}' extension is incompatible with the provided field(s): {}",
            never.join(", ")
        );
        return Err(project.problem(&[first], message).into());
    }
    Ok(())
}

/// What the extension alone may say.
fn reserved_fields(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
    adds: &Mapping,
) -> Result<(), Error> {
    for key in ["assumes", "containers", "resources", "peers"] {
        if mapping
            .get(key)
            .is_some_and(|value| !falsy(value) && Some(value) != adds.get(key))
        {
            let message = format!(
                "'{key}' in {FILE} conflicts with a reserved field in the {extension} extension, please remove it."
            );
            return Err(project.problem(&[key], message).into());
        }
    }
    Ok(())
}

fn overlap(
    project: &Project,
    mapping: &Mapping,
    adds: &Mapping,
    path: &[&str],
    extension: &str,
) -> Result<(), Error> {
    let (Some(users), Some(ours)) = (at(mapping, path), at(adds, path)) else {
        return Ok(());
    };
    let mut both: Vec<&str> = users
        .keys()
        .filter(|key| ours.contains_key(*key))
        .filter_map(Value::as_str)
        .collect();
    both.sort_unstable();
    let [first, ..] = both.as_slice() else {
        return Ok(());
    };
    let message = format!(
        "overlapping keys {{'{}'}} in {} of {FILE} which conflict with the {extension} extension, please rename or remove it",
        both.join("', '"),
        path.join(".")
    );
    let place: Vec<&str> = path.iter().copied().chain([*first]).collect();
    Err(project.problem(&place, message).into())
}

/// Options named as the extension's own may be.
fn reserved_prefixes(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
    charm: &Charm,
) -> Result<(), Error> {
    for option in at(mapping, &["config", "options"])
        .into_iter()
        .flat_map(Mapping::keys)
        .filter_map(Value::as_str)
    {
        if let Some(prefix) = charm
            .reserved_option_prefixes
            .iter()
            .find(|prefix| option.starts_with(prefix.as_str()))
        {
            let message = format!(
                "config.options '{option}' starts with {extension} reserved configuration prefix '{prefix}', please rename or remove it"
            );
            return Err(project
                .problem(&["config", "options", option], message)
                .into());
        }
    }
    Ok(())
}

fn defaults_of_non_optional(project: &Project, mapping: &Mapping) -> Result<(), Error> {
    let wrong: Vec<&str> = at(mapping, &["config", "options"])
        .into_iter()
        .flatten()
        .filter(|(_, option)| {
            option.get("optional") == Some(&Value::Bool(false))
                && option.get("default").is_some_and(|value| !falsy(value))
        })
        .filter_map(|(name, _)| name.as_str())
        .collect();
    let [first, ..] = wrong.as_slice() else {
        return Ok(());
    };
    let message = format!(
        "Non-optional configuration options can not have default values.\nPlease either remove the default value or set optional field to true or \
         remove it for the {} configuration option(s).",
        wrong.join(", ")
    );
    Err(project
        .problem(&["config", "options", first], message)
        .into())
}
