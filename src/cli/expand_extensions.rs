use std::process::ExitCode;

use super::arguments::{Print, ProjectDirectory};
use super::output::{Outcome, print_project};
use crate::project::charm;
use crate::streams::errln;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 printed; 1 refused; 65 a file beside charmcraft.yaml says the same; 2 wrong usage.

\
    Experimental bases need CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS to be set, as for charmcraft."
)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectDirectory,
    #[command(flatten)]
    print: Print,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let project =
        charm::Project::read(&arguments.project.project_dir).map_err(super::output::project)?;
    let expanded = charm::expand(&project, charm::Switch::from_environment())
        .map_err(super::output::project)?;
    for remark in &expanded.remarks {
        errln!("{remark}");
    }
    print_project(arguments.print.format, &expanded.project)?;
    Ok(ExitCode::SUCCESS)
}
