//! Reading and unpacking a `.charm`, which may come from anywhere.

use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;

use crate::project::Error;
use crate::yaml::{Document, Mapping, Value};

/// How large a charm may be, unpacked: beyond it, it is an attack or a mistake.
#[derive(Clone, Copy)]
struct Limits {
    /// Bytes of one file.
    file: u64,
    /// Bytes of all files.
    charm: u64,
    /// Entries.
    entries: usize,
}

/// A Python charm has 2,600 files of 40 MB.
const LIMITS: Limits = Limits {
    file: 512 << 20,
    charm: 2 << 30,
    entries: 65_536,
};

/// No YAML file of a charm may be larger than this: 4 MiB.
const LARGEST_YAML: u64 = 4 << 20;

/// What a charm says of itself.
#[derive(Clone, Debug, Default)]
pub struct Charm {
    /// The charm's name, from `metadata.yaml`.
    pub name: String,
    /// `metadata.yaml`.
    pub metadata: Mapping,
    /// `options` of `config.yaml`; empty when there is none.
    pub options: Mapping,
    /// `actions.yaml`; empty when there is none.
    pub actions: Mapping,
    /// `manifest.yaml`; empty when there is none.
    pub manifest: Mapping,
}

/// Reads what the charm at `path`, a `.charm` or a directory that one was unpacked into, says of itself.
///
/// # Errors
/// It is not there, is no zip, has no `metadata.yaml` or `dispatch`, or one of its YAML files is broken.
pub fn read(path: &Path) -> Result<Charm, Error> {
    let mut source = Source::open(path)?;
    let refuse = |reason: String| Error::Charm {
        path: path.to_owned(),
        reason,
    };
    let Some(metadata) = source.yaml("metadata.yaml")? else {
        return Err(refuse(
            "it has no metadata.yaml; `charmwright pack` makes a charm of a project".into(),
        ));
    };
    if !source.has("dispatch") {
        return Err(refuse(
            "it has no `dispatch`; `charmwright pack` makes a charm of a project".into(),
        ));
    }
    let Some(name) = metadata
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
    else {
        return Err(refuse("its metadata.yaml has no `name`".into()));
    };
    let config = source.yaml("config.yaml")?.unwrap_or_default();
    Ok(Charm {
        name: name.to_owned(),
        options: config
            .get("options")
            .and_then(Value::as_mapping)
            .cloned()
            .unwrap_or_default(),
        actions: source.yaml("actions.yaml")?.unwrap_or_default(),
        manifest: source.yaml("manifest.yaml")?.unwrap_or_default(),
        metadata,
    })
}

/// Unpacks the `.charm` at `path` into `directory`, which is made if it is not there. Files get mode 0755 when their
/// owner may execute them, else 0644, as Juju gives them; links stay inside the charm or are refused.
///
/// # Errors
/// It is no zip, an entry points out of the charm, it is absurdly large, or the operating system refuses.
pub fn unpack(path: &Path, directory: &Path) -> Result<(), Error> {
    unpack_within(path, directory, LIMITS)
}

fn unpack_within(path: &Path, directory: &Path, limits: Limits) -> Result<(), Error> {
    let refuse = |reason: String| Error::Charm {
        path: path.to_owned(),
        reason,
    };
    let mut zip = open(path)?;
    if zip.len() > limits.entries {
        return Err(refuse(format!(
            "it has {} entries; {} is the most",
            zip.len(),
            limits.entries
        )));
    }
    std::fs::create_dir_all(directory).map_err(Error::write(directory))?;
    let mut left = limits.charm;
    let mut links = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip
            .by_index(index)
            .map_err(|error| refuse(error.to_string()))?;
        let name = entry
            .name()
            .map_err(|error| refuse(error.to_string()))?
            .into_owned();
        let Some(relative) = inside(Path::new(&name)) else {
            return Err(refuse(format!("its entry `{name}` is outside of it")));
        };
        let target = directory.join(&relative);
        if entry.is_dir() {
            std::fs::create_dir_all(&target).map_err(Error::write(&target))?;
            continue;
        }
        let limit = limits.file.min(left);
        let mut content = Vec::new();
        entry
            .by_ref()
            .take(limit + 1)
            .read_to_end(&mut content)
            .map_err(|error| refuse(format!("its entry `{name}` is damaged: {error}")))?;
        let size = content.len() as u64;
        if size > limit {
            return Err(refuse(format!(
                "its entry `{name}` is larger than {limit} bytes"
            )));
        }
        left -= size;
        if entry.is_symlink() {
            let points_to = PathBuf::from(String::from_utf8_lossy(&content).into_owned());
            let parent = relative.parent().unwrap_or(Path::new(""));
            if points_to.is_absolute() || inside(&parent.join(&points_to)).is_none() {
                return Err(refuse(format!("its link `{name}` points out of it")));
            }
            links.push((target, points_to));
            continue;
        }
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
        }
        // A `dispatch` that is running cannot be written to, but it can be replaced.
        let _ = std::fs::remove_file(&target);
        std::fs::write(&target, &content).map_err(Error::write(&target))?;
        let mode = if entry.unix_mode().is_some_and(|mode| mode & 0o100 != 0) {
            0o755
        } else {
            0o644
        };
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode))
            .map_err(Error::write(&target))?;
    }
    // Links come last, so that no entry is written through one.
    for (target, points_to) in links {
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
        }
        let _ = std::fs::remove_file(&target);
        std::os::unix::fs::symlink(&points_to, &target).map_err(Error::write(&target))?;
    }
    Ok(())
}

/// The path without `.` and `..`, or nothing if it leads out of where it starts.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => inside.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !inside.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!inside.as_os_str().is_empty()).then_some(inside)
}

fn open(path: &Path) -> Result<ZipArchive<BufReader<File>>, Error> {
    let file = File::open(path).map_err(Error::read(path))?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| Error::Charm {
        path: path.to_owned(),
        reason: format!("it is no zip ({error})"),
    })
}

/// Where the files of a charm are.
enum Source {
    Directory(PathBuf),
    Zip(PathBuf, Box<ZipArchive<BufReader<File>>>),
}

impl Source {
    fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Ok(Self::Directory(path.to_owned()));
        }
        Ok(Self::Zip(path.to_owned(), Box::new(open(path)?)))
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Directory(directory) => directory.join(name).is_file(),
            Self::Zip(_, zip) => zip.index_for_name(name).is_some(),
        }
    }

    fn yaml(&mut self, name: &str) -> Result<Option<Mapping>, Error> {
        if !self.has(name) {
            return Ok(None);
        }
        let mut text = String::new();
        let path = match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                let file = File::open(&path).map_err(Error::read(&path))?;
                file.take(LARGEST_YAML)
                    .read_to_string(&mut text)
                    .map_err(Error::read(&path))?;
                path
            }
            Self::Zip(path, zip) => {
                let entry = zip
                    .by_name(name)
                    .map_err(std::io::Error::other)
                    .map_err(Error::read(path))?;
                entry
                    .take(LARGEST_YAML)
                    .read_to_string(&mut text)
                    .map_err(Error::read(path))?;
                path.clone()
            }
        };
        let refuse = |reason: String| Error::Charm {
            path: path.clone(),
            reason,
        };
        let document = Document::parse(&text).map_err(|error| {
            let place = error.position.map_or_else(String::new, |(line, column)| {
                format!(" at line {line}, column {column}")
            });
            refuse(format!("its {name} is not YAML{place}: {}", error.message))
        })?;
        match document.value {
            Value::Mapping(mapping) => Ok(Some(mapping)),
            Value::Null => Ok(Some(Mapping::new())),
            _ => Err(refuse(format!("its {name} is not a mapping"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charm_of_absurd_size_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let charm = directory.path().join("x.charm");
        let mut zip = zip::ZipWriter::new(File::create(&charm).unwrap());
        for name in ["a", "b", "c"] {
            zip.start_file(name, zip::write::SimpleFileOptions::DEFAULT)
                .unwrap();
            std::io::Write::write_all(&mut zip, &[0; 1000]).unwrap();
        }
        zip.finish().unwrap();
        let fits = Limits {
            file: 1000,
            charm: 3000,
            entries: 3,
        };
        for (limits, text) in [
            (
                Limits { file: 999, ..fits },
                Some("its entry `a` is larger than 999 bytes"),
            ),
            (
                Limits {
                    charm: 2999,
                    ..fits
                },
                Some("its entry `c` is larger than 999 bytes"),
            ),
            (
                Limits { entries: 2, ..fits },
                Some("it has 3 entries; 2 is the most"),
            ),
            (fits, None),
        ] {
            let result = unpack_within(&charm, &directory.path().join("into"), limits);
            match text {
                Some(text) => assert!(result.unwrap_err().to_string().contains(text), "{text}"),
                None => result.unwrap(),
            }
        }
    }

    #[test]
    fn only_paths_that_stay_inside_are_taken() {
        for (path, expected) in [
            ("a/b", Some("a/b")),
            ("./a", Some("a")),
            ("a/../b", Some("b")),
            ("../a", None),
            ("a/../../b", None),
            ("/a", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(
                inside(Path::new(path)),
                expected.map(PathBuf::from),
                "{path}"
            );
        }
    }
}
