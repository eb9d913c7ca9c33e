//! The check of a Node.js package's `package.json`.

use std::fs;

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
