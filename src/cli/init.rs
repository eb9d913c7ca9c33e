use super::output::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub fn run(_arguments: &Arguments) -> Outcome {
    Err(Failure::new("not built yet"))
}
