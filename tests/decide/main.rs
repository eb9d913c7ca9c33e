//! `decide` on states that the recorded cases do not have.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod actions;
mod arbitrary;
mod certificates;
mod code;
mod cos;
mod custom_actions;
#[path = "../databags/mod.rs"]
mod databags;
mod databases;
mod declared;
mod defects;
mod frameworks;
mod generations;
mod gunicorn;
mod key;
mod migration;
mod options;
mod providers;
mod saml;
mod support;
mod workload;
