//! The files beside `charmcraft.yaml`: those that go into the charm as they are, and those that may not be there.

use std::path::Path;

use super::{FILE, Project};
use crate::frameworks::Framework;
use crate::project::{Error, Problem};
use crate::yaml::{Document, Mapping, Value};

/// Files at the project's root that go into the charm as they are, beside `cos_custom/`; sorted. Charmhub shows the icon and the README.
const AS_THEY_ARE: &[&str] = &[
    "LICENSE",
    "NOTICE",
    "README.md",
    "icon.svg",
    crate::paas_config::FILE,
];

/// The directory with the user's own dashboards and rules.
pub(super) const COS_CUSTOM: &str = crate::cos::DIRECTORY;

/// What may be in it.
const COS_DIRECTORIES: &[&str] = &[
    "grafana_dashboards",
    "loki_alert_rules",
    "prometheus_alert_rules",
];

/// What of [`AS_THEY_ARE`] and [`COS_CUSTOM`] is there.
pub(super) fn packed_as_they_are(directory: &Path) -> Vec<&'static str> {
    let mut names: Vec<&str> = AS_THEY_ARE
        .iter()
        .copied()
        .filter(|name| directory.join(name).is_file())
        .collect();
    if directory.join(COS_CUSTOM).is_dir() {
        names.push(COS_CUSTOM);
    }
    names.sort_unstable();
    names
}

/// The project's own framework as paths that are below the project's directory: nothing for one that is above it.
pub(super) fn own_framework(directory: &Path, framework: &Framework) -> Vec<String> {
    let Some(own) = framework.own() else {
        return Vec::new();
    };
    [&own.file, &own.folder]
        .into_iter()
        .filter(|path| path.exists())
        .filter_map(|path| Some(path.strip_prefix(directory).ok()?.to_str()?.to_owned()))
        .collect()
}

/// What of a Python charm is there, and is left out.
pub(super) fn left_out(directory: &Path) -> Vec<&'static str> {
    let names = [
        "src/charm.py",
        "dispatch",
        "hooks",
        "lib",
        "requirements.txt",
        "pyproject.toml",
        "uv.lock",
    ];
    names
        .into_iter()
        .filter(|name| directory.join(name).exists())
        .collect()
}

/// `cos_custom/` may hold the three directories that the observability charms know, and nothing else.
pub(super) fn cos_custom(directory: &Path) -> Result<(), Error> {
    let directory = directory.join(COS_CUSTOM);
    if !directory.is_dir() {
        return Ok(());
    }
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(&directory).map_err(Error::read(&directory))? {
        let entry = entry.map_err(Error::read(&directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() {
            files.push(name);
        } else if !COS_DIRECTORIES.contains(&name.as_str()) {
            directories.push(name);
        }
    }
    files.sort_unstable();
    directories.sort_unstable();
    let mut found = Vec::new();
    if !files.is_empty() {
        found.push(format!("root files: {}", files.join(", ")));
    }
    if !directories.is_empty() {
        found.push(format!(
            "invalid subdirectories: {}",
            directories.join(", ")
        ));
    }
    if found.is_empty() {
        return Ok(());
    }
    let message = format!(
        "custom COS directory must only contain the following subdirectories: {{'{}'}}. Found {}",
        COS_DIRECTORIES.join("', '"),
        found.join("; ")
    );
    Err(Problem::new(COS_CUSTOM, message).into())
}

/// `config.yaml`, `actions.yaml` and `metadata.yaml` may not say what `charmcraft.yaml` says.
pub(super) fn no_second_source(project: &Project, expanded: &Mapping) -> Result<(), Error> {
    let metadata = project.directory.join("metadata.yaml");
    if metadata.is_file() {
        return Err(Problem {
            code: Some(65),
            ..metadata_beside(&metadata, &project.mapping())?
        }
        .into());
    }
    for section in ["config", "actions"] {
        let file = format!("{section}.yaml");
        if expanded.get(section).is_some() && project.directory.join(&file).is_file() {
            let message = format!(
                "Cannot specify '{section}' section in '{FILE}' when '{file}' exists\nRecommended resolution: Move all data from '{file}' to the \
                 '{section}' section in '{FILE}'"
            );
            return Err(Problem {
                code: Some(65),
                ..Problem::new(file, message)
            }
            .into());
        }
    }
    Ok(())
}

fn metadata_beside(path: &Path, project: &Mapping) -> Result<Problem, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    let document = Document::parse(&text).map_err(|error| {
        let message = format!("error parsing 'metadata.yaml': {}", error.message);
        Error::from(Problem::new("metadata.yaml", message).at("", error.position))
    })?;
    let twice: Vec<String> = ["name", "summary", "description"]
        .into_iter()
        .filter(|key| project.contains_key(*key) && document.value.get(key).is_some())
        .map(|key| format!("'{key}'"))
        .collect();
    Ok(if twice.is_empty() {
        let message =
            format!("A 'metadata.yaml' beside '{FILE}' would hide what the extension adds");
        Problem::new("metadata.yaml", message)
            .hint(format!("move all data from 'metadata.yaml' to '{FILE}'"))
    } else {
        let fields = match twice.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{} and {last}", before.join(", "))
            }
            _ => twice.concat(),
        };
        let place = twice
            .first()
            .and_then(|key| document.place(&[key.trim_matches('\'')]));
        let message = format!(
            "Fields in {FILE} cannot be duplicated in metadata.yaml\nDetailed information: Duplicate fields: {fields}\nRecommended resolution: Remove \
             the duplicate fields from metadata.yaml."
        );
        Problem::new("metadata.yaml", message)
            .at(twice.concat().replace("''", ", ").replace('\'', ""), place)
    })
}

/// The value of a mapping's key as a string, or nothing.
pub(super) fn text<'a>(mapping: &'a Mapping, key: &str) -> &'a str {
    mapping.get(key).and_then(Value::as_str).unwrap_or_default()
}
