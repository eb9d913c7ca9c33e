//! A directory with a `charmcraft.yaml`, read but not yet understood.

use std::path::{Path, PathBuf};

use super::FILE;
use crate::project::{Error, Problem, closest};
use crate::yaml::{Document, Error as YamlError, Mapping, Value};

/// A charm project as its author wrote it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its directory.
    pub directory: PathBuf,
    /// What `charmcraft.yaml` says, with the places of its keys.
    pub document: Document,
}

/// Every key that `charmcraft.yaml` may have at its top.
const KEYS: &[&str] = &[
    "actions",
    "analysis",
    "assumes",
    "base",
    "bases",
    "build-base",
    "charm-libs",
    "charm-user",
    "charmhub",
    "config",
    "containers",
    "contact",
    "description",
    "devices",
    "extensions",
    "extra-bindings",
    "issues",
    "license",
    "links",
    "name",
    "parts",
    "peers",
    "platforms",
    "provides",
    "requires",
    "resources",
    "source-code",
    "storage",
    "subordinate",
    "summary",
    "terms",
    "title",
    "type",
    "version",
    "website",
];

/// The keys whose values are mappings.
const MAPPINGS: &[&str] = &[
    "actions",
    "config",
    "containers",
    "devices",
    "extra-bindings",
    "links",
    "parts",
    "peers",
    "platforms",
    "provides",
    "requires",
    "resources",
    "storage",
];

impl Project {
    /// Reads the project in `directory`.
    ///
    /// # Errors
    /// There is no `charmcraft.yaml`, it is not YAML, or not a mapping of mappings where there must be one.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoProject {
                    file: FILE,
                    directory: std::path::absolute(directory)
                        .unwrap_or_else(|_| directory.to_owned()),
                });
            }
            Err(source) => return Err(Error::Read { path, source }),
        };
        let document = Document::parse(&text).map_err(|YamlError { message, position }| {
            let twice = message.contains("duplicate key");
            let hint = twice.then(|| "put the lines of both under one of them".to_owned());
            let message = format!("error parsing '{FILE}': {message}");
            Problem {
                hint,
                ..Problem::new(FILE, message).at("", position)
            }
        })?;
        let project = Self {
            directory: directory.to_owned(),
            document,
        };
        project.check_shape()?;
        Ok(project)
    }

    /// What `charmcraft.yaml` says; empty when it says nothing.
    #[must_use]
    pub fn mapping(&self) -> Mapping {
        self.document
            .value
            .as_mapping()
            .cloned()
            .unwrap_or_default()
    }

    /// A problem with the key at `path` in `charmcraft.yaml`.
    pub(super) fn problem(&self, path: &[&str], message: impl Into<String>) -> Problem {
        Problem::new(FILE, message).at(path.join("."), self.document.nearest_place(path))
    }

    fn check_shape(&self) -> Result<(), Error> {
        let Value::Mapping(mapping) = &self.document.value else {
            let problem = Problem::new(FILE, format!("{FILE} must contain a top-level mapping"));
            return Err(problem
                .hint("`charmwright init --profile fastapi-framework` writes one")
                .into());
        };
        let mut problems = Vec::new();
        for (key, value) in mapping {
            let key = key.as_str().unwrap_or_default();
            if !KEYS.contains(&key) {
                let hint = closest(key, KEYS).map(|known| format!("did you mean `{known}`?"));
                let problem = self.problem(
                    &[key],
                    format!("Bad {FILE} content: extra field '{key}' is not permitted"),
                );
                problems.push(Problem { hint, ..problem });
            }
            if MAPPINGS.contains(&key) && !matches!(value, Value::Mapping(_) | Value::Null) {
                problems.push(self.problem(
                    &[key],
                    format!("Bad {FILE} content: `{key}` must be a mapping of names to values"),
                ));
            }
        }
        let options = mapping
            .get("config")
            .and_then(|config| config.get("options"));
        if !matches!(options, None | Some(Value::Mapping(_) | Value::Null)) {
            let message = format!(
                "Bad {FILE} content: `config.options` must be a mapping of names to options"
            );
            problems.push(self.problem(&["config", "options"], message));
        }
        for (section, entry, fix) in [
            (
                mapping.get("requires"),
                "requires",
                "write `interface: NAME` below it",
            ),
            (
                mapping.get("provides"),
                "provides",
                "write `interface: NAME` below it",
            ),
            (options, "config.options", "write `type: string` below it"),
            (
                mapping.get("actions"),
                "actions",
                "write `description: TEXT` below it",
            ),
        ] {
            for (name, value) in section.and_then(Value::as_mapping).into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                let path: Vec<&str> = entry.split('.').chain([name]).collect();
                let short = value.is_string() && matches!(entry, "requires" | "provides");
                let bare = value.is_null() && entry == "actions";
                if !value.is_mapping() && !short && !bare {
                    let what = if value.is_null() {
                        "has no value"
                    } else {
                        "must be a mapping"
                    };
                    problems.push(self.problem(
                        &path,
                        format!("`{}` in {FILE} {what}; {fix}", path.join(".")),
                    ));
                }
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Problems { problems })
        }
    }
}
