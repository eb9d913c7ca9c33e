use super::output::{Failure, Outcome};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Nothing yet
    Nothing,
}
pub fn run(_command: Command) -> Outcome {
    Err(Failure::new("not built yet"))
}
