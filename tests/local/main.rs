//! The local model with charms whose `dispatch` is a shell script: no containers, everything else.
#![allow(clippy::unwrap_used, missing_docs)]

mod actions;
mod commands;
mod config;
mod daemon;
mod hooks;
mod life;
mod model;
mod refresh;
mod relations;
mod secrets;
