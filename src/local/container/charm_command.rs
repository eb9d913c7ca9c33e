//! The charm's side of the pod: the machine as it is, and `/charm/containers/NAME/pebble.socket`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::unistd::{chdir, chroot};
use serde::{Deserialize, Serialize};

use super::error::{Error, Trying};
use super::overlay::make_directory;
use super::{CHARM_CONTAINERS, SHARED, helper, namespaces};

/// The mount point in a container's directory.
pub(super) const STAGE: &str = "charm-root";

#[derive(Debug, Deserialize, Serialize)]
struct Plan {
    charm: PathBuf,
    stage: PathBuf,
    /// The directory that holds the socket, by container.
    containers: BTreeMap<String, PathBuf>,
}

/// A command that runs `dispatch` of the unpacked charm in `charm` (absolute), with that as its working directory,
/// where the sockets of the containers are at [`CHARM_CONTAINERS`]: `containers` has each one's
/// [`directory`](super::Specification::directory) by its name. Everything else is the machine as it is.
///
/// Environment and standard streams are the caller's to set. The process is root, in the daemon's user namespace where
/// there is one. Exits with `dispatch`'s own code.
///
/// # Errors
/// When the mount point cannot be made in the first container's directory.
pub fn charm_command(
    charm: &Path,
    containers: &BTreeMap<String, PathBuf>,
) -> Result<Command, Error> {
    let Some(first) = containers.values().next() else {
        let mut command = Command::new(charm.join("dispatch"));
        command.current_dir(charm);
        return Ok(command);
    };
    let stage = first.join(STAGE);
    make_directory(&stage)?;
    for directory in containers.values() {
        make_directory(&directory.join(SHARED))?;
    }
    let plan = Plan {
        charm: charm.to_owned(),
        stage,
        containers: containers
            .iter()
            .map(|(name, directory)| (name.clone(), directory.join(SHARED)))
            .collect(),
    };
    let plan = serde_json::to_string(&plan)
        .map_err(io::Error::from)
        .trying(|| "describe the charm's root".into())?;
    let mut command = helper::command();
    command.arg("charm").arg(plan);
    Ok(command)
}

/// The step `charm`: becomes `dispatch`; returns only when that fails.
pub(super) fn run(plan: &OsStr) -> Result<(), Error> {
    let plan: Plan = plan
        .to_str()
        .ok_or(io::Error::from(io::ErrorKind::InvalidData))
        .and_then(|plan| Ok(serde_json::from_str(plan)?))
        .trying(|| "read the plan of the charm's root".into())?;
    namespaces::leave(CloneFlags::empty(), "mount namespaces")?;
    let none: Option<&str> = None;
    let root = &plan.stage;
    mount(
        Some("tmpfs"),
        root,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=0755"),
    )
    .and_then(|()| mount(none, root, none, MsFlags::MS_UNBINDABLE, none))
    .trying(|| format!("mount a tmpfs on `{}`", root.display()))?;
    show_machine(root)?;
    let sockets = root.join(CHARM_CONTAINERS.trim_start_matches('/'));
    for (name, shared) in &plan.containers {
        let target = sockets.join(name);
        make_directory(&target)?;
        show(shared, &target, MsFlags::MS_BIND)?;
    }
    chroot(root)
        .and_then(|()| chdir(&plan.charm))
        .trying(|| format!("go to `{}`", plan.charm.display()))?;
    let dispatch = plan.charm.join("dispatch");
    Err(Command::new(&dispatch).exec()).trying(|| format!("run `{}`", dispatch.display()))
}

/// Shows everything that is in `/`, but for `/charm`.
fn show_machine(root: &Path) -> Result<(), Error> {
    let entries = fs::read_dir("/").trying(|| "list `/`".into())?;
    for entry in entries.flatten() {
        let (path, target) = (entry.path(), root.join(entry.file_name()));
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if entry.file_name() == "charm" {
        } else if kind.is_dir() {
            make_directory(&target)?;
            show(&path, &target, MsFlags::MS_BIND | MsFlags::MS_REC)?;
        } else if kind.is_symlink() {
            fs::read_link(&path)
                .and_then(|to| symlink(to, &target))
                .trying(|| format!("link `{}`", path.display()))?;
        } else if kind.is_file() {
            fs::File::create(&target).trying(|| format!("make `{}`", target.display()))?;
            show(&path, &target, MsFlags::MS_BIND)?;
        }
    }
    Ok(())
}

fn show(source: &Path, target: &Path, flags: MsFlags) -> Result<(), Error> {
    let none: Option<&str> = None;
    mount(Some(source), target, none, flags, none).trying(|| format!("bind `{}`", source.display()))
}
