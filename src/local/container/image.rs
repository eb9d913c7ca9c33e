//! Images: what a project's rock would hold, kept by content so that a container that starts again gets the same.
//!
//! ```text
//! .charmwright/images/web-0f3a…/image.json       what Layout needs
//! .charmwright/images/web-0f3a…/root/app/…       goes over the machine's own directories
//! .charmwright/images/python-77b1…/              packages, shared by images with the same requirements
//! .charmwright/images/go-12ab…/bin/web           what a build of the same sources made
//! .charmwright/images/web-go.log                 what the tool said when it failed
//! ```

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::UnboundedSender;

use super::error::{Error, Trying};
use super::overlay::{make_directory, make_directory_with_mode};
use super::root_file_system::{Layout, Site};
use super::tree::{self, Kind};
use super::{Specification, build, machine, programs, python};
use crate::project::rock::{self, Program, Rock, RockFile};

const FACTS: &str = "image.json";
const LAYERS: &str = "var/lib/pebble/default/layers";
/// Changes when images of the same project come out different.
const FORMAT: &str = "2";
/// Lines for people about what takes long.
pub type Progress = Option<UnboundedSender<String>>;

/// Something that a container can be made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Image {
    root: PathBuf,
    facts: Option<Facts>,
}

/// What is known of an image made from a project.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Facts {
    /// The project's directory.
    project: PathBuf,
    python: Option<Site>,
}

impl Image {
    /// What the root file system is made of.
    pub(super) fn layout(&self, specification: &Specification) -> Layout {
        let state = specification.images.parent().map(Path::to_path_buf);
        Layout {
            image: self.root.clone(),
            machine: self.facts.is_some(),
            python: self.facts.as_ref().and_then(|facts| facts.python.clone()),
            hidden: self
                .facts
                .iter()
                .map(|facts| facts.project.clone())
                .chain(state)
                .collect(),
        }
    }
}

/// Makes a resource ready to be a [`Specification::image`] and gives the directory to put there: of a project with a
/// rockcraft.yaml a copy in `images`, made only when there is none of the same content; a root file system is used
/// where it is. Safe to call from several processes; one that is killed leaves nothing half made.
///
/// # Errors
/// [`Error::Image`] when the directory is neither, the project is wrong or its packages cannot be installed.
pub async fn prepare_image(
    resource: &Path,
    images: &Path,
    progress: Progress,
) -> Result<PathBuf, Error> {
    let (resource, images) = (resource.to_owned(), images.to_owned());
    tokio::task::spawn_blocking(move || prepare(&resource, &images, &progress))
        .await
        .unwrap_or_else(|error| {
            Err(Error::Io {
                action: "build the image".into(),
                source: io::Error::other(error),
            })
        })
}

/// The image in the directory, preparing it first if it is a project.
pub(super) async fn resolve(directory: &Path, images: &Path) -> Result<Image, Error> {
    let mut directory = directory.to_owned();
    if directory.join(rock::FILE).exists() {
        directory = prepare_image(&directory, images, None).await?;
    }
    read(&directory)
}

fn read(directory: &Path) -> Result<Image, Error> {
    let directory = fs::canonicalize(directory).map_err(|error| {
        Error::Image(format!(
            "cannot read the image `{}`: {error}",
            directory.display()
        ))
    })?;
    let facts = directory.join(FACTS);
    if let Ok(text) = fs::read(&facts) {
        let facts = serde_json::from_slice(&text)
            .map_err(|error| Error::Image(format!("cannot read `{}`: {error}", facts.display())))?;
        return Ok(Image {
            root: directory.join("root"),
            facts: Some(facts),
        });
    }
    if directory.join(LAYERS).is_dir() || directory.join("usr/bin").is_dir() {
        return Ok(Image {
            root: directory,
            facts: None,
        });
    }
    Err(Error::Image(format!(
        "`{0}` is neither a project (it has no `{1}`) nor a root file system (no `usr/bin`); run `charmwright rock \
         init` in the project, or give another directory",
        directory.display(),
        rock::FILE
    )))
}

fn prepare(resource: &Path, images: &Path, progress: &Progress) -> Result<PathBuf, Error> {
    if !resource.join(rock::FILE).exists() {
        read(resource)?;
        return fs::canonicalize(resource).trying(|| format!("find `{}`", resource.display()));
    }
    let plan = rock::plan(resource).map_err(|error| Error::Image(error.to_string()))?;
    make_directory(images)?;
    let images = fs::canonicalize(images).trying(|| format!("find `{}`", images.display()))?;
    let lock =
        fs::File::create(images.join(".lock")).trying(|| format!("lock `{}`", images.display()))?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive)
        .map_err(|(_, error)| error)
        .trying(|| format!("lock `{}`", images.display()))?;
    let mut remarks = plan.remarks.clone();
    if !plan.stage_packages.is_empty() {
        remarks.push(format!(
            "packages {} of `{}` are not installed; the app uses this machine's own",
            plan.stage_packages.join(", "),
            rock::FILE
        ));
    }
    for (name, install) in &plan.needs {
        if programs::in_container(name).is_none() {
            return Err(Error::Image(programs::missing(name, install)));
        }
    }
    let mut content = Content::of(&plan, &mut remarks)?;
    for remark in remarks {
        say(progress, || remark);
    }
    let python = plan
        .python
        .as_ref()
        .map(|wanted| python::prepare(wanted, &plan.name, &images, progress))
        .transpose()?;
    let facts = Facts {
        project: fs::canonicalize(resource).trying(|| format!("find `{}`", resource.display()))?,
        python,
    };
    for build in &plan.builds {
        let installed = build::prepare(build, &plan.name, &images, progress)?;
        let unmatched = build.placement.unmatched(&installed);
        if let Some(pattern) = unmatched.map_err(|error| Error::Image(error.to_string()))? {
            return Err(Error::Image(format!(
                "part `{}` of `{}` has no `{pattern}` to put into the image, only {}; correct its `organize`",
                build.part,
                rock::FILE,
                build::made(&installed)
            )));
        }
        let placed = build.placement.place(&installed);
        content
            .built
            .extend(placed.map_err(|error| Error::Image(error.to_string()))?);
    }
    content.settle();
    let facts = serde_json::to_vec(&facts)
        .map_err(io::Error::from)
        .trying(|| "describe the image".into())?;
    let key = content.key(&plan, &facts)?;
    publish(&images, &format!("{}-{key}", plan.name), |directory| {
        content.fill(directory, &plan, &facts)
    })
}

/// Has `fill` make the directory `name` unless it is there; others see all of it or nothing. Under the lock.
pub(super) fn publish(
    images: &Path,
    name: &str,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let done = images.join(name);
    if done.exists() {
        return Ok(done);
    }
    let new = images.join(".new");
    let clear = || match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    // One that was killed may have left it.
    clear().trying(|| format!("remove `{}`", new.display()))?;
    make_directory_with_mode(&new, 0o755)?;
    let filled = fill(&new)
        .and_then(|()| fs::rename(&new, &done).trying(|| format!("make `{}`", done.display())));
    if let Err(error) = filled {
        let _ = clear();
        return Err(error);
    }
    Ok(done)
}

pub(super) fn say(progress: &Progress, line: impl FnOnce() -> String) {
    if let Some(progress) = progress {
        // Nobody listens any more: the image is still wanted.
        let _ = progress.send(line());
    }
}

/// What goes over the machine's directories.
struct Content {
    /// The app's files.
    app: Vec<RockFile>,
    /// What was built of its sources, not looked into.
    built: Vec<RockFile>,
    /// Path, content, mode.
    texts: Vec<(PathBuf, String, u32)>,
    links: Vec<(PathBuf, PathBuf)>,
    directories: Vec<PathBuf>,
}

impl Content {
    fn of(plan: &Rock, remarks: &mut Vec<String>) -> Result<Self, Error> {
        let texts = plan.texts.iter();
        let mut content = Self {
            app: tree::list(&plan.files, Kind::App)?,
            built: Vec::new(),
            texts: texts
                .map(|(path, text)| (path.clone(), text.clone(), 0o644))
                .collect(),
            links: plan.links.clone(),
            directories: plan.directories.clone(),
        };
        for program in &plan.programs {
            content.add_program(program, remarks);
        }
        Ok(content)
    }

    fn add_program(&mut self, program: &Program, remarks: &mut Vec<String>) {
        let target = programs::settled(&program.target);
        let found = program
            .names
            .iter()
            .find_map(|name| programs::in_container(name));
        if let Some(found) = found {
            if programs::settled(&found) != target {
                self.links.push((target, found));
            }
            return;
        }
        let elsewhere = program
            .names
            .iter()
            .find_map(|name| programs::on_path(name));
        if let Some(source) = elsewhere {
            self.app.push(RockFile { source, target });
            return;
        }
        let name = program.names.first().cloned().unwrap_or_default();
        let remark = format!(
            "there are no {}: `{name}` is not installed on this machine; run `{}`, then deploy or refresh again",
            program.without, program.install
        );
        // The service is in the layer, and one that cannot start would take the app along.
        let stand_in = format!(
            "#!/bin/sh\necho '{name} is not installed on the machine of this local model' >&2\nexec sleep infinity\n"
        );
        self.texts.push((target, stand_in, 0o755));
        remarks.push(remark);
    }

    /// Has everything where the machine has it.
    fn settle(&mut self) {
        for file in self.app.iter_mut().chain(&mut self.built) {
            file.target = programs::settled(&file.target);
        }
        for (path, ..) in &mut self.texts {
            *path = programs::settled(path);
        }
    }

    fn key(&self, plan: &Rock, facts: &[u8]) -> Result<String, Error> {
        let mut hash = Sha256::new();
        let owner = machine::daemon_id().to_string();
        for text in [FORMAT, &owner, &plan.layer_file, &plan.layer] {
            tree::add(&mut hash, text.as_bytes());
        }
        tree::add(&mut hash, facts);
        let rest = format!("{:?} {:?} {:?}", self.texts, self.links, self.directories);
        tree::add(&mut hash, rest.as_bytes());
        for file in &self.built {
            // Its directory is named by its content.
            tree::add(&mut hash, file.source.as_os_str().as_bytes());
            tree::add(&mut hash, file.target.as_os_str().as_bytes());
        }
        tree::hash(&self.app, &mut hash)?;
        Ok(tree::short(hash))
    }

    fn fill(&self, directory: &Path, plan: &Rock, facts: &[u8]) -> Result<(), Error> {
        let root = directory.join("root");
        let owner = machine::daemon_id();
        let layers = root.join(LAYERS);
        let layer = layers.join(&plan.layer_file);
        for above in Path::new(LAYERS).ancestors() {
            make_directory_with_mode(&root.join(above), 0o755)?;
        }
        make_directory_with_mode(&layers, 0o777)?;
        fs::write(&layer, &plan.layer)
            .and_then(|()| fs::set_permissions(&layer, fs::Permissions::from_mode(0o777)))
            .trying(|| format!("write `{}`", layer.display()))?;
        let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        for path in &self.directories {
            self.make_directories(&root, path, owner)?;
        }
        for (files, kind) in [(&self.app, Kind::App), (&self.built, Kind::Built)] {
            let listed = match kind {
                Kind::Built => tree::list(files, kind)?,
                _ => files.clone(),
            };
            for file in listed {
                self.make_above(&root, &file.target, owner)?;
                tree::copy(&file.source, &inside(&file.target), owner, kind)?;
            }
        }
        for (path, text, mode) in &self.texts {
            self.make_above(&root, path, owner)?;
            let target = inside(path);
            // The app's own comes first.
            if target.symlink_metadata().is_err() {
                fs::write(&target, text)
                    .and_then(|()| fs::set_permissions(&target, fs::Permissions::from_mode(*mode)))
                    .and_then(|()| tree::own(&target, owner))
                    .trying(|| format!("write `{}`", target.display()))?;
            }
        }
        for (path, to) in &self.links {
            self.make_above(&root, path, owner)?;
            symlink(to, inside(path)).trying(|| format!("link `{}`", path.display()))?;
        }
        fs::write(directory.join(FACTS), facts).trying(|| "describe the image".into())
    }

    fn make_above(&self, root: &Path, path: &Path, owner: u32) -> Result<(), Error> {
        path.parent()
            .map_or(Ok(()), |parent| self.make_directories(root, parent, owner))
    }

    /// Makes the directory of the image and those above it; `_daemon_` owns those that are the app's.
    fn make_directories(&self, root: &Path, path: &Path, owner: u32) -> Result<(), Error> {
        let below = path.strip_prefix("/").unwrap_or(path);
        let mut above: Vec<&Path> = below.ancestors().collect();
        above.reverse();
        for path in above {
            let directory = root.join(path);
            let path = Path::new("/").join(path);
            if directory.is_symlink() {
                return Err(Error::Image(format!(
                    "`{}` is a link in the project, and other files are to go below it",
                    path.display()
                )));
            }
            if directory.is_dir() {
                continue;
            }
            make_directory_with_mode(&directory, 0o755)?;
            if self.directories.iter().any(|own| path.starts_with(own)) {
                tree::own(&directory, owner)
                    .trying(|| format!("give `{}` its owner", path.display()))?;
            }
        }
        Ok(())
    }
}
