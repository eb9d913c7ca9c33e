//! `actions` of `paas-config.yaml`: actions of the project's own, each a command in the app's container.
//!
//! A parameter reaches the command as the variable `ACTION_NAME`, since parameters may be secret and others see a
//! process' arguments. One that cannot be, for it is a number, a boolean or one of an `enum`, may be an argument as `{NAME}`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Deserialize;

use super::between;
use crate::frameworks::runtime::Action;
use crate::juju;
use crate::project::closest;
use crate::runtime::template;
use crate::yaml::{Mapping, Value};

/// After how many seconds an action's command may be ended.
pub(crate) const TIMEOUTS: RangeInclusive<u32> = 1..=86_400;

/// What the variables of parameters begin with.
const PREFIX: &str = "ACTION_";

/// The values that templates may have beside parameters.
const RANDOM: &str = "random";
const OUTPUT: &str = "output";

/// What the file says, by action.
pub type CustomActions = BTreeMap<String, CustomAction>;

/// What the file says of one action.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CustomAction {
    /// For people.
    pub description: Option<String>,
    /// What is run. No shell is between.
    pub command: CommandLine,
    /// Where it runs, absolute; the app's directory where none is given.
    pub working_directory: Option<String>,
    /// JSON schemas by parameter, as in `charmcraft.yaml`.
    #[serde(default)]
    pub params: Mapping,
    /// Parameters that must be given and not be empty.
    #[serde(default)]
    pub required: Vec<String>,
    /// Variables as templates, which stand above the app's own and those of the parameters.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// After how many seconds the command is ended; 1 to 86400.
    #[serde(default = "default_timeout")]
    pub timeout: u32,
    /// What the action gives, as templates; its output where nothing is said.
    pub results: Option<BTreeMap<String, String>>,
}

/// A command.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged, expecting = "must be a list of words, or one text")]
pub enum CommandLine {
    /// Its words in one text, quoted as for a shell.
    Text(String),
    /// Its words.
    Words(Vec<String>),
}

/// What is wrong with an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The key, below the action's.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

fn default_timeout() -> u32 {
    300
}

/// The variable by which the command finds a parameter.
#[must_use]
pub fn variable(parameter: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    PREFIX.chars().chain(parameter.chars().map(plain)).collect()
}

/// The argument with parameters in their places; `None` when one of them was not given.
#[must_use]
pub fn argument(
    text: &str,
    parameters: &BTreeSet<String>,
    values: &BTreeMap<String, String>,
) -> Option<String> {
    let mut filled = text.to_owned();
    for parameter in parameters {
        let place = format!("{{{parameter}}}");
        if text.contains(&place) {
            filled = filled.replace(&place, values.get(parameter)?);
        }
    }
    Some(filled)
}

impl CommandLine {
    /// The words; `None` when quotes do not match.
    #[must_use]
    pub fn words(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => shlex::split(text),
            Self::Words(words) => Some(words.clone()),
        }
    }
}

impl CustomAction {
    /// How the action is run.
    #[must_use]
    pub fn row(&self) -> Action {
        let output = || BTreeMap::from([(OUTPUT.to_owned(), format!("{{{OUTPUT}}}"))]);
        let parameters = self.parameters().filter(|(_, schema)| is_harmless(schema));
        Action {
            command: self.command.words().unwrap_or_default(),
            working_directory: self.working_directory.clone(),
            parameters: self.required.clone(),
            environment: self.environment.clone(),
            timeout: self.timeout,
            results: self.results.clone().unwrap_or_else(output),
            own: true,
            arguments: parameters.map(|(name, _)| name.to_owned()).collect(),
        }
    }

    /// What Juju is told of the action.
    #[must_use]
    pub fn declaration(&self) -> Mapping {
        let mut declaration = Mapping::new();
        if let Some(description) = &self.description {
            declaration.insert("description".into(), description.as_str().into());
        }
        if !self.params.is_empty() {
            declaration.insert("params".into(), self.params.clone().into());
        }
        if !self.required.is_empty() {
            let required = self.required.iter().map(|name| name.as_str().into());
            declaration.insert("required".into(), Value::Sequence(required.collect()));
        }
        // What is misspelt is refused on every Juju, as on those from 4.0 on.
        declaration.insert("additionalProperties".into(), false.into());
        declaration
    }

    /// Everything that is wrong, but for what Juju finds wrong with the declaration.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut add = |path: &[&str], message: String, fix: String| {
            let path = path.iter().map(|key| (*key).to_owned()).collect();
            mistakes.push(Mistake { path, message, fix });
        };
        match self.command.words() {
            None => add(
                &["command"],
                "a quote in it is not closed".into(),
                "close it, or write the command as a list of words".into(),
            ),
            Some(words) if words.first().is_none_or(String::is_empty) => add(
                &["command"],
                "it names no program".into(),
                "write the program and its arguments, such as `[python3, import.py]`".into(),
            ),
            Some(words) => {
                for (name, schema) in self.parameters() {
                    let place = format!("{{{name}}}");
                    let named = words.iter().any(|word| word.contains(&place));
                    if named && !is_harmless(schema) {
                        add(
                            &["command"],
                            format!(
                                "the parameter `{name}` may be a secret, and others see the arguments of a process"
                            ),
                            format!(
                                "let the command read the variable `{}`, or say in `params` that it is a number, a boolean or one of an `enum`",
                                variable(name)
                            ),
                        );
                    }
                }
            }
        }
        if let Some(directory) = &self.working_directory
            && !directory.starts_with('/')
        {
            let message = format!("`{directory}` is not absolute");
            add(
                &["working-directory"],
                message,
                "begin it with `/`, or leave it out: it is the app's directory then".into(),
            );
        }
        let mut variables: BTreeMap<String, &str> = BTreeMap::new();
        for (name, _) in self.parameters() {
            if let Some(other) = variables.insert(variable(name), name) {
                let message = format!(
                    "`{name}` and `{other}` would both be the variable `{}`",
                    variable(name)
                );
                add(&["params", name], message, "rename one of them".into());
            }
        }
        let known: Vec<&str> = self.parameters().map(|(name, _)| name).collect();
        for name in &self.required {
            if !known.contains(&name.as_str()) {
                let message = format!("`{name}` is not in `params`");
                add(&["required"], message, suggestion(name, &known));
            }
        }
        for (name, text) in &self.environment {
            let path = ["environment", name];
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("`{name}` cannot be the name of a variable");
                add(&path, message, "use letters, digits and `_`".into());
            }
            // Those of the app are known to the running charm only.
            let is_apps =
                |name: &str| name.contains(|c: char| c.is_ascii_uppercase()) || name.contains('.');
            if let Some((message, fix)) = template_mistake(text, &known, &[RANDOM], is_apps) {
                add(&path, message, fix);
            }
        }
        if !TIMEOUTS.contains(&self.timeout) {
            let message = format!("must be {} seconds", between(&TIMEOUTS));
            add(&["timeout"], message, "write another number".into());
        }
        for (key, text) in self.results.iter().flatten() {
            let path = ["results", key];
            if !juju::is_result_key(key) {
                let message = format!("`{key}` cannot be a key of a result");
                let fix = "use `a-z`, `0-9`, `-` and `.`, but not `stdout` and `stderr`, which Juju fills";
                add(&path, message, fix.into());
            }
            if let Some((message, fix)) =
                template_mistake(text, &known, &[OUTPUT, RANDOM], |_| false)
            {
                add(&path, message, fix);
            }
        }
        mistakes
    }

    fn parameters(&self) -> impl Iterator<Item = (&str, &Value)> {
        let parameters = self.params.iter();
        parameters.filter_map(|(name, schema)| Some((name.as_str()?, schema)))
    }
}

/// Whether values of a parameter are for all eyes: few are possible, or they are numbers.
fn is_harmless(schema: &Value) -> bool {
    let harmless = |kind: &Value| matches!(kind.as_str(), Some("boolean" | "integer" | "number"));
    let of_type = match schema.get("type") {
        Some(Value::Sequence(kinds)) => !kinds.is_empty() && kinds.iter().all(harmless),
        Some(kind) => harmless(kind),
        None => false,
    };
    of_type || schema.get("enum").is_some()
}

/// What is wrong with a template, and what to do.
fn template_mistake(
    text: &str,
    parameters: &[&str],
    others: &[&str],
    is_more: impl Fn(&str) -> bool,
) -> Option<(String, String)> {
    let Ok(names) = template::sound_names(text) else {
        let message = "`{` and `[` begin a template, and this one is malformed".to_owned();
        return Some((
            message,
            "write `{NAME}`; a text with braces or brackets of its own goes into the command"
                .into(),
        ));
    };
    let known: Vec<&str> = parameters.iter().chain(others).copied().collect();
    let unknown = names
        .into_iter()
        .find(|name| !known.contains(name) && !is_more(name))?;
    Some((
        format!("there is nothing called `{unknown}`"),
        suggestion(unknown, &known),
    ))
}

fn suggestion(name: &str, known: &[&str]) -> String {
    closest(name, known).map_or_else(
        || format!("declare `{name}` in `params`"),
        |meant| format!("did you mean `{meant}`?"),
    )
}

/// The first thing that is wrong with all actions, as text for a status. `framework` are the names of the framework's.
///
/// # Errors
/// Key, reason and fix.
pub fn check<'a>(
    actions: &CustomActions,
    framework: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let invalid =
        |key: String, text: String| Err(format!("Invalid {}: actions.{key}: {text}", super::FILE));
    for name in framework {
        if actions.contains_key(name) {
            return invalid(name.to_owned(), taken());
        }
    }
    for (name, action) in actions {
        if let Some(mistake) = action.mistakes().into_iter().next() {
            let key = format!("{name}.{}", mistake.path.join("."));
            return invalid(key, format!("{}; {}", mistake.message, mistake.fix));
        }
    }
    Ok(())
}

fn taken() -> String {
    "the framework has an action of this name; rename it".into()
}

#[cfg(test)]
mod tests;
