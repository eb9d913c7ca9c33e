//! Projects to ask about, and what the command answers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A project in a directory of its own.
pub struct Project {
    directory: TempDir,
}

/// What the command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// A charm project of a framework, with more keys for its `charmcraft.yaml`.
    pub fn new(framework: &str, base: &str, more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let project = Self { directory };
        let text = format!(
            "name: web\ntype: charm\nsummary: s\ndescription: d\nbase: ubuntu@{base}\nplatforms: {{amd64: }}\n\
             extensions: [{framework}-framework]\n{more}"
        );
        project.write("charm/charmcraft.yaml", &text);
        project
    }

    /// Writes a file; the charm's are below `charm/`.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// `charmwright env charm ARGUMENTS…` in the app's directory.
    pub fn env(&self, arguments: &[&str]) -> Answer {
        let mut all = vec!["env", "charm"];
        all.extend(arguments);
        charmwright(self.directory.path(), &all)
    }
}

pub fn charmwright(directory: &Path, arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_charmwright"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    Answer {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A fact of each variable, by name.
    pub fn variables(&self, fact: &str) -> BTreeMap<String, String> {
        let json = self.json();
        let variables = json["variables"].as_array().unwrap();
        let pair = |variable: &Value| {
            let text = |key: &str| variable[key].as_str().unwrap().to_owned();
            (text("name"), text(fact))
        };
        variables.iter().map(pair).collect()
    }
}

/// A table of pairs as a map.
pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
