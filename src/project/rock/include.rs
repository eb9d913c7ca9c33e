//! Which of the app's files go into the image, and where.

use std::fs;
use std::path::Path;

use super::Error;
use super::checks::App;
use super::document::Document;
use super::validate;
use crate::frameworks::rock::{Install, Rock as Framework};
use crate::yaml::{Mapping, Value};

/// Names at the top of a project that never belong into an image, as the peer has it.
const NEVER: [&str; 3] = ["node_modules", ".git", ".yarn"];

/// The files of an app.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Included {
    /// Path below the project → path in the image, neither with a leading `/`. May name what is not there.
    pub organize: Vec<(String, String)>,
    /// The list as the expanded part shows it.
    pub list: Vec<String>,
    /// Whether the user gave the list.
    pub by_user: bool,
}

/// Applies the user's list or the framework's defaults.
pub(super) fn included(
    document: &Document,
    framework: &Framework,
    install: &Install,
    app: &App,
) -> Result<Included, Error> {
    let part = format!("{}/{}", framework.extension(), install.part);
    let user = user_list(document, &part, install)?;
    let by_user = !user.is_empty();
    let mut list = user;
    if !by_user {
        list = defaults(document, install, app);
    }
    let takes_all = list.first().is_none_or(|first| first.starts_with('-'));
    let organize = if takes_all && !install.optional {
        everything(document, &install.directory)?
    } else {
        list.iter()
            .filter(|target| !target.starts_with('-'))
            .filter_map(|target| {
                let source = target.strip_prefix(&format!("{}/", install.directory))?;
                Some((source.to_owned(), target.clone()))
            })
            .collect()
    };
    Ok(Included {
        organize,
        list,
        by_user,
    })
}

impl Included {
    /// Adds `organize`, `stage` and the list to the part that installs the app.
    pub fn describe(&self, part: &mut Mapping, install: &Install) {
        let organize: Mapping = self
            .organize
            .iter()
            .map(|(source, target)| (source.as_str().into(), target.as_str().into()))
            .collect();
        let stage: Vec<Value> = self
            .organize
            .iter()
            .map(|(_, target)| target.as_str().into())
            .collect();
        part.insert("organize".into(), Value::Mapping(organize));
        part.insert("stage".into(), Value::Sequence(stage));
        if install.show_list && !self.by_user {
            let list = self.list.iter().map(|entry| entry.as_str().into());
            part.insert(
                install.list.as_str().into(),
                Value::Sequence(list.collect()),
            );
        }
    }
}

fn user_list(document: &Document, part: &str, install: &Install) -> Result<Vec<String>, Error> {
    let field = format!("parts.{part}.{}", install.list);
    let entries = match document.at(&["parts", part, &install.list]) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Sequence(entries)) => entries,
        Some(other) => return Err(validate::not_a_list(&field, other)),
    };
    let mut list = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = entry.as_str().unwrap_or_default();
        let path = entry.trim_start_matches('-').trim_start();
        if !path.starts_with(&install.prefix) {
            return Err(Error::App(install.refusal.clone()));
        }
        if path.split('/').any(|element| element == "..") {
            return Err(Error::App(format!(
                "`{entry}` in `{field}` leaves the app's directory; remove the `..`"
            )));
        }
        list.push(entry.trim_end_matches('/').to_owned());
    }
    Ok(list)
}

fn defaults(document: &Document, install: &Install, app: &App) -> Vec<String> {
    let mut names: Vec<String> = install
        .defaults
        .iter()
        .filter(|name| document.directory.join(name).exists())
        .cloned()
        .collect();
    if install.entry_point
        && let Some(found) = &app.entry_point
        && let Some(first) = found.file.components().next()
    {
        let first = first.as_os_str().to_string_lossy().into_owned();
        if !names.contains(&first) {
            names.push(first);
        }
    }
    names
        .into_iter()
        .map(|name| format!("{}/{name}", install.directory))
        .collect()
}

fn everything(document: &Document, directory: &str) -> Result<Vec<(String, String)>, Error> {
    Ok(children(&document.directory)?
        .into_iter()
        .filter(|name| !is_never(name))
        .map(|name| {
            let target = format!("{directory}/{name}");
            (name, target)
        })
        .collect())
}

/// Whether something at the top of a project never belongs into an image.
fn is_never(name: &str) -> bool {
    NEVER.contains(&name) || name.ends_with(".rock")
}

/// The names in a directory, sorted; those that are not text are left out.
pub(super) fn children(directory: &Path) -> Result<Vec<String>, Error> {
    let read = |source| Error::Read {
        path: directory.to_path_buf(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(read)? {
        if let Ok(name) = entry.map_err(read)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
