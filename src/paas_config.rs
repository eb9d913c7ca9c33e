//! `paas-config.yaml` (contract: runtime, section 13), for the charm that takes it and for `pack` that warns of what the
//! charm would not take. What is wrong with it is text for a status (decision 12).

pub mod actions;
pub mod integrations;

use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::frameworks::{self, runtime::Runtime};
use crate::yaml;
use actions::CustomActions;
use integrations::Integrations;

/// Its name.
pub const FILE: &str = "paas-config.yaml";

/// The keys, whatever the generation.
pub const KEYS: &[&str] = &[
    "actions",
    "framework_logging_format",
    "integrations",
    "metrics-path",
    "metrics-port",
    "metrics_path",
    "metrics_port",
    "migration-timeout",
    "port",
    "prometheus",
];

/// What a port may be.
pub const PORTS: RangeInclusive<u16> = 1..=u16::MAX;

/// After how many seconds a migration may be ended.
const MIGRATION_TIMEOUTS: RangeInclusive<u32> = 1..=86_400;

/// The file's content.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PaasConfig {
    /// Actions of the project's own.
    #[serde(default)]
    pub actions: CustomActions,
    /// The app's port; stands above the option of the same meaning.
    #[serde(default)]
    pub port: Option<u16>,
    /// The port that Prometheus scrapes.
    #[serde(default, alias = "metrics_port")]
    pub metrics_port: Option<u16>,
    /// The path that Prometheus scrapes.
    #[serde(default, alias = "metrics_path")]
    pub metrics_path: Option<String>,
    /// `json` or `none`.
    #[serde(default, rename = "framework_logging_format")]
    framework_logging_format: Option<String>,
    /// After how many seconds a migration is ended; 1 to 86400.
    #[serde(default)]
    pub migration_timeout: Option<u32>,
    /// More for Prometheus.
    #[serde(default)]
    pub prometheus: Option<Prometheus>,
    /// What the user says of endpoints.
    #[serde(default)]
    pub integrations: Integrations,
}

/// More for Prometheus.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Prometheus {
    /// More jobs.
    #[serde(default)]
    pub scrape_configs: Vec<ScrapeConfig>,
}

/// A job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ScrapeConfig {
    /// Its name; unique.
    pub job_name: String,
    /// Its path.
    #[serde(default = "default_metrics_path")]
    pub metrics_path: String,
    /// Its targets.
    pub static_configs: Vec<StaticConfig>,
}

/// Targets with labels.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StaticConfig {
    /// `*:PORT`, `HOST:PORT` or `@scheduler:PORT`.
    pub targets: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub labels: Option<std::collections::BTreeMap<String, String>>,
}

fn default_metrics_path() -> String {
    "/metrics".into()
}

impl PaasConfig {
    /// Whether the app's log is to be JSON.
    #[must_use]
    pub fn json_logging(&self) -> bool {
        self.framework_logging_format.as_deref() == Some("json")
    }

    /// Reads the file's text; no file and an empty file are the defaults.
    ///
    /// # Errors
    /// A text for a blocked status: file, key and reason.
    pub fn parse(
        text: Option<&str>,
        framework: &str,
        has_json_logging: bool,
    ) -> Result<Self, String> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let config = match yaml::from_str::<Option<Self>>(text) {
            Ok(config) => config.unwrap_or_default(),
            Err(error) => {
                let place = error
                    .position
                    .map(|(line, column)| format!(" (line {line}, column {column})"));
                let place = place.unwrap_or_default();
                let not_yaml = yaml::from_str::<yaml::Value>(text).is_err();
                let kind = if not_yaml {
                    "Invalid YAML in paas-config.yaml"
                } else {
                    "Invalid paas-config.yaml"
                };
                return Err(format!("{kind}: {}{place}", error.message));
            }
        };
        config.check(framework, has_json_logging)?;
        Ok(config)
    }

    fn check(&self, framework: &str, has_json_logging: bool) -> Result<(), String> {
        let invalid =
            |key: &str, reason: String| Err(format!("Invalid paas-config.yaml: {key}: {reason}"));
        for (key, port) in [("port", self.port), ("metrics-port", self.metrics_port)] {
            if let Some(port) = port.filter(|port| !PORTS.contains(port)) {
                return invalid(key, format!("must be {}, got {port}", between(&PORTS)));
            }
        }
        if let Some(path) = &self.metrics_path
            && (!path.starts_with('/') || path == "/")
        {
            return invalid(
                "metrics-path",
                format!("must be an absolute path other than `/`, got `{path}`"),
            );
        }
        if self
            .migration_timeout
            .is_some_and(|seconds| !MIGRATION_TIMEOUTS.contains(&seconds))
        {
            return invalid(
                "migration-timeout",
                format!("must be {} seconds", between(&MIGRATION_TIMEOUTS)),
            );
        }
        match self.framework_logging_format.as_deref() {
            None | Some("none") => {}
            Some("json") if has_json_logging => {}
            Some("json") => {
                return Err(format!(
                    "framework_logging_format 'json' is not supported for the '{framework}' framework. \
                     Supported frameworks: {}.",
                    with_json_logging().join(", ")
                ));
            }
            Some(other) => {
                return invalid(
                    "framework_logging_format",
                    format!("must be `none` or `json`, got `{other}`"),
                );
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for (index, job) in self
            .prometheus
            .iter()
            .flat_map(|prometheus| &prometheus.scrape_configs)
            .enumerate()
        {
            if !names.insert(&job.job_name) {
                let key = format!("prometheus.scrape_configs.{index}.job_name");
                return invalid(&key, format!("`{}` is there twice", job.job_name));
            }
            let mut targets = job.static_configs.iter().flat_map(|config| &config.targets);
            if let Some(target) = targets.find(|target| !is_target(target)) {
                let key = format!("prometheus.scrape_configs.{index}.static_configs.targets");
                return invalid(&key, format!("`{target}` must be `@scheduler:PORT`"));
            }
        }
        Ok(())
    }
}

/// A range as people read it.
pub fn between<T: std::fmt::Display>(range: &RangeInclusive<T>) -> String {
    format!("between {} and {}", range.start(), range.end())
}

/// The frameworks of the executable whose logs can be JSON.
fn with_json_logging() -> Vec<&'static str> {
    let has = |name: &&str| Runtime::find(name).is_some_and(|found| found.json_logging.is_some());
    frameworks::names().filter(has).collect()
}

fn is_target(target: &str) -> bool {
    target.strip_prefix("@scheduler").is_none_or(|rest| {
        rest.strip_prefix(':')
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_and_an_empty_file_are_the_defaults() {
        for text in [
            None,
            Some(""),
            Some("# nothing\n"),
            Some("framework_logging_format: null\n"),
        ] {
            assert_eq!(
                PaasConfig::parse(text, "fastapi", true),
                Ok(PaasConfig::default()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn each_mistake_names_file_key_and_reason() {
        for (text, parts) in [
            ("a: [\n", &["Invalid YAML in paas-config.yaml", "line"][..]),
            ("foo: 1\n", &["Invalid paas-config.yaml", "foo"]),
            ("port: 0\n", &["port", "between 1 and 65535"]),
            ("port: x\n", &["Invalid paas-config.yaml", "port"]),
            ("metrics-path: /\n", &["metrics-path", "absolute"]),
            (
                "framework_logging_format: xml\n",
                &["framework_logging_format", "xml"],
            ),
            ("migration-timeout: 0\n", &["migration-timeout"]),
            (
                "prometheus: {scrape_configs: [{job_name: a, static_configs: [{targets: ['@scheduler']}]}]}\n",
                &["prometheus.scrape_configs.0", "@scheduler"],
            ),
            (
                "prometheus: {scrape_configs: [{job_name: a, static_configs: []}, {job_name: a, static_configs: []}]}\n",
                &["prometheus.scrape_configs.1.job_name", "twice"],
            ),
        ] {
            let error = PaasConfig::parse(Some(text), "fastapi", true).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{text:?}: {error}");
            }
        }
        let error =
            PaasConfig::parse(Some("framework_logging_format: json\n"), "go", false).unwrap_err();
        assert!(
            error.ends_with("not supported for the 'go' framework. Supported frameworks: django, fastapi, flask."),
            "{error}"
        );
    }

    #[test]
    fn the_keys_are_those_that_are_taken() {
        let values = [
            "actions: {ping: {command: ping}}",
            "framework_logging_format: json",
            "integrations: {s3: {prefix: STORE}}",
            "metrics-path: /m",
            "metrics-port: 9000",
            "metrics_path: /m",
            "metrics_port: 9000",
            "migration-timeout: 60",
            "port: 9000",
            "prometheus: {scrape_configs: []}",
        ];
        assert_eq!(
            values.map(|text| text.split_once(':').unwrap().0),
            *KEYS,
            "one value for each key"
        );
        for text in values {
            PaasConfig::parse(Some(text), "fastapi", true).unwrap();
        }
    }

    #[test]
    fn both_spellings_of_the_metrics_keys_are_taken() {
        let hyphens =
            PaasConfig::parse(Some("metrics-port: 9\nmetrics-path: /m\n"), "fastapi", true);
        assert_eq!(
            hyphens,
            PaasConfig::parse(Some("metrics_port: 9\nmetrics_path: /m\n"), "fastapi", true)
        );
        assert_eq!(hyphens.unwrap().metrics_port, Some(9));
    }
}
