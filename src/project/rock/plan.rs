//! What a rock would hold, for laying it out without building it.

use std::path::{Path, PathBuf};

use super::expand::{Applied, Expanded, Switch, expand};
use super::include::{self, Included};
use super::validate::{USER, is_slice};
use super::{Error, layer};
use crate::yaml::Value;

/// Never laid out, wherever they are asked for: what tools leave in a project's directory.
const LEFT_OUT: [&str; 8] = [
    ".charmwright",
    ".git",
    ".tox",
    ".venv",
    ".yarn",
    "__pycache__",
    "node_modules",
    "venv",
];

/// uid and gid of `_daemon_`.
const USER_ID: u32 = 584_792;

/// An app as a container image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rock {
    /// The rock's name.
    pub name: String,
    /// Its version; empty when a part sets it while building.
    pub version: String,
    /// The framework: `fastapi`.
    pub framework: String,
    /// The name of the layer's file in `/var/lib/pebble/default/layers`.
    pub layer_file: String,
    /// The layer, as YAML text.
    pub layer: String,
    /// The app's files and directories, each there once, sorted by target. Of a directory everything is meant, but
    /// for `.git`, `.charmwright`, `node_modules` and Python's environments in it.
    pub files: Vec<RockFile>,
    /// The Python environment, if the framework needs one.
    pub python: Option<Python>,
    /// Debian packages that the user's own rockcraft.yaml names; no slices, none of the extension's.
    pub stage_packages: Vec<String>,
    /// Who owns and runs the app.
    pub user: User,
    /// What the user may want to know, one line each.
    pub remarks: Vec<String>,
}

/// A file or directory of the app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RockFile {
    /// Absolute, on disk; there.
    pub source: PathBuf,
    /// Absolute, in the image.
    pub target: PathBuf,
}

/// What is installed into the app's Python environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Python {
    /// The requirements file, absolute.
    pub requirements: Option<PathBuf>,
    /// Packages beside it, such as `uvicorn`.
    pub packages: Vec<String>,
}

/// A user of the image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// `_daemon_`.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's.
    pub gid: u32,
}

/// Reads the project in the directory and says what its rock would hold. Experimental extensions are always allowed:
/// nothing is built.
///
/// # Errors
/// As [`expand`]; or the project has no framework, or one that cannot be laid out yet.
pub fn plan(project_dir: &Path) -> Result<Rock, Error> {
    let directory = project_dir.canonicalize().map_err(|source| Error::Read {
        path: project_dir.to_path_buf(),
        source,
    })?;
    let expanded = expand(&directory, Switch::On)?;
    let Some(applied) = &expanded.applied else {
        return Err(Error::NoFramework(directory.join(super::FILE)));
    };
    let framework = &applied.framework;
    let Some(local) = &framework.local else {
        return Err(Error::NotLaidOut(framework.name.clone()));
    };
    let text = |key: &str| {
        let value = expanded.project.get(key).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let name = text("name");
    Ok(Rock {
        layer_file: layer::file_name(&name),
        layer: layer::layer(&expanded.project)?,
        version: text("version"),
        files: match &applied.included {
            Some(included) => files(&directory, included)?,
            None => Vec::new(),
        },
        python: local.python.as_ref().map(|python| Python {
            requirements: Some(directory.join(&python.requirements)).filter(|path| path.is_file()),
            packages: python.packages.clone(),
        }),
        stage_packages: debs(&expanded, applied),
        user: User {
            name: USER.to_owned(),
            uid: USER_ID,
            gid: USER_ID,
        },
        framework: framework.name.clone(),
        name,
        remarks: expanded.remarks,
    })
}

fn files(directory: &Path, included: &Included) -> Result<Vec<RockFile>, Error> {
    let mut files = Vec::new();
    for (source, target) in &included.organize {
        let path = directory.join(source);
        if !is_left_out(source) && path.symlink_metadata().is_ok() {
            add(&path, target, &included.excluded, &mut files)?;
        }
    }
    files.sort_by(|a, b| a.target.cmp(&b.target));
    files.dedup_by(|later, earlier| later.target.starts_with(&earlier.target));
    Ok(files)
}

/// Adds a path; a directory of which something is excluded is taken apart.
fn add(
    source: &Path,
    target: &str,
    excluded: &[String],
    files: &mut Vec<RockFile>,
) -> Result<(), Error> {
    if excluded.iter().any(|path| path == target) {
        return Ok(());
    }
    let below = format!("{target}/");
    if excluded.iter().any(|path| path.starts_with(&below)) && source.is_dir() {
        for name in include::children(source)? {
            if !is_left_out(&name) {
                add(
                    &source.join(&name),
                    &format!("{target}/{name}"),
                    excluded,
                    files,
                )?;
            }
        }
        return Ok(());
    }
    files.push(RockFile {
        source: source.to_path_buf(),
        target: Path::new("/").join(target),
    });
    Ok(())
}

fn is_left_out(path: &str) -> bool {
    path.split('/')
        .any(|name| LEFT_OUT.contains(&name) || name.ends_with(".rock"))
}

/// Debian packages in the merged project that the extension did not put there.
fn debs(expanded: &Expanded, applied: &Applied) -> Vec<String> {
    let own = |part: &str| {
        let name = part.strip_prefix(&format!("{}/", applied.framework.extension()))?;
        let parts = &applied.framework.parts;
        let named = [&parts.any, &parts.bare, &parts.ubuntu]
            .into_iter()
            .filter_map(|parts| packages(parts.get(name)?));
        Some(named.flatten().collect::<Vec<&str>>())
    };
    let Some(Value::Mapping(parts)) = expanded.project.get("parts") else {
        return Vec::new();
    };
    let mut debs: Vec<String> = Vec::new();
    for (name, part) in parts {
        let own = own(name.as_str().unwrap_or_default()).unwrap_or_default();
        for deb in packages(part).into_iter().flatten() {
            if !is_slice(deb) && !own.contains(&deb) && !debs.iter().any(|known| known == deb) {
                debs.push(deb.to_owned());
            }
        }
    }
    debs
}

fn packages(part: &Value) -> Option<impl Iterator<Item = &str>> {
    let list = part.get("stage-packages")?.as_sequence()?;
    Some(list.iter().filter_map(Value::as_str))
}
