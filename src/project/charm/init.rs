//! Writing a new project: what a charm without code needs, which packs with nothing to edit.

use std::path::{Path, PathBuf};

use super::FILE;
use crate::frameworks::{Frameworks, Generation};
use crate::project::{self, Error, write_whole};

/// The files of a project, by name, sorted without regard to case.
const TEMPLATE: &[(&str, &str)] = &[
    (
        ".gitignore",
        include_str!("../../../charm-template/gitignore"),
    ),
    (
        FILE,
        include_str!("../../../charm-template/charmcraft.yaml"),
    ),
];

/// What to write.
#[derive(Clone, Debug)]
pub struct Init {
    /// The profile, such as `fastapi-framework`.
    pub profile: String,
    /// Where; made if it is not there.
    pub directory: PathBuf,
    /// The charm's name; the directory's when not given.
    pub name: Option<String>,
    /// Whom to contact about the charm.
    pub author: Option<String>,
    /// The base, such as `ubuntu@24.04`.
    pub base: String,
    /// Write the files that are missing when others are there; those stay as they are.
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The charm's name.
    pub name: String,
    /// The files, relative to the directory.
    pub files: Vec<&'static str>,
}

/// Writes a project.
///
/// # Errors
/// The name or the base will not do, a file is there already, or the operating system refuses.
pub fn init(request: &Init) -> Result<Initialised, Error> {
    let frameworks = Frameworks::of_charm_project(&request.directory);
    let framework = project::profile(&frameworks, &request.profile)?;
    let charm = framework.charm()?;
    let Some(base) = charm.base(&request.base).filter(|base| base.init) else {
        let offered: Vec<&str> = charm
            .bases()
            .filter(|name| charm.base(name).is_some_and(|base| base.init))
            .collect();
        return Err(Error::Usage(format!(
            "Base variant '{}' is not available for this profile.\nAvailable base variants: {}",
            request.base,
            offered.join(", ")
        )));
    };
    let name = match &request.name {
        Some(name) => name.clone(),
        None => directory_name(&request.directory)?,
    };
    if !loadable_name(&name) {
        return Err(Error::Usage(format!(
            "{name} is not a valid charm name. The name must start with a lowercase letter and contain only alphanumeric characters and hyphens.\n\
             hint: give another with `--name`, such as `{}`",
            suggested_name(&name)
        )));
    }
    let there: Vec<&str> = TEMPLATE
        .iter()
        .map(|(file, _)| *file)
        .filter(|file| request.directory.join(file).exists())
        .collect();
    if !there.is_empty() && !request.force {
        return Err(Error::Usage(format!(
            "Cannot initialise project in '{}' because it would overwrite existing files.\nExisting files are:\n  - {}\nRecommended resolution: \
             Initialise the project in an empty directory or remove the existing files.",
            std::path::absolute(&request.directory)
                .unwrap_or_else(|_| request.directory.clone())
                .display(),
            there.join("\n  - ")
        )));
    }
    std::fs::create_dir_all(&request.directory).map_err(Error::write(&request.directory))?;
    let runtime = framework.runtime()?;
    let words = (charm.title.as_str(), runtime.user_prefix.as_str());
    let mut files = Vec::new();
    for (file, template) in TEMPLATE {
        if !there.contains(file) {
            let text = fill(template, request, &name, words, base.generation);
            write_whole(&request.directory.join(file), text.as_bytes())?;
            files.push(*file);
        }
    }
    Ok(Initialised { name, files })
}

fn directory_name(directory: &Path) -> Result<String, Error> {
    let path = std::path::absolute(directory).map_err(Error::read(directory))?;
    let path = path.canonicalize().unwrap_or(path);
    Ok(path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned())
}

/// What charmcraft loads: lowercase letters, digits and single hyphens, from a letter to a letter or digit, at least two.
pub(super) fn loadable_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.ends_with(inner)
        && name.chars().all(|c| inner(c) || c == '-')
        && !name.contains("--")
}

/// The nearest name that will do.
fn suggested_name(name: &str) -> String {
    let name: String = name
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .collect();
    let name = name
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let name = name
        .trim_start_matches(|c: char| !c.is_ascii_lowercase())
        .to_owned();
    if loadable_name(&name) {
        name
    } else {
        "my-app".to_owned()
    }
}

/// Fills the `{holes}` in; a line that begins with a generation is for that generation only.
fn fill(
    template: &str,
    request: &Init,
    name: &str,
    (title, prefix): (&str, &str),
    generation: Generation,
) -> String {
    let links = request
        .author
        .as_deref()
        .map_or_else(String::new, |author| {
            format!(
                "\n# Whom to contact about the charm.\nlinks:\n  contact: {}",
                crate::yaml::to_string(&author).unwrap_or_default()
            )
        });
    let mut text = String::new();
    for line in template.lines() {
        let (only, line) = match (line.strip_prefix("{v1}"), line.strip_prefix("{v2}")) {
            (Some(rest), _) => (Some(Generation::V1), rest),
            (_, Some(rest)) => (Some(Generation::V2), rest),
            _ => (None, line),
        };
        if only.is_some_and(|only| only != generation) {
            continue;
        }
        let line = line
            .replace("{title}", title)
            .replace("{extension}", &request.profile)
            .replace("{variable}", &format!("{prefix}GREETING"))
            .replace("{base}", &request.base)
            .replace("{name}", name);
        if line == "{links}" {
            text.push_str(&links);
        } else {
            text.push_str(&line);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charm_names_are_those_that_charmcraft_loads() {
        for (name, good) in [
            ("my-app", true),
            ("flask-k8s", true),
            ("MyApp", false),
            ("9app", false),
            ("my_app", false),
            ("a", false),
            ("my-app-", false),
            ("my--app", false),
            ("", false),
        ] {
            assert_eq!(loadable_name(name), good, "{name}");
            assert!(loadable_name(&suggested_name(name)), "{name}");
        }
    }
}
