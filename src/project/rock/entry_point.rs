//! Where the app's object is: the `app:app` of a Python web server's command.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::document::Document;
use super::python::{self, Names};
use crate::frameworks::rock::EntryPoint;

/// A file and what in it is the app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    /// Below the project's directory.
    pub file: PathBuf,
    /// As the server wants it: `src.app:app`, or `app:create_app()` for a factory.
    pub entry: String,
}

/// The first file that has one of the variables, else of the factories.
pub(super) fn find(document: &Document, rule: &EntryPoint) -> Result<Found, Error> {
    let package = document.package();
    let mut modules: Vec<(String, Names)> = Vec::new();
    for file in &rule.files {
        let file = file.replace("{package}", &package);
        let path = document.directory.join(&file);
        // A path that is not there, or a directory, is not an entry point.
        if !path.is_file() || modules.iter().any(|(seen, _)| *seen == file) {
            continue;
        }
        let bytes = fs::read(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        let names = python::names(&String::from_utf8_lossy(&bytes)).map_err(|error| {
            let line = error.line.to_string();
            let base = Path::new(&file)
                .file_name()
                .map_or(file.as_str().into(), |name| name.to_string_lossy());
            Error::App(
                rule.syntax_error
                    .replace("{file}", &base)
                    .replace("{line}", &line)
                    .replace("{message}", &error.message),
            )
        })?;
        if let Some(variable) = rule
            .variables
            .iter()
            .find(|name| names.variables.contains(*name))
        {
            return Ok(found(
                &file,
                &rule.root.replace("{package}", &package),
                variable,
            ));
        }
        modules.push((file, names));
    }
    for factory in &rule.factories {
        for (file, names) in &modules {
            if names.functions.contains(factory) {
                return Ok(found(
                    file,
                    &rule.root.replace("{package}", &package),
                    &format!("{factory}()"),
                ));
            }
        }
    }
    let directory = document.directory.display().to_string();
    Err(Error::App(
        rule.missing
            .replace("{project}", &directory)
            .replace("{package}", &package),
    ))
}

fn found(file: &str, root: &str, object: &str) -> Found {
    let below = file
        .strip_prefix(root)
        .map_or(file, |file| file.trim_start_matches('/'));
    let parts: Vec<&str> = below
        .split('/')
        .map(|part| part.strip_suffix(".py").unwrap_or(part))
        .filter(|part| *part != "__init__")
        .collect();
    Found {
        file: PathBuf::from(file),
        entry: format!("{}:{object}", parts.join(".")),
    }
}
