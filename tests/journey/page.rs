//! Pages whose commands are run as they stand there.
//!
//! In `console` blocks a line `$ COMMAND` is run, `> TEXT` continues it, and each other line must be among the lines that the
//! command prints, in this order; `…` stands for any text. A block in another language whose introduction ends with
//! ``into `FILE`:`` or ``on in `FILE`:`` is added to that file. All of it goes through one shell.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::Journey;

/// A command, and lines that it must print.
#[derive(Debug)]
pub struct Step {
    pub command: String,
    pub shown: Vec<String>,
}

/// The file that a block after this line is for.
fn file(introduction: &str) -> Option<&str> {
    let name = introduction.strip_suffix("`:")?;
    let (before, name) = name.rsplit_once('`')?;
    (before.ends_with("into ") || before.ends_with("on in ")).then_some(name)
}

/// The steps of a text.
pub fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut block, mut introduction) = (None, "");
    for line in text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            if block == Some("file")
                && let Some(step) = steps.last_mut()
            {
                step.command.push_str("END_OF_FILE");
            }
            block = match (block, file(introduction)) {
                (None, Some(name)) if language != "console" => {
                    steps.push(Step {
                        command: format!(
                            "mkdir -p \"$(dirname {name})\"; cat >> {name} << 'END_OF_FILE'\n"
                        ),
                        shown: Vec::new(),
                    });
                    Some("file")
                }
                (None, _) => Some(language),
                (Some(_), _) => None,
            };
            introduction = "";
        } else if block == Some("file") {
            if let Some(step) = steps.last_mut() {
                step.command.push_str(line);
                step.command.push('\n');
            }
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
        } else if block.is_none() && !line.is_empty() {
            introduction = line;
        }
    }
    steps
}

/// Whether the line is as it is shown, in which `…` stands for any text.
pub fn is_as_shown(line: &str, shown: &str) -> bool {
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
pub fn not_printed<'a>(shown: &'a [String], printed: &str) -> Option<&'a String> {
    let mut lines = printed.lines();
    shown
        .iter()
        .find(|shown| !lines.any(|line| is_as_shown(line, shown)))
}

/// Runs the steps in the journey's directory with these variables; each prints what it shows.
pub fn run(journey: &Journey, steps: &[Step], variables: &[(&str, &Path)]) {
    const MARK: &str = "\u{1e}";
    let mut script = String::from("set -e\nexec 2>&1\n");
    for step in steps {
        script += &format!("{}\nprintf '\\n{MARK}'\n", step.command);
    }
    let file = journey.directory().with_extension("script");
    fs::write(&file, script).unwrap();
    let mut command = journey.command("bash");
    command.arg(&file).stdin(Stdio::null());
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output();
    fs::remove_file(&file).unwrap();
    let output = output.unwrap();
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
}
