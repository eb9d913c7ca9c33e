//! README.md's tutorial, run as it stands there; `journey/page.rs` says how.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;

use journey::leftovers;
use journey::page::{is_as_shown, not_printed, run, steps};
use journey::{Journey, repository};

/// The section with this heading.
fn section<'a>(readme: &'a str, heading: &str) -> &'a str {
    let (_, after) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    after.split("\n## ").next().unwrap()
}

#[test]
fn the_tutorial_of_the_readme_works_as_it_says() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let steps = steps(section(&readme, "The tutorial"));
    assert!(steps.len() > 20, "the tutorial is not where it was");
    let mut journey = Journey::new();
    let apps = repository().join("integration/apps/fastapi");
    run(&journey, &steps, &[("apps", &apps)]);
    journey.cwd = journey.directory().join("fastapi-hello-world");
    journey.destroy();
}

#[test]
fn the_shortest_path_from_another_frameworks_app_to_an_answer_works_as_it_says() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let steps = steps(section(&readme, "The other frameworks"));
    assert!(steps.len() > 7, "the path is not where it was");
    let journey = Journey::new();
    let apps = repository().join("integration/apps/fastapi");
    run(&journey, &steps, &[("apps", &apps)]);
    let left = leftovers::of(journey.directory());
    assert!(left.is_empty(), "`local destroy` left {left:#?}");
}

#[test]
fn the_steps_of_a_text_are_its_console_blocks() {
    let text = "# A\n```console\n$ no\n```\n## The tutorial\nSo:\n```console\n$ cat << END\n> a\n> \n> END\na\n$ b\n```\n\
                ```sh\n$ no\n```\n## Else\n```console\n$ no\n```\n";
    let steps = steps(section(text, "The tutorial"));
    let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
    assert_eq!(commands, ["cat << END\na\n\nEND", "b"]);
    assert_eq!(steps[0].shown, ["a"]);
}

#[test]
fn a_block_is_added_to_the_file_that_its_introduction_ends_with() {
    let text =
        "Put this into `a/b.yaml`:\n\n```yaml\nx: 1\n```\nIt is in `a/b.yaml`:\n```yaml\nno\n```\n";
    let steps = steps(text);
    assert_eq!(steps.len(), 1);
    assert_eq!(
        steps[0].command,
        "mkdir -p \"$(dirname a/b.yaml)\"; cat >> a/b.yaml << 'END_OF_FILE'\nx: 1\nEND_OF_FILE"
    );
}

#[test]
fn dots_stand_for_any_text() {
    for (line, shown, expected) in [
        ("  a b ", "a b", true),
        ("a b c", "a b", false),
        ("a b c", "a…c", true),
        ("a b c", "…b…", true),
        ("a b c", "…c", true),
        ("a b c", "…b", false),
        ("aa", "a…aa", false),
        ("", "…", true),
    ] {
        assert_eq!(is_as_shown(line, shown), expected, "{line:?} {shown:?}");
    }
}

#[test]
fn what_is_shown_must_be_printed_in_this_order() {
    let shown = ["a".to_owned(), "b".to_owned()];
    assert_eq!(not_printed(&shown, "x\na\ny\nb\n"), None);
    assert_eq!(not_printed(&shown, "b\na\n").unwrap(), "b");
}
