//! What can be wrong with a row before any provider is there.

use super::super::certificates::{LONGEST_COMMON_NAME, can_be_certified};
use super::super::table::Row;
use super::super::values::{FACTS, OPTION};
use crate::frameworks::Generation;
use crate::project::closest;
use crate::runtime::template;

/// All templates of a row, each with the path of its key.
pub(super) fn templates(row: &Row) -> impl Iterator<Item = (String, &str)> {
    asking(row).chain(giving(row))
}

/// Those of what we tell the provider.
fn asking(row: &Row) -> impl Iterator<Item = (String, &str)> {
    let request = &row.request;
    let bags = [("app", &request.app), ("unit", &request.unit)];
    bags.into_iter().flat_map(|(bag, templates)| {
        templates.iter().flat_map(move |(key, template)| {
            let both = [Generation::V1, Generation::V2].map(|generation| template.of(generation));
            let path = format!("request.{bag}.{key}");
            let texts = both.into_iter().flatten().map(String::as_str);
            texts.map(move |text| (path.clone(), text))
        })
    })
}

/// Those of what the app gets.
fn giving(row: &Row) -> impl Iterator<Item = (String, &str)> {
    let single = [("url", &row.url), ("identity", &row.identity)];
    let single = single
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?)));
    let maps = [("variables", &row.variables), ("files", &row.files)];
    let maps = maps.into_iter().flat_map(|(key, map)| {
        map.iter()
            .map(move |(name, text)| (format!("{key}.{name}"), text.as_str()))
    });
    single.chain(maps)
}

/// The keys that a template names, for a reason.
pub(super) fn names_in(template: &str) -> String {
    let names: Vec<String> = template::names(template)
        .map(|name| format!("`{name}`"))
        .collect();
    format!("its {}", names.join(" and "))
}

/// Whether a row can be meant so.
///
/// # Errors
/// The path of the key, what is wrong, and what to do.
pub fn check(row: &Row) -> Result<(), String> {
    for (path, text) in asking(row) {
        each_name(&path, text, |name| {
            let facts: Vec<&str> = FACTS.to_vec();
            is_fact(name).then_some(()).ok_or_else(|| {
                format!(
                    "`{{{name}}}` is no fact of our own{}",
                    hint(name, &facts, "there are")
                )
            })
        })?;
    }
    for (path, text) in giving(row) {
        each_name(&path, text, |name| known(row, name))?;
    }
    for name in row.variables.keys() {
        let variable = row.variable(name);
        let odd = |c: char| c == '=' || c.is_control() || c.is_whitespace();
        if variable.is_empty() || variable.contains(odd) || variable.contains(['{', '}']) {
            return Err(format!(
                "variables.{name}: is no name of a variable; use letters, digits and `_`, \
                 and `{{prefix}}` only with a `prefix`"
            ));
        }
    }
    for path in row.files.keys() {
        let inside = path.split('/').all(|part| part != "..");
        if !path.starts_with('/') || path.ends_with('/') || !inside {
            return Err(format!(
                "files.{path}: must be an absolute path of a file, such as `/tmp/{}.pem`",
                row.interface
            ));
        }
    }
    let name = row.common_name.as_deref();
    if name.is_some_and(|name| name.is_empty() || name.chars().count() > LONGEST_COMMON_NAME) {
        return Err(format!(
            "common-name: must have 1 to {LONGEST_COMMON_NAME} characters"
        ));
    }
    if let Some(name) = row.names.iter().find(|name| !can_be_certified(name)) {
        return Err(format!(
            "names: `{name}` is neither a host name nor an IP address"
        ));
    }
    if row.url.is_some() && row.prefix.is_none() {
        return Err("url: its parts become variables of a `prefix`; add one".into());
    }
    Ok(())
}

fn each_name(
    path: &str,
    text: &str,
    known: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    let names = template::sound_names(text).map_err(|reason| format!("{path}: {reason}"))?;
    for name in names {
        known(name).map_err(|reason| format!("{path}: {reason}"))?;
    }
    Ok(())
}

fn is_fact(name: &str) -> bool {
    let option = name.strip_prefix(OPTION);
    option.is_some_and(|option| !option.is_empty()) || FACTS.contains(&name)
}

fn known(row: &Row, name: &str) -> Result<(), String> {
    let prefix = row.prefix.as_deref().map(|prefix| format!("{prefix}_"));
    let by_code = row.url.is_some() || row.handler.is_some();
    let variable = prefix.is_some_and(|prefix| by_code && name.starts_with(&prefix));
    // Code whose keys nobody has listed may be told anything.
    let unlisted = row.handler.is_some() && row.keys.is_empty() && !name.starts_with("our.");
    let of_secrets = row.keys.values().flatten().flat_map(|key| &key.secret);
    let mut names: Vec<&str> = row
        .keys
        .keys()
        .chain(of_secrets)
        .map(String::as_str)
        .collect();
    if is_fact(name) || names.contains(&name) || variable || unlisted {
        return Ok(());
    }
    names.extend(FACTS);
    Err(format!(
        "`{{{name}}}` names nothing: it is not among `keys`{}",
        hint(name, &names, "add it there; known are")
    ))
}

fn hint(name: &str, names: &[&str], else_: &str) -> String {
    closest(name, names).map_or_else(
        || format!("; {else_} `{}`", names.join("`, `")),
        |name| format!("; did you mean `{{{name}}}`?"),
    )
}
