//! Charm projects that exist only to be asked about.

use std::collections::BTreeMap;
use std::path::Path;

use charmwright::rehearsal::{Supposed, Told, rehearse};
use charmwright::yaml::{self, Value};
use tempfile::TempDir;

/// A charm project with the app's name `web`.
pub struct Project {
    directory: TempDir,
    pub supposed: Supposed,
}

impl Project {
    /// Of a framework on a base, with more keys for `charmcraft.yaml`.
    pub fn new(framework: &str, base: &str, more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@{base}\nplatforms: {{amd64: }}\n\
             extensions: [{framework}-framework]\n{more}"
        );
        std::fs::write(directory.path().join("charmcraft.yaml"), text).unwrap();
        let supposed = Supposed {
            project: directory.path().to_owned(),
            model: "demo".into(),
            units: 1,
            ..Supposed::default()
        };
        Self {
            directory,
            supposed,
        }
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    /// A relation, as a file tells of it.
    pub fn relate(&mut self, file: &Value) {
        let name = format!("relation-{}.yaml", self.supposed.relations.len());
        self.write(&name, &yaml::to_string(file).unwrap());
        self.supposed
            .relations
            .push(self.directory.path().join(name));
    }

    pub fn told(&self) -> Result<Told, String> {
        rehearse(&self.supposed).map_err(|error| error.to_string())
    }
}

/// The values of all variables.
pub fn values(told: &Told) -> BTreeMap<String, String> {
    let variables = told.variables.iter();
    variables
        .map(|(name, variable)| (name.clone(), variable.value.clone()))
        .collect()
}

/// A status as the command prints it.
pub fn status(told: &Told) -> String {
    format!("{}: {}", told.verdict.status, told.verdict.message)
}

/// A file of the repository.
pub fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
