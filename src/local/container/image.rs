//! Images: what a project's rock would hold, kept by content so that a container that starts again gets the same.
//!
//! ```text
//! .charmwright/images/web-0f3a…/image.json       what Layout needs
//! .charmwright/images/web-0f3a…/root/app/…       goes over the machine's own directories
//! .charmwright/images/python-77b1…/              packages, shared by images with the same requirements
//! ```

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::UnboundedSender;

use super::error::{Error, Trying};
use super::overlay::{make_directory, make_directory_with_mode};
use super::root_file_system::{Layout, Site};
use super::{Specification, machine, python};
use crate::project::rock::{self, Rock, RockFile};

const FACTS: &str = "image.json";
const LAYERS: &str = "var/lib/pebble/default/layers";
/// Changes when images of the same project come out different.
const FORMAT: &str = "1";
/// What the rock's files never hold, in whatever directory.
const LEFT_OUT: &[&str] = &[".charmwright", ".git", "__pycache__", "node_modules"];

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
    if !plan.stage_packages.is_empty() {
        say(progress, || {
            format!(
                "packages {} of `{}` are not installed; the app uses this machine's own",
                plan.stage_packages.join(", "),
                rock::FILE
            )
        });
    }
    let python = plan
        .python
        .as_ref()
        .map(|wanted| python::prepare(wanted, &images, progress))
        .transpose()?;
    let facts = Facts {
        project: fs::canonicalize(resource).trying(|| format!("find `{}`", resource.display()))?,
        python,
    };
    let entries = list(&plan.files)?;
    let facts = serde_json::to_vec(&facts)
        .map_err(io::Error::from)
        .trying(|| "describe the image".into())?;
    let key = key(&plan, &facts, &entries)?;
    publish(&images, &format!("{}-{key}", plan.name), |directory| {
        fill(directory, &plan, &facts, &entries)
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

/// The first 16 hexadecimal digits of a hash.
pub(super) fn short(hash: Sha256) -> String {
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Every file of the image, in an order that does not change; a directory before what is in it.
fn list(files: &[RockFile]) -> Result<Vec<RockFile>, Error> {
    let mut all = Vec::new();
    let mut todo: Vec<RockFile> = files.to_vec();
    while let Some(file) = todo.pop() {
        let data = fs::symlink_metadata(&file.source)
            .trying(|| format!("read `{}`", file.source.display()))?;
        if data.is_dir() {
            for entry in
                fs::read_dir(&file.source).trying(|| format!("list `{}`", file.source.display()))?
            {
                let name = entry
                    .trying(|| format!("list `{}`", file.source.display()))?
                    .file_name();
                let source = file.source.join(&name);
                let left_out =
                    LEFT_OUT.iter().any(|out| **out == *name) || source.join("pyvenv.cfg").exists();
                if !left_out {
                    todo.push(RockFile {
                        source,
                        target: file.target.join(&name),
                    });
                }
            }
        }
        if data.is_dir() || data.is_file() || data.is_symlink() {
            all.push(file);
        }
    }
    all.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(all)
}

fn key(plan: &Rock, facts: &[u8], entries: &[RockFile]) -> Result<String, Error> {
    use std::os::unix::ffi::OsStrExt as _;
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    };
    let owner = machine::daemon_id().to_string();
    for text in [FORMAT, &owner, &plan.layer_file, &plan.layer] {
        add(text.as_bytes());
    }
    add(facts);
    for entry in entries {
        add(entry.target.as_os_str().as_bytes());
        let mut read = || -> io::Result<()> {
            let data = fs::symlink_metadata(&entry.source)?;
            add(&data.mode().to_le_bytes());
            if data.is_symlink() {
                add(fs::read_link(&entry.source)?.as_os_str().as_bytes());
            } else if data.is_file() {
                let mut content = Sha256::new();
                let mut file = fs::File::open(&entry.source)?;
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    let length = file.read(&mut buffer)?;
                    if length == 0 {
                        break;
                    }
                    content.update(buffer.get(..length).unwrap_or_default());
                }
                add(&content.finalize());
            }
            Ok(())
        };
        read().trying(|| format!("read `{}`", entry.source.display()))?;
    }
    Ok(short(hash))
}

fn fill(directory: &Path, plan: &Rock, facts: &[u8], entries: &[RockFile]) -> Result<(), Error> {
    let root = directory.join("root");
    let layers = root.join(LAYERS);
    let layer = layers.join(&plan.layer_file);
    for above in Path::new(LAYERS).ancestors() {
        make_directory_with_mode(&root.join(above), 0o755)?;
    }
    make_directory_with_mode(&layers, 0o777)?;
    fs::write(&layer, &plan.layer)
        .and_then(|()| fs::set_permissions(&layer, fs::Permissions::from_mode(0o777)))
        .trying(|| format!("write `{}`", layer.display()))?;
    make_directory_with_mode(&root.join("app"), 0o755)?;
    let owner = machine::daemon_id();
    own(&root.join("app"), owner).trying(|| "give `/app` its owner".into())?;
    for entry in entries {
        let target = root.join(entry.target.strip_prefix("/").unwrap_or(&entry.target));
        copy(&entry.source, &target, owner)
            .trying(|| format!("copy `{}`", entry.source.display()))?;
    }
    fs::write(directory.join(FACTS), facts).trying(|| "describe the image".into())
}

fn copy(source: &Path, target: &Path, owner: u32) -> io::Result<()> {
    if let Some(parent) = target.parent()
        && !parent.exists()
    {
        fs::create_dir_all(parent)?;
        fs::set_permissions(parent, fs::Permissions::from_mode(0o755))?;
        own(parent, owner)?;
    }
    let data = fs::symlink_metadata(source)?;
    if data.is_dir() {
        fs::create_dir_all(target)?;
        fs::set_permissions(target, fs::Permissions::from_mode(data.mode() & 0o7777))?;
    } else if data.is_symlink() {
        symlink(fs::read_link(source)?, target)?;
    } else {
        fs::copy(source, target)?;
    }
    own(target, owner)
}

/// Gives the file to `_daemon_`, where that is another user.
fn own(path: &Path, owner: u32) -> io::Result<()> {
    if owner == 0 {
        return Ok(());
    }
    lchown(path, Some(owner), Some(owner))
}
