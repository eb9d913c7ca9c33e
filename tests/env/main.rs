//! `charmwright env`: the environment of the contract for each framework, where each variable comes from, the three
//! formats, what is masked, and what mistakes are told.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod formats;
mod frameworks;
mod golden;
#[path = "../golden_support/mod.rs"]
#[allow(dead_code, reason = "the test of recorded cases uses the rest")]
mod golden_support;
mod mistakes;
mod relations;
mod sources;
mod support;
