//! The check of a Node.js package's `package.json`.

use std::fs;
use std::path::Path;

use super::Error;
use super::document::Document;

/// The package's name; the package must say how it is started.
pub(super) fn check(document: &Document, file: &str) -> Result<String, Error> {
    let problem = |text: &str| Error::App(text.to_owned());
    let text = fs::read(document.directory.join(file))
        .map_err(|_| problem("missing package.json file in 'app' directory"))?;
    let package: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|_| problem("failed to parse package.json; it might contain invalid JSON"))?;
    let package = package
        .as_object()
        .ok_or_else(|| problem("invalid package.json file"))?;
    package
        .get("scripts")
        .and_then(|scripts| scripts.get("start"))
        .ok_or_else(|| problem("missing 'scripts.start' field in package.json"))?;
    let name = package.get("name").and_then(serde_json::Value::as_str);
    name.map(str::to_owned)
        .ok_or_else(|| problem("missing 'name' field in package.json"))
}

/// The name of the package in the directory; `None` when it has none that can be read.
pub(super) fn name(directory: &Path) -> Option<String> {
    let text = fs::read(directory.join("package.json")).ok()?;
    let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let name = package.get("name")?.as_str()?;
    let is_path = name.split('/').all(|part| !part.is_empty() && part != "..");
    is_path.then(|| name.to_owned())
}
