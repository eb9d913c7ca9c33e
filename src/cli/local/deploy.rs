//! `local deploy` and `local refresh`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::output::{Failure, Outcome};
use super::place::Place;
use super::values;
use crate::local::protocol::{Command, Deploy as Asked};
use crate::local::provider::registry;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local deploy ./hello_amd64.charm --resource app-image=.
  charmwright local deploy ./hello_amd64.charm web --resource app-image=. -n 2 --config greeting=Hi
  charmwright local deploy postgresql-k8s
  charmwright local deploy nginx-ingress-integrator")]
pub struct Deploy {
    /// A packed charm (`./NAME.charm`), or the name of an application that is built in
    charm: String,
    /// What to call it (default: the charm's own name)
    application: Option<String>,
    /// An image: a project with a rockcraft.yaml, or a root file system
    #[arg(long = "resource", value_name = "NAME=PATH", value_parser = values::pair)]
    resources: Vec<(String, String)>,
    /// An option
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = values::pair)]
    config: Vec<(String, String)>,
    /// How many units
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    num_units: u32,
    /// The Pebble executable (default: `pebble` on PATH)
    #[arg(long, value_name = "FILE", env = "CHARMWRIGHT_PEBBLE")]
    pebble: Option<PathBuf>,
    /// The model's name, for a new one (default: the directory's)
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// How often `update-status` comes (default: every 300 s)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    update_status_interval: Option<u64>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  charmwright local refresh hello --path ./hello_amd64.charm --resource app-image=.")]
pub struct Refresh {
    /// The application
    application: String,
    /// The packed charm
    #[arg(long, value_name = "CHARM")]
    path: PathBuf,
    /// An image: a project with a rockcraft.yaml, or a root file system (default: the one it has)
    #[arg(long = "resource", value_name = "NAME=PATH", value_parser = values::pair)]
    resources: Vec<(String, String)>,
}

pub(super) fn deploy(place: &Place, arguments: &Deploy) -> Outcome {
    let charm = charm(place, &arguments.charm)?;
    let pebble = arguments.pebble.as_deref();
    let asked = Asked {
        charm,
        application: arguments.application.clone(),
        resources: values::paths(place, &arguments.resources)?,
        config: arguments.config.iter().cloned().collect(),
        units: arguments.num_units,
        pebble: match pebble {
            Some(pebble) => Some(place.absolute(pebble)?),
            None => on_path("pebble"),
        },
        model: arguments.model.clone(),
        update_status_interval: arguments.update_status_interval,
    };
    let told = place.start_and_ask(&Command::Deploy(asked))?;
    let fact = |name: &str| {
        told.get(name)
            .and_then(|it| it.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    outln!(
        "Deployed `{}` as `{}` in model `{}`",
        fact("charm"),
        fact("application"),
        fact("model")
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) fn refresh(place: &Place, arguments: &Refresh) -> Outcome {
    let told = place.ask(&Command::Refresh {
        application: arguments.application.clone(),
        charm: place.absolute(&arguments.path)?,
        resources: values::paths(place, &arguments.resources)?,
    })?;
    let revision = told.get("revision").cloned().unwrap_or_default();
    outln!(
        "Refreshed `{}` to revision {revision}",
        arguments.application
    );
    Ok(ExitCode::SUCCESS)
}

/// A file as an absolute path, or a name that is built in.
fn charm(place: &Place, text: &str) -> Result<String, Failure> {
    let is_file = text.starts_with("./")
        || text.starts_with("../")
        || text.starts_with('/')
        || text.ends_with(".charm");
    if is_file {
        return Ok(place.absolute(Path::new(text))?.display().to_string());
    }
    match registry::create(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) if place.absolute(Path::new(text)).is_ok() => Err(Failure::new(format!(
            "{error}; for the file say `./{text}`"
        ))),
        Err(error) => Err(Failure::new(error.to_string())),
    }
}

/// The daemon has no PATH of the user's.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_absolute() && candidate.is_file())
}
