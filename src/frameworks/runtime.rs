//! What the running charm needs to know of a framework: the `runtime` section of its data file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Generation;

/// A value of both generations, or one of each, where either may be missing.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum PerGeneration<T> {
    /// One for each.
    Each {
        /// The value of generation 1.
        v1: Option<T>,
        /// The value of generation 2.
        v2: Option<T>,
    },
    /// The same for both.
    Both(T),
}

impl<T> PerGeneration<T> {
    /// The value of a generation.
    pub fn of(&self, generation: Generation) -> Option<&T> {
        match (self, generation) {
            (Self::Both(value), _) => Some(value),
            (Self::Each { v1, .. }, Generation::V1) => v1.as_ref(),
            (Self::Each { v2, .. }, Generation::V2) => v2.as_ref(),
        }
    }
}

/// The `runtime` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Runtime {
    /// The main service's name in the rock.
    pub service: String,
    /// Where the app is in the container; migrations run there.
    pub app_directory: String,
    /// Where the snapshot of the rock's services is kept in the container.
    pub state_directory: String,
    /// Who runs migrations, and owns pushed files.
    pub user: String,
    /// The group of `user`.
    pub group: String,
    /// The prefix of user options' variables.
    pub user_prefix: String,
    /// The app's secret key.
    pub secret_key: SecretKey,
    /// The port that the app listens on.
    pub port: Port,
    /// Where Prometheus scrapes; absent where no option exists.
    pub metrics: Option<Metrics>,
    /// The framework's own options by name. All other options are the user's.
    pub options: BTreeMap<String, FrameworkOption>,
    /// What JSON logging needs; absent where the framework has none.
    pub json_logging: Option<JsonLogging>,
}

/// The app's secret key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretKey {
    /// The key in the peer relation's application bag (contract: interfaces, section 16).
    pub bag_key: String,
    /// The option that overrides it; with `-id` appended, the option that names a secret.
    pub option: String,
}

/// The app's port.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Port {
    /// The option that sets it, where the project declares it.
    pub option: String,
    /// What it is otherwise.
    pub default: PerGeneration<u16>,
    /// The variable that tells the app.
    pub variable: PerGeneration<String>,
}

/// Where Prometheus scrapes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Metrics {
    /// The port.
    pub port: Metric<u16>,
    /// The path.
    pub path: Metric<String>,
}

/// One of the two.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Metric<T> {
    /// The option that sets it, where the project declares it.
    pub option: String,
    /// The variable that tells the app.
    pub variable: PerGeneration<String>,
    /// What it is when no option says, in generations that always set it.
    pub default: Option<PerGeneration<T>>,
}

/// A framework's own option.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FrameworkOption {
    /// `string`, `int`, `boolean` or `secret`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The least number.
    pub minimum: Option<i64>,
    /// The greatest number.
    pub maximum: Option<i64>,
    /// The least length, in characters.
    pub minimum_length: Option<usize>,
    /// The only values.
    pub choices: Option<Vec<String>>,
    /// What the app is told when the option is not set.
    pub default: Option<serde_json::Value>,
    /// The variable that tells the app; none where code does.
    pub variable: Option<PerGeneration<String>>,
}

/// What JSON logging needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JsonLogging {
    /// Where the files go.
    pub directory: String,
    /// The names of the files; their contents are in `metadata/frameworks/FRAMEWORK/`.
    pub files: Vec<String>,
    /// Whether the directory goes before `PYTHONPATH`.
    #[serde(default)]
    pub python_path: bool,
    /// Variables that the app gets.
    pub variables: BTreeMap<String, String>,
}

impl Runtime {
    /// The section of a framework, or `None` for a framework that is not there.
    #[must_use]
    pub fn find(framework: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct File {
            runtime: Runtime,
        }
        let (_, text) = super::text(framework)?;
        crate::yaml::from_str::<File>(text)
            .ok()
            .map(|file| file.runtime)
    }
}

/// A file that JSON logging pushes.
#[must_use]
pub fn json_logging_file(name: &str) -> Option<&'static str> {
    match name {
        "uvicorn-log-config.json" => Some(include_str!(
            "../../metadata/frameworks/fastapi/uvicorn-log-config.json"
        )),
        "uvicorn_log_handler.py" => Some(include_str!(
            "../../metadata/frameworks/fastapi/uvicorn_log_handler.py"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framework_has_a_sound_runtime_section() {
        let with_section = |name: &&str| {
            super::super::text(name).is_some_and(|(_, text)| text.contains("\nruntime:\n"))
        };
        assert!(super::super::names().any(|name| name == "fastapi"));
        for name in super::super::names().filter(with_section) {
            let runtime = Runtime::find(name)
                .unwrap_or_else(|| panic!("{name} has no sound runtime section"));
            assert!(runtime.options.contains_key(&runtime.port.option), "{name}");
            assert!(
                runtime.options.contains_key(&runtime.secret_key.option),
                "{name}"
            );
            for generation in [Generation::V1, Generation::V2] {
                assert!(runtime.port.default.of(generation).is_some(), "{name}");
                assert!(runtime.port.variable.of(generation).is_some(), "{name}");
            }
            for file in runtime
                .json_logging
                .iter()
                .flat_map(|logging| &logging.files)
            {
                assert!(json_logging_file(file).is_some(), "{name}: {file}");
            }
        }
    }
}
