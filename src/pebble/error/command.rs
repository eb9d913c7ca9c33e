//! A command that ended with an exit code other than 0.

use std::fmt;

use crate::pebble::exec::Output;

/// A command that ran and failed.
pub struct CommandError {
    /// The program, without its arguments.
    pub program: String,
    /// Its exit code, 128 plus the signal's number when a signal ended it.
    pub exit_code: i32,
    /// What it printed.
    pub output: Output,
}

impl CommandError {
    /// The last line that is not blank, of the error output if it has one, else of the output.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        self.output.last_line()
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "command `{}` failed with exit code {}",
            self.program, self.exit_code
        )
    }
}

impl fmt::Debug for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandError")
            .field("program", &self.program)
            .field("exit_code", &self.exit_code)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for CommandError {}
