//! What goes over the socket: one line of JSON each way.

use serde::{Deserialize, Serialize};

/// What a hook tool's process sends.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Request {
    /// `JUJU_CONTEXT_ID`: which dispatch.
    pub context: String,
    /// The hook tool's name.
    pub tool: String,
    /// Its arguments, files already read: see [`super::main`].
    pub arguments: Vec<String>,
    /// Standard input, or the file of `--file`.
    pub stdin: String,
}

/// What it prints and how it ends.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reply {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The exit code.
    pub code: u8,
}
