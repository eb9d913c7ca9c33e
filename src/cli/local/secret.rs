//! `local secret`: users' secrets.

use std::process::ExitCode;

use super::super::output::{Failure, Outcome};
use super::place::Place;
use super::values;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Subcommand)]
pub enum Secret {
    /// Add a secret, or give it new content; prints its URI
    #[command(after_help = "Examples:
  charmwright local secret add key value=s3cret
  charmwright local secret add key value#file=key.txt      # not in the process list")]
    Add {
        /// Its name
        name: String,
        /// What it holds
        #[arg(required = true, value_name = "KEY[#file]=VALUE", value_parser = values::pair)]
        content: Vec<(String, String)>,
    },
    /// Let an application read a secret
    Grant {
        /// Its name or URI
        name: String,
        /// The application
        application: String,
    },
}

pub(super) fn run(place: &Place, secret: &Secret) -> Outcome {
    match secret {
        Secret::Add { name, content } => {
            let told = place.ask(&Command::AddSecret {
                name: name.clone(),
                content: values::contents(content)?,
            })?;
            let uri = told.get("secret").and_then(|it| it.as_str());
            outln!(
                "{}",
                uri.ok_or_else(|| Failure::new("the daemon named no secret"))?
            );
        }
        Secret::Grant { name, application } => {
            place.ask(&Command::GrantSecret {
                name: name.clone(),
                application: application.clone(),
            })?;
            outln!("Granted `{name}` to `{application}`");
        }
    }
    Ok(ExitCode::SUCCESS)
}
