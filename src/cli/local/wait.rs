//! `local wait`.

use std::process::ExitCode;

use super::super::output::Outcome;
use super::place::Place;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local wait
  charmwright local wait hello --status blocked --timeout 30

Exit code 1 when the time is up, with what is missing.")]
pub struct Wait {
    /// Applications (default: all)
    applications: Vec<String>,
    /// The status that every unit must have; with `active`, open ports must answer too
    #[arg(long, default_value = "active")]
    status: String,
    /// The limit
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
}

pub(super) fn run(place: &Place, arguments: &Wait) -> Outcome {
    place.ask(&Command::Wait {
        applications: arguments.applications.clone(),
        status: arguments.status.clone(),
        timeout_seconds: arguments.timeout,
    })?;
    let whom = if arguments.applications.is_empty() {
        "All units are".to_owned()
    } else {
        format!("{}:", arguments.applications.join(", "))
    };
    outln!("{whom} idle and {}", arguments.status);
    Ok(ExitCode::SUCCESS)
}
