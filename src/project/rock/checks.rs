//! What the app's directory must have for a framework.

use super::Error;
use super::document::Document;
use super::entry_point::{self, Found};
use super::requirements::Required;
use super::{java, package_json};
use crate::frameworks::rock::{Requirements, Rock as Framework};

/// What was learnt of the app while checking it.
#[derive(Clone, Debug, Default)]
pub(super) struct App {
    /// Where it starts; `None` if the user gave the command, or the framework needs none.
    pub entry_point: Option<Found>,
    /// What it requires, if that is Python's way.
    pub required: Required,
    /// Its name as a Node.js package, if it is one.
    pub npm_package: String,
}

/// Checks the directory; all problems at once where the framework lists them, else the first.
pub(super) fn check(document: &Document, framework: &Framework) -> Result<App, Error> {
    let mut problems = Vec::new();
    let mut app = App::default();
    for (file, text) in &framework.checks.files {
        if !document.directory.join(file).exists() {
            problems.push(text.clone());
        }
    }
    if let Some(file) = &framework.checks.package_json {
        app.npm_package = package_json::check(document, file)?;
    }
    if framework.checks.java_build {
        java::check(document, &framework.extension())?;
    }
    if let Some(rule) = &framework.checks.requirements {
        match required(document, rule) {
            Ok(required) => app.required = required,
            Err(Error::App(text)) => problems.push(text),
            Err(other) => return Err(other),
        }
    }
    if let Some(rule) = &framework.entry_point
        && !has_command(document, framework)
    {
        match entry_point::find(document, rule) {
            Ok(found) => app.entry_point = Some(found),
            Err(Error::App(text)) => problems.push(text),
            Err(other) => return Err(other),
        }
    }
    if framework.checks.listed && !problems.is_empty() {
        let lines: Vec<String> = problems.iter().map(|text| format!("- {text}")).collect();
        return Err(Error::App(lines.join("\n")));
    }
    match problems.into_iter().next() {
        Some(text) => Err(Error::App(text)),
        None => Ok(app),
    }
}

/// Whether the user gave the command of the app's service.
pub(super) fn has_command(document: &Document, framework: &Framework) -> bool {
    document
        .at(&["services", &framework.service, "command"])
        .is_some_and(|command| !super::merge::is_falsy(command))
}

fn required(document: &Document, rule: &Requirements) -> Result<Required, Error> {
    let Some(path) = rule
        .files
        .iter()
        .map(|file| document.directory.join(file))
        .find(|path| path.exists())
    else {
        return Err(Error::App(rule.missing_file.clone()));
    };
    let required = Required::read(&path)?;
    if rule.any_of.is_empty() || rule.any_of.iter().any(|name| required.mentions(name)) {
        return Ok(required);
    }
    Err(Error::App(rule.missing_package.clone()))
}
