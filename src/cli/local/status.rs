//! `local status`.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::super::arguments::Print;
use super::super::output::{Format, Outcome, Reader, write};
use super::place::Place;
use super::table::columns;
use crate::local::protocol::Command;

/// How often `--watch` looks.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local status
  charmwright local status --watch
  charmwright local status --format json")]
pub struct Status {
    /// Print it again whenever it changes, until interrupted
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    print: Print,
}

pub(super) fn run(place: &Place, arguments: &Status) -> Outcome {
    let mut shown = String::new();
    loop {
        let told = place.ask(&Command::Status)?;
        let text = match arguments.print.format {
            Format::Json => format!("{told}\n"),
            Format::Text => render(&told),
        };
        if text != shown {
            let before = if arguments.watch && std::io::stdout().is_terminal() {
                // Home and clear what is below.
                "\x1b[H\x1b[2J"
            } else if shown.is_empty() {
                ""
            } else {
                "\n"
            };
            if write(format!("{before}{text}").as_bytes())? == Reader::Gone {
                return Ok(ExitCode::SUCCESS);
            }
            shown = text;
        }
        if !arguments.watch {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(LOOK);
    }
}

fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    let found = path.iter().try_fold(value, |at, key| at.get(key));
    found.and_then(Value::as_str).unwrap_or_default()
}

fn list(value: &Value, key: &str) -> Vec<String> {
    let found = value.get(key).and_then(Value::as_array);
    let found = found.into_iter().flatten().filter_map(Value::as_str);
    found.map(str::to_owned).collect()
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// As `juju status`, with the addresses to call.
fn render(told: &Value) -> String {
    let model = |key| text(told, &["model", key]);
    let mut parts = vec![columns(&[
        row(&["Model", "Version", "Directory"]),
        row(&[model("name"), model("version"), model("directory")]),
    ])];
    let mut applications = vec![row(&[
        "App", "Version", "Status", "Scale", "Charm", "Rev", "Address", "Message",
    ])];
    let mut units = vec![row(&[
        "Unit", "Workload", "Agent", "Address", "Ports", "Message",
    ])];
    for (name, application) in entries(told, "applications") {
        let number = |key: &str| {
            application
                .get(key)
                .map(Value::to_string)
                .unwrap_or_default()
        };
        applications.push(row(&[
            name,
            text(application, &["version"]),
            text(application, &["application-status", "current"]),
            &number("scale"),
            text(application, &["charm"]),
            &number("charm-rev"),
            &list(application, "addresses").join(" "),
            text(application, &["application-status", "message"]),
        ]));
        for (name, unit) in entries(application, "units") {
            units.push(unit_row(name, unit));
        }
    }
    if applications.len() == 1 {
        parts.push("No applications\n".into());
    } else {
        parts.extend([columns(&applications), columns(&units)]);
    }
    let relations = told.get("relations").and_then(Value::as_array);
    let mut rows = vec![row(&[
        "Integration provider",
        "Requirer",
        "Interface",
        "Type",
        "Message",
    ])];
    for relation in relations.into_iter().flatten() {
        let status = text(relation, &["status"]);
        rows.push(row(&[
            text(relation, &["provider"]),
            text(relation, &["requirer"]),
            text(relation, &["interface"]),
            text(relation, &["type"]),
            if status == "joined" { "" } else { status },
        ]));
    }
    if rows.len() > 1 {
        parts.push(columns(&rows));
    }
    parts.push(format!("Log: {}\n", model("log")));
    parts.join("\n")
}

fn unit_row(name: &str, unit: &Value) -> Vec<String> {
    let leader = unit.get("leader").and_then(Value::as_bool) == Some(true);
    let name = if leader {
        format!("{name}*")
    } else {
        name.to_owned()
    };
    let published = list(unit, "addresses");
    let address = if published.is_empty() {
        text(unit, &["address"]).to_owned()
    } else {
        published.join(" ")
    };
    let doing = text(unit, &["juju-status", "message"]);
    let message = text(unit, &["workload-status", "message"]);
    let message = match (doing.is_empty(), message.is_empty()) {
        (true, _) => message.to_owned(),
        (false, true) => format!("({doing})"),
        (false, false) => format!("({doing}) {message}"),
    };
    row(&[
        &name,
        text(unit, &["workload-status", "current"]),
        text(unit, &["juju-status", "current"]),
        &address,
        &list(unit, "open-ports").join(","),
        &message,
    ])
}
