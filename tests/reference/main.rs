//! `docs/reference/interfaces.md` and `docs/reference/variables.md`, made by the charm's own code of the examples in
//! `metadata/interfaces/documentation/` and of `metadata/frameworks/`, and compared with what is there.
//!
//! `UPDATE_EXPECT=1 cargo test --test reference` writes both anew: read the difference before keeping it.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod example;
mod interfaces;
mod page;
mod project;
mod variables;

use std::path::Path;

/// Compares a page with what it has to be, or writes it.
fn compare(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/reference")
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let is_there = page.lines().collect::<Vec<_>>();
    let mut lines = expected.lines().enumerate();
    let first = lines.find(|(at, line)| is_there.get(*at) != Some(line));
    assert!(
        page == expected,
        "docs/reference/{name} is not as the code is, from line {}: {:?}\nrun `UPDATE_EXPECT=1 cargo test --test \
         reference`, and read the difference",
        first.map_or(is_there.len(), |(at, _)| at) + 1,
        first.map_or("", |(_, line)| line)
    );
}

#[test]
fn the_page_of_interfaces_is_as_the_code_is() {
    compare("interfaces.md", &interfaces::page());
}

#[test]
fn the_page_of_variables_is_as_the_code_is() {
    compare("variables.md", &variables::page());
}
