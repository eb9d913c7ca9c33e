//! The section `rock`: what the framework's extension adds to `rockcraft.yaml`, and what it wants of the app.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::yaml::{self, Mapping};

/// The parts that every framework has.
const COMMON: &str = include_str!("../../metadata/rock.yaml");

/// What the extension of one framework does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rock {
    /// Its name; filled in from the file's.
    #[serde(skip)]
    pub name: String,
    /// The name as its makers write it.
    pub title: String,
    /// Values of `base`.
    pub bases: Vec<String>,
    /// Values of `build-base` when `base` is `bare`.
    #[serde(default)]
    pub build_bases: Vec<String>,
    /// The version of Python of each build base, `{python}` in parts.
    #[serde(default)]
    pub python: BTreeMap<String, String>,
    /// Bases that need the switch; `all` means every one.
    #[serde(default)]
    pub experimental: Vec<String>,
    /// What must be so in the app's directory.
    #[serde(default)]
    pub checks: Checks,
    /// How the app's object is found, if the framework has one.
    pub entry_point: Option<EntryPoint>,
    /// The app's service.
    pub service: String,
    /// Its command; `{entry}`, `{name}` and `{worker-class}` (gunicorn's) are replaced.
    pub command: String,
    /// All services.
    pub services: Mapping,
    /// How the app's files get into the image.
    pub install: Option<Install>,
    /// Parts, without the extension's name.
    #[serde(default)]
    pub parts: Parts,
    /// How the local model lays it out.
    pub local: Option<Local>,
}

/// Checks of the app's directory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checks {
    /// Whether all problems are told, as a list.
    #[serde(default)]
    pub listed: bool,
    /// Files that must be there, and the text when one is not.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Python requirements.
    pub requirements: Option<Requirements>,
    /// A Node.js package's file, which must name the package and how it starts.
    pub package_json: Option<String>,
    /// Whether there must be one of Maven's and Gradle's build files, and at most one's wrapper.
    #[serde(default)]
    pub java_build: bool,
}

/// Which Python packages the app must require.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirements {
    /// The first of these that is there is read.
    pub files: Vec<String>,
    /// One of these must be required; none: not looked at.
    #[serde(default)]
    pub any_of: Vec<String>,
    /// The text when no file is there.
    pub missing_file: String,
    /// The text when none is required.
    #[serde(default)]
    pub missing_package: String,
}

/// Where the app's object may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EntryPoint {
    /// The module path starts below this directory; `{package}` is the project's name as a Python package's.
    #[serde(default)]
    pub root: String,
    /// Files in the order of the search.
    pub files: Vec<String>,
    /// Variables that count.
    pub variables: Vec<String>,
    /// Functions that make the app, looked for when no variable is found, one after the other.
    #[serde(default)]
    pub factories: Vec<String>,
    /// The text when nothing is found; `{project}` (the directory) and `{package}` are replaced.
    pub missing: String,
    /// The text for a file that is not Python; `{message}`, `{file}`, `{line}`.
    pub syntax_error: String,
}

/// How the app's files get into the image.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Install {
    /// The directory in the image, without the leading `/`.
    pub directory: String,
    /// The part, without the extension's name.
    pub part: String,
    /// The list in which the user names files: `prime` or `stage`.
    pub list: String,
    /// What its entries begin with.
    pub prefix: String,
    /// The text when one does not.
    pub refusal: String,
    /// What is taken, where it is there, without a list.
    #[serde(default)]
    pub defaults: Vec<String>,
    /// Whether the entry point's first path element is taken too.
    #[serde(default)]
    pub entry_point: bool,
    /// Whether the expanded part names the list even if the user gave none.
    #[serde(default)]
    pub show_list: bool,
    /// Whether the part only exists when there is something to take.
    #[serde(default)]
    pub optional: bool,
}

/// Parts by what they depend on. In their texts `{name}`, `{package}` and `{python}` are replaced.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parts {
    /// On every base.
    #[serde(default)]
    pub any: Mapping,
    /// More on `bare`.
    #[serde(default)]
    pub bare: Mapping,
    /// More on an Ubuntu base.
    #[serde(default)]
    pub ubuntu: Mapping,
    /// More when the project has the file.
    #[serde(default)]
    pub files: BTreeMap<String, Mapping>,
    /// Parts of which only these keys are added to a part that the user declares.
    #[serde(default)]
    pub yielding: BTreeMap<String, Vec<String>>,
    /// A part that installs the service's program. Its `organize` yields to the user's command, or to a program that
    /// the user organizes to the same place, and its `stage` lists all that is organized.
    pub follows_command: Option<String>,
}

/// How the local model's layout differs from the rock's, where that cannot be had from the parts. In the texts `{name}`,
/// `{package}` and `{npm-package}` are replaced.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Local {
    /// Parts of the extension, without its name, that are not built: `files` and `programs` stand for them.
    #[serde(default)]
    pub instead_of: Vec<String>,
    /// Directories that `_daemon_` owns.
    #[serde(default)]
    pub directories: Vec<String>,
    /// Files that `_daemon_` owns, and what is in them.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Symbolic links, and where they go.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Programs of the machine under the rock's names.
    #[serde(default)]
    pub programs: BTreeMap<String, LocalProgram>,
    /// Programs of the machine that the app cannot do without, by name, and how one installs them.
    #[serde(default)]
    pub needs: BTreeMap<String, String>,
}

/// A program that the machine may have.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocalProgram {
    /// Its names on machines; the first that is there is taken.
    pub names: Vec<String>,
    /// What there is not without it, as in `there are no metrics of gunicorn`.
    pub without: String,
    /// How one installs it.
    pub install: String,
}

impl Rock {
    /// The parts of every framework.
    #[must_use]
    pub fn common_parts() -> Parts {
        yaml::from_str(COMMON).unwrap_or_default()
    }

    /// The extension's name: `fastapi-framework`.
    #[must_use]
    pub fn extension(&self) -> String {
        format!("{}-framework", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_parts_are_sound() {
        let common: Result<Parts, _> = yaml::from_str(COMMON);
        assert!(common.is_ok(), "{common:?}");
    }
}
