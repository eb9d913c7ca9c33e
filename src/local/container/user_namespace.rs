//! The daemon's own user namespace, in which an ordinary user is root over what belongs to that user.

use std::fs;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::error::{Error, Trying};
use super::machine;

/// Makes the process root in a user namespace of its own, where it may make the namespaces of containers and enter
/// them. Does nothing when it may mount already.
///
/// To be called while the process has one thread, before any runtime: the kernel refuses it later. Outside, files
/// and processes still belong to the user; inside, that user is uid 0 and the only one.
///
/// # Errors
/// [`Error::Unsupported`] with what to enable when the kernel refuses.
pub fn enter_user_namespace() -> Result<(), Error> {
    if machine::may_mount() {
        return Ok(());
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(refused)?;
    for (file, content) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {user} 1")),
        ("gid_map", format!("0 {group} 1")),
    ] {
        match fs::write(format!("/proc/self/{file}"), content) {
            Err(error) if error.raw_os_error() == Some(Errno::EPERM as i32) => {
                return Err(refused(Errno::EPERM));
            }
            result => result.trying(|| format!("write `/proc/self/{file}`"))?,
        }
    }
    // AppArmor lets a namespace be made and then takes its capabilities away.
    unshare(CloneFlags::CLONE_NEWUTS).map_err(refused)
}

fn refused(error: Errno) -> Error {
    if error == Errno::EINVAL {
        return Error::Unsupported(
            "a user namespace cannot be entered once the process has threads".into(),
        );
    }
    Error::Unsupported(format!(
        "containers need namespaces, which this machine refuses to user {} ({}): {}",
        geteuid(),
        error.desc(),
        machine::remedy()
    ))
}
