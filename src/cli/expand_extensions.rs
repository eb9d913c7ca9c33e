use std::path::PathBuf;
use std::process::ExitCode;

use super::output::{Failure, Format, Outcome, print};
use crate::project::charm;
use crate::yaml;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 printed; 1 refused; 65 a file beside charmcraft.yaml says the same; 2 wrong usage.

\
    Experimental bases need CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS to be set, as for charmcraft."
)]
pub struct Arguments {
    /// The charm project [default: here]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    project_dir: PathBuf,
    /// YAML (text) or JSON
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let project = charm::Project::read(&arguments.project_dir).map_err(super::output::project)?;
    let expanded = charm::expand(&project, charm::Switch::from_environment())
        .map_err(super::output::project)?;
    for remark in &expanded.remarks {
        eprintln!("{remark}");
    }
    match arguments.format {
        Format::Text => print(&yaml::to_string(&expanded.project)?)?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&expanded.project)
                .map_err(|error| Failure::new(error.to_string()))?;
            print(&format!("{text}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
