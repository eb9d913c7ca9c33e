//! `charmwright rock`: the app's image.

use std::process::ExitCode;

use super::Profiles;
use super::arguments::{Print, ProjectDirectory};
use super::output::{Format, Outcome, print, print_project};
use crate::project::rock::{self, Init, Switch};
use crate::streams::errln;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write rockcraft.yaml for a framework's app
    ///
    /// The project's directory is made if it is not there.
    Init(InitArguments),
    /// Print rockcraft.yaml with what its extension adds
    ///
    /// Experimental extensions need ROCKCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS to be set, as for rockcraft.
    ExpandExtensions(ExpandArguments),
}

#[derive(Debug, clap::Args)]
pub struct InitArguments {
    /// The framework's extension; NAME-framework for a `metadata/frameworks/NAME.yaml` of the project
    #[arg(long, value_parser = Profiles)]
    profile: String,
    /// The rock's name [default: the directory's, or my-rock-name if that cannot be one]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    project: ProjectDirectory,
    /// Leave an existing rockcraft.yaml as it is instead of refusing
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    print: Print,
}

#[derive(Debug, clap::Args)]
pub struct ExpandArguments {
    #[command(flatten)]
    project: ProjectDirectory,
    #[command(flatten)]
    print: Print,
}

pub fn run(command: &Command) -> Outcome {
    match command {
        Command::Init(arguments) => init(arguments),
        Command::ExpandExtensions(arguments) => expand(arguments),
    }
}

fn init(arguments: &InitArguments) -> Outcome {
    let directory = std::path::absolute(&arguments.project.project_dir)?;
    let done = rock::init(Init {
        directory: &directory,
        profile: &arguments.profile,
        name: arguments.name.as_deref(),
        force: arguments.force,
    })
    .map_err(|error| match error {
        rock::Error::Framework(error) => super::output::project(error),
        other => other.into(),
    })?;
    match arguments.print.format {
        Format::Json => {
            let files: &[&str] = if done.written { &[rock::FILE] } else { &[] };
            let facts = serde_json::json!({ "name": done.name, "files": files });
            print(&format!("{facts}\n"))?;
        }
        Format::Text if done.written => print(&format!(
            "Created {}.\nSuccessfully initialised project.\n",
            rock::FILE
        ))?,
        Format::Text => print(&format!(
            "Left {} as it was.\nSuccessfully initialised project.\n",
            rock::FILE
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn expand(arguments: &ExpandArguments) -> Outcome {
    let directory = std::path::absolute(&arguments.project.project_dir)?;
    let expanded = rock::expand(&directory, Switch::from_environment())?;
    for remark in &expanded.remarks {
        errln!("warning: {remark}");
    }
    print_project(arguments.print.format, &expanded.project)?;
    Ok(ExitCode::SUCCESS)
}
