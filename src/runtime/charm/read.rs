//! Reading the charm's files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::framework::framework;
use super::{Charm, DeclaredOption};
use crate::frameworks::runtime::Runtime;
use crate::frameworks::{self, Frameworks, Generation};
use crate::paas_config::{self, PaasConfig, actions};
use crate::runtime::code::Code;
use crate::runtime::endpoint::{self, Role};
use crate::yaml::{self, Mapping, Value};

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
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    pub(super) containers: Mapping,
    #[serde(default)]
    peers: Mapping,
    #[serde(default)]
    provides: Mapping,
    #[serde(default)]
    requires: Mapping,
    #[serde(default)]
    pub(super) resources: Mapping,
}

#[derive(Default, Deserialize)]
pub(super) struct Manifest {
    #[serde(default)]
    bases: Vec<Base>,
    pub(super) charmwright: Option<Stamp>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(default)]
    channel: String,
}

/// What `charmwright pack` leaves in the manifest.
#[derive(Deserialize)]
pub(super) struct Stamp {
    pub(super) framework: Option<String>,
}

impl Manifest {
    fn generation(&self) -> Generation {
        // Channels read as 26.04 or 26.04/stable; anything older than 26 is the first generation.
        let year = |base: &Base| {
            base.channel
                .split('.')
                .next()
                .and_then(|year| year.parse::<u32>().ok())
        };
        match self.bases.iter().filter_map(year).max() {
            Some(26..) => Generation::V2,
            _ => Generation::V1,
        }
    }
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

    /// Puts the charm together from its files' texts, with a framework of `frameworks`.
    ///
    /// # Errors
    /// As [`Charm::load`].
    pub fn put_together(
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
        let mut runtime = found.runtime()?;
        let own_files = own_files(&found, &runtime)?;
        let generation = manifest.generation();
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
        let mut endpoints: Vec<_> = sections
            .into_iter()
            .flat_map(|(section, role)| endpoint::endpoints(section, role))
            .collect();
        endpoint::tell_apart(&mut endpoints);
        let paas_config =
            PaasConfig::parse(paas_config, &framework, runtime.json_logging.is_some());
        let paas_config = paas_config.and_then(|config| {
            let frameworks = runtime.actions.keys().map(String::as_str);
            actions::check(&config.actions, frameworks.chain(["rotate-secret-key"]))?;
            let own = config.actions.iter();
            let own = own.map(|(name, action)| (name.clone(), action.row()));
            runtime.actions.extend(own);
            endpoint::lay_over(&mut endpoints, &config.integrations)?;
            Ok(config)
        });
        Ok(Self {
            name: metadata.name.clone(),
            container: (*container).to_owned(),
            endpoints,
            framework,
            runtime,
            generation,
            options,
            paas_config,
            own_files,
            code: Code::default(),
        })
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

#[cfg(test)]
mod tests {
    use super::super::framework::tests::METADATA;
    use super::*;

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
    fn what_paas_config_says_of_an_endpoint_is_in_its_row() {
        let charm = |paas_config| Charm::parse(METADATA, None, None, Some(paas_config)).unwrap();
        let row = |charm: &Charm, name: &str| {
            let mut endpoints = charm.endpoints.iter();
            endpoints
                .find(|endpoint| endpoint.name == name)
                .and_then(|endpoint| endpoint.row.clone())
        };
        let config = "integrations: {postgresql: {prefix: PG}, x: {prefix: X}}\n";
        let charm_of_both = charm(config);
        assert_eq!(charm_of_both.paas_config.as_ref().err(), None);
        for (name, prefix) in [("postgresql", "PG"), ("x", "X")] {
            let row = row(&charm_of_both, name).unwrap();
            assert_eq!(row.prefix.as_deref(), Some(prefix));
        }
        for (config, message) in [
            (
                "integrations: {y: {}}\n",
                "Invalid paas-config.yaml: integrations.y: the charm has no such endpoint",
            ),
            (
                "integrations: {secret-storage: {}}\n",
                "Invalid paas-config.yaml: integrations.secret-storage: the charm has no such",
            ),
            (
                "integrations: {postgresql: {handler: x}}\n",
                "Invalid paas-config.yaml: integrations.postgresql.handler: there is no such key",
            ),
        ] {
            let error = charm(config).paas_config.unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        assert_eq!(
            row(
                &charm("integrations: {postgresql: {gate: 1}}\n"),
                "postgresql"
            ),
            None
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
}
