//! `local run`.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::super::arguments::Print;
use super::super::output::{self, Failure, Format, Outcome};
use super::place::Place;
use super::values;
use crate::local::protocol::Command;
use crate::streams::errln;
use crate::yaml;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local run hello/0 rotate-secret-key
  charmwright local run hello/leader create-superuser username=admin email=admin@example.com

Exit code 1 when the action failed.")]
pub struct Run {
    /// A unit, or APP/leader
    unit: String,
    /// The action
    action: String,
    /// Parameters; the value is YAML
    #[arg(value_name = "KEY=VALUE", value_parser = values::pair)]
    parameters: Vec<(String, String)>,
    #[command(flatten)]
    print: Print,
}

pub(super) fn run(place: &Place, arguments: &Run) -> Outcome {
    let told = place.ask(&Command::Run {
        unit: arguments.unit.clone(),
        action: arguments.action.clone(),
        parameters: parameters(&arguments.parameters),
    })?;
    let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default();
    let completed = text("status") == "completed";
    match arguments.print.format {
        Format::Json => {
            let mut task = told.clone();
            if let Some(task) = task.as_object_mut() {
                task.remove("unit");
                if text("message").is_empty() {
                    task.remove("message");
                }
            }
            output::print(&format!("{}\n", json!({ text("unit"): task })))?;
        }
        Format::Text => print(&told)?,
    }
    if completed {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print.format == Format::Text {
        errln!(
            "Action id {} {}: {}",
            text("id"),
            text("status"),
            text("message")
        );
    }
    Ok(ExitCode::FAILURE)
}

/// Results as YAML, then what the action printed, as `juju run` does.
fn print(told: &Value) -> Result<(), Failure> {
    let mut results = told
        .get("results")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    results.remove("return-code");
    let stdout = results.remove("stdout");
    let stderr = results.remove("stderr");
    if !results.is_empty() {
        output::print(&yaml::to_string(&results)?)?;
    }
    if let Some(Value::String(stdout)) = stdout {
        output::print(&stdout)?;
    }
    if let Some(Value::String(stderr)) = stderr {
        let _ = std::io::stderr().lock().write_all(stderr.as_bytes());
    }
    Ok(())
}

/// Values are YAML, as `juju run` takes them; dots nest.
fn parameters(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (key, text) in pairs {
        let value = yaml::from_str::<Value>(text).unwrap_or_else(|_| Value::String(text.clone()));
        let mut at = &mut parameters;
        let mut words = key.split('.').peekable();
        while let Some(word) = words.next() {
            if words.peek().is_none() {
                at.insert(word.to_owned(), value);
                break;
            }
            let next = at.entry(word).or_insert_with(|| json!({}));
            if !next.is_object() {
                *next = json!({});
            }
            match next.as_object_mut() {
                Some(next) => at = next,
                None => break,
            }
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_yaml_and_nest_at_dots() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let given = [
            pair("n", "3"),
            pair("a.b", "yes please"),
            pair("a.c", "true"),
        ];
        assert_eq!(
            Value::Object(parameters(&given)),
            json!({"n": 3, "a": {"b": "yes please", "c": true}})
        );
    }
}
