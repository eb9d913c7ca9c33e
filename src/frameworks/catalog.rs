//! Where frameworks come from: the executable, and a project's own `metadata/frameworks/`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::charm::Charm;
use super::rock::Rock;
use super::runtime::Runtime;
use super::{EXTENSION_SUFFIX, Error, check, section, shipped};
use crate::yaml;

/// Where a project's own frameworks are, below its directory.
const DIRECTORY: &str = "metadata/frameworks";

/// The frameworks that a project can use. Nothing is read before it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Frameworks {
    /// Directories of own files and how to call them, the first first.
    own: Vec<(PathBuf, String)>,
}

/// A framework: its file, of which each section is read alone.
#[derive(Clone, Debug)]
pub struct Framework {
    /// Its name: `fastapi`.
    pub name: String,
    text: Cow<'static, str>,
    /// What to call the file in messages.
    file: String,
    own: Option<Own>,
}

/// Where a project's own framework is on disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Own {
    /// `NAME.yaml`.
    pub file: PathBuf,
    /// The folder with the files that it names; perhaps not there.
    pub folder: PathBuf,
}

impl Frameworks {
    /// Those of the executable alone.
    #[must_use]
    pub fn shipped() -> Self {
        Self::default()
    }

    /// Also those in `metadata/frameworks/` of the directory: a rock's project, or a packed charm.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            own: vec![(directory.join(DIRECTORY), DIRECTORY.to_owned())],
        }
    }

    /// Also those of a charm's project, and then those of the app's directory above it: the directory is called `charm`, or
    /// there is a `rockcraft.yaml` above it. One file serves the charm and the rock then.
    #[must_use]
    pub fn of_charm_project(directory: &Path) -> Self {
        let mut frameworks = Self::in_directory(directory);
        let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        let absolute = absolute.canonicalize().unwrap_or(absolute);
        if let Some(above) = absolute.parent()
            && (absolute.ends_with("charm") || above.join("rockcraft.yaml").is_file())
        {
            let shown = format!("../{DIRECTORY}");
            frameworks.own.push((above.join(DIRECTORY), shown));
        }
        frameworks
    }

    /// The framework of a name; `None` when there is none.
    ///
    /// # Errors
    /// An own file has the name of a framework of the executable, or cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Framework>, Error> {
        if !is_name(name) {
            return Ok(None);
        }
        let file = format!("{name}.yaml");
        let own = self
            .own
            .iter()
            .map(|(directory, shown)| (directory.join(&file), format!("{shown}/{file}")))
            .find(|(path, _)| path.exists());
        match (shipped::text(name), own) {
            (Some(text), None) => Ok(Some(Framework {
                name: name.to_owned(),
                text: text.into(),
                file: format!("{DIRECTORY}/{file}"),
                own: None,
            })),
            (Some(_), Some((_, shown))) => Err(Error::new(
                &shown,
                format!(
                    "Charmwright has a framework `{name}` of its own, which no file replaces; give yours another name"
                ),
            )),
            (None, Some((path, shown))) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| Error::new(&shown, format!("cannot be read: {error}")))?;
                let folder = path.with_extension("");
                Ok(Some(Framework {
                    name: name.to_owned(),
                    text: text.into(),
                    file: shown,
                    own: Some(Own { file: path, folder }),
                }))
            }
            (None, None) => Ok(None),
        }
    }

    /// The framework of an extension, such as `fastapi` of `fastapi-framework`.
    ///
    /// # Errors
    /// As [`Frameworks::find`].
    pub fn of_extension(&self, extension: &str) -> Result<Option<Framework>, Error> {
        match extension.strip_suffix(EXTENSION_SUFFIX) {
            Some(name) => self.find(name),
            None => Ok(None),
        }
    }

    /// The names of all, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = shipped::names().map(str::to_owned).collect();
        names.extend(self.own_names());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names of the project's own, in no order.
    pub fn own_names(&self) -> impl Iterator<Item = String> {
        let entries = self
            .own
            .iter()
            .filter_map(|(directory, _)| std::fs::read_dir(directory).ok());
        entries.flatten().filter_map(|entry| {
            let file = entry.ok()?.file_name().into_string().ok()?;
            let name = file.strip_suffix(".yaml")?;
            is_name(name).then(|| name.to_owned())
        })
    }

    /// The names of all extensions, sorted.
    #[must_use]
    pub fn extensions(&self) -> Vec<String> {
        let names = self.names();
        names.iter().map(|name| extension(name)).collect()
    }
}

impl Framework {
    /// Its extension's name: `fastapi-framework`.
    #[must_use]
    pub fn extension(&self) -> String {
        extension(&self.name)
    }

    /// Where it is on disk, when it is the project's own.
    #[must_use]
    pub fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    /// The file's name for people: `metadata/frameworks/fastapi.yaml`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file
    }

    /// What its extension adds to `charmcraft.yaml`.
    ///
    /// # Errors
    /// The section is missing or not sound.
    pub fn charm(&self) -> Result<Charm, Error> {
        self.section("charm")
    }

    /// What its extension adds to `rockcraft.yaml`.
    ///
    /// # Errors
    /// The section is missing or not sound.
    pub fn rock(&self) -> Result<Rock, Error> {
        let rock: Rock = self.section("rock")?;
        Ok(Rock {
            name: self.name.clone(),
            ..rock
        })
    }

    /// What the running charm needs to know.
    ///
    /// # Errors
    /// The section is missing or not sound.
    pub fn runtime(&self) -> Result<Runtime, Error> {
        self.section("runtime")
    }

    /// Everything that is wrong with a project's own file; nothing of those in the executable, which tests hold true.
    #[must_use]
    pub fn problems(&self) -> Vec<Error> {
        match self.own {
            Some(_) => check::problems(self, &self.file, &self.text),
            None => Vec::new(),
        }
    }

    /// A file in the framework's folder; `None` when it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Cow<'static, str>>, Error> {
        let Some(own) = &self.own else {
            return Ok(shipped::shipped_file(&self.name, name).map(Cow::Borrowed));
        };
        match std::fs::read_to_string(own.folder.join(name)) {
            Ok(text) => Ok(Some(text.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let folder = self.file.trim_end_matches(".yaml");
                let file = format!("{folder}/{name}");
                Err(Error::new(&file, format!("cannot be read: {error}")))
            }
        }
    }

    fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let missing = || {
            let message = format!("there is no section `{name}:` at the beginning of a line");
            Error::new(&self.file, message)
        };
        let (text, _) = section::cut(&self.text, name).ok_or_else(missing)?;
        yaml::from_str::<BTreeMap<String, T>>(text)
            .map_err(|error| Error::reading(&self.file, &self.text, &error))?
            .remove(name)
            .ok_or_else(missing)
    }
}

fn extension(name: &str) -> String {
    format!("{name}{EXTENSION_SUFFIX}")
}

/// Lower-case letters, digits and single hyphens, from a letter on: nothing that leads out of a directory.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split('-').all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory in which the named frameworks have files of the text.
    fn project(names: &[&str], text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join(DIRECTORY);
        std::fs::create_dir_all(&own).unwrap();
        for name in names {
            std::fs::write(own.join(format!("{name}.yaml")), text).unwrap();
        }
        directory
    }

    #[test]
    fn every_shipped_framework_has_sound_sections() {
        let frameworks = Frameworks::shipped();
        for name in shipped::names() {
            let framework = frameworks.find(name).unwrap().unwrap();
            framework.charm().unwrap();
            assert_eq!(framework.rock().unwrap().name, name);
            assert!(framework.file("rockcraft.yaml").unwrap().is_some());
        }
    }

    #[test]
    fn an_extension_is_known_by_its_full_name_only() {
        let frameworks = Frameworks::shipped();
        let name = |extension: &str| {
            let framework = frameworks.of_extension(extension).unwrap();
            framework.map(|framework| framework.name)
        };
        assert_eq!(name("fastapi-framework").as_deref(), Some("fastapi"));
        for other in [
            "fastapi",
            "rails-framework",
            "-framework",
            "../x-framework",
            "",
        ] {
            assert_eq!(name(other), None, "{other}");
        }
    }

    #[test]
    fn a_project_has_its_own_beside_the_shipped_ones() {
        let project = project(&["rails", "Not", "a_name"], "charm: {}\n");
        let frameworks = Frameworks::in_directory(project.path());
        assert_eq!(frameworks.names().len(), 7);
        assert!(frameworks.extensions().contains(&"rails-framework".into()));
        let rails = frameworks.of_extension("rails-framework").unwrap().unwrap();
        assert_eq!(
            rails.own().unwrap().folder,
            project.path().join("metadata/frameworks/rails")
        );
        assert_eq!(rails.file("x").unwrap(), None);
        assert!(frameworks.find("fastapi").unwrap().is_some());
    }

    #[test]
    fn an_own_file_never_replaces_a_shipped_framework() {
        let project = project(&["flask"], "charm: {}\n");
        let error = Frameworks::in_directory(project.path())
            .find("flask")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "metadata/frameworks/flask.yaml: Charmwright has a framework `flask` of its own, which no file replaces; give \
             yours another name"
        );
    }

    #[test]
    fn a_charm_finds_the_frameworks_of_the_app_above_it_after_its_own() {
        let app = project(&["rails", "sinatra"], "charm: {title: app}\n");
        let charm = app.path().join("charm");
        let own = charm.join(DIRECTORY);
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("rails.yaml"), "charm: {title: charm}\n").unwrap();
        let frameworks = Frameworks::of_charm_project(&charm);
        assert_eq!(
            frameworks.find("rails").unwrap().unwrap().file,
            "metadata/frameworks/rails.yaml"
        );
        assert_eq!(
            frameworks.find("sinatra").unwrap().unwrap().file,
            "../metadata/frameworks/sinatra.yaml"
        );

        let other = app.path().join("other");
        std::fs::create_dir(&other).unwrap();
        assert!(
            Frameworks::of_charm_project(&other)
                .find("rails")
                .unwrap()
                .is_none()
        );
        std::fs::write(app.path().join("rockcraft.yaml"), "").unwrap();
        assert!(
            Frameworks::of_charm_project(&other)
                .find("rails")
                .unwrap()
                .is_some()
        );
    }
}
