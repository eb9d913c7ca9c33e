//! `paas-config.yaml`, as far as the extension checks it; the running charm reads it again.

use std::path::Path;

use crate::frameworks::Generation;
use crate::project::{Error, Problem, closest};
use crate::yaml::{Document, Value};

/// Its name.
pub(super) const FILE: &str = "paas-config.yaml";

/// The keys that the running charm knows, whatever its generation.
const KEYS: &[&str] = &[
    "framework_logging_format",
    "metrics-path",
    "metrics-port",
    "metrics_path",
    "metrics_port",
    "migration-timeout",
    "port",
    "prometheus",
];

fn read(directory: &Path) -> Result<Option<Document>, Error> {
    let path = directory.join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
    let document = Document::parse(&text).map_err(|error| {
        let place = error.position;
        Error::from(
            Problem::new(FILE, format!("invalid YAML in {FILE}: {}", error.message)).at("", place),
        )
    })?;
    Ok((!document.value.is_null()).then_some(document))
}

/// What the peer's extension refuses.
pub(super) fn check(
    directory: &Path,
    extension: &str,
    generation: Generation,
    json_logging: bool,
) -> Result<(), Error> {
    let Some(document) = read(directory)? else {
        return Ok(());
    };
    let problem = |key: &str, message: String| {
        Err(Problem::new(FILE, message)
            .at(key, document.place(&[key]))
            .into())
    };
    let Value::Mapping(config) = &document.value else {
        return problem("", format!("{FILE} must contain a top-level mapping"));
    };
    let format = config
        .get("framework_logging_format")
        .and_then(Value::as_str);
    if !json_logging && format.is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        let message =
            format!("framework_logging_format: json in {FILE} is not supported for '{extension}'");
        return problem("framework_logging_format", message);
    }
    if generation == Generation::V1 {
        return Ok(());
    }
    for key in ["port", "metrics-port"] {
        match config.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Number(number)) if !number.is_f64() => {
                if !number
                    .as_u64()
                    .is_some_and(|port| (1..=65535).contains(&port))
                {
                    return problem(
                        key,
                        format!("{key} in {FILE} must be between 1 and 65535, got {number}"),
                    );
                }
            }
            Some(other) => {
                return problem(
                    key,
                    format!(
                        "{key} in {FILE} must be an integer, got {}",
                        python_type(other)
                    ),
                );
            }
        }
    }
    match config.get("metrics-path") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(path)) if path.starts_with('/') => Ok(()),
        Some(Value::String(path)) => problem(
            "metrics-path",
            format!(
                "metrics-path in {FILE} must be a valid URL path starting with '/', got '{path}'"
            ),
        ),
        Some(other) => problem(
            "metrics-path",
            format!(
                "metrics-path in {FILE} must be a string, got {}",
                python_type(other)
            ),
        ),
    }
}

/// What passes the extension and then stops the running charm.
pub(super) fn warnings(directory: &Path) -> Vec<Problem> {
    let Ok(Some(document)) = read(directory) else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    for key in document
        .value
        .as_mapping()
        .into_iter()
        .flat_map(|config| config.keys())
        .filter_map(Value::as_str)
    {
        if !KEYS.contains(&key) {
            let hint = closest(key, KEYS).map_or_else(
                || format!("it knows {}", KEYS.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            let message = format!(
                "{FILE} has the key `{key}`, which the charm does not know: the unit would be blocked"
            );
            warnings.push(
                Problem::new(FILE, message)
                    .at(key, document.place(&[key]))
                    .hint(hint),
            );
        }
    }
    if document.value.get("metrics-path").and_then(Value::as_str) == Some("/") {
        let message =
            "`metrics-path` is `/`, the app's own front page: it is unlikely to be metrics";
        warnings.push(
            Problem::new(FILE, message).at("metrics-path", document.place(&["metrics-path"])),
        );
    }
    warnings
}

/// The name of a value's type in the peer's texts.
fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Sequence(_) => "list",
        Value::Mapping(_) | Value::Tagged(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::paas_config::PaasConfig;

    #[test]
    fn the_running_charm_takes_the_keys_that_are_not_warned_of() {
        let values = [
            "framework_logging_format: json",
            "metrics-path: /m",
            "metrics-port: 9000",
            "metrics_path: /m",
            "metrics_port: 9000",
            "migration-timeout: 60",
            "port: 9000",
            "prometheus: {scrape_configs: []}",
        ];
        assert_eq!(
            values.map(|text| text.split_once(':').unwrap().0),
            *KEYS,
            "one value for each key"
        );
        let directory = tempfile::tempdir().unwrap();
        for text in values {
            std::fs::write(directory.path().join(FILE), text).unwrap();
            assert_eq!(warnings(directory.path()), [], "{text}");
            PaasConfig::parse(Some(text), "fastapi", true).unwrap();
        }
        std::fs::write(directory.path().join(FILE), "ports: 9000").unwrap();
        let warned = warnings(directory.path());
        assert_eq!(warned[0].hint.as_deref(), Some("did you mean `port`?"));
        PaasConfig::parse(Some("ports: 9000"), "fastapi", true).unwrap_err();
    }
}
