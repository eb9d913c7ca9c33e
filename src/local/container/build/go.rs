//! Go, as craft's plugin `go` uses it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::error::Error;
use super::super::programs;
use super::step::Step;
use super::{Builder, Run};

const INSTALL: &str = "sudo apt-get install golang";

pub(super) struct Go<'a> {
    pub(super) tags: &'a [String],
    pub(super) generate: &'a [String],
}

impl Builder for Go<'_> {
    fn name(&self) -> &'static str {
        "go"
    }

    fn identity(&self) -> Result<String, Error> {
        let version = Command::new(go()?)
            .arg("version")
            .stdin(Stdio::null())
            .output();
        version
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .map_err(|error| Error::Image(format!("cannot run `go`: {error}")))
    }

    fn build(&self, source: &Path, installed: &Path, run: &mut Run<'_>) -> Result<(), Error> {
        let go = go()?;
        let step = |says, arguments: Vec<OsString>| Step {
            says,
            program: go.clone(),
            arguments,
            directory: source,
            environment: environment(source, installed),
            without: &["GOARCH", "GOOS"],
            is_reason: reason,
        };
        for parameters in self.generate {
            let words = shlex::split(parameters).unwrap_or_else(|| vec![parameters.clone()]);
            let words = words.into_iter().map(OsString::from);
            run.step(step(
                "go generate",
                ["generate".into()].into_iter().chain(words).collect(),
            ))?;
        }
        // The copy has no history. With `-trimpath`, nothing that the user's own builds left in the cache would do.
        let mut arguments: Vec<OsString> = vec!["install".into(), "-buildvcs=false".into()];
        if !self.tags.is_empty() {
            arguments.push(format!("-tags={}", self.tags.join(",")).into());
        }
        arguments.push("./...".into());
        run.step(step("go install", arguments))
    }
}

fn environment(source: &Path, installed: &Path) -> Vec<(OsString, OsString)> {
    let mut all: Vec<(OsString, OsString)> = vec![("GOBIN".into(), installed.join("bin").into())];
    // One above the user's project knows nothing of the copy.
    if !source.join("go.work").exists() {
        all.push(("GOWORK".into(), "off".into()));
    }
    all
}

fn go() -> Result<PathBuf, Error> {
    programs::on_path("go").ok_or_else(|| {
        Error::Image(format!(
            "the app is built with `go`, which is not installed; run `{INSTALL}`, or see https://go.dev/doc/install"
        ))
    })
}

/// `# PACKAGE` comes before what is wrong in it.
fn reason(line: &str) -> Option<&str> {
    let is_remark = line.starts_with('#') || line.starts_with("go: downloading ");
    (!is_remark).then_some(line)
}
