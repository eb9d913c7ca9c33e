//! `local add-unit`, `local remove-unit` and `local remove-application`.

use std::process::ExitCode;

use serde_json::Value;

use super::super::output::{Failure, Outcome};
use super::place::Place;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
pub struct AddUnit {
    /// The application
    application: String,
    /// How many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    num_units: u32,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local remove-unit hello/1
  charmwright local remove-unit hello -n 2      # the two of the highest numbers")]
pub struct RemoveUnit {
    /// A unit, or an application
    #[arg(value_name = "UNIT|APP")]
    target: String,
    /// How many of an application
    #[arg(short = 'n', long, value_name = "N")]
    num_units: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct RemoveApplication {
    /// The application
    application: String,
}

pub(super) fn add_unit(place: &Place, arguments: &AddUnit) -> Outcome {
    let told = place.ask(&Command::AddUnit {
        application: arguments.application.clone(),
        count: arguments.num_units,
    })?;
    outln!("Added {}", units(&told));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn remove_unit(place: &Place, arguments: &RemoveUnit) -> Outcome {
    let is_unit = arguments.target.contains('/');
    let count = match (is_unit, arguments.num_units) {
        (true, Some(_)) => {
            return Err(Failure::new(
                "`-n` goes with an application, not with a unit",
            ));
        }
        (true, None) => 1,
        (false, Some(count)) => count,
        (false, None) => {
            return Err(Failure::new(format!(
                "say how many units of `{0}`: `-n 1`, or which one: `{0}/0`",
                arguments.target
            )));
        }
    };
    let target = arguments.target.clone();
    let told = place.ask(&Command::RemoveUnit { target, count })?;
    outln!("Removing {}", units(&told));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn remove_application(place: &Place, arguments: &RemoveApplication) -> Outcome {
    let application = arguments.application.clone();
    place.ask(&Command::RemoveApplication { application })?;
    outln!("Removing `{}`", arguments.application);
    Ok(ExitCode::SUCCESS)
}

fn units(told: &Value) -> String {
    let units = told.get("units").and_then(Value::as_array);
    let units = units.into_iter().flatten().filter_map(Value::as_str);
    units.collect::<Vec<_>>().join(", ")
}
