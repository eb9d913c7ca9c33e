//! docs/how-to/write-charm-code.md, followed literally in an empty directory: a separate Cargo project, outside of this
//! repository, becomes a charm. `journey/page.rs` says how.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;
use std::path::Path;

use journey::leftovers;
use journey::page::{run, steps};
use journey::{Journey, repository};

/// Where cargo puts what it builds, so that nothing is built twice.
fn target() -> &'static Path {
    let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
    here.parent().and_then(Path::parent).unwrap()
}

#[test]
fn a_program_of_a_few_lines_becomes_a_charm_with_an_action_and_a_variable() {
    let page = repository().join("docs/how-to/write-charm-code.md");
    let steps = steps(&fs::read_to_string(page).unwrap());
    assert!(steps.len() > 20, "{}", steps.len());
    let mut journey = Journey::new();
    // It builds all of Charmwright once more, as another project's dependency.
    journey.limit = "1800";
    journey.environment = vec![("CARGO_NET_OFFLINE".into(), "true".into())];
    let outside = journey.directory().canonicalize().unwrap();
    assert!(!outside.starts_with(repository().canonicalize().unwrap()));
    let apps = repository().join("integration/apps/fastapi");
    let variables = [
        ("apps", apps.as_path()),
        ("charmwright", repository()),
        ("CARGO_TARGET_DIR", target()),
    ];
    run(&journey, &steps, &variables);
    let left = leftovers::of(journey.directory());
    assert!(left.is_empty(), "the page leaves {left:#?}");
}
