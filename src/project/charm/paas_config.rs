//! What the extension refuses in `paas-config.yaml`, and what only the running charm would.

use std::path::Path;

use crate::frameworks::Generation;
use crate::paas_config::{FILE, KEYS, PORTS, PaasConfig, between};
use crate::project::{Error, Problem, closest};
use crate::yaml::{Document, Value};

/// The file's text and what it says; `None` where it says nothing.
pub(super) fn read(directory: &Path) -> Result<Option<(String, Document)>, Error> {
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
    Ok((!document.value.is_null()).then_some((text, document)))
}

/// What the peer's extension refuses.
pub(super) fn check(
    directory: &Path,
    extension: &str,
    generation: Generation,
    json_logging: bool,
) -> Result<(), Error> {
    let Some((_, document)) = read(directory)? else {
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
                let port = number.as_u64().and_then(|port| u16::try_from(port).ok());
                if !port.is_some_and(|port| PORTS.contains(&port)) {
                    return problem(
                        key,
                        format!("{key} in {FILE} must be {}, got {number}", between(&PORTS)),
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

/// What passes the extension and would then block the running charm.
pub(super) fn warnings(directory: &Path, framework: &str) -> Vec<Problem> {
    let Ok(Some((text, document))) = read(directory) else {
        return Vec::new();
    };
    let keys = document.value.as_mapping().into_iter().flatten();
    let warnings: Vec<Problem> = keys
        .filter_map(|(key, _)| key.as_str())
        .filter(|key| !KEYS.contains(key))
        .map(|key| {
            let hint = closest(key, KEYS).map_or_else(
                || format!("it knows {}", KEYS.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            let message = format!(
                "{FILE} has the key `{key}`, which the charm does not know: the unit would be blocked"
            );
            Problem::new(FILE, message)
                .at(key, document.place(&[key]))
                .hint(hint)
        })
        .collect();
    if !warnings.is_empty() {
        return warnings;
    }
    // Which frameworks can log JSON is among what the extension checks.
    match PaasConfig::parse(Some(&text), framework, true) {
        Ok(_) => Vec::new(),
        Err(reason) => vec![Problem::new(
            FILE,
            format!("the unit would be blocked: {reason}"),
        )],
    }
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

    #[test]
    fn what_would_block_the_unit_is_warned_of() {
        let directory = tempfile::tempdir().unwrap();
        let warned = |text: &str| {
            std::fs::write(directory.path().join(FILE), text).unwrap();
            warnings(directory.path(), "fastapi")
        };
        assert_eq!(warned("port: 9000\nframework_logging_format: json"), []);
        assert_eq!(warned("# nothing"), []);
        let unknown = warned("port: 1\nports: 9000");
        assert_eq!(unknown[0].place, Some((2, 1)));
        assert_eq!(unknown[0].hint.as_deref(), Some("did you mean `port`?"));
        for (text, reason) in [
            ("metrics-path: /", "metrics-path: must be an absolute path"),
            ("migration-timeout: 0", "between 1 and 86400 seconds"),
            ("port: 70000", "port: invalid value"),
            ("prometheus: {jobs: []}", "unknown field `jobs`"),
        ] {
            let warned = warned(text);
            assert!(warned[0].message.contains(reason), "{warned:?}");
        }
    }
}
