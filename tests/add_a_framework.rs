//! docs/how-to/add-a-framework.md, followed literally in an empty directory; `journey/page.rs` says how.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;

use journey::leftovers;
use journey::page::{run, steps};
use journey::{Journey, repository};

#[test]
fn a_seventh_framework_is_added_as_data_only() {
    let page = repository().join("docs/how-to/add-a-framework.md");
    let steps = steps(&fs::read_to_string(page).unwrap());
    assert!(steps.len() > 25, "{}", steps.len());
    let journey = Journey::new();
    let outside = journey.directory().canonicalize().unwrap();
    assert!(!outside.starts_with(repository().canonicalize().unwrap()));
    run(&journey, &steps, &[]);
    let left = leftovers::of(journey.directory());
    assert!(left.is_empty(), "the page leaves {left:#?}");
}
