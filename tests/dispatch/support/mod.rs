//! What the tests stand on: a model in memory, packed charms, containers with the real Pebble, and a way to cut a hook
//! off wherever it is.

mod agent;
mod charm;
mod database;
mod events;
mod facts;
pub mod framework;
pub mod gunicorn;
mod image;
mod proxy;
mod world;

pub use agent::{Cut, Ran};
pub use charm::Declared;
pub use database::Database;
pub use facts::Facts;
pub use image::{LAYER, WITH_HELPERS};
pub use world::{Setup, World, run, run_within};

use std::collections::BTreeMap;

pub type Bag = BTreeMap<String, String>;

pub fn bag(entries: &[(&str, &str)]) -> Bag {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub fn active() -> (String, String) {
    ("active".into(), String::new())
}

pub fn blocked(message: &str) -> (String, String) {
    ("blocked".into(), message.into())
}

pub fn waiting(message: &str) -> (String, String) {
    ("waiting".into(), message.into())
}
