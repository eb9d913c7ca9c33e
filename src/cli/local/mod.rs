//! `charmwright local`: a model on this machine.

mod applications;
mod config;
mod deploy;
mod destroy;
mod logs;
mod place;
mod provide;
mod relations;
mod run;
mod secret;
mod status;
mod units;
pub(super) mod values;
mod wait;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::place::Place;
use super::output::{Failure, Outcome};
use super::table;
use crate::local::client::{self, Error};
use crate::local::daemon;
use crate::local::protocol;
use crate::streams::errln;

/// `charmwright local`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  charmwright local deploy ./hello_amd64.charm --resource app-image=.
  charmwright local deploy postgresql-k8s
  charmwright local integrate hello postgresql-k8s
  charmwright local wait && charmwright local status
  charmwright local destroy")]
pub struct Local {
    /// The directory that holds `.charmwright` (default: the nearest above, else this one)
    #[arg(long, global = true, value_name = "DIRECTORY", env = "CHARMWRIGHT_DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add an application: a packed charm, or one that is built in
    Deploy(deploy::Deploy),
    /// Show applications, units, relations and where to reach them
    Status(status::Status),
    /// Wait until units are idle with a status
    Wait(wait::Wait),
    /// Relate two applications
    Integrate(relations::Integrate),
    /// End the relation of two applications
    RemoveRelation(relations::RemoveRelation),
    /// Show or set an application's options
    Config(config::Config),
    /// Give an application a new revision of its charm, unit by unit
    Refresh(deploy::Refresh),
    /// Run an action and print its results
    Run(run::Run),
    /// Users' secrets
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Stand in for any other application
    Provide(provide::Provide),
    /// Add units to an application
    AddUnit(applications::AddUnit),
    /// Remove units from an application
    RemoveUnit(applications::RemoveUnit),
    /// Remove an application with its units and relations
    RemoveApplication(applications::RemoveApplication),
    /// Print what units log
    Logs(logs::Logs),
    /// Give a unit an event now
    Fire(units::Fire),
    /// Make a unit's containers anew, as when its pod is replaced
    Restart(units::Restart),
    /// Retry a failed hook now
    Resolve(units::Resolve),
    /// End the model: stop everything and remove `.charmwright`
    Destroy(destroy::Destroy),
    /// The background process
    #[command(hide = true)]
    Daemon,
}

/// Runs `charmwright local …`.
pub fn run(local: &Local) -> Outcome {
    let place = Place::new(local.dir.as_deref())?;
    match &local.command {
        Command::AddUnit(arguments) => applications::add_unit(&place, arguments),
        Command::Config(arguments) => config::run(&place, arguments),
        Command::Daemon => Ok(daemon::main(&place.directory)),
        Command::Deploy(arguments) => deploy::deploy(&place, arguments),
        Command::Destroy(arguments) => destroy::run(&place, arguments),
        Command::Fire(arguments) => units::fire(&place, arguments),
        Command::Integrate(arguments) => relations::integrate(&place, arguments),
        Command::Logs(arguments) => logs::run(&place, arguments),
        Command::Provide(arguments) => provide::run(&place, arguments),
        Command::Refresh(arguments) => deploy::refresh(&place, arguments),
        Command::RemoveApplication(arguments) => {
            applications::remove_application(&place, arguments)
        }
        Command::RemoveRelation(arguments) => relations::remove_relation(&place, arguments),
        Command::RemoveUnit(arguments) => applications::remove_unit(&place, arguments),
        Command::Resolve(arguments) => units::resolve(&place, arguments),
        Command::Restart(arguments) => units::restart(&place, arguments),
        Command::Run(arguments) => run::run(&place, arguments),
        Command::Secret(command) => secret::run(&place, command),
        Command::Status(arguments) => status::run(&place, arguments),
        Command::Wait(arguments) => wait::run(&place, arguments),
    }
}

impl Place {
    /// Asks the daemon, with its progress on standard error.
    fn ask(&self, command: &protocol::Command) -> Result<serde_json::Value, Failure> {
        client::ask(&self.directory, command, say).map_err(failure)
    }

    /// As [`Place::ask`], starting a model when there is none.
    fn start_and_ask(&self, command: &protocol::Command) -> Result<serde_json::Value, Failure> {
        client::start_and_ask(&self.directory, command, say).map_err(failure)
    }
}

fn say(line: &str) {
    errln!("{line}");
}

fn failure(error: Error) -> Failure {
    Failure::new(error.to_string())
}
