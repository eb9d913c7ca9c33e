//! The root file system of a container, made by the process that becomes Pebble.
//!
//! It is put together on a tmpfs, the stage: `root` is what the container sees, `layers` is what overlays write to,
//! `front` and `back` are files of our own that go before or behind those of the image and the machine. All of it goes
//! with the mount namespace.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, chroot, dup2_stdout, pivot_root};
use serde::{Deserialize, Serialize};

use super::error::{Error, Trying};
use super::overlay::{Overlays, bind, make_directory, make_directory_with_mode, read_only};
use super::supervisor::{Report, Setup, die_with};
use super::{SHARED, accounts, machine};

/// The mount point of the stage in a container's directory.
pub(super) const STAGE: &str = "stage";

/// The file in a container's directory that is its `/etc/hosts`.
pub(super) const HOSTS: &str = "hosts";

/// What of the machine a container without a root file system of its own gets to see: programs, libraries and their
/// settings, no data.
const MACHINE: &[&str] = &[
    "bin", "etc", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "usr",
];

/// What is made afresh, whatever the image has.
const FRESH: &[&str] = &["charm", "dev", "proc", "run", "sys", "tmp"];

const DEVICES: &[&str] = &["full", "null", "random", "tty", "urandom", "zero"];

/// Rockcraft's PATH for a bare base.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the root file system is made of.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Layout {
    /// A directory laid out as a root: the whole of it, or what goes over the machine's.
    pub(super) image: PathBuf,
    /// Whether the machine's own programs are below.
    pub(super) machine: bool,
    /// Packages for the machine's Python.
    pub(super) python: Option<Site>,
    /// Directories that the container must not see even where they are below the machine's.
    pub(super) hidden: Vec<PathBuf>,
}

/// Where the machine's Python finds packages.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Site {
    /// The packages, made by pip.
    pub(super) tree: PathBuf,
    /// Where they are looked for first.
    pub(super) directory: PathBuf,
    /// Where the machine's own are, which a rock would not have.
    pub(super) others: Vec<PathBuf>,
}

/// The step `root`: builds the root file system and becomes Pebble.
pub(super) fn run(directory: &Path) -> ExitCode {
    // Standard output belongs to the daemon until Pebble runs, standard error is the log.
    let report = |error: Error, status: &dyn AsFd| {
        if let Ok(status) = status.as_fd().try_clone_to_owned() {
            Report::from(error).say(fs::File::from(status));
        }
        ExitCode::FAILURE
    };
    let stdout = io::stdout();
    let status = match stdout.as_fd().try_clone_to_owned() {
        Ok(status) => status,
        Err(_) => return ExitCode::FAILURE,
    };
    match build(directory) {
        Ok(setup) => report(become_pebble(&setup), &status),
        Err(error) => report(error, &status),
    }
}

fn build(directory: &Path) -> Result<Setup, Error> {
    die_with(None)?;
    let setup = Setup::read(directory)?;
    let layout = &setup.layout;
    let stage = directory.join(STAGE);
    let root = stage.join("root");
    let mut overlays = Overlays::new(stage.join("layers"))?;
    tmpfs(&stage, "mode=0755")?;
    make_directory(&root)?;
    bind(&root, &root)?;

    let (front, back) = (stage.join("front"), stage.join("back"));
    write_front(&front, &setup)?;
    write_back(&back)?;
    for name in top_level(layout, &back) {
        let mut found = Vec::new();
        for base in [
            Some(front.as_path()),
            Some(layout.image.as_path()),
            (layout.machine && MACHINE.iter().any(|known| **known == *name))
                .then_some(Path::new("/")),
            Some(back.as_path()),
        ] {
            let path = base.map(|base| base.join(&name));
            found.extend(path.filter(|path| fs::symlink_metadata(path).is_ok()));
        }
        overlays.compose_entry(&found, &root.join(&name))?;
    }
    for (name, mode) in [
        ("home", 0o755),
        ("root", 0o700),
        ("run", 0o755),
        ("tmp", 0o1777),
    ] {
        make_directory_with_mode(&root.join(name), mode)?;
    }
    if let Some(site) = &layout.python {
        overlays.compose(
            std::slice::from_ref(&site.tree),
            &inside(&root, &site.directory),
        )?;
        hide(&site.others, &root, &stage)?;
    }
    hide(&layout.hidden, &root, &stage)?;
    bind(&directory.join(HOSTS), &root.join("etc/hosts"))?;
    devices(&root)?;
    kernel_file_systems(&root)?;
    charm_volume(&root, directory, &setup.pebble)?;
    enter(&root)?;
    Ok(setup)
}

fn top_level(layout: &Layout, back: &Path) -> BTreeSet<OsString> {
    let names = |directory: &Path| {
        fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name())
            .collect::<Vec<_>>()
    };
    let mut all: BTreeSet<OsString> = names(&layout.image).into_iter().collect();
    all.extend(names(back));
    if layout.machine {
        all.extend(
            MACHINE
                .iter()
                .filter(|name| fs::symlink_metadata(Path::new("/").join(name)).is_ok())
                .map(OsString::from),
        );
    }
    all.insert("etc".into());
    all.retain(|name| !FRESH.iter().any(|fresh| **fresh == **name));
    all
}

/// Files that must be as we say. An overlay in a user namespace lets nobody write into the machine's directories, so
/// what is wanted there comes from here.
fn write_front(front: &Path, setup: &Setup) -> Result<(), Error> {
    let etc = front.join("etc");
    make_directory(&etc)?;
    let layout = &setup.layout;
    let original = |name: &str| {
        [
            Some(layout.image.join("etc").join(name)),
            layout.machine.then(|| Path::new("/etc").join(name)),
        ]
        .into_iter()
        .flatten()
        .find_map(|path| fs::read_to_string(path).ok())
        .unwrap_or_default()
    };
    let id = machine::daemon_id();
    let mut files = vec![
        ("passwd", accounts::passwd(&original("passwd"), id)),
        ("group", accounts::group(&original("group"), id)),
        ("hostname", format!("{}\n", setup.hostname)),
        ("hosts", String::new()),
        ("resolv.conf", String::new()),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files\n".into(),
        ),
    ];
    if layout.machine {
        // The machine's passwords are nobody's business.
        files.extend([("shadow", String::new()), ("gshadow", String::new())]);
    }
    for (name, text) in files {
        let path = etc.join(name);
        fs::write(&path, text).trying(|| format!("write `{}`", path.display()))?;
    }
    if let Some(site) = &layout.python {
        make_directory(&inside(front, &site.directory))?;
        let programs = front.join("usr/local/bin");
        make_directory(&programs)?;
        // The one with the packages, whatever else this machine has on its PATH.
        for name in ["python", "python3"] {
            symlink("/bin/python3", programs.join(name))
                .trying(|| format!("link `/usr/local/bin/{name}`"))?;
        }
        for entry in fs::read_dir(site.tree.join("bin"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let program = site.directory.join("bin").join(entry.file_name());
            symlink(&program, programs.join(entry.file_name()))
                .trying(|| format!("link `{}`", program.display()))?;
        }
    }
    Ok(())
}

/// What is there unless the image has it.
fn write_back(back: &Path) -> Result<(), Error> {
    for (path, mode) in [
        ("var/cache", 0o755),
        ("var/lib/pebble/default/layers", 0o777),
        ("var/log", 0o755),
        ("var/tmp", 0o1777),
    ] {
        make_directory_with_mode(&back.join(path), mode)?;
    }
    symlink("/run", back.join("var/run")).trying(|| "link `/var/run`".into())
}

/// The absolute path of the container, seen from outside.
fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Shows empty directories instead.
fn hide(directories: &[PathBuf], root: &Path, stage: &Path) -> Result<(), Error> {
    for (index, directory) in directories.iter().enumerate() {
        let shown = inside(root, directory);
        if fs::symlink_metadata(&shown).is_ok_and(|data| data.is_dir()) {
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            let empty = stage.join("empty").join(format!("{index}-{name}"));
            make_directory(&empty)?;
            bind(&empty, &shown)?;
        }
    }
    Ok(())
}

fn devices(root: &Path) -> Result<(), Error> {
    let dev = root.join("dev");
    make_directory(&dev)?;
    for name in DEVICES {
        let (from, to) = (Path::new("/dev").join(name), dev.join(name));
        // A container that we run in may have no terminal.
        if !from.exists() {
            continue;
        }
        fs::File::create(&to).trying(|| format!("make `/dev/{name}`"))?;
        bind(&from, &to)?;
    }
    let pts = dev.join("pts");
    make_directory(&pts)?;
    mount(
        Some("devpts"),
        &pts,
        Some("devpts"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        Some("newinstance,ptmxmode=0666,mode=0620"),
    )
    .trying(|| "mount `/dev/pts`".into())?;
    make_directory_with_mode(&dev.join("shm"), 0o1777)?;
    for (name, to) in [
        ("fd", "/proc/self/fd"),
        ("ptmx", "pts/ptmx"),
        ("stderr", "/proc/self/fd/2"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
    ] {
        symlink(to, dev.join(name)).trying(|| format!("link `/dev/{name}`"))?;
    }
    Ok(())
}

fn kernel_file_systems(root: &Path) -> Result<(), Error> {
    let none: Option<&str> = None;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let (proc, sys) = (root.join("proc"), root.join("sys"));
    make_directory(&proc)?;
    make_directory(&sys)?;
    mount(Some("proc"), &proc, Some("proc"), flags, none).map_err(|error| {
        Error::Unsupported(format!(
            "this machine refuses `/proc` for containers ({}): {}",
            error.desc(),
            machine::remedy()
        ))
    })?;
    // Some runtimes count processors there; all do without it.
    let _ = mount(
        Some("sysfs"),
        &sys,
        Some("sysfs"),
        flags | MsFlags::MS_RDONLY,
        none,
    );
    Ok(())
}

/// `/charm` as Juju mounts it into a workload container: Pebble, and the directory with its socket and state.
fn charm_volume(root: &Path, directory: &Path, pebble: &Path) -> Result<(), Error> {
    let (bin, container) = (root.join("charm/bin"), root.join("charm/container"));
    make_directory(&bin)?;
    make_directory(&container)?;
    let program = bin.join("pebble");
    fs::File::create(&program).trying(|| "make `/charm/bin/pebble`".into())?;
    bind(pebble, &program)?;
    read_only(&program)?;
    let shared = directory.join(SHARED);
    bind(&shared, &container)?;
    // Pebble syncs its state to disk at each change; a tmpfs makes that free, and nobody needs it afterwards.
    tmpfs(&container.join("pebble"), "mode=0755")
}

fn tmpfs(target: &Path, options: &str) -> Result<(), Error> {
    mount(
        Some("tmpfs"),
        target,
        Some("tmpfs"),
        MsFlags::empty(),
        Some(options),
    )
    .trying(|| format!("mount a tmpfs on `{}`", target.display()))
}

/// Makes `root` the root and lets go of everything else.
fn enter(root: &Path) -> Result<(), Error> {
    let old = root.join(".old");
    make_directory(&old)?;
    if pivot_root(root, &old).is_ok() {
        chdir("/").trying(|| "go to the new root".into())?;
        umount2("/.old", MntFlags::MNT_DETACH).trying(|| "let go of the old root".into())?;
        return fs::remove_dir("/.old").trying(|| "remove the old root".into());
    }
    // The old root is not a mount point, as in a chroot or an initial RAM file system.
    fs::remove_dir(&old).trying(|| "remove the old root".into())?;
    let none: Option<&str> = None;
    chdir(root)
        .and_then(|()| mount(Some("."), "/", none, MsFlags::MS_MOVE, none))
        .and_then(|()| chroot("."))
        .and_then(|()| chdir("/"))
        .trying(|| "enter the new root".into())
}

/// Replaces the process by Pebble, as Juju starts it in a workload container since 3.5; returns only when that fails.
fn become_pebble(setup: &Setup) -> Error {
    if let Err(error) = dup2_stdout(io::stderr()) {
        return Error::Io {
            action: "open the log".into(),
            source: error.into(),
        };
    }
    let error = Command::new("/charm/bin/pebble")
        .args(["run", "--create-dirs", "--hold", "--verbose"])
        .env_clear()
        .env("HOME", "/root")
        .env("JUJU_CONTAINER_NAME", &setup.container)
        .env("PATH", PATH)
        .env("PEBBLE", "/charm/container/pebble")
        .env("PEBBLE_COPY_ONCE", "/var/lib/pebble/default")
        .env("PEBBLE_SOCKET", "/charm/container/pebble.socket")
        .exec();
    Error::Io {
        action: format!("run `{}`", setup.pebble.display()),
        source: error,
    }
}
