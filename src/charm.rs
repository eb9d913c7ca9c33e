//! Charms with code of their own: an executable that is all of Charmwright and a few functions more.
//!
//! Most charms need none: options, integrations and actions are declared in `charmcraft.yaml` and `paas-config.yaml`. What
//! has to be computed goes into a `main.rs` of a few lines:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use charmwright::charm::{Answer, Run};
//!
//! fn main() -> ExitCode {
//!     charmwright::charm()
//!         // A variable of the app.
//!         .variable("CACHE_SIZE", |facts| {
//!             let users = facts.option("users").and_then(|value| value.as_u64());
//!             Ok(users.map(|users| (users * 64).to_string()))
//!         })
//!         // An action that answers by itself, and one that runs a command as the app would.
//!         .action("whoami", |call| Ok(Answer::results([("unit", call.facts().unit())])))
//!         .action("clear-cache", |_| Ok(Run::new(["python3", "clear.py"]).into()))
//!         .main()
//! }
//! ```
//!
//! The executable is `charmwright` itself, so `cargo run -- pack` packs a charm that runs it, and so does
//! `charmwright pack --runtime FILE`. An action must be declared under `actions` of `charmcraft.yaml`, with its parameters; an
//! [`Interface`] is for the endpoints of its name under `requires` or `provides`.
//!
//! **Functions are pure.** They look at what was read and answer; reading, writing and running commands is Charmwright's,
//! which calls them before anything is written. They may be called more than once in a hook, and they are called again
//! in the next one: there is nothing to be remembered.
//!
//! **Errors are texts for people.** That of a variable becomes the blocked status of the unit, while the app goes on with
//! what it had; that of an action becomes its failure. Secrets of the app's environment and of relations are hidden in them,
//! but what a function prints itself is not. A panic ends the hook: nothing is written, the unit is in `error`, and Juju
//! tries again; so return an error instead. (Which is all the same with `panic = "abort"`, as in Charmwright's own release profile.)
//!
//! How to make such a project, and how it is linked: `docs/how-to/write-charm-code.md`.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::Face;

pub use crate::interfaces::{
    Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest,
};
pub use crate::runtime::code::{Answer, Call, Code, Error, Facts, Result, Run};
pub use serde_json::Value;

/// A charm without code of its own, to which [`Code`]'s methods add.
#[must_use]
pub fn charm() -> Code {
    Code::default()
}

impl Code {
    /// All that `main` has to do: what the executable was called for, by the name it was called by and its arguments. The
    /// exit code is that of the hook, the hook tool or the command.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        match Face::of(arguments.first()) {
            Face::Dispatch => crate::runtime::main(self),
            Face::HookTool(tool) => crate::local::hook_tool::main(tool, &arguments),
            Face::Container => crate::local::container::helper::main(&arguments),
            Face::CommandLine => crate::cli::main(&arguments, &self),
        }
    }
}

/// README.md's example, which must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
