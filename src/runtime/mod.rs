//! The charm runtime: what a charm's `dispatch` does with one event.
//!
//! [`observe`] reads, [`decide`] decides and is pure, [`apply`] carries out, [`conclude`] makes the status of what came
//! of it. There is no state but Juju's and Pebble's, and no handler for a single event.

pub mod actions;
pub mod apply;
pub mod charm;
pub(crate) mod code;
pub mod conclude;
pub mod decide;
pub mod decision;
pub mod endpoint;
pub mod environment;
mod execute;
pub mod integration_files;
pub mod integrations;
pub mod last_words;
pub mod layer;
pub mod log_targets;
pub mod mask;
pub mod migration;
pub mod observation;
pub mod observe;
pub mod options;
mod scrape;
pub mod secret_key;
pub(crate) mod template;
pub mod webserver;
pub mod workload;

use std::process::ExitCode;

use crate::juju::{self, Environment, Tools};
use crate::pebble;
use crate::streams::errln;
use code::Code;

/// What the executable says when somebody starts it by hand.
const BY_HAND: &str = "this is the entry point of a Juju charm, made by `charmwright pack`: Juju runs it, with the event \
                       in the environment; to try the charm without Juju, run `charmwright local deploy CHARM`";

/// Why a hook must be run again.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Charm(#[from] charm::Error),
    #[error(transparent)]
    Juju(#[from] juju::Error),
    #[error(transparent)]
    Terminated(#[from] juju::Terminated),
    #[error("cannot start: {0}")]
    Start(std::io::Error),
}

/// Runs one event. The exit code is 0 also when the app cannot run, which the status then says; anything else makes
/// Juju drop what was written and run the event again.
#[must_use]
pub(crate) fn main(code: Code) -> ExitCode {
    if std::env::var_os("JUJU_DISPATCH_PATH").is_none() {
        errln!("charmwright {}: {BY_HAND}", env!("CARGO_PKG_VERSION"));
        return ExitCode::FAILURE;
    }
    let environment = match Environment::from_vars(std::env::vars_os()) {
        Ok(environment) => environment,
        Err(error) => {
            errln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    crate::logging::start();
    match run(environment, code) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            errln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(environment: Environment, code: Code) -> Result<(), Error> {
    if decide::is_over(&environment.event) {
        return Ok(());
    }
    let charm = charm::Charm::load(&environment.charm_dir)?.with_code(code);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    runtime.block_on(juju::unless_terminated(reconcile(environment, charm)))??;
    Ok(())
}

async fn reconcile(environment: Environment, charm: charm::Charm) -> Result<(), juju::Error> {
    let tools = Tools::new();
    let pebble = pebble::Client::new(observe::socket(&charm));
    let observation = observe::observe(environment, charm, &tools, &pebble).await?;
    let decision = decide::decide(&observation);
    apply::apply(&observation, decision, &tools, &pebble).await
}
