//! The actions of `paas-config.yaml`, as the charm's own: what is wrong with them, and what Juju is told.

use std::path::Path;

use super::{juju, paas_config};
use crate::paas_config::FILE;
use crate::paas_config::actions::CustomAction;
use crate::project::{Error, Problem, closest};
use crate::yaml::{self, Document, Mapping, Value};

/// Every key of an action.
const KEYS: &[&str] = &[
    "command",
    "description",
    "environment",
    "params",
    "required",
    "results",
    "timeout",
    "working-directory",
];

/// The declarations by action. `framework` are the framework's own actions.
///
/// # Errors
/// All mistakes, or the file cannot be read.
pub(super) fn declarations(
    directory: &Path,
    framework: Option<&Mapping>,
) -> Result<Mapping, Error> {
    let Some((_, document)) = paas_config::read(directory)? else {
        return Ok(Mapping::new());
    };
    let actions = match document.value.get("actions") {
        None | Some(Value::Null) => return Ok(Mapping::new()),
        Some(Value::Mapping(actions)) => actions,
        Some(_) => {
            let problem = problem(
                &document,
                &["actions"],
                "is not a mapping of names to actions",
            );
            return Err(problem
                .hint("write `NAME:` below it, and `command:` below that")
                .into());
        }
    };
    let mut problems = Vec::new();
    let mut declarations = Mapping::new();
    for (name, value) in actions {
        let name = name.as_str().unwrap_or_default();
        if framework.is_some_and(|framework| framework.contains_key(name)) {
            let message = "is one of the framework's own actions";
            problems.push(
                problem(&document, &["actions", name], message).hint(format!("rename `{name}`")),
            );
            continue;
        }
        match read(&document, name, value) {
            Ok(action) => {
                let declaration = Value::from(action.declaration());
                let declared = juju::action_problems(FILE, &document, name, &declaration);
                problems.extend(declared);
                for mistake in action.mistakes() {
                    let below = mistake.path.iter().map(String::as_str);
                    let path: Vec<&str> = ["actions", name].into_iter().chain(below).collect();
                    problems.push(problem(&document, &path, &mistake.message).hint(mistake.fix));
                }
                declarations.insert(name.into(), declaration);
            }
            Err(wrong) => problems.extend(wrong),
        }
    }
    if problems.is_empty() {
        Ok(declarations)
    } else {
        Err(Error::Problems { problems })
    }
}

fn problem(document: &Document, path: &[&str], message: &str) -> Problem {
    let key = path.join(".");
    Problem::new(FILE, format!("`{key}`: {message}")).at(key, document.nearest_place(path))
}

/// An action, or what keeps it from being read.
fn read(document: &Document, name: &str, value: &Value) -> Result<CustomAction, Vec<Problem>> {
    let path = ["actions", name];
    let Value::Mapping(mapping) = value else {
        let problem = problem(document, &path, "is not a mapping");
        return Err(vec![problem.hint("write `command: PROGRAM` below it")]);
    };
    let unknown: Vec<Problem> = mapping
        .keys()
        .filter_map(Value::as_str)
        .filter(|key| !KEYS.contains(key))
        .map(|key| {
            let hint = closest(key, KEYS).map_or_else(
                || format!("an action has {}", KEYS.join(", ")),
                |known| format!("did you mean `{known}`?"),
            );
            problem(document, &["actions", name, key], "there is no such key").hint(hint)
        })
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    if !mapping.contains_key("command") {
        let problem = problem(document, &path, "it has no `command`");
        return Err(vec![
            problem.hint("add `command: PROGRAM`, run in the app's container"),
        ]);
    }
    // Each key alone, since a value does not say where it was wrong.
    let mut wrong = Vec::new();
    for (key, value) in mapping {
        let mut alone = Mapping::new();
        alone.insert("command".into(), "x".into());
        alone.insert(key.clone(), value.clone());
        if let Err(error) = yaml::from_value::<CustomAction>(alone.into()) {
            let key = key.as_str().unwrap_or_default();
            wrong.push(problem(document, &["actions", name, key], &error.message).hint(shape(key)));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let action = yaml::from_value(value.clone());
    action.map_err(|error| vec![problem(document, &path, &error.message)])
}

/// What a key's value is to be.
fn shape(key: &str) -> &'static str {
    match key {
        "command" => "write `[python3, import.py]`, or `python3 import.py`",
        "environment" | "results" => {
            "write `NAME: TEXT` below it, and quotes around numbers and booleans"
        }
        "params" => "write `NAME: {type: string}` below it",
        "required" => "write a list of names of `params`",
        "timeout" => "write a number of seconds",
        _ => "write a text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Mapping, Vec<Problem>> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), text).unwrap();
        let framework: Mapping = yaml::from_str("{rotate-secret-key: {}}").unwrap();
        declarations(directory.path(), Some(&framework)).map_err(|error| match error {
            Error::Problems { problems } => problems,
            Error::Problem(problem) => vec![*problem],
            other => panic!("{other}"),
        })
    }

    #[test]
    fn every_mistake_is_said_with_file_place_key_and_fix() {
        for (text, key, place, message, hint) in [
            (
                "actions: [a]",
                "actions",
                (1, 1),
                "not a mapping of names",
                "command:",
            ),
            (
                "actions:\n  rotate-secret-key: {command: x}",
                "actions.rotate-secret-key",
                (2, 3),
                "framework's own",
                "rename `rotate-secret-key`",
            ),
            (
                "actions:\n  a: x",
                "actions.a",
                (2, 3),
                "not a mapping",
                "command: PROGRAM",
            ),
            (
                "actions:\n  a: {}",
                "actions.a",
                (2, 3),
                "no `command`",
                "command: PROGRAM",
            ),
            (
                "actions:\n  a: {command: x, comand: y}",
                "actions.a.comand",
                (2, 19),
                "no such key",
                "did you mean `command`?",
            ),
            (
                "actions:\n  a:\n    command: {x: y}",
                "actions.a.command",
                (3, 5),
                "list of words",
                "python3",
            ),
            (
                "actions:\n  a:\n    command: x\n    timeout: soon",
                "actions.a.timeout",
                (4, 5),
                "expected u32",
                "seconds",
            ),
            (
                "actions:\n  a:\n    command: x\n    environment:\n      N: 3",
                "actions.a.environment",
                (4, 5),
                "expected a string",
                "quotes",
            ),
            (
                "actions:\n  a:\n    command: x\n    timeout: 0",
                "actions.a.timeout",
                (4, 5),
                "between 1 and 86400",
                "number",
            ),
            (
                "actions:\n  A_b: {command: x}",
                "actions.A_b",
                (2, 3),
                "bad action name",
                "lowercase",
            ),
            (
                "actions:\n  juju-a: {command: x}",
                "actions.juju-a",
                (2, 3),
                "reserved by Juju",
                "juju",
            ),
            (
                "actions:\n  a:\n    command: x\n    params: {p: {type: text}}",
                "actions.a.params.p",
                (4, 14),
                "JSON schema does not know",
                "string",
            ),
        ] {
            let problems = told(text).unwrap_err();
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
            let problem = &problems[0];
            assert_eq!((problem.file.as_str(), problem.key.as_str()), (FILE, key));
            assert_eq!(problem.place, Some(place), "{text}");
            assert!(problem.message.contains(message), "{problem:?}");
            assert!(problem.hint.as_ref().unwrap().contains(hint), "{problem:?}");
        }
    }

    #[test]
    fn what_is_sound_is_declared() {
        for text in ["port: 8080", "actions:", "# nothing"] {
            assert_eq!(told(text), Ok(Mapping::new()), "{text}");
        }
        let declared =
            told("actions: {greet: {description: d, command: [x], params: {who: {type: string}}}}")
                .unwrap();
        let expected =
            "{greet: {description: d, params: {who: {type: string}}, additionalProperties: false}}";
        assert_eq!(declared, yaml::from_str::<Mapping>(expected).unwrap());
    }
}
