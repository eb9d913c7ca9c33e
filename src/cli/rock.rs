//! `charmwright rock`: the app's image.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Profiles;
use super::output::{Failure, Format, Outcome};
use crate::project::rock::{self, Init, Switch};
use crate::yaml;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write rockcraft.yaml for a framework's app
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
    /// The app's directory, made if it is not there
    #[arg(short, long, value_name = "DIRECTORY", default_value = ".")]
    project_dir: PathBuf,
    /// Leave an existing rockcraft.yaml as it is instead of refusing
    #[arg(short, long)]
    force: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, clap::Args)]
pub struct ExpandArguments {
    /// The app's directory
    #[arg(short, long, value_name = "DIRECTORY", default_value = ".")]
    project_dir: PathBuf,
    /// How to print the project; text is YAML
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(command: &Command) -> Outcome {
    match command {
        Command::Init(arguments) => init(arguments),
        Command::ExpandExtensions(arguments) => expand(arguments),
    }
}

fn init(arguments: &InitArguments) -> Outcome {
    let directory = std::path::absolute(&arguments.project_dir)?;
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
    match arguments.format {
        Format::Json => {
            let files: &[&str] = if done.written { &[rock::FILE] } else { &[] };
            let facts = serde_json::json!({ "name": done.name, "files": files });
            print(&format!("{facts}\n"))
        }
        Format::Text if done.written => print(&format!(
            "Created {}.\nSuccessfully initialised project.\n",
            rock::FILE
        )),
        Format::Text => print(&format!(
            "Left {} as it was.\nSuccessfully initialised project.\n",
            rock::FILE
        )),
    }
}

fn expand(arguments: &ExpandArguments) -> Outcome {
    let directory = std::path::absolute(&arguments.project_dir)?;
    let expanded = rock::expand(&directory, Switch::from_environment())?;
    for remark in &expanded.remarks {
        eprintln!("warning: {remark}");
    }
    match arguments.format {
        Format::Text => print(&yaml::to_string(&expanded.project)?),
        Format::Json => {
            let text = serde_json::to_string_pretty(&expanded.project)?;
            print(&format!("{text}\n"))
        }
    }
}

/// Writes to standard output; a reader that went away is not a failure.
fn print(text: &str) -> Outcome {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write the result: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
