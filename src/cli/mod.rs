//! The command line: definitions and output, no logic.
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod arguments;
mod check;
mod env;
mod expand_extensions;
mod init;
mod local;
mod output;
mod pack;
mod profiles;
mod rock;
mod table;

use crate::charm::Code;
use profiles::Profiles;

/// Juju charms for 12-factor web apps: make them, pack them, try them.
#[derive(Debug, Parser)]
#[command(
    name = "charmwright",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a charm project for a framework into a directory
    Init(init::Arguments),
    /// Print charmcraft.yaml with what its extension adds
    ExpandExtensions(expand_extensions::Arguments),
    /// Make the .charm
    Pack(pack::Arguments),
    /// Say what `pack` would refuse, and why
    Check(check::Arguments),
    /// Print the variables that the app would get, and where each comes from
    Env(env::Arguments),
    /// The app's image: rockcraft.yaml
    #[command(subcommand)]
    Rock(rock::Command),
    /// A model on this machine: the packed charm, a real Pebble, the real app, real databases
    Local(local::Local),
}

/// Runs the command line; the exit code is 0 for success, 1 for a failure that was reported, 2 for wrong usage.
#[must_use]
pub fn main(arguments: &[OsString], code: &Code) -> ExitCode {
    crate::logging::start();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command {
        Command::Init(arguments) => init::run(&arguments),
        Command::ExpandExtensions(arguments) => expand_extensions::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments, code),
        Command::Check(arguments) => check::run(&arguments, code),
        Command::Env(arguments) => env::run(&arguments, code),
        Command::Rock(command) => rock::run(&command),
        Command::Local(arguments) => local::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
