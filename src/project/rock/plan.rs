//! What a rock would hold, for laying it out without building it.

use std::path::{Path, PathBuf};

use super::expand::{Applied, Expanded, Switch, expand};
use super::part::{Build, Part, Python};
use super::repr::repr;
use super::validate::{USER, is_slice};
use super::{Error, document, layer};
use crate::frameworks::rock::Local;
use crate::yaml::Value;

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
    /// Files of the rock that are not the app's: absolute path in the image, content.
    pub texts: Vec<(PathBuf, String)>,
    /// Directories that are there in any case, absolute.
    pub directories: Vec<PathBuf>,
    /// Symbolic links: absolute path in the image, target.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// The Python environment, if the rock has one.
    pub python: Option<Python>,
    /// What is to be built.
    pub builds: Vec<Build>,
    /// The machine's programs under other names.
    pub programs: Vec<Program>,
    /// Programs that the machine must have, and how one installs them.
    pub needs: Vec<(String, String)>,
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

/// A program of the machine that the rock has under another name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// Absolute, in the image.
    pub target: PathBuf,
    /// Its names on machines; the first that is there is taken.
    pub names: Vec<String>,
    /// What there is not without it.
    pub without: String,
    /// How one installs it.
    pub install: String,
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
    let parts = parts(&directory, &expanded, applied, local)?;
    let words = [
        ("{name}", name.clone()),
        ("{package}", document::package(&name)),
        ("{npm-package}", applied.npm_package.clone()),
    ];
    let said = |text: &String| {
        words
            .iter()
            .fold(text.clone(), |text, (word, by)| text.replace(word, by))
    };
    let path = |text: &String| PathBuf::from(said(text));
    Ok(Rock {
        layer_file: layer::file_name(&name),
        layer: layer::layer(&expanded.project)?,
        version: text("version"),
        files: parts.files,
        texts: local
            .files
            .iter()
            .map(|(target, text)| (path(target), said(text)))
            .collect(),
        directories: framework
            .install
            .iter()
            .map(|install| Path::new("/").join(&install.directory))
            .chain(local.directories.iter().map(path))
            .collect(),
        links: local
            .links
            .iter()
            .map(|(target, to)| (path(target), path(to)))
            .collect(),
        python: parts.python,
        builds: parts.builds,
        programs: local
            .programs
            .iter()
            .map(|(target, program)| Program {
                target: path(target),
                names: program.names.clone(),
                without: program.without.clone(),
                install: program.install.clone(),
            })
            .collect(),
        needs: local.needs.clone().into_iter().collect(),
        stage_packages: debs(&expanded, applied),
        user: User {
            name: USER.to_owned(),
            uid: USER_ID,
            gid: USER_ID,
        },
        framework: framework.name.clone(),
        name,
        remarks: expanded.remarks.into_iter().chain(parts.remarks).collect(),
    })
}

/// What the parts come to.
#[derive(Default)]
struct Parts {
    files: Vec<RockFile>,
    python: Option<Python>,
    builds: Vec<Build>,
    remarks: Vec<String>,
}

fn parts(
    directory: &Path,
    expanded: &Expanded,
    applied: &Applied,
    local: &Local,
) -> Result<Parts, Error> {
    let mut all = Parts::default();
    let prefix = format!("{}/", applied.framework.extension());
    let named = expanded.project.get("parts").and_then(Value::as_mapping);
    for (name, part) in named.into_iter().flatten() {
        let (Some(name), Some(part)) = (name.as_str(), part.as_mapping()) else {
            continue;
        };
        let own = name.strip_prefix(&prefix);
        if own.is_some_and(|own| local.instead_of.iter().any(|stands| stands == own)) {
            continue;
        }
        if own.is_none() && part.contains_key("override-build") {
            all.remarks.push(format!(
                "`override-build` of part `{name}` in `{}` is not run",
                super::FILE
            ));
        }
        if let Some(version) = part.get("npm-node-version") {
            all.remarks.push(format!(
                "the app runs with this machine's Node.js, not with {} as `npm-node-version` of `{}` says",
                version.as_str().map_or_else(|| repr(version), str::to_owned),
                super::FILE
            ));
        }
        match Part::of(name, part, directory)? {
            Part::Nothing => {}
            Part::Dump(source, placement) => all.files.extend(placement.place(&source)?),
            Part::Python(python) => {
                let known = all.python.get_or_insert_with(Python::default);
                known.requirements.extend(python.requirements);
                known.packages.extend(python.packages);
                known.constraints.extend(python.constraints);
                known.project = known.project.take().or(python.project);
            }
            Part::Build(build) => all.builds.push(*build),
            Part::NotBuilt(why) => all.remarks.push(format!(
                "part `{name}` of `{}` is left out: {why}",
                super::FILE
            )),
        }
    }
    all.files.sort_by(|a, b| a.target.cmp(&b.target));
    all.files
        .dedup_by(|later, earlier| later.target == earlier.target);
    Ok(all)
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
