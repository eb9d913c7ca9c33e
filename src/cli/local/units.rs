//! `local fire`, `local restart` and `local resolve`.

use std::process::ExitCode;

use super::super::output::Outcome;
use super::place::Place;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local fire hello/0 update-status
  charmwright local fire hello/0 app-pebble-ready")]
pub struct Fire {
    /// The unit
    unit: String,
    /// The event
    event: String,
}

#[derive(Debug, clap::Args)]
pub struct Restart {
    /// The unit
    unit: String,
}

#[derive(Debug, clap::Args)]
pub struct Resolve {
    /// The unit
    unit: String,
    /// Go on without the hook that failed
    #[arg(long)]
    no_retry: bool,
}

pub(super) fn fire(place: &Place, arguments: &Fire) -> Outcome {
    place.ask(&Command::Fire {
        unit: arguments.unit.clone(),
        event: arguments.event.clone(),
    })?;
    outln!("{} handled {}", arguments.unit, arguments.event);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restart(place: &Place, arguments: &Restart) -> Outcome {
    let unit = arguments.unit.clone();
    place.ask(&Command::Restart { unit })?;
    outln!("Restarted {}", arguments.unit);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn resolve(place: &Place, arguments: &Resolve) -> Outcome {
    let told = place.ask(&Command::Resolve {
        unit: arguments.unit.clone(),
        no_retry: arguments.no_retry,
    })?;
    let event = told.get("event").and_then(|it| it.as_str());
    let event = event.unwrap_or_default();
    let verb = if arguments.no_retry {
        "Skipped"
    } else {
        "Retrying"
    };
    outln!("{verb} {event} of {}", arguments.unit);
    Ok(ExitCode::SUCCESS)
}
