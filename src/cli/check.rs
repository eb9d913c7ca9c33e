use std::process::ExitCode;

use super::arguments::{Print, ProjectDirectory};
use super::output::{Format, Outcome, print};
use crate::charm::Code;
use crate::project::{Problem, charm};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 `pack` would take it, though there may be warnings; 1 it would not; 2 wrong usage."
)]
pub struct Arguments {
    #[command(flatten)]
    project: ProjectDirectory,
    #[command(flatten)]
    print: Print,
}

pub fn run(arguments: &Arguments, code: &Code) -> Outcome {
    let mut report = charm::check(
        &arguments.project.project_dir,
        charm::Switch::from_environment(),
    )
    .map_err(super::output::project)?;
    report.add_code(code);
    match arguments.print.format {
        Format::Text => {
            let errors = report
                .problems
                .iter()
                .map(|problem| format!("error: {problem}\n"));
            let warnings = report
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}\n"));
            let (errors_count, warnings_count) = (
                count(report.problems.len(), "error"),
                count(report.warnings.len(), "warning"),
            );
            print(&format!(
                "{}{errors_count}, {warnings_count}\n",
                errors.chain(warnings).collect::<String>()
            ))?;
        }
        Format::Json => {
            let list = |problems: &[Problem]| problems.iter().map(json).collect::<Vec<_>>();
            let facts = serde_json::json!({"errors": list(&report.problems), "warnings": list(&report.warnings)});
            print(&format!("{facts}\n"))?;
        }
    }
    Ok(if report.problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A problem for programs.
pub(super) fn json(problem: &Problem) -> serde_json::Value {
    serde_json::json!({
        "file": problem.file,
        "line": problem.place.map(|(line, _)| line),
        "column": problem.place.map(|(_, column)| column),
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    })
}
