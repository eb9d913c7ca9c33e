//! Where a local model lives: `.charmwright` and what is in it.
//!
//! ```text
//! .charmwright/           mode 0700, found upwards from the current directory as git finds its own
//!   model.json            the model, mode 0600
//!   daemon.lock           held while the daemon runs
//!   run/                  Unix sockets; a link to a short directory when the path is too long for them
//!   logs/                 daemon.log, model.log, unit-web-0.log
//!   tools/                the executable under the name of each hook tool
//!   charms/web-0.charm    the packed charm of each application, by revision
//!   units/web-0/          a unit: its unpacked charm, its containers
//!   images/               laid out rocks; a cache
//!   providers/            data of the applications that are built in
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::model::Model;
use super::provider::stand_in::StandIn;

/// The directory's name.
pub const NAME: &str = ".charmwright";

/// Unix socket addresses hold 107 bytes; the longest name in `run/` is `daemon.socket`.
const SOCKET_DIRECTORY_LIMIT: usize = 90;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something of the operating system failed.
    #[error("cannot {action} `{path}`: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// `model.json` is not what this version writes.
    #[error(
        "cannot read `{path}`: {message}; it may be another version's: `charmwright local destroy` starts afresh",
        path = path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A directory for sockets that somebody else could have made.
    #[error("`{path}` belongs to another user or is open to others; remove it", path = _0.display())]
    Foreign(PathBuf),
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

/// What the daemon keeps.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct State {
    /// The model.
    pub model: Model,
    /// What `local provide` made, by application.
    pub stand_ins: BTreeMap<String, StandIn>,
    /// What the model does not know of units, by name.
    pub units: BTreeMap<String, UnitState>,
    /// Seconds between `update-status`.
    pub update_status_interval: u64,
    /// The Pebble executable.
    pub pebble: Option<PathBuf>,
}

/// What the model does not know of a unit.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct UnitState {
    /// The revision of the charm that the unit runs.
    pub revision: u32,
    /// Ports on 127.0.0.1, by the unit's port: kept, so that addresses stay.
    #[serde(default)]
    pub published: BTreeMap<u16, u16>,
}

/// A `.charmwright` directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The one that exists in `start` or the nearest directory above it.
    #[must_use]
    pub fn find(start: &Path) -> Option<Self> {
        start
            .ancestors()
            .map(|ancestor| ancestor.join(NAME))
            .find(|path| path.is_dir())
            .map(|path| Self { path })
    }

    /// The one in `parent`, which need not exist.
    #[must_use]
    pub fn below(parent: &Path) -> Self {
        Self {
            path: parent.join(NAME),
        }
    }

    /// Makes the directory and what is always in it.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn create(&self) -> Result<(), Error> {
        private_directory(&self.path)?;
        let ignore = self.path.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(failed("write", &ignore))?;
        }
        for name in ["logs", "tools", "charms", "units", "images", "providers"] {
            private_directory(&self.path.join(name))?;
        }
        self.create_run()
    }

    fn create_run(&self) -> Result<(), Error> {
        let plain = self.path.join("run");
        if plain.as_os_str().len() <= SOCKET_DIRECTORY_LIMIT {
            return private_directory(&plain);
        }
        let short = self.short_run();
        if let Some(parent) = short.parent() {
            private_directory(parent)?;
        }
        private_directory(&short)?;
        if fs::read_link(&plain).ok().as_deref() != Some(&short) {
            let _ = fs::remove_file(&plain);
            std::os::unix::fs::symlink(&short, &plain).map_err(failed("link", &plain))?;
        }
        Ok(())
    }

    fn short_run(&self) -> PathBuf {
        let user = nix::unistd::getuid();
        let base = std::env::var_os("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute() && path.is_dir() && path.as_os_str().len() < 50)
            .map_or_else(
                || PathBuf::from(format!("/tmp/charmwright-{user}")),
                |path| path.join("charmwright"),
            );
        let digest = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        base.join(hex::encode(&digest[..8]))
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that it is in: the project's.
    #[must_use]
    pub fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// A name below the directory.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where sockets are; short enough for their addresses.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        let plain = self.path.join("run");
        fs::read_link(&plain).unwrap_or(plain)
    }

    /// The socket of the command line.
    #[must_use]
    pub fn daemon_socket(&self) -> PathBuf {
        self.run().join("daemon.socket")
    }

    /// The socket of the hook tools.
    #[must_use]
    pub fn hook_socket(&self) -> PathBuf {
        self.run().join("hooks.socket")
    }

    /// The directory of a unit.
    #[must_use]
    pub fn unit(&self, unit: &str) -> PathBuf {
        self.path.join("units").join(unit.replace('/', "-"))
    }

    /// The packed charm of an application's revision.
    #[must_use]
    pub fn charm(&self, application: &str, revision: u32) -> PathBuf {
        let name = format!("{application}-{revision}.charm");
        self.path.join("charms").join(name)
    }

    /// The data of a provider.
    #[must_use]
    pub fn provider(&self, application: &str) -> PathBuf {
        self.path.join("providers").join(application)
    }

    /// The log of a unit, of the whole model (`model`) or of the daemon (`daemon`).
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        let name = if name.contains('/') {
            format!("unit-{}.log", name.replace('/', "-"))
        } else {
            format!("{name}.log")
        };
        self.path.join("logs").join(name)
    }

    /// Whether there is a model in it.
    #[must_use]
    pub fn has_model(&self) -> bool {
        self.path.join("model.json").is_file()
    }

    /// Reads the state; none when there is no model yet.
    ///
    /// # Errors
    /// The file cannot be read or is not understood.
    pub fn load(&self) -> Result<Option<State>, Error> {
        let path = self.path.join("model.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| Error::Content {
                path,
                message: error.to_string(),
            })
    }

    /// Writes the state: a reader, and a daemon after a crash, finds the old or the new one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, state: &State) -> Result<(), Error> {
        let path = self.path.join("model.json");
        let text = serde_json::to_vec(state).map_err(|error| Error::Content {
            path: path.clone(),
            message: error.to_string(),
        })?;
        write_private(&path, &text).map_err(failed("write", &path))
    }

    /// Removes the directory and its sockets; `images` stays when `keep_cache`.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub fn remove(&self, keep_cache: bool) -> Result<(), Error> {
        let run = self.run();
        remove_tree(&run).map_err(failed("remove", &run))?;
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("read", &self.path)(error)),
        };
        for entry in entries.flatten() {
            let kept =
                keep_cache && (entry.file_name() == "images" || entry.file_name() == ".gitignore");
            if !kept {
                remove_tree(&entry.path()).map_err(failed("remove", &entry.path()))?;
            }
        }
        if !keep_cache {
            fs::remove_dir(&self.path).map_err(failed("remove", &self.path))?;
        }
        Ok(())
    }
}

/// Makes a directory that only its owner can enter, or makes sure that it is one.
fn private_directory(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("make directory", path))?;
    let found = fs::symlink_metadata(path).map_err(failed("read", path))?;
    if !found.is_dir() || found.uid() != nix::unistd::geteuid().as_raw() {
        return Err(Error::Foreign(path.to_owned()));
    }
    if found.mode() & 0o077 != 0 {
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(path, mode).map_err(failed("close to others", path))?;
    }
    Ok(())
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// The file cannot be written or renamed.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(content)?;
    drop(file);
    fs::rename(&beside, path)
}

/// Removes a file or directory, also below directories that forbid it to their owner (overlays leave such).
///
/// # Errors
/// Something cannot be removed; that there is nothing is no error.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_found_upwards() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::below(root.path());
        directory.create().unwrap();
        let deep = root.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(Directory::find(&deep), Some(directory));
    }

    #[test]
    fn state_is_closed_to_others_and_survives() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::below(root.path());
        directory.create().unwrap();
        assert!(directory.load().unwrap().is_none());
        let mut state = State::default();
        state.model.name = "demo".into();
        directory.save(&state).unwrap();
        assert_eq!(directory.load().unwrap().unwrap().model.name, "demo");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(directory.path()), 0o700);
        assert_eq!(mode(&directory.join("model.json")), 0o600);
    }

    #[test]
    fn sockets_in_deep_directories_have_short_paths() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("d".repeat(120));
        let directory = Directory::below(&deep);
        directory.create().unwrap();
        assert!(directory.daemon_socket().as_os_str().len() < 108);
        std::os::unix::net::UnixListener::bind(directory.daemon_socket()).unwrap();
        let run = directory.run();
        directory.remove(false).unwrap();
        assert!(!run.exists());
        assert!(!directory.path().exists());
    }

    #[test]
    fn a_tree_with_closed_directories_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let closed = root.path().join("tree/work/work");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        remove_tree(&root.path().join("tree")).unwrap();
        assert!(!root.path().join("tree").exists());
    }
}
