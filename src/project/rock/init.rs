//! A new `rockcraft.yaml`.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Error, validate};
use crate::frameworks::Frameworks;
use crate::frameworks::rock::Rock;
use crate::project;

/// The project file's name.
pub const FILE: &str = "rockcraft.yaml";

/// How every file begins.
const BEGIN: &str = include_str!("template/rockcraft.yaml");

/// What is commented out at its end: a file in the framework's folder.
const END: &str = "rockcraft.yaml";

/// What to call a rock whose directory cannot lend it a name.
const FALLBACK: &str = "my-rock-name";

/// What `rock init` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Init<'a> {
    /// Where; made if it is not there.
    pub directory: &'a Path,
    /// An extension's name, such as `fastapi-framework`.
    pub profile: &'a str,
    /// The rock's name; without it the directory's if that can be one, else `my-rock-name`.
    pub name: Option<&'a str>,
    /// Leave an existing file as it is instead of refusing.
    pub force: bool,
}

/// What `rock init` did.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Initialised {
    /// The rock's name in a new file.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// False if there was one already, and `force` was set: it is as it was.
    pub written: bool,
}

/// Writes `rockcraft.yaml`, never over an existing one.
///
/// # Errors
/// An unknown profile, a name no rock can have, an existing file without `force`, or a directory that cannot be
/// written.
pub fn init(ask: Init<'_>) -> Result<Initialised, Error> {
    let framework = project::profile(&Frameworks::in_directory(ask.directory), ask.profile)?;
    let (end, rock) = (framework.file(END)?, framework.rock()?);
    let name = match ask.name {
        Some(name) if validate::is_name(name) => name.to_owned(),
        Some(name) => return Err(Error::Name(name.to_owned())),
        None => directory_name(ask.directory).unwrap_or_else(|| FALLBACK.to_owned()),
    };
    let path = ask.directory.join(FILE);
    let failed = |source| Error::Write {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(ask.directory).map_err(failed)?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists && ask.force => {
            return Ok(Initialised {
                name,
                path,
                written: false,
            });
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::Exists(ask.directory.to_path_buf()));
        }
        Err(error) => return Err(failed(error)),
    };
    let text = format!("{}{}", begin(&rock), end.unwrap_or_default())
        .replace("{name}", &name)
        .replace("{title}", &rock.title)
        .replace("{profile}", ask.profile);
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(Initialised {
        name,
        path,
        written: true,
    })
}

fn directory_name(directory: &Path) -> Option<String> {
    let absolute = std::path::absolute(directory).ok()?;
    // A directory such as `.` or `x/..` has a name only when resolved.
    let resolved = absolute.canonicalize().unwrap_or(absolute);
    let name = resolved.file_name()?.to_str()?.to_owned();
    validate::is_name(&name).then_some(name)
}

/// The beginning for a rock on `bare`, or on the first base of a framework that has no such rocks.
fn begin(rock: &Rock) -> String {
    let bare = rock.bases.iter().any(|base| base == "bare");
    let first = rock.bases.first().map_or("bare", String::as_str);
    let mut text = String::new();
    for line in BEGIN.lines() {
        let line = match (line.strip_prefix("{bare}"), line.strip_prefix("{base}")) {
            (Some(rest), _) if bare => rest,
            (_, Some(rest)) if !bare => rest,
            (None, None) => line,
            _ => continue,
        };
        text.push_str(&line.replace("{first-base}", first));
        text.push('\n');
    }
    text
}
