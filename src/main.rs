//! Which face of Charmwright was called: nothing else is decided here.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    match charmwright::Face::of(arguments.first()) {
        charmwright::Face::Dispatch => charmwright::runtime::main(),
        charmwright::Face::HookTool(tool) => charmwright::local::hook_tool::main(tool, &arguments),
        charmwright::Face::Container => charmwright::local::container::helper::main(&arguments),
        charmwright::Face::CommandLine => charmwright::cli::main(&arguments),
    }
}
