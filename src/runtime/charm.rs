//! The charm's own files, as they lie beside `dispatch`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::endpoint::{self, Endpoint, Role};
use crate::frameworks::runtime::{JsonLogging, Runtime};
use crate::frameworks::{self, Frameworks, Generation};
use crate::paas_config::{self, PaasConfig};
use crate::yaml::{self, Mapping, Value};

/// What the charm declares.
#[derive(Clone, Debug)]
pub struct Charm {
    /// The charm's name.
    pub name: String,
    /// The framework's name, such as `fastapi`.
    pub framework: String,
    /// What the charm needs to know of its framework.
    pub runtime: Runtime,
    /// Which of the peer's generations the base asks for.
    pub generation: Generation,
    /// The workload container.
    pub container: String,
    /// Endpoints in the order of `metadata.yaml`, peers first.
    pub endpoints: Vec<Endpoint>,
    /// Options in the order of `config.yaml`.
    pub options: Vec<DeclaredOption>,
    /// `paas-config.yaml`, or why it cannot be used.
    pub paas_config: Result<PaasConfig, String>,
    /// What is in the folder of a framework of the project's own.
    own_files: BTreeMap<String, String>,
}

/// An option of `config.yaml`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeclaredOption {
    /// Its name.
    pub name: String,
    /// `string`, `int`, `float`, `boolean` or `secret`.
    pub kind: String,
    /// `optional: false`: it must be set.
    pub required: bool,
}

/// A file of the charm that cannot be used: the charm must be packed again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there or cannot be read.
    #[error("cannot read `{file}` of the charm: {source}; pack the charm again")]
    Unreadable {
        /// The file's name.
        file: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it must be.
    #[error("cannot use `{file}` of the charm: {reason}; pack the charm again")]
    Unusable {
        /// The file's name.
        file: &'static str,
        /// Why.
        reason: String,
    },
    /// The file of a framework of the project's own is broken.
    #[error("cannot use the charm's {0}; pack the charm again")]
    Framework(#[from] frameworks::Error),
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    containers: Mapping,
    #[serde(default)]
    peers: Mapping,
    #[serde(default)]
    provides: Mapping,
    #[serde(default)]
    requires: Mapping,
    #[serde(default)]
    resources: Mapping,
}

#[derive(Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    bases: Vec<Base>,
    charmwright: Option<Stamp>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(default)]
    channel: String,
}

/// What `charmwright pack` leaves in the manifest.
#[derive(Deserialize)]
struct Stamp {
    framework: Option<String>,
}

impl Charm {
    /// Reads the charm in `directory`.
    ///
    /// # Errors
    /// `metadata.yaml` is missing, a file is malformed, or the framework cannot be told.
    pub fn load(directory: &Path) -> Result<Self, Error> {
        let read = |file: &'static str| match std::fs::read_to_string(directory.join(file)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Unreadable { file, source }),
        };
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let metadata = read("metadata.yaml")?.ok_or(Error::Unreadable {
            file: "metadata.yaml",
            source: missing,
        })?;
        Self::put_together(
            &Frameworks::in_directory(directory),
            &metadata,
            read("config.yaml")?.as_deref(),
            read("manifest.yaml")?.as_deref(),
            read(paas_config::FILE)?.as_deref(),
        )
    }

    /// Puts the charm together from its files' texts; its framework is one of the executable's.
    ///
    /// # Errors
    /// As [`Charm::load`].
    pub fn parse(
        metadata: &str,
        config: Option<&str>,
        manifest: Option<&str>,
        paas_config: Option<&str>,
    ) -> Result<Self, Error> {
        let frameworks = Frameworks::shipped();
        Self::put_together(&frameworks, metadata, config, manifest, paas_config)
    }

    fn put_together(
        frameworks: &Frameworks,
        metadata: &str,
        config: Option<&str>,
        manifest: Option<&str>,
        paas_config: Option<&str>,
    ) -> Result<Self, Error> {
        let metadata: Metadata = parse("metadata.yaml", metadata)?;
        let manifest: Manifest =
            manifest.map_or(Ok(Manifest::default()), |text| parse("manifest.yaml", text))?;
        let options = declared_options(config)?;
        let framework = framework(frameworks, &metadata, &manifest, &options).ok_or_else(|| Error::Unusable {
            file: "manifest.yaml",
            reason: "it does not say which framework the charm is for (`charmwright: {framework: NAME}`)".into(),
        })?;
        let found = frameworks.find(&framework)?.ok_or_else(|| Error::Unusable {
            file: "manifest.yaml",
            reason: format!(
                "its framework `{framework}` is none that this executable knows, and there is no `metadata/frameworks/{framework}.yaml`"
            ),
        })?;
        let runtime = found.runtime()?;
        let own_files = own_files(&found, &runtime)?;
        // Channels read as 26.04 or 26.04/stable; anything older than 26 is the first generation.
        let year = |base: &Base| {
            base.channel
                .split('.')
                .next()
                .and_then(|year| year.parse::<u32>().ok())
        };
        let generation = match manifest.bases.iter().filter_map(year).max() {
            Some(26..) => Generation::V2,
            _ => Generation::V1,
        };
        let containers: Vec<&str> = metadata
            .containers
            .keys()
            .filter_map(Value::as_str)
            .collect();
        let own = format!("{framework}-app");
        let container = containers
            .iter()
            .find(|name| **name == own || **name == "app")
            .or(containers.first());
        let Some(container) = container else {
            return Err(Error::Unusable {
                file: "metadata.yaml",
                reason: "it declares no container".into(),
            });
        };
        let sections = [
            (&metadata.peers, Role::Peer),
            (&metadata.requires, Role::Requires),
            (&metadata.provides, Role::Provides),
        ];
        let paas_config =
            PaasConfig::parse(paas_config, &framework, runtime.json_logging.is_some());
        Ok(Self {
            name: metadata.name.clone(),
            container: (*container).to_owned(),
            endpoints: sections
                .into_iter()
                .flat_map(|(section, role)| endpoint::endpoints(section, role))
                .collect(),
            framework,
            runtime,
            generation,
            options,
            paas_config,
            own_files,
        })
    }

    /// The peer relation that holds the secret key: `secret-storage`, or `peers` in the second generation.
    #[must_use]
    pub fn peer_endpoint(&self) -> Option<&Endpoint> {
        let peers = || {
            self.endpoints
                .iter()
                .filter(|endpoint| endpoint.role == Role::Peer)
        };
        peers()
            .find(|endpoint| endpoint.name == "secret-storage")
            .or_else(|| peers().next())
    }

    /// An option's declaration.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&DeclaredOption> {
        self.options.iter().find(|option| option.name == name)
    }

    /// What JSON logs need, where the project asks for them and the framework has them.
    #[must_use]
    pub fn json_logging(&self) -> Option<&JsonLogging> {
        let asked = self
            .paas_config
            .as_ref()
            .is_ok_and(PaasConfig::json_logging);
        self.runtime.json_logging.as_ref().filter(|_| asked)
    }

    /// The text of a file that the framework's table names.
    #[must_use]
    pub fn framework_file(&self, name: &str) -> Option<&str> {
        let own = self.own_files.get(name).map(String::as_str);
        own.or_else(|| frameworks::shipped_file(&self.framework, name))
    }
}

/// The files that the table of a project's own framework names.
fn own_files(
    framework: &frameworks::Framework,
    runtime: &Runtime,
) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    let names = runtime
        .json_logging
        .iter()
        .flat_map(|logging| &logging.files);
    for name in names.filter(|_| framework.own().is_some()) {
        if let Some(text) = framework.file(name)? {
            files.insert(name.clone(), text.into_owned());
        }
    }
    Ok(files)
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, Error> {
    yaml::from_str(text).map_err(|error| {
        let place = error
            .position
            .map(|(line, column)| format!("line {line}, column {column}: "))
            .unwrap_or_default();
        Error::Unusable {
            file,
            reason: format!("{place}{}", error.message),
        }
    })
}

fn declared_options(config: Option<&str>) -> Result<Vec<DeclaredOption>, Error> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        options: Mapping,
    }
    let Some(text) = config else {
        return Ok(Vec::new());
    };
    let config: Config = parse("config.yaml", text)?;
    let option = |(name, body): (&Value, &Value)| {
        Some(DeclaredOption {
            name: name.as_str()?.to_owned(),
            kind: body
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("string")
                .to_owned(),
            required: body.get("optional").and_then(Value::as_bool) == Some(false),
        })
    };
    Ok(config.options.iter().filter_map(option).collect())
}

/// `charmwright pack` writes the framework into the manifest. Charms packed by other tools show it in what the
/// extension put there: the container's name, the resource's description, or options that only it has.
fn framework(
    frameworks: &Frameworks,
    metadata: &Metadata,
    manifest: &Manifest,
    options: &[DeclaredOption],
) -> Option<String> {
    if let Some(name) = manifest
        .charmwright
        .as_ref()
        .and_then(|stamp| stamp.framework.clone())
    {
        return Some(name);
    }
    let described = metadata
        .resources
        .values()
        .filter_map(|resource| resource.get("description")?.as_str());
    let described: Vec<&str> = described
        .filter_map(|text| text.strip_suffix(" application image."))
        .collect();
    let named = |framework: &String| {
        let container = Value::String(format!("{framework}-app"));
        metadata.containers.contains_key(&container) || described.contains(&framework.as_str())
    };
    if let Some(name) = frameworks.names().into_iter().find(named) {
        return Some(name);
    }
    told_by_an_option(frameworks, options)
}

/// The framework of the first option that one framework alone has.
fn told_by_an_option(frameworks: &Frameworks, options: &[DeclaredOption]) -> Option<String> {
    let sections = frameworks.names().into_iter().filter_map(|name| {
        let section = frameworks.find(&name).ok()??.charm().ok()?;
        Some((name, section))
    });
    let sections: Vec<_> = sections.collect();
    options.iter().find_map(|option| {
        let mut having = sections
            .iter()
            .filter(|(_, section)| section.has_option(&option.name));
        let (name, _) = having.next()?;
        having.next().is_none().then(|| name.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "name: web\ncontainers: {app: {resource: app-image}}\n\
        peers: {secret-storage: {interface: secret-storage}}\n\
        requires: {postgresql: {interface: postgresql_client, optional: false}, x: y}\n\
        resources: {app-image: {type: oci-image, description: fastapi application image.}}\n";

    #[test]
    fn the_framework_is_told_by_manifest_then_by_what_the_extension_wrote() {
        let stamped = "bases: []\ncharmwright: {framework: fastapi}\n";
        let bare = METADATA.replace("fastapi application image.", "mine");
        let option = "options: {webserver-log-level: {type: string}}\n";
        for (metadata, config, manifest) in [
            (&*bare, None, Some(stamped)),
            (METADATA, None, None),
            (&*bare, Some(option), None),
        ] {
            let charm = Charm::parse(metadata, config, manifest, None).unwrap();
            assert_eq!(charm.framework, "fastapi");
        }
        let error = Charm::parse(&bare, None, None, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("manifest.yaml") && error.contains("framework"),
            "{error}"
        );
    }

    #[test]
    fn the_generation_follows_from_the_base() {
        for (channel, generation) in [
            ("22.04", Generation::V1),
            ("24.04/stable", Generation::V1),
            ("26.04", Generation::V2),
        ] {
            let manifest = format!("bases: [{{name: ubuntu, channel: '{channel}'}}]\n");
            let charm = Charm::parse(METADATA, None, Some(&manifest), None).unwrap();
            assert_eq!(charm.generation, generation, "{channel}");
        }
    }

    #[test]
    fn endpoints_keep_their_order_and_short_form() {
        let charm = Charm::parse(METADATA, None, None, None).unwrap();
        let names: Vec<(&str, &str)> = charm
            .endpoints
            .iter()
            .map(|endpoint| (endpoint.name.as_str(), endpoint.interface.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("secret-storage", "secret-storage"),
                ("postgresql", "postgresql_client"),
                ("x", "y")
            ]
        );
    }

    #[test]
    fn a_malformed_file_is_named_with_its_line() {
        let error = Charm::parse("name: [", None, None, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`metadata.yaml`") && error.contains("line"),
            "{error}"
        );
    }

    /// A charm's directory with a framework of its project's own.
    fn with_own(runtime: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("metadata/frameworks/rails");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("log.conf"), "level: info\n").unwrap();
        std::fs::write(folder.with_extension("yaml"), runtime).unwrap();
        let metadata = METADATA.replace("fastapi", "rails");
        std::fs::write(directory.path().join("metadata.yaml"), metadata).unwrap();
        directory
    }

    const RAILS: &str = "charm: [broken\nrock: ]\nruntime:\n  service: rails\n  app-directory: /rails\n  state-directory: /tmp/rails\n  \
        user: _daemon_\n  group: _daemon_\n  user-prefix: APP_\n  secret-key: {bag-key: k, options: [app-secret-key]}\n  \
        port: {default: 3000}\n  options: {}\n  json-logging: {directory: /tmp/l, files: [log.conf]}\n";

    #[test]
    fn a_projects_own_framework_is_read_from_the_charm_its_runtime_section_alone() {
        let directory = with_own(RAILS);
        for manifest in ["charmwright: {framework: rails}\n", "bases: []\n"] {
            std::fs::write(directory.path().join("manifest.yaml"), manifest).unwrap();
            let charm = Charm::load(directory.path()).unwrap();
            assert_eq!(charm.framework, "rails");
            assert_eq!(charm.runtime.app_directory, "/rails");
            assert_eq!(charm.framework_file("log.conf"), Some("level: info\n"));
            assert_eq!(charm.framework_file("other"), None);
        }
    }

    #[test]
    fn an_own_framework_that_is_broken_or_missing_is_one_clear_line() {
        let manifest = "charmwright: {framework: rails}\n";
        let broken = with_own(
            &RAILS
                .replace("charm: [broken\nrock: ]\n", "")
                .replace("3000", "x"),
        );
        std::fs::write(broken.path().join("manifest.yaml"), manifest).unwrap();
        let error = Charm::load(broken.path()).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot use the charm's metadata/frameworks/rails.yaml:9:10: `runtime.port.default` is the text \"x\"; it must be a whole number from 0 to 65535"
            ),
            "{error}"
        );
        std::fs::remove_file(broken.path().join("metadata/frameworks/rails.yaml")).unwrap();
        let error = Charm::load(broken.path()).unwrap_err().to_string();
        assert!(
            error.contains("there is no `metadata/frameworks/rails.yaml`"),
            "{error}"
        );
    }
}
