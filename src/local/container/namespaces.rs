//! Namespaces of the process's own.

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::error::{Error, Trying};
use super::machine;

/// Leaves the machine's mounts, and what else `more` says; from then on nobody else sees what is mounted. `what` is
/// the name for it in the error.
///
/// # Errors
/// The machine refuses.
pub(super) fn leave(more: CloneFlags, what: &str) -> Result<(), Error> {
    unshare(CloneFlags::CLONE_NEWNS | more).map_err(|error| {
        Error::Unsupported(format!(
            "this machine refuses {what} ({}): {}",
            error.desc(),
            machine::remedy()
        ))
    })?;
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .trying(|| "make mounts private".into())
}
