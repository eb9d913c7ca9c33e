//! Node.js packages, as craft's plugin `npm` installs them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::{Error, Trying};
use super::super::programs;
use super::super::root_file_system::PATH;
use super::step::Step;
use super::{Builder, Run, move_to, names};

const INSTALL: &str = "sudo apt-get install nodejs npm";
/// What npm does not pack, and reads when it installs. The second may hold a password, and never stays.
const BESIDE: [&str; 2] = ["package-lock.json", ".npmrc"];

pub(super) struct Npm<'a> {
    pub(super) package: &'a str,
}

impl Builder for Npm<'_> {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn identity(&self) -> Result<String, Error> {
        let (node, npm) = (program("node")?, program("npm")?);
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let version = std::process::Command::new(&node).arg("--version").output();
        let version =
            version.map_err(|error| Error::Image(format!("cannot run `node`: {error}")))?;
        Ok(format!(
            "{} {}",
            String::from_utf8_lossy(&version.stdout),
            real(&npm).display()
        ))
    }

    fn build(&self, source: &Path, installed: &Path, run: &mut Run<'_>) -> Result<(), Error> {
        let npm = program("npm")?;
        let step = |says, directory, arguments: &[&str]| Step {
            says,
            program: npm.clone(),
            arguments: arguments.iter().map(OsString::from).collect(),
            directory,
            environment: environment(),
            without: &[],
            is_reason: reason,
        };
        // Only what the package is made of goes into the rock: `files` and .npmignore decide.
        let packed = source.with_file_name(".packed");
        fs::create_dir(&packed).trying(|| format!("make `{}`", packed.display()))?;
        let to = packed.display().to_string();
        run.step(step(
            "npm pack",
            source,
            &["pack", "--pack-destination", &to],
        ))?;
        let archive = names(&packed)
            .trying(|| format!("list `{to}`"))?
            .into_iter()
            .next()
            .ok_or_else(|| Error::Image("`npm pack` made no package".into()))?;
        run.step(Step {
            program: "tar".into(),
            says: "tar",
            arguments: ["--extract", "--gzip", "--no-same-owner", "--file"]
                .iter()
                .map(OsString::from)
                .chain([archive])
                .collect(),
            ..step("tar", &packed, &[])
        })?;
        let package = packed.join("package");
        for name in BESIDE {
            let file = source.join(name);
            if file.is_file() {
                fs::copy(&file, package.join(name)).trying(|| format!("copy `{name}`"))?;
            }
        }
        let locked = ["package-lock.json", "npm-shrinkwrap.json"]
            .iter()
            .any(|name| package.join(name).is_file());
        let (says, command) = if locked {
            ("npm ci", "ci")
        } else {
            ("npm install", "install")
        };
        let arguments = [
            command,
            "--omit=dev",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ];
        run.step(step(says, &package, &arguments))?;
        let _ = fs::remove_file(package.join(".npmrc"));
        move_to(
            &package,
            &installed.join("lib/node_modules").join(self.package),
        )?;
        fs::remove_dir_all(&packed).trying(|| format!("remove `{}`", packed.display()))
    }
}

/// Node.js as the container has it comes first: what it builds must be for the one that runs.
fn environment() -> Vec<(OsString, OsString)> {
    let mut path = OsString::from(PATH);
    if let Some(more) = std::env::var_os("PATH") {
        path.push(":");
        path.push(more);
    }
    vec![
        ("PATH".into(), path),
        ("NODE_ENV".into(), "production".into()),
    ]
}

fn program(name: &str) -> Result<PathBuf, Error> {
    programs::in_container(name).ok_or_else(|| Error::Image(programs::missing(name, INSTALL)))
}

/// The error's code comes first, then what it means.
fn reason(line: &str) -> Option<&str> {
    let said = ["npm error ", "npm ERR! "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))?
        .trim();
    let is_code = said.is_empty() || said.starts_with("code ") || said.starts_with("errno ");
    (!is_code).then_some(said)
}
