//! Directories made of others: what is written lands on the stage, which is a tmpfs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::statvfs::FsFlags;

use super::error::{Error, Trying};
use super::machine;

/// The largest file that is copied to the stage, which is memory.
const COPIED: u64 = 4 << 20;

/// Makes overlays, the upper layers of which are below one directory.
pub(super) struct Overlays {
    layers: PathBuf,
    count: u32,
    /// Overlays in a user namespace keep their marks in `user.` attributes.
    user_attributes: bool,
    mount_points: Vec<PathBuf>,
}

impl Overlays {
    /// Upper layers go to `layers`, which must be on a file system of its own for this container.
    pub(super) fn new(layers: PathBuf) -> Result<Self, Error> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")
            .trying(|| "read `/proc/self/mountinfo`".into())?;
        Ok(Self {
            layers,
            count: 0,
            user_attributes: machine::in_user_namespace(),
            mount_points: mount_points(&mounts),
        })
    }

    /// Makes `target` (created where needed) show the directories `lowers`, those before hiding those behind. What
    /// other file systems are mounted below them is shown too, which an overlay alone does not do, and which in a user
    /// namespace would have the kernel refuse it.
    pub(super) fn compose(&mut self, lowers: &[PathBuf], target: &Path) -> Result<(), Error> {
        let Some(first) = lowers.first() else {
            return make_directory(target);
        };
        make_directory(target)?;
        if self.mount_points.iter().any(|point| {
            lowers
                .iter()
                .any(|lower| point != lower && point.starts_with(lower))
        }) {
            copy_attributes(first, target)?;
            return self.compose_children(lowers, target);
        }
        let layer = self.layers.join(self.count.to_string());
        self.count += 1;
        let (upper, work) = (layer.join("upper"), layer.join("work"));
        make_directory(&upper)?;
        make_directory(&work)?;
        // The root of an overlay has the attributes of its upper layer.
        copy_attributes(first, &upper)?;
        let options = options(lowers, &upper, &work, self.user_attributes);
        mount(
            Some("overlay"),
            target,
            Some("overlay"),
            MsFlags::empty(),
            Some(options.as_os_str()),
        )
        .map_err(|error| refused(error, lowers))
    }

    fn compose_children(&mut self, lowers: &[PathBuf], target: &Path) -> Result<(), Error> {
        let mut children: BTreeMap<OsString, Vec<PathBuf>> = BTreeMap::new();
        for lower in lowers {
            // What may not be read is not there for the container.
            for entry in fs::read_dir(lower).into_iter().flatten().flatten() {
                children
                    .entry(entry.file_name())
                    .or_default()
                    .push(entry.path());
            }
        }
        for (name, found) in children {
            self.compose_entry(&found, &target.join(name))?;
        }
        Ok(())
    }

    /// Makes `target` show the first of the paths, merged with those behind it as long as all are directories.
    pub(super) fn compose_entry(&mut self, found: &[PathBuf], target: &Path) -> Result<(), Error> {
        let Some(first) = found.first() else {
            return Ok(());
        };
        let Ok(kind) = fs::symlink_metadata(first).map(|data| data.file_type()) else {
            return Ok(());
        };
        if kind.is_dir() {
            let directories: Vec<PathBuf> = found
                .iter()
                .take_while(|path| fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()))
                .cloned()
                .collect();
            return self.compose(&directories, target);
        }
        if kind.is_symlink() {
            return fs::read_link(first)
                .and_then(|to| symlink(to, target))
                .trying(|| format!("link `{}`", target.display()));
        }
        if kind.is_file() {
            return show_file(first, target);
        }
        Ok(())
    }
}

/// Shows a file that no overlay can cover, such that nobody in the container can change it outside. One that may not
/// be read is not there.
fn show_file(source: &Path, target: &Path) -> Result<(), Error> {
    let small = fs::metadata(source).is_ok_and(|data| data.len() <= COPIED);
    if !small {
        fs::File::create(target).trying(|| format!("make `{}`", target.display()))?;
        bind(source, target)?;
        return read_only(target);
    }
    match fs::copy(source, target) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error).trying(|| format!("copy `{}`", source.display())),
        Ok(_) => copy_attributes(source, target),
    }
}

/// Makes a bind mount read-only. The flags that it came with stay, without which a user namespace may not do so.
pub(super) fn read_only(target: &Path) -> Result<(), Error> {
    let none: Option<&str> = None;
    let had = nix::sys::statvfs::statvfs(target)
        .trying(|| format!("read the flags of `{}`", target.display()))?
        .flags();
    let mut flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    for (had_flag, flag) in [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ] {
        if had.contains(had_flag) {
            flags |= flag;
        }
    }
    mount(none, target, none, flags, none)
        .trying(|| format!("make `{}` read-only", target.display()))
}

/// Shows `source` at `target`, which must exist.
pub(super) fn bind(source: &Path, target: &Path) -> Result<(), Error> {
    let none: Option<&str> = None;
    mount(Some(source), target, none, MsFlags::MS_BIND, none)
        .trying(|| format!("bind `{}`", source.display()))
}

/// Makes the directory and those above it.
pub(super) fn make_directory(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).trying(|| format!("make `{}`", path.display()))
}

/// Makes the directory with exactly this mode, whatever the process masks.
pub(super) fn make_directory_with_mode(path: &Path, mode: u32) -> Result<(), Error> {
    make_directory(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .trying(|| format!("set the mode of `{}`", path.display()))
}

fn copy_attributes(from: &Path, to: &Path) -> Result<(), Error> {
    let copy = || -> io::Result<()> {
        let data = fs::metadata(from)?;
        if machine::has_id(data.uid()) && machine::has_id(data.gid()) {
            std::os::unix::fs::chown(to, Some(data.uid()), Some(data.gid()))?;
        }
        fs::set_permissions(to, fs::Permissions::from_mode(data.mode() & 0o7777))
    };
    copy().trying(|| format!("give `{}` the owner of `{}`", to.display(), from.display()))
}

fn options(lowers: &[PathBuf], upper: &Path, work: &Path, user_attributes: bool) -> OsString {
    let mut options = OsString::from("lowerdir=");
    for (index, lower) in lowers.iter().enumerate() {
        if index > 0 {
            options.push(":");
        }
        options.push(escape(lower));
    }
    options.push(",upperdir=");
    options.push(escape(upper));
    options.push(",workdir=");
    options.push(escape(work));
    if user_attributes {
        options.push(",userxattr");
    }
    options
}

/// A path with a backslash before what separates options and directories
/// (the kernel's Documentation/filesystems/overlayfs.rst).
fn escape(path: &Path) -> OsString {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        if matches!(byte, b'\\' | b':' | b',') {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    OsString::from_vec(escaped)
}

/// The mount points in the text of `/proc/PID/mountinfo` (field 5, with octal escapes: proc_pid_mountinfo(5)).
fn mount_points(mountinfo: &str) -> Vec<PathBuf> {
    mountinfo
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|point| PathBuf::from(unescape(point)))
        .collect()
}

fn unescape(text: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(text.to_owned(), |text, (escape, plain)| {
            text.replace(escape, plain)
        })
}

fn refused(error: Errno, lowers: &[PathBuf]) -> Error {
    let names: Vec<String> = lowers
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    let what = format!(
        "cannot lay an overlay over {} ({})",
        names.join(", "),
        error.desc()
    );
    match error {
        Errno::ENODEV => Error::Unsupported(format!("{what}: run `sudo modprobe overlay`")),
        Errno::EPERM | Errno::EINVAL => Error::Unsupported(format!(
            "{what}: without root it takes Linux 5.11 or later; {}",
            machine::remedy()
        )),
        _ => Error::Io {
            action: what.trim_start_matches("cannot ").to_owned(),
            source: error.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_paths_are_escaped() {
        let lowers = [PathBuf::from("/a:b"), PathBuf::from("/c,d\\e")];
        assert_eq!(
            options(&lowers, Path::new("/u"), Path::new("/w"), true),
            "lowerdir=/a\\:b:/c\\,d\\\\e,upperdir=/u,workdir=/w,userxattr"
        );
    }

    #[test]
    fn mount_points_are_the_fifth_field() {
        let text = "23 29 0:21 / /proc rw - proc proc rw\n\
                    40 29 8:1 /x /mnt/a\\040b rw,relatime shared:2 - ext4 /dev/sda1 rw\nbroken\n";
        assert_eq!(
            mount_points(text),
            [PathBuf::from("/proc"), PathBuf::from("/mnt/a b")]
        );
    }
}
