//! The rock side of a project against what rockcraft does.

// Helpers of tests are not seen as tests by this lint.
#![allow(clippy::unwrap_used)]

mod expand;
mod files;
mod init;
mod layer;

use std::fs;
use std::path::Path;

use charmwright::yaml::{Mapping, Value, from_str};

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn project(framework: &str, changes: Option<&Value>) -> String {
    let mut project: Mapping = from_str(&format!(
        "{{name: hello-x, base: bare, build-base: ubuntu@24.04, version: '0.1', summary: s, description: d, \
         platforms: {{amd64: }}, extensions: [{framework}-framework]}}"
    ))
    .unwrap();
    for (key, value) in changes.and_then(Value::as_mapping).into_iter().flatten() {
        if value.is_null() {
            project.remove(key);
        } else {
            project.insert(key.clone(), value.clone());
        }
    }
    charmwright::yaml::to_string(&project).unwrap()
}

fn run(directory: &Path, arguments: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_charmwright"))
        .arg("rock")
        .args(arguments)
        .current_dir(directory)
        .env_remove("ROCKCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS")
        .output()
        .unwrap()
}

fn stdout(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
