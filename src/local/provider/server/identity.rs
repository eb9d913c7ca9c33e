//! As whom the server runs: database servers refuse to run as root.

use std::os::fd::{BorrowedFd, RawFd};
use std::path::Path;

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{
    Gid, Uid, User, getegid, geteuid, getpid, getppid, setgroups, setresgid, setresuid, write,
};
use tokio::process::Command;

/// As whom a program is started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Identity {
    /// As we are: an ordinary user.
    Own,
    /// In a user namespace in which our user is 1000. Files stay ours, and no other user is needed.
    Namespace,
    /// As another user.
    User {
        /// The user.
        uid: Uid,
        /// The group.
        gid: Gid,
    },
}

impl Identity {
    /// Chooses what this machine allows.
    pub(super) async fn choose() -> Self {
        if !geteuid().is_root() {
            return Self::Own;
        }
        let mut probe = Command::new("/bin/sh");
        probe.args(["-c", ":"]).kill_on_drop(true);
        Self::Namespace.apply(&mut probe, Signal::SIGKILL, None);
        if matches!(probe.status().await, Ok(status) if status.success()) {
            return Self::Namespace;
        }
        let user = ["postgres", "mysql", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        match user {
            Some(user) => Self::User {
                uid: user.uid,
                gid: user.gid,
            },
            None => Self::Own,
        }
    }

    /// Makes `command` run as this identity with one more descriptor, which must stay open until it is started, and
    /// die by `signal` when the thread that starts it dies.
    #[allow(unsafe_code)] // Namespaces, identity and the parent's death can only be set between fork and exec.
    pub(super) fn apply(self, command: &mut Command, signal: Signal, inherit: Option<RawFd>) {
        let parent = getpid();
        let uid_map = format!("1000 {} 1", geteuid());
        let gid_map = format!("1000 {} 1", getegid());
        let before_exec = move || {
            match self {
                Self::Own => {}
                Self::Namespace => {
                    unshare(CloneFlags::CLONE_NEWUSER)?;
                    put(c"/proc/self/setgroups", b"deny")?;
                    put(c"/proc/self/gid_map", gid_map.as_bytes())?;
                    put(c"/proc/self/uid_map", uid_map.as_bytes())?;
                }
                Self::User { uid, gid } => {
                    setgroups(&[])?;
                    setresgid(gid, gid, gid)?;
                    setresuid(uid, uid, uid)?;
                }
            }
            if let Some(descriptor) = inherit {
                // SAFETY: the caller keeps it open until the program is started.
                let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
                fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty()))?;
            }
            // A change of identity clears it, so it comes last.
            set_pdeathsig(signal)?;
            if getppid() != parent {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            Ok(())
        };
        // SAFETY: only system calls on memory made before the fork; nothing is allocated and no lock is taken.
        unsafe {
            command.pre_exec(before_exec);
        }
        command.process_group(0);
    }

    /// Hands a file or directory to this identity.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn own(self, path: &Path) -> std::io::Result<()> {
        match self {
            Self::Own | Self::Namespace => Ok(()),
            Self::User { uid, gid } => {
                std::os::unix::fs::chown(path, Some(uid.as_raw()), Some(gid.as_raw()))
            }
        }
    }
}

fn put(path: &std::ffi::CStr, content: &[u8]) -> nix::Result<()> {
    let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    write(&file, content).map(drop)
}
