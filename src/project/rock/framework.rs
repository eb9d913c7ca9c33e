//! The section `rock` of `metadata/frameworks/*.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Error;
use crate::yaml::{self, Mapping};

/// Every framework: its extension, its data, and the end of its `rockcraft.yaml`.
const FILES: &[(&str, &str, &str)] = &[(
    "fastapi-framework",
    include_str!("../../../metadata/frameworks/fastapi.yaml"),
    include_str!("template/fastapi.yaml"),
)];

/// How every `rockcraft.yaml` begins.
const TEMPLATE: &str = include_str!("template/rockcraft.yaml");

/// What the extension of one framework does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Framework {
    /// Its name; filled in from the file's.
    #[serde(skip)]
    pub name: String,
    /// The name as its makers write it.
    pub title: String,
    /// Values of `base`.
    pub bases: Vec<String>,
    /// Values of `build-base` when `base` is `bare`.
    pub build_bases: Vec<String>,
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
    /// Its command; `{entry}`, `{name}` and `{worker-class}` are replaced.
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
pub(super) struct Checks {
    /// Whether all problems are told, as a list.
    #[serde(default)]
    pub listed: bool,
    /// Files that must be there, and the text when one is not.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Python requirements.
    pub requirements: Option<Requirements>,
}

/// Which Python packages the app must require.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Requirements {
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
pub(super) struct EntryPoint {
    /// The module path starts below this directory; `{name}` is the project's package name.
    #[serde(default)]
    pub root: String,
    /// Files in the order of the search.
    pub files: Vec<String>,
    /// Variables that count.
    pub variables: Vec<String>,
    /// Functions that make the app, looked for when no variable is found, one after the other.
    #[serde(default)]
    pub factories: Vec<String>,
    /// The text when nothing is found; `{project}` and `{name}` are replaced.
    pub missing: String,
    /// The text for a file that is not Python; `{message}`, `{file}`, `{line}`.
    pub syntax_error: String,
}

/// How the app's files get into the image.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Install {
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

/// Parts by kind of base.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// On every base.
    #[serde(default)]
    pub any: Mapping,
    /// More on `bare`.
    #[serde(default)]
    pub bare: Mapping,
    /// More on an Ubuntu base.
    #[serde(default)]
    pub ubuntu: Mapping,
}

/// What the local model needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    /// The app's Python environment, if it has one.
    pub python: Option<LocalPython>,
}

/// A Python environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LocalPython {
    /// The requirements file.
    pub requirements: String,
    /// Packages beside it.
    pub packages: Vec<String>,
}

impl Framework {
    /// The extension's name.
    pub fn extension(&self) -> String {
        format!("{}-framework", self.name)
    }

    /// A new `rockcraft.yaml`.
    pub fn template(&self, rock: &str) -> String {
        let end = FILES
            .iter()
            .find(|(name, _, _)| *name == self.extension())
            .map_or("", |(_, _, end)| end);
        let begin = TEMPLATE
            .replace("{name}", rock)
            .replace("{title}", &self.title)
            .replace("{profile}", &self.extension());
        begin + end
    }
}

#[derive(Deserialize)]
struct File {
    rock: Option<Framework>,
}

/// The framework of an extension such as `fastapi-framework`; `None` for one that is not known.
pub(super) fn of_extension(extension: &str) -> Result<Option<Framework>, Error> {
    let Some((_, text, _)) = FILES.iter().find(|(known, _, _)| *known == extension) else {
        return Ok(None);
    };
    let name = extension.strip_suffix("-framework").unwrap_or(extension);
    let file: File =
        yaml::from_str(text).map_err(|error| Error::Data(format!("`{name}`: {error}")))?;
    Ok(file.rock.map(|rock| Framework {
        name: name.to_owned(),
        ..rock
    }))
}

/// The extensions that there are, which are the profiles of `rock init` too.
#[must_use]
pub fn extensions() -> Vec<&'static str> {
    FILES.iter().map(|(name, _, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framework_file_is_valid() {
        for extension in extensions() {
            assert!(of_extension(extension).unwrap().is_some(), "{extension}");
        }
    }
}
