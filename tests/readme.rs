//! README.md's tutorial, run as it stands there.
//!
//! In its `console` blocks a line `$ COMMAND` is run, `> TEXT` continues it, and each other line must be among the
//! lines that the command prints, in this order; `…` stands for any text. All commands run in one shell.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;
use std::process::Stdio;

use journey::{Journey, repository};

struct Step {
    command: String,
    shown: Vec<String>,
}

/// The steps of the section `## The tutorial`.
fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block = None;
    for line in readme
        .lines()
        .skip_while(|line| *line != "## The tutorial")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
    {
        if let Some(language) = line.strip_prefix("```") {
            block = block.is_none().then_some(language);
        } else if block == Some("console") {
            match (line.split_at_checked(2), steps.last_mut()) {
                (Some(("$ ", command)), _) => steps.push(Step {
                    command: command.into(),
                    shown: Vec::new(),
                }),
                (Some(("> ", text)), Some(step)) => {
                    step.command.push('\n');
                    step.command.push_str(text);
                }
                (_, Some(step)) => step.shown.push(line.into()),
                (_, None) => panic!("`{line}` stands before any command"),
            }
        }
    }
    steps
}

/// Whether the line is as it is shown, in which `…` stands for any text.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.trim().split('…');
    let Some(mut rest) = line.trim().strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let found = match parts.peek() {
            Some(_) => rest.find(part),
            None => rest.ends_with(part).then(|| rest.len() - part.len()),
        };
        let Some(found) = found else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.is_empty()
}

/// The first shown line that is not among the printed ones.
fn not_printed<'a>(shown: &'a [String], printed: &str) -> Option<&'a String> {
    let mut lines = printed.lines();
    shown
        .iter()
        .find(|shown| !lines.any(|line| is_as_shown(line, shown)))
}

#[test]
fn the_tutorial_of_the_readme_works_as_it_says() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let steps = steps(&readme);
    assert!(steps.len() > 20, "the tutorial is not where it was");

    const MARK: &str = "\u{1e}";
    let mut script = String::from("set -e\nexec 2>&1\n");
    for step in &steps {
        script += &format!("{}\nprintf '\\n{MARK}'\n", step.command);
    }
    let mut journey = Journey::new();
    let file = journey.directory().join("script");
    fs::write(&file, script).unwrap();
    let output = journey
        .command("bash")
        .arg(file)
        .env("apps", repository().join("integration/apps/fastapi"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    journey.cwd = journey.directory().join("fastapi-hello-world");
    let text = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<&str> = text.split(MARK).collect();
    for (step, printed) in steps.iter().zip(&printed) {
        if let Some(line) = not_printed(&step.shown, printed) {
            panic!("`{}` does not print `{line}` but\n{printed}", step.command);
        }
    }
    assert!(
        output.status.success(),
        "`{}` failed:\n{}",
        steps[printed.len() - 1].command,
        printed[printed.len() - 1]
    );
    journey.destroy();
}

#[test]
fn the_steps_of_a_text_are_its_console_blocks() {
    let text = "# A\n```console\n$ no\n```\n## The tutorial\nSo:\n```console\n$ cat << END\n> a\n> \n> END\na\n$ b\n```\n\
                ```sh\n$ no\n```\n## Else\n```console\n$ no\n```\n";
    let steps = steps(text);
    let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
    assert_eq!(commands, ["cat << END\na\n\nEND", "b"]);
    assert_eq!(steps[0].shown, ["a"]);
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
