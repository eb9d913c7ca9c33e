//! `local config`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;

use super::super::arguments::Print;
use super::super::output::{Failure, Format, Outcome, print};
use super::place::Place;
use crate::local::protocol::Command;
use crate::streams::outln;
use crate::yaml;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local config hello                  # all options
  charmwright local config hello greeting         # one value
  charmwright local config hello greeting=Hi!
  charmwright local config hello --reset greeting")]
pub struct Config {
    /// The application
    application: String,
    /// An option to show, or options to set
    #[arg(value_name = "KEY|KEY=VALUE")]
    options: Vec<String>,
    /// Put an option back to its default
    #[arg(long, value_name = "KEY", value_delimiter = ',')]
    reset: Vec<String>,
    #[command(flatten)]
    print: Print,
}

pub(super) fn run(place: &Place, arguments: &Config) -> Outcome {
    let mut set = BTreeMap::new();
    let mut shown = Vec::new();
    for option in &arguments.options {
        match option.split_once('=') {
            Some((key, value)) => {
                set.insert(key.to_owned(), value.to_owned());
            }
            None => shown.push(option.as_str()),
        }
    }
    let changes = !set.is_empty() || !arguments.reset.is_empty();
    if shown.len() > 1 || (changes && !shown.is_empty()) {
        return Err(Failure::new(
            "show one option, or set some with KEY=VALUE, not both",
        ));
    }
    let names: Vec<String> = set.keys().chain(&arguments.reset).cloned().collect();
    let told = place.ask(&Command::Config {
        application: arguments.application.clone(),
        set,
        reset: arguments.reset.clone(),
    })?;
    if let Some(name) = shown.first() {
        show_one(arguments, &told, name)?;
    } else if changes {
        outln!("Set {} of `{}`", names.join(", "), arguments.application);
    } else if arguments.print.format == Format::Json {
        print(&format!("{told}\n"))?;
    } else {
        print(&yaml::to_string(&told)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show_one(arguments: &Config, told: &Value, name: &str) -> Result<(), Failure> {
    let setting = told.get("settings").and_then(|settings| settings.get(name));
    let setting = setting.ok_or_else(|| {
        Failure::new(format!(
            "key \"{name}\" not found in \"{}\" config or charm settings",
            arguments.application
        ))
    })?;
    let text = match (setting.get("value"), arguments.print.format) {
        (value, Format::Json) => format!("{}\n", value.unwrap_or(&Value::Null)),
        (Some(Value::String(text)), Format::Text) => format!("{text}\n"),
        (Some(value), Format::Text) => format!("{value}\n"),
        (None, Format::Text) => "\n".to_owned(),
    };
    print(&text)
}
