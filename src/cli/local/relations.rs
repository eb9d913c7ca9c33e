//! `local integrate` and `local remove-relation`.

use std::process::ExitCode;

use super::super::output::Outcome;
use super::place::Place;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local integrate hello postgresql-k8s
  charmwright local integrate hello:db postgresql-k8s:database")]
pub struct Integrate {
    /// An application, with an endpoint where several fit
    #[arg(value_name = "APP[:ENDPOINT]")]
    a: String,
    /// The other one
    #[arg(value_name = "APP[:ENDPOINT]")]
    b: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  charmwright local remove-relation hello postgresql-k8s")]
pub struct RemoveRelation {
    /// An application, with an endpoint where there are several relations
    #[arg(value_name = "APP[:ENDPOINT]")]
    a: String,
    /// The other one
    #[arg(value_name = "APP[:ENDPOINT]")]
    b: String,
}

pub(super) fn integrate(place: &Place, arguments: &Integrate) -> Outcome {
    let told = place.ask(&Command::Integrate {
        a: arguments.a.clone(),
        b: arguments.b.clone(),
    })?;
    let relation = told.get("relation").and_then(|it| it.as_str());
    outln!("Integrated {}", relation.unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn remove_relation(place: &Place, arguments: &RemoveRelation) -> Outcome {
    let (a, b) = (arguments.a.clone(), arguments.b.clone());
    place.ask(&Command::RemoveRelation { a, b })?;
    outln!(
        "Removing the relation of `{}` and `{}`",
        arguments.a,
        arguments.b
    );
    Ok(ExitCode::SUCCESS)
}
