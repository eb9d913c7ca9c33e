//! Java projects, as craft's plugins `maven` and `gradle` build them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::{Error, Trying};
use super::super::programs;
use super::super::tree::{self, Kind};
use super::step::Step;
use super::{Builder, Run, move_to};
use crate::project::rock::RockFile;

const JDK: &str = "sudo apt-get install default-jdk-headless";

pub(super) struct Maven<'a> {
    pub(super) parameters: &'a [String],
    pub(super) wrapper: bool,
}

pub(super) struct Gradle<'a> {
    pub(super) task: Option<&'a str>,
    pub(super) parameters: &'a [String],
}

impl Builder for Maven<'_> {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn identity(&self) -> Result<String, Error> {
        identity()
    }

    fn build(&self, source: &Path, installed: &Path, run: &mut Run<'_>) -> Result<(), Error> {
        // As in the rock, whose Maven is the distribution's; the wrapper would fetch one of its own.
        let wrapper = source.join("mvnw");
        let machines = programs::on_path("mvn").filter(|_| !self.wrapper);
        let (says, program) = match machines {
            Some(program) => ("mvn package", program),
            None if wrapper.exists() => ("./mvnw package", wrapper),
            None => {
                return Err(Error::Image(
                    "the app is built with `mvn`, which is not installed; run `sudo apt-get install maven`".into(),
                ));
            }
        };
        let arguments = ["--batch-mode", "--quiet", "-DskipTests", "package"];
        let arguments = arguments.iter().map(OsString::from);
        run.step(Step {
            says,
            program,
            arguments: arguments
                .chain(self.parameters.iter().map(OsString::from))
                .collect(),
            directory: source,
            environment: environment()?,
            without: &["MAVEN_CONFIG"],
            is_reason: maven_reason,
        })?;
        collect(source, installed, "target")
    }
}

impl Builder for Gradle<'_> {
    fn name(&self) -> &'static str {
        "gradle"
    }

    fn identity(&self) -> Result<String, Error> {
        identity()
    }

    fn build(&self, source: &Path, installed: &Path, run: &mut Run<'_>) -> Result<(), Error> {
        let wrapper = source.join("gradlew");
        let (says, program) = if wrapper.exists() {
            ("./gradlew", wrapper)
        } else {
            let program = programs::on_path("gradle").ok_or_else(|| {
                Error::Image(
                    "the app is built with `gradle`, which is not installed; add Gradle's wrapper to the project, or \
                     see https://gradle.org/install"
                        .into(),
                )
            })?;
            ("gradle", program)
        };
        // Without a task of its own, the one of the plugin, less the tests.
        let task: &[&str] = match &self.task {
            Some(task) => &[task],
            None => &["build", "--exclude-task", "test"],
        };
        let arguments = ["--no-daemon", "--quiet", "--console=plain"];
        let arguments = arguments.iter().chain(task).map(OsString::from);
        run.step(Step {
            says,
            program,
            arguments: arguments
                .chain(self.parameters.iter().map(OsString::from))
                .collect(),
            directory: source,
            environment: environment()?,
            without: &[],
            is_reason: gradle_reason,
        })?;
        collect(source, installed, "build/libs")
    }
}

/// Moves the jars that a module's directory `below` holds; not those that only serve to build others.
fn collect(source: &Path, installed: &Path, below: &str) -> Result<(), Error> {
    let all = [RockFile {
        source: source.to_owned(),
        target: PathBuf::new(),
    }];
    for entry in tree::list(&all, Kind::Built)? {
        let is_jar = entry.target.extension().is_some_and(|end| end == "jar");
        let place = entry
            .target
            .parent()
            .is_some_and(|parent| parent.ends_with(below));
        let Some(name) = entry.target.file_name().filter(|_| is_jar && place) else {
            continue;
        };
        let text = name.to_string_lossy();
        let serves = ["-plain.jar", "-sources.jar", "-javadoc.jar", "-tests.jar"];
        if !serves.iter().any(|end| text.ends_with(end)) {
            move_to(&entry.source, &installed.join("jar").join(name))?;
        }
    }
    Ok(())
}

/// The JDK that the container's `java` belongs to: another could make what that one cannot read.
fn home() -> Result<PathBuf, Error> {
    let java = programs::in_container("java")
        .ok_or_else(|| Error::Image(programs::missing("java", JDK)))?;
    let real = fs::canonicalize(&java).trying(|| format!("find `{}`", java.display()))?;
    let home = real.parent().and_then(Path::parent);
    home.filter(|home| home.join("bin/javac").exists())
        .map(Path::to_owned)
        .ok_or_else(|| {
            Error::Image(format!(
                "the app is built with `javac`, which does not belong to `{}`; run `{JDK}`",
                real.display()
            ))
        })
}

fn identity() -> Result<String, Error> {
    let home = home()?;
    let release = fs::read_to_string(home.join("release")).unwrap_or_default();
    Ok(format!("{} {release}", home.display()))
}

fn environment() -> Result<Vec<(OsString, OsString)>, Error> {
    Ok(vec![("JAVA_HOME".into(), home()?.into())])
}

/// The first error that says more than that there is one.
fn maven_reason(line: &str) -> Option<&str> {
    let said = line.strip_prefix("[ERROR]")?.trim();
    let says_nothing = said.is_empty()
        || said.starts_with("COMPILATION ERROR")
        || said.starts_with("---")
        || said == "Some problems were encountered while processing the POMs:";
    (!says_nothing).then_some(said)
}

fn gradle_reason(line: &str) -> Option<&str> {
    line.contains("error: ")
        .then_some(line)
        .or_else(|| line.strip_prefix("> "))
}
