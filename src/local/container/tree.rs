//! Trees of files: what is in them, what they are hashed to, copies.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{Error, Trying};
use crate::project::rock::RockFile;

/// What the rock's files never hold, in whatever directory.
const LEFT_OUT: &[&str] = &[".charmwright", ".git", "__pycache__", "node_modules"];

/// Whose files they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// The project's, for the image.
    App,
    /// The project's, for a tool that builds: less, so that packing the charm does not change them.
    Sources,
    /// Of our own making: everything.
    Built,
}

/// Adds bytes such that their boundaries count.
pub(super) fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update(bytes.len().to_le_bytes());
    hash.update(bytes);
}

/// The first 16 hexadecimal digits of a hash.
pub(super) fn short(hash: Sha256) -> String {
    let mut digits = hex::encode(hash.finalize());
    digits.truncate(16);
    digits
}

/// Every file, in an order that does not change; a directory before what is in it.
pub(super) fn list(files: &[RockFile], kind: Kind) -> Result<Vec<RockFile>, Error> {
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
                if !is_left_out(&file.source, name.as_bytes(), kind) {
                    todo.push(RockFile {
                        source: file.source.join(&name),
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

fn is_left_out(directory: &Path, name: &[u8], kind: Kind) -> bool {
    let is = |known: &&str| known.as_bytes() == name;
    let path = directory.join(std::ffi::OsStr::from_bytes(name));
    let has = |file: &str| directory.join(file).exists();
    match kind {
        Kind::Built => false,
        Kind::App => LEFT_OUT.iter().any(is) || path.join("pyvenv.cfg").exists(),
        Kind::Sources => {
            is_left_out(directory, name, Kind::App)
                || [&b".charm"[..], b".rock"]
                    .iter()
                    .any(|end| name.ends_with(end))
                || [".gradle", ".tox"].iter().any(is)
                // What other builds left there.
                || name == b"target" && has("pom.xml")
                || name == b"build" && (has("build.gradle") || has("build.gradle.kts"))
                || name == b"charm" && path.join("charmcraft.yaml").exists()
        }
    }
}

/// Adds names, modes and contents.
pub(super) fn hash(entries: &[RockFile], hash: &mut Sha256) -> Result<(), Error> {
    for entry in entries {
        add(hash, entry.target.as_os_str().as_bytes());
        let mut read = || -> io::Result<()> {
            let data = fs::symlink_metadata(&entry.source)?;
            add(hash, &data.mode().to_le_bytes());
            if data.is_symlink() {
                add(hash, fs::read_link(&entry.source)?.as_os_str().as_bytes());
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
                add(hash, &content.finalize());
            }
            Ok(())
        };
        read().trying(|| format!("read `{}`", entry.source.display()))?;
    }
    Ok(())
}

/// Copies one entry, the directory of which is there, and gives it to the user `owner`. What we built ourselves is not
/// copied but linked, as nobody changes it.
pub(super) fn copy(source: &Path, target: &Path, owner: u32, kind: Kind) -> Result<(), Error> {
    let copy = || -> io::Result<()> {
        let data = fs::symlink_metadata(source)?;
        if data.is_dir() {
            fs::create_dir_all(target)?;
            fs::set_permissions(target, fs::Permissions::from_mode(data.mode() & 0o7777))?;
            return own(target, owner);
        }
        // What is written through a link that is there would change what it was linked from.
        match fs::remove_file(target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if data.is_symlink() {
            symlink(fs::read_link(source)?, target)?;
        } else if kind != Kind::Built || fs::hard_link(source, target).is_err() {
            fs::copy(source, target)?;
        }
        own(target, owner)
    };
    copy().trying(|| format!("copy `{}`", source.display()))
}

/// Gives the file to `_daemon_`, where that is another user.
pub(super) fn own(path: &Path, owner: u32) -> io::Result<()> {
    if owner == 0 {
        return Ok(());
    }
    lchown(path, Some(owner), Some(owner))
}
