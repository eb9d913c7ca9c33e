//! How a value is printed: `json` for programs, `smart` and `yaml` for scripts and people.

use serde_json::Value;

use super::arguments::{Arguments, Flag, text};
use super::failure::Failure;

/// The flag that every printing tool takes.
pub(super) const FORMAT: Flag = text(&["format"]);

/// The value as `--format` asks for it, else as `default`, ending in a line break unless there is nothing to say.
pub(super) fn print(
    arguments: &Arguments,
    default: &str,
    value: &Value,
) -> Result<String, Failure> {
    let mut printed = match arguments.text("format").unwrap_or(default) {
        "json" => value.to_string(),
        "yaml" => yaml(value)?,
        "smart" => smart(value)?,
        other => {
            return Err(Failure::usage(format!(
                "invalid value {other:?} for option --format: unknown format {other:?}"
            )));
        }
    };
    if !printed.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    Ok(printed)
}

fn yaml(value: &Value) -> Result<String, Failure> {
    crate::yaml::to_string(value).map_err(|error| Failure::server(error.to_string()))
}

fn smart(value: &Value) -> Result<String, Failure> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let lines: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        Value::Array(_) | Value::Object(_) => yaml(value)?,
    })
}
