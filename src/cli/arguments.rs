//! Arguments that several commands have.
// A comment of the structs themselves would become the command's own help.

use std::path::PathBuf;

use super::output::Format;

#[derive(Debug, clap::Args)]
pub struct ProjectDirectory {
    /// The project's directory [default: here]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    pub project_dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Print {
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
