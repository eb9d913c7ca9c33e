//! Charmwright: Juju charms for 12-factor web apps, as one static executable.
//!
//! The executable has three faces, told apart by the name it is called by: a charm's `dispatch`
//! ([`runtime`]), the command line ([`cli`]) and, in the local model, Juju's hook tools
//! ([`local::hook_tool`]). Calls go downward only: `cli` → `rehearsal` → `project`, `local` → `runtime` →
//! `interfaces`, `frameworks`; `juju` and `pebble` know nothing of charms.

// They panic when nobody reads; `streams` has what does not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod charm;
pub mod cli;
pub mod cos;
mod face;
pub mod frameworks;
pub mod interfaces;
pub mod juju;
pub mod local;
mod logging;
pub mod paas_config;
pub mod pebble;
mod percent;
pub mod project;
pub mod rehearsal;
pub mod runtime;
mod streams;
pub mod yaml;

pub use charm::charm;
pub use face::Face;
