//! The Pebble client against the real Pebble.

#![allow(clippy::unwrap_used)]

mod daemon;
mod directories;
mod exec;
mod exec_context;
mod fake;
mod files;
mod nonsense;
mod observe;
mod plan;
mod services;
mod unreachable;
