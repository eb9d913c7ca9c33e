//! What the local model makes of one part of the expanded project, by its plugin.

use std::path::{Path, PathBuf};

use super::Error;
use super::place::Placement;
use super::{package_json, requirements};
use crate::yaml::{Mapping, Value};

/// What is built outside the container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Build {
    /// The part's name in rockcraft.yaml.
    pub part: String,
    /// What builds it.
    pub tool: Tool,
    /// The sources, absolute. They are not to be written to.
    pub source: PathBuf,
    /// Variables for the tool: the part's `build-environment`.
    pub environment: Vec<(String, String)>,
    /// Where in the image goes what the tool installs.
    pub placement: Placement,
}

/// A craft plugin with its options.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tool {
    /// Every main package below the sources becomes `bin/NAME`.
    Go {
        /// `go-buildtags`.
        tags: Vec<String>,
        /// `go-generate`.
        generate: Vec<String>,
    },
    /// The package with what it depends on becomes `lib/node_modules/PACKAGE`.
    Npm {
        /// The package's name.
        package: String,
    },
    /// Jars become `jar/NAME`.
    Maven {
        /// `maven-parameters`.
        parameters: Vec<String>,
        /// `maven-use-mvnw`: the project's wrapper even where there is a Maven.
        wrapper: bool,
    },
    /// Jars become `jar/NAME`.
    Gradle {
        /// `gradle-task`.
        task: Option<String>,
        /// `gradle-parameters`.
        parameters: Vec<String>,
    },
}

/// What is installed into the app's Python environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Python {
    /// The requirements files, absolute.
    pub requirements: Vec<PathBuf>,
    /// Packages beside them, such as `uvicorn`.
    pub packages: Vec<String>,
    /// Constraints files, absolute.
    pub constraints: Vec<PathBuf>,
    /// The project itself, absolute, if it is a package. It is not to be written to.
    pub project: Option<PathBuf>,
}

/// A part as the local model takes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// It adds nothing that the machine does not have.
    Nothing,
    /// Files below the directory.
    Dump(PathBuf, Placement),
    Python(Python),
    Build(Box<Build>),
    /// Why it is left out.
    NotBuilt(String),
}

impl Part {
    /// Reads the part `name` of the project in the directory.
    pub fn of(name: &str, part: &Mapping, directory: &Path) -> Result<Self, Error> {
        let plugin = part.get("plugin").and_then(Value::as_str).unwrap_or("nil");
        if plugin == "nil" {
            return Ok(Self::Nothing);
        }
        let from = part.get("source").and_then(Value::as_str).unwrap_or(".");
        if from.contains("://") || from.starts_with("git@") {
            return Ok(Self::NotBuilt(format!(
                "its source `{from}` is not in the project"
            )));
        }
        let subdirectory = part.get("source-subdir").and_then(Value::as_str);
        let source = directory.join(from).join(subdirectory.unwrap_or_default());
        if !source.is_dir() {
            return Err(Error::App(format!(
                "part `{name}` of `{}` takes its files from `{from}`, which is not a directory of the project",
                super::FILE
            )));
        }
        let tool = match plugin {
            "dump" => return Ok(Self::Dump(source, Placement::of(part))),
            "python" => return Ok(Self::Python(python(part, &source)?)),
            "go" => Tool::Go {
                tags: texts(part, "go-buildtags"),
                generate: texts(part, "go-generate"),
            },
            "npm" => match package_json::name(&source) {
                Some(package) => Tool::Npm { package },
                None => {
                    return Err(Error::App(format!(
                        "part `{name}` of `{}` is built by npm, and there is no `package.json` with a name in `{from}`",
                        super::FILE
                    )));
                }
            },
            "maven" => Tool::Maven {
                parameters: texts(part, "maven-parameters"),
                wrapper: part.get("maven-use-mvnw").and_then(Value::as_bool) == Some(true),
            },
            "gradle" => Tool::Gradle {
                task: part
                    .get("gradle-task")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                parameters: texts(part, "gradle-parameters"),
            },
            other => {
                return Ok(Self::NotBuilt(format!(
                    "the local model has no plugin `{other}`, only dump, go, gradle, maven, nil, npm and python"
                )));
            }
        };
        Ok(Self::Build(Box::new(Build {
            part: name.to_owned(),
            tool,
            source,
            environment: environment(part),
            placement: Placement::of(part),
        })))
    }
}

fn python(part: &Mapping, source: &Path) -> Result<Python, Error> {
    let files = |key: &str| -> Vec<PathBuf> {
        let names = texts(part, key).into_iter();
        names
            .map(|name| source.join(name))
            .filter(|path| path.is_file())
            .collect()
    };
    let requirements = files("python-requirements");
    let mut packages = texts(part, "python-packages");
    for path in &requirements {
        let required = requirements::Required::read(path)?;
        for package in &mut packages {
            required.loosen(package);
        }
    }
    Ok(Python {
        requirements,
        packages,
        constraints: files("python-constraints"),
        project: is_package(source)?.then(|| source.to_path_buf()),
    })
}

/// Whether pip can install the directory: a pyproject.toml may be there for other tools only.
fn is_package(directory: &Path) -> Result<bool, Error> {
    if directory.join("setup.py").is_file() {
        return Ok(true);
    }
    let path = directory.join("pyproject.toml");
    if !path.is_file() {
        return Ok(false);
    }
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
    let project: toml::Table = toml::from_str(&text)
        .map_err(|error| Error::App(format!("cannot read `pyproject.toml`: {error}")))?;
    Ok(project.contains_key("project") || project.contains_key("build-system"))
}

/// A list of texts; anything else in it is left out.
fn texts(part: &Mapping, key: &str) -> Vec<String> {
    let list = part.get(key).and_then(Value::as_sequence);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// `build-environment`: a list of mappings. What refers to other variables is the shell's of a rock, and left out.
fn environment(part: &Mapping) -> Vec<(String, String)> {
    let list = part.get("build-environment").and_then(Value::as_sequence);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_mapping)
        .flatten()
        .filter_map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                _ => return None,
            };
            Some((name.as_str()?.to_owned(), value))
        })
        .filter(|(_, value)| !value.contains('$'))
        .collect()
}
