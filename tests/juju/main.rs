//! The hook tools as real processes. Only the tools are fakes, which note their arguments and input.

#![allow(clippy::unwrap_used)] // A test fails by panicking, in its helpers too.

mod errors;
mod fake;
mod processes;
mod relations;
mod secrets;
mod unit;

use std::collections::BTreeMap;

use charmwright::juju::RelationId;

fn db() -> RelationId {
    RelationId::new("db", 7)
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    entries.iter().map(own).collect()
}
