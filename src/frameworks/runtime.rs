//! What the running charm needs to know of a framework: the `runtime` section of its data file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Generation;

/// A value of both generations, or one of each, where either may be missing: `8080`, or `{v1: 8080, v2: 8000}`.
#[derive(Clone, Debug, Eq, PartialEq)]
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
    /// Where the peer kept it, if elsewhere: what it left there is read where we have none (known defect 88).
    pub peer_state_directory: Option<String>,
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
    /// Where Prometheus scrapes.
    pub metrics: Option<Metrics>,
    /// The status of an app without any database, where the framework cannot do without.
    pub needs_database: Option<String>,
    /// The framework's own options by name. All other options are the user's.
    pub options: BTreeMap<String, FrameworkOption>,
    /// Variables made of others.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Variables made of what a ready relation gives, by interface.
    #[serde(default)]
    pub integrations: BTreeMap<String, Vec<Variable>>,
    /// Files made of what a ready relation gives, by interface.
    #[serde(default)]
    pub integration_files: BTreeMap<String, Vec<IntegrationFile>>,
    /// Actions that run a command in the container, by name.
    #[serde(default)]
    pub actions: BTreeMap<String, Action>,
    /// What JSON logging needs; absent where the framework has none.
    pub json_logging: Option<JsonLogging>,
    /// Gunicorn, where it serves the app.
    pub gunicorn: Option<Gunicorn>,
}

/// The app's secret key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecretKey {
    /// The key in the peer relation's application bag (contract: interfaces, section 16).
    pub bag_key: String,
    /// The options that override it, of either generation: whichever the project declares is heard (known defect 132).
    /// With `-id` appended, the option that names a secret.
    pub options: Vec<String>,
}

impl SecretKey {
    /// All options that may give the key, those with `-id` too.
    pub fn all_options(&self) -> impl Iterator<Item = String> {
        self.options
            .iter()
            .flat_map(|option| [option.clone(), format!("{option}-id")])
    }

    /// Whether the option gives the key.
    #[must_use]
    pub fn is_option(&self, name: &str) -> bool {
        self.all_options().any(|option| option == name)
    }
}

/// The app's port.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Port {
    /// The option that sets it, where the project declares it; absent where the framework has none.
    pub option: Option<String>,
    /// What it is otherwise.
    pub default: PerGeneration<u16>,
    /// The variable that tells the app, where one does.
    pub variable: Option<PerGeneration<String>>,
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
    /// The variable that tells the app, where one does.
    pub variable: Option<PerGeneration<String>>,
    /// What it is when no option says, in generations that always set it.
    pub default: Option<PerGeneration<T>>,
    /// What Prometheus is told otherwise, the app not.
    pub scraped: Option<T>,
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
    /// Whether `choices` are taken in upper and lower case.
    #[serde(default)]
    pub ignore_case: bool,
    /// What the app is told when the option is not set.
    pub default: Option<serde_json::Value>,
    /// The variable that tells the app; none where code does.
    pub variable: Option<PerGeneration<String>>,
    /// How the variable is written.
    #[serde(default)]
    pub output: Output,
}

/// How an option's variable is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Strings as they are, everything else as JSON.
    #[default]
    Plain,
    /// In upper case.
    Upper,
    /// The comma list as a JSON list, with all host names by which the app is reached added.
    JsonListWithHosts,
}

/// A variable made of others.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Variable {
    /// Its name; with `{` in it, a template as `value` is.
    pub name: String,
    /// Its value, a template (see `runtime::template`); without all that the template needs there is no variable.
    pub value: String,
    /// The only generation that has it.
    pub only: Option<Generation>,
    /// It is there only with this fact, which its template need not use.
    pub with: Option<String>,
    /// It is there only while no relation of this interface is ready.
    pub without: Option<String>,
}

/// A file made of what a relation gives. Everybody in the container may read it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IntegrationFile {
    /// Where it is.
    pub path: String,
    /// What is in it, a template as that of a [`Variable`]; without all that it needs there is no file.
    pub content: String,
}

/// An action that runs a command in the container, as the app's user and in the app's environment. Values are templates
/// (see `runtime::template`) of the action's parameters, of `random`, a fresh password of 22 characters, and in `results`
/// of `output`. Parameters reach the command in its environment only.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Action {
    /// The command.
    pub command: Vec<String>,
    /// Where it runs; the app's directory where none is given.
    pub working_directory: Option<String>,
    /// Parameters that must be given and not be empty.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Variables, which stand above the app's own.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// After how many seconds it is ended.
    pub timeout: u32,
    /// What the action gives when the command succeeded.
    #[serde(default)]
    pub results: BTreeMap<String, String>,
    /// Whether it is the project's own, of `paas-config.yaml`: its parameters are variables too.
    #[serde(skip)]
    pub own: bool,
    /// Parameters that the command may have as arguments, as `{NAME}`.
    #[serde(skip)]
    pub arguments: BTreeSet<String>,
}

/// What JSON logging needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct JsonLogging {
    /// Where the files go.
    pub directory: String,
    /// The names of the files; their contents are in `metadata/frameworks/FRAMEWORK/`.
    pub files: Vec<String>,
    /// Whether the directory goes before `PYTHONPATH`.
    pub python_path: bool,
    /// Variables that the app gets.
    pub variables: BTreeMap<String, String>,
}

/// Gunicorn (contract: runtime, section 8).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gunicorn {
    /// The config file, as the rock's command names it.
    pub config_file: String,
    /// Where the log files are, on a Juju without log forwarding.
    pub log_directory: String,
    /// The access log, in that directory.
    pub access_log: String,
    /// The error log, in that directory.
    pub error_log: String,
    /// The peer's link in texts on worker classes.
    pub async_documentation: String,
    /// Settings of the config file, each with the option that gives it; a setting whose option is not set is left out.
    pub settings: BTreeMap<String, String>,
    /// The option that gives the worker class.
    pub worker_class: String,
}

impl Runtime {
    /// The variables that the framework's own options become in a generation, each with its option.
    pub fn option_variables(
        &self,
        generation: Generation,
    ) -> impl Iterator<Item = (String, String)> {
        let mut pairs = Vec::new();
        let mut pair = |variable: Option<&PerGeneration<String>>, option: &str| {
            let variable = variable.and_then(|variable| variable.of(generation));
            pairs.extend(variable.map(|variable| (variable.clone(), option.to_owned())));
        };
        for (name, option) in &self.options {
            pair(option.variable.as_ref(), name);
        }
        if let Some(option) = &self.port.option {
            pair(self.port.variable.as_ref(), option);
        }
        if let Some(metrics) = &self.metrics {
            pair(metrics.port.variable.as_ref(), &metrics.port.option);
            pair(metrics.path.variable.as_ref(), &metrics.path.option);
        }
        let key = format!("{}SECRET_KEY", self.user_prefix);
        let keys = self.secret_key.all_options();
        pairs.extend(keys.map(|option| (key.clone(), option)));
        pairs.into_iter()
    }

    /// The section of a framework of the executable, or `None` for one that is not there.
    #[must_use]
    pub fn find(framework: &str) -> Option<Self> {
        let found = super::Frameworks::shipped().find(framework).ok()??;
        found.runtime().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framework_has_a_sound_runtime_section() {
        assert_eq!(crate::frameworks::names().count(), 6);
        let frameworks = crate::frameworks::Frameworks::shipped();
        for name in crate::frameworks::names() {
            let runtime = frameworks.find(name).unwrap().unwrap().runtime();
            let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
            let gunicorn = runtime.gunicorn.iter();
            let used = gunicorn
                .flat_map(|gunicorn| gunicorn.settings.values().chain([&gunicorn.worker_class]))
                .cloned()
                .chain(runtime.port.option.clone())
                .chain(runtime.secret_key.all_options());
            for option in used {
                assert!(runtime.options.contains_key(&option), "{name}: {option}");
            }
            for generation in [Generation::V1, Generation::V2] {
                assert!(runtime.port.default.of(generation).is_some(), "{name}");
            }
            for file in runtime
                .json_logging
                .iter()
                .flat_map(|logging| &logging.files)
            {
                let found = crate::frameworks::shipped_file(name, file);
                assert!(found.is_some(), "{name}: {file}");
            }
        }
    }
}
