//! `dispatch` as a process: the real executable, the real Pebble in a workload container, hook tools that answer from
//! a model in memory.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod container;
mod database;
mod frameworks;
mod journey;
mod kills;
mod migration;
mod refusals;
mod sequences;
mod support;
mod units;
