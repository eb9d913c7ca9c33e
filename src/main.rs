//! Charmwright without any code of a charm's own.

use std::process::ExitCode;

fn main() -> ExitCode {
    charmwright::charm().main()
}
