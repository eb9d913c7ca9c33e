use std::path::PathBuf;
use std::process::ExitCode;

use super::Profiles;
use super::arguments::Print;
use super::output::{Format, Outcome, print};
use crate::project::charm;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 written; 1 refused, nothing was written; 2 wrong usage.")]
pub struct Arguments {
    /// The app's framework; NAME-framework for a `metadata/frameworks/NAME.yaml` of the project
    #[arg(long, value_parser = Profiles)]
    profile: String,
    /// The charm's name [default: the directory's]
    #[arg(long)]
    name: Option<String>,
    /// Whom to contact about the charm
    #[arg(long)]
    author: Option<String>,
    /// The base that the charm runs on
    #[arg(long, default_value = "ubuntu@24.04")]
    base: String,
    /// Where to write; made if it is not there [default: here]
    #[arg(conflicts_with = "project_dir_option")]
    project_dir: Option<PathBuf>,
    /// The same as an option
    #[arg(
        short = 'p',
        long = "project-dir",
        value_name = "DIR",
        id = "project_dir_option"
    )]
    project_dir_option: Option<PathBuf>,
    /// Write what is missing though other files are there; those stay as they are
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    print: Print,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let directory = arguments
        .project_dir
        .clone()
        .or_else(|| arguments.project_dir_option.clone())
        .unwrap_or_else(|| PathBuf::from("."));
    let written = charm::init(&charm::Init {
        profile: arguments.profile.clone(),
        directory,
        name: arguments.name.clone(),
        author: arguments.author.clone(),
        base: arguments.base.clone(),
        force: arguments.force,
    })
    .map_err(super::output::project)?;
    match arguments.print.format {
        Format::Text => print(&format!(
            "Charm `{}` of the profile {}:\n    {}\nSuccessfully initialised project.\n",
            written.name,
            arguments.profile,
            written.files.join("\n    ")
        ))?,
        Format::Json => {
            let facts = serde_json::json!({"name": written.name, "profile": arguments.profile, "files": written.files});
            print(&format!("{facts}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
