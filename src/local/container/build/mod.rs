//! Builds of an app's sources with this machine's tools, outside the container, in a copy, kept by content.
//!
//! What a tool prints goes to a log beside the images, which stays when the tool fails.

mod go;
mod java;
mod npm;
mod step;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest as _, Sha256};

use super::error::{Error, Trying};
use super::image::{Progress, publish, say};
use super::overlay::make_directory_with_mode;
use super::tree::{self, Kind};
use crate::project::rock::{Build, RockFile, Tool};
use step::{Log, Step};

/// Changes when the same sources come out different.
const FORMAT: &str = "1";
/// The copy of the sources, while they are built.
const SOURCE: &str = ".source";

/// How one of the tools works.
trait Builder {
    /// Its name, for people and in names of directories.
    fn name(&self) -> &'static str;
    /// What else than the sources decides what comes out, such as its version.
    ///
    /// # Errors
    /// When the tool is not there; the text says how to install it.
    fn identity(&self) -> Result<String, Error>;
    /// Builds the copy of the sources in `source`, and puts what is to be installed into `installed`.
    fn build(&self, source: &Path, installed: &Path, run: &mut Run<'_>) -> Result<(), Error>;
}

/// What a builder needs to start programs.
struct Run<'a> {
    environment: &'a [(String, String)],
    log: Log,
}

impl Run<'_> {
    fn step(&mut self, mut step: Step<'_>) -> Result<(), Error> {
        let own = self.environment.iter();
        let own = own.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        // The part's own come last and win.
        step.environment.extend(own);
        step.run(&mut self.log)
    }
}

fn builder(tool: &Tool) -> Box<dyn Builder + '_> {
    match tool {
        Tool::Go { tags, generate } => Box::new(go::Go { tags, generate }),
        Tool::Npm { package } => Box::new(npm::Npm { package }),
        Tool::Maven {
            parameters,
            wrapper,
        } => Box::new(java::Maven {
            parameters,
            wrapper: *wrapper,
        }),
        Tool::Gradle { task, parameters } => Box::new(java::Gradle {
            task: task.as_deref(),
            parameters,
        }),
    }
}

/// The directory with what the part installs, built unless that was done before. Under the images' lock.
pub(super) fn prepare(
    build: &Build,
    rock: &str,
    images: &Path,
    progress: &Progress,
) -> Result<PathBuf, Error> {
    let builder = builder(&build.tool);
    let name = builder.name();
    let sources = [RockFile {
        source: build.source.clone(),
        target: PathBuf::new(),
    }];
    let sources = tree::list(&sources, Kind::Sources)?;
    let mut hash = Sha256::new();
    let tool = format!("{:?} {:?}", build.tool, build.environment);
    for text in [FORMAT, name, &tool, &builder.identity()?] {
        tree::add(&mut hash, text.as_bytes());
    }
    tree::hash(&sources, &mut hash)?;
    let log = images.join(format!("{rock}-{name}.log"));
    publish(
        images,
        &format!("{name}-{}", tree::short(hash)),
        |directory| {
            let started = Instant::now();
            say(progress, || format!("building `{rock}` with {name}"));
            let source = directory.join(SOURCE);
            make_directory_with_mode(&source, 0o755)?;
            for entry in &sources {
                tree::copy(&entry.source, &source.join(&entry.target), 0, Kind::Sources)?;
            }
            let mut run = Run {
                environment: &build.environment,
                log: Log::new(&log, &source)?,
            };
            builder.build(&source, directory, &mut run)?;
            let removed = fs::remove_dir_all(&source).and_then(|()| fs::remove_file(&log));
            removed.trying(|| format!("remove `{}`", source.display()))?;
            say(progress, || {
                format!(
                    "built `{rock}` with {name} in {:.1} s",
                    started.elapsed().as_secs_f32()
                )
            });
            Ok(())
        },
    )
}

/// What a build made, for people.
pub(super) fn made(installed: &Path) -> String {
    let all = [RockFile {
        source: installed.to_owned(),
        target: PathBuf::new(),
    }];
    let files = tree::list(&all, Kind::Built).unwrap_or_default();
    let files = files.iter().filter(|file| !file.source.is_dir());
    let names: Vec<String> = files
        .take(5)
        .map(|file| format!("`{}`", file.target.display()))
        .collect();
    if names.is_empty() {
        "nothing at all".into()
    } else {
        names.join(", ")
    }
}

/// Moves a file or directory, making the directories above.
fn move_to(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).trying(|| format!("make `{}`", parent.display()))?;
    }
    fs::rename(from, to).trying(|| format!("move `{}`", from.display()))
}

/// The names in a directory, sorted; none when it is not there.
fn names(directory: &Path) -> io::Result<Vec<OsString>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names: Vec<OsString> = entries
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}
