//! docs/how-to/add-an-integration.md, followed literally in an empty directory; `journey/page.rs` says how.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;

use journey::leftovers;
use journey::page::{run, steps};
use journey::{Journey, repository};

#[test]
fn an_integration_is_added_without_code() {
    let page = repository().join("docs/how-to/add-an-integration.md");
    let steps = steps(&fs::read_to_string(page).unwrap());
    assert!(steps.len() > 20, "{}", steps.len());
    let journey = Journey::new();
    let apps = repository().join("integration/apps/fastapi");
    run(&journey, &steps, &[("apps", &apps)]);
    let left = leftovers::of(journey.directory());
    assert!(left.is_empty(), "the page leaves {left:#?}");
}
