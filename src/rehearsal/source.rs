//! The charm and the rock: of a project, of a charm that was packed, or of one that was unpacked.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{Error, Supposed};
use crate::cos::Assets;
use crate::frameworks::Frameworks;
use crate::local::model::ConfigOption;
use crate::paas_config;
use crate::project::charm::{self, Switch, Texts, packed};
use crate::project::{self, rock};
use crate::runtime::charm::Charm;
use crate::yaml::{Mapping, Value};

/// What was read.
pub(super) struct Source {
    pub charm: Charm,
    /// Dashboards and rules.
    pub assets: Assets,
    pub options: BTreeMap<String, ConfigOption>,
    /// The services of the rock; only the app's, of which nothing is said, where there is no rock.
    pub services: Mapping,
    pub remarks: Vec<String>,
}

pub(super) fn read(supposed: &Supposed) -> Result<Source, Error> {
    let path = &supposed.project;
    let mut remarks = Vec::new();
    let (charm, options, assets, near) = if path.join(charm::FILE).is_file() {
        of_project(path, &mut remarks)?
    } else if path.join("metadata.yaml").is_file() {
        let (charm, options, assets) = of_unpacked(path, path)?;
        (charm, options, assets, None)
    } else if path.is_file() {
        let directory = Temporary::new()?;
        packed::unpack(path, &directory.0)?;
        let (charm, options, assets) = of_unpacked(path, &directory.0)?;
        (charm, options, assets, None)
    } else if path.join("charm").join(charm::FILE).is_file() {
        of_project(&path.join("charm"), &mut remarks)?
    } else if path.is_dir() {
        of_project(path, &mut remarks)?
    } else {
        return Err(Error::Asked(format!(
            "there is no `{}`; name a directory with a {}, or a `.charm`",
            path.display(),
            charm::FILE
        )));
    };
    let services = match (&supposed.rock, near) {
        (Some(directory), _) => services(directory)?,
        (None, Some(directory)) => services(&directory).unwrap_or_else(|error| {
            remarks.push(format!(
                "the rock's own variables are left out: {}",
                said(&error)
            ));
            Mapping::new()
        }),
        (None, None) => {
            remarks.push(format!(
                "the rock's own variables are left out: there is no {}; name its directory with `--rock`",
                rock::FILE
            ));
            Mapping::new()
        }
    };
    let services = if services.is_empty() {
        let main = charm.runtime.service.as_str();
        [(main.into(), Value::Mapping(Mapping::new()))]
            .into_iter()
            .collect()
    } else {
        services
    };
    Ok(Source {
        charm,
        assets,
        options,
        services,
        remarks,
    })
}

fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    if let Some(cause) = error.source().map(ToString::to_string)
        && !text.contains(&cause)
    {
        text = format!("{text}: {cause}");
    }
    text
}

type Read = (
    Charm,
    BTreeMap<String, ConfigOption>,
    Assets,
    Option<PathBuf>,
);

/// What `pack` would put into the charm. What it would refuse all the same is a remark.
fn of_project(directory: &Path, remarks: &mut Vec<String>) -> Result<Read, Error> {
    let report = charm::check(directory, Switch::On)?;
    let Some(expanded) = report.expanded else {
        let problems = report.problems;
        return Err(project::Error::Problems { problems }.into());
    };
    let problems = report.problems.iter();
    remarks.extend(problems.map(|problem| format!("`charmwright pack` would refuse: {problem}")));
    let texts = Texts::of(&expanded).unwrap_or_default();
    let paas_config = read_if_there(&directory.join(paas_config::FILE))?;
    let charm = Charm::put_together(
        &Frameworks::of_charm_project(directory),
        &texts.metadata,
        texts.config.as_deref(),
        Some(&texts.manifest),
        paas_config.as_deref(),
    )?;
    let config = expanded.project.get("config");
    let config = config.and_then(|config| config.get("options"));
    let options = config.and_then(Value::as_mapping).map(declared);
    let assets = Assets::load(&charm.framework, directory);
    Ok((
        charm,
        options.unwrap_or_default(),
        assets,
        rock_near(directory),
    ))
}

/// The directory of the charm's rock: the project's own, or the one above it.
fn rock_near(directory: &Path) -> Option<PathBuf> {
    let absolute = directory.canonicalize().ok()?;
    [Some(absolute.as_path()), absolute.parent()]
        .into_iter()
        .flatten()
        .find(|directory| directory.join(rock::FILE).is_file())
        .map(Path::to_owned)
}

/// `shown` is what the user calls it.
fn of_unpacked(
    shown: &Path,
    directory: &Path,
) -> Result<(Charm, BTreeMap<String, ConfigOption>, Assets), Error> {
    let found = packed::read(directory).map_err(|error| match error {
        project::Error::Charm { reason, .. } => project::Error::Charm {
            path: shown.to_owned(),
            reason,
        },
        other => other,
    })?;
    let charm = Charm::load(directory)?;
    let assets = Assets::load(&charm.framework, directory);
    Ok((charm, declared(&found.options), assets))
}

fn declared(options: &Mapping) -> BTreeMap<String, ConfigOption> {
    let option = |(name, value): (&Value, &Value)| {
        Some((name.as_str()?.to_owned(), ConfigOption::declared(value)))
    };
    options.iter().filter_map(option).collect()
}

fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(project::Error::Read {
            path: path.to_owned(),
            source,
        }
        .into()),
    }
}

/// The rock's services.
fn services(directory: &Path) -> Result<Mapping, rock::Error> {
    let expanded = rock::expand(directory, rock::Switch::On)?;
    let services = expanded.project.get("services");
    Ok(services
        .and_then(Value::as_mapping)
        .cloned()
        .unwrap_or_default())
}

/// A directory of ours alone, removed when dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self, Error> {
        let random = getrandom::u64().unwrap_or_else(|_| std::process::id().into());
        let path = std::env::temp_dir().join(format!("charmwright-{random:016x}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(project::Error::Write { path, source }.into()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
