use std::path::PathBuf;
use std::process::ExitCode;

use super::arguments::{Print, ProjectDirectory};
use super::output::{Format, Outcome, print};
use crate::charm::Code;
use crate::project::charm;
use crate::streams::errln;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The charm is made anew every time, of charmcraft.yaml and, where they are there, of LICENSE, NOTICE, README.md, \
    icon.svg, paas-config.yaml and cos_custom/. Its `dispatch` is this executable.

\
    Exit codes: 0 packed; 1 refused or not written, and what was there before is as it was; 65 a file beside charmcraft.yaml says the same; \
    2 wrong usage.

\
    Experimental bases need CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS to be set, as for charmcraft."
)]
pub struct Arguments {
    /// Where the .charm goes; made if it is not there [default: here]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    output: PathBuf,
    #[command(flatten)]
    project: ProjectDirectory,
    /// Only this one of `platforms` [default: all that the executable is for]
    #[arg(long, value_name = "LABEL")]
    platform: Option<String>,
    /// The static charmwright executable that the charm runs, such as one for another architecture [default: this one]
    #[arg(long, value_name = "FILE")]
    runtime: Option<PathBuf>,
    #[command(flatten)]
    print: Print,
}

pub fn run(arguments: &Arguments, code: &Code) -> Outcome {
    let request = charm::Pack {
        directory: arguments.project.project_dir.clone(),
        output: arguments.output.clone(),
        platform: arguments.platform.clone(),
        runtime: arguments.runtime.clone(),
        switch: charm::Switch::from_environment(),
        // Another executable knows itself what it has.
        code: arguments.runtime.is_none().then(|| code.clone()),
    };
    let (packed, report) = charm::pack(&request).map_err(super::output::project)?;
    for remark in report
        .expanded
        .iter()
        .flat_map(|expanded| &expanded.remarks)
    {
        errln!("{remark}");
    }
    for warning in &report.warnings {
        errln!("warning: {warning}");
    }
    match arguments.print.format {
        Format::Text => {
            for charm in &packed {
                print(&format!("Packed {}\n", shown(&charm.path).display()))?;
            }
        }
        Format::Json => {
            let packed: Vec<_> = packed
                .iter()
                .map(|charm| {
                    serde_json::json!({
                        "file": shown(&charm.path),
                        "platform": charm.platform.label,
                        "architecture": charm.platform.architecture,
                        "size": charm.size,
                    })
                })
                .collect();
            let warnings: Vec<_> = report.warnings.iter().map(super::check::json).collect();
            print(&format!(
                "{}\n",
                serde_json::json!({"packed": packed, "warnings": warnings})
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without the `./` of the default.
fn shown(path: &std::path::Path) -> &std::path::Path {
    path.strip_prefix(".").unwrap_or(path)
}
