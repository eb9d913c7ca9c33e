//! `local destroy`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::super::output::{Failure, Outcome};
use super::place::Place;
use super::{failure, say};
use crate::local::protocol::Command;
use crate::local::{client, daemon};
use crate::streams::outln;

/// How long the daemon's last breath may take.
const LAST: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub struct Destroy {
    /// Keep built images in `.charmwright/images`
    #[arg(long)]
    keep_cache: bool,
}

pub(super) fn run(place: &Place, arguments: &Destroy) -> Outcome {
    let directory = &place.directory;
    if !directory.path().exists() {
        return Err(Failure::new(format!(
            "there is no model here: no `{}`",
            directory.path().display()
        )));
    }
    client::ask_if_running(directory, &Command::Destroy, say).map_err(failure)?;
    let limit = Instant::now() + LAST;
    while !daemon::is_gone(directory) {
        if Instant::now() > limit {
            return Err(Failure::new(format!(
                "the daemon does not end; see `{}`",
                directory.log("daemon").display()
            )));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    daemon::clean_up(directory).map_err(Failure::new)?;
    directory.remove(arguments.keep_cache)?;
    outln!("Destroyed the model in `{}`", directory.parent().display());
    Ok(ExitCode::SUCCESS)
}
