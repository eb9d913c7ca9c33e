//! `rockcraft.yaml` as the user wrote it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::repr::repr;
use super::{Error, validate};
use crate::yaml::{self, Mapping, Value};

/// The file and where it is.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// The project's directory.
    pub directory: PathBuf,
    /// What the file says.
    pub content: Mapping,
}

impl Document {
    /// Reads `rockcraft.yaml` of the directory.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(super::FILE);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::Missing(directory.to_path_buf()),
            _ => Error::Read { path, source },
        })?;
        let text = String::from_utf8(bytes).map_err(|_| Error::Yaml {
            message: "the file is not UTF-8".into(),
            position: None,
        })?;
        let content = match yaml::from_str::<Value>(&text) {
            Ok(Value::Mapping(content)) => content,
            Ok(_) => {
                return Err(Error::Yaml {
                    message: "the top level must be a mapping".into(),
                    position: Some((1, 1)),
                });
            }
            Err(error) => {
                return Err(Error::Yaml {
                    message: error.message,
                    position: error.position,
                });
            }
        };
        Ok(Self {
            directory: directory.to_path_buf(),
            content,
        })
    }

    /// A text at the top level.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.content.get(key).and_then(Value::as_str)
    }

    /// The project's name as a Python package would have it: lower case, `_` for `-`.
    pub fn package(&self) -> String {
        package(self.text("name").unwrap_or_default())
    }

    /// The names under `extensions`.
    pub fn extensions(&self) -> Result<Vec<String>, Error> {
        let names = match self.content.get("extensions") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Sequence(names)) => names,
            Some(other) => return Err(validate::not_a_list("extensions", other)),
        };
        let text = |name: &Value| name.as_str().map_or_else(|| repr(name), str::to_owned);
        Ok(names.iter().map(text).collect())
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.content.get(*first)?, |value, key| value.get(*key))
    }
}

/// A rock's name as a Python package would have it.
pub(super) fn package(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}
