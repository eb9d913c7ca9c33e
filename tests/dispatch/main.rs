//! `dispatch` as a process: the real executable, the real Pebble in a workload container, hook tools that answer from
//! a model in memory.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod certificates;
mod code;
mod container;
mod custom_actions;
mod database;
mod frameworks;
mod gunicorn;
mod journey;
mod kills;
mod leaks;
mod logs;
mod migration;
#[path = "../python_packages/mod.rs"]
mod python_packages;
mod refusals;
mod saml;
mod sequences;
mod support;
mod takeover;
mod units;
