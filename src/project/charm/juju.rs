//! What Juju's own charm reader refuses (github.com/juju/charm/v12), said with file, key and fix before anything is packed.

use std::collections::BTreeMap;

use super::{Expanded, FILE, Project};
use crate::project::Problem;
use crate::yaml::{Document, Mapping, Value};

/// The types of options.
const OPTION_TYPES: &[&str] = &["boolean", "float", "int", "secret", "string"];

/// Everything in an expanded project that Juju would refuse.
pub(super) fn problems(project: &Project, expanded: &Expanded) -> Vec<Problem> {
    let mut found = Found {
        file: FILE,
        document: &project.document,
        name: super::companions::text(&expanded.project, "name"),
        problems: Vec::new(),
    };
    let mapping = &expanded.project;
    found.top(mapping);
    found.endpoints(mapping);
    for (name, option) in section(
        mapping
            .get("config")
            .and_then(|config| config.get("options")),
    ) {
        found.option(name, option);
    }
    for (name, action) in section(mapping.get("actions")) {
        found.action(name, action);
    }
    found.problems
}

/// Everything in an action of another file that Juju would refuse.
pub(super) fn action_problems(
    file: &str,
    document: &Document,
    name: &str,
    action: &Value,
) -> Vec<Problem> {
    let mut found = Found {
        file,
        document,
        name: "",
        problems: Vec::new(),
    };
    found.action(name, action);
    found.problems
}

fn section(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value
        .and_then(Value::as_mapping)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str()?, value)))
}

struct Found<'a> {
    file: &'a str,
    document: &'a Document,
    name: &'a str,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, path: &[&str], message: impl Into<String>, hint: impl Into<String>) {
        let problem = Problem::new(self.file, message);
        let problem = problem.at(path.join("."), self.document.nearest_place(path));
        self.problems.push(problem.hint(hint));
    }

    fn top(&mut self, mapping: &Mapping) {
        for key in ["name", "summary", "description"] {
            match mapping.get(key) {
                Some(Value::String(text)) if !text.trim().is_empty() => {}
                None | Some(Value::Null | Value::String(_)) => self.add(
                    &[key],
                    format!("{FILE} has no `{key}`"),
                    format!("add `{key}: TEXT`"),
                ),
                Some(_) => self.add(
                    &[key],
                    format!("`{key}` is not a text"),
                    format!("put the value of `{key}` in quotes"),
                ),
            }
        }
        if !self.name.is_empty() && !super::init::loadable_name(self.name) {
            let message = format!("`{}` is not a valid charm name", self.name);
            self.add(&["name"], message, "use lowercase letters, digits and single hyphens, with a letter at the start and no hyphen at the end");
        }
        match mapping.get("charm-user") {
            None | Some(Value::Null) => {}
            Some(Value::String(user))
                if matches!(user.as_str(), "root" | "sudoer" | "non-root") => {}
            Some(_) => self.add(
                &["charm-user"],
                "`charm-user` is none that Juju knows",
                "use `root`, `sudoer` or `non-root`",
            ),
        }
        match mapping.get("terms") {
            None | Some(Value::Null) => {}
            Some(Value::Sequence(terms)) if terms.iter().all(Value::is_string) => {}
            Some(_) => self.add(
                &["terms"],
                "`terms` is not a list of texts",
                "write it as a list",
            ),
        }
        match mapping.get("subordinate") {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(_) => self.add(
                &["subordinate"],
                "a workload charm on Kubernetes cannot be a subordinate",
                "remove `subordinate`",
            ),
        }
    }

    fn endpoints(&mut self, mapping: &Mapping) {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for role in ["provides", "requires", "peers"] {
            for (name, endpoint) in section(mapping.get(role)) {
                let path = [role, name];
                if let Some(other) = seen.insert(name, role) {
                    let message = format!(
                        "the endpoint name `{name}` is used twice, in `{other}` and in `{role}`"
                    );
                    let users = if self.document.place(&path).is_some() {
                        role
                    } else {
                        other
                    };
                    self.add(&[users, name], message, format!("rename `{users}.{name}`"));
                }
                if self.reserved(name) {
                    self.add(
                        &path,
                        format!("the endpoint name `{name}` is reserved by Juju"),
                        "choose a name that does not start with `juju`",
                    );
                }
                match endpoint.get("interface") {
                    Some(Value::String(interface)) if !interface.is_empty() => {
                        if role != "requires" && self.reserved(interface) {
                            self.add(&path, format!("`{role}.{name}` has the interface `{interface}`, which Juju reserves"), "choose another");
                        }
                    }
                    _ => self.add(
                        &path,
                        format!("`{role}.{name}` has no `interface`"),
                        "add `interface: NAME`",
                    ),
                }
                match endpoint.get("limit") {
                    None | Some(Value::Null) => {}
                    Some(Value::Number(limit)) if limit.is_i64() || limit.is_u64() => {}
                    Some(_) => self.add(
                        &[role, name, "limit"],
                        format!("`{role}.{name}.limit` is not a whole number"),
                        "write `limit: 1`",
                    ),
                }
                match endpoint.get("optional") {
                    None | Some(Value::Bool(_)) => {}
                    Some(_) => {
                        let message = format!("`{role}.{name}.optional` is neither true nor false");
                        self.add(
                            &[role, name, "optional"],
                            message,
                            "write `optional: true` or `optional: false`",
                        );
                    }
                }
                match endpoint.get("scope").map(Value::as_str) {
                    None | Some(Some("global" | "container")) => {}
                    Some(_) => {
                        let message =
                            format!("`{role}.{name}.scope` is neither `global` nor `container`");
                        self.add(&[role, name, "scope"], message, "remove it");
                    }
                }
            }
        }
    }

    fn option(&mut self, name: &str, option: &Value) {
        let path = ["config", "options", name];
        let Some(kind) = option.get("type") else {
            self.add(
                &path,
                format!("option `{name}` has no type"),
                "add `type: string`",
            );
            return;
        };
        let Some(kind) = kind.as_str().filter(|kind| OPTION_TYPES.contains(kind)) else {
            let given = kind
                .as_str()
                .map_or_else(|| format!("{kind:?}"), str::to_owned);
            let message = format!("option `{name}` has unknown type `{given}`");
            self.add(
                &["config", "options", name, "type"],
                message,
                format!("use one of {}", OPTION_TYPES.join(", ")),
            );
            return;
        };
        if !matches!(
            option.get("description"),
            None | Some(Value::Null | Value::String(_))
        ) {
            let path = ["config", "options", name, "description"];
            self.add(
                &path,
                format!("the description of option `{name}` is not a text"),
                "put it in quotes",
            );
        }
        let Some(default) = option.get("default") else {
            return;
        };
        let fits = match (kind, default) {
            (_, Value::Null) => true,
            ("string", Value::String(_))
            | ("boolean", Value::Bool(_))
            | ("float", Value::Number(_)) => true,
            ("secret", Value::String(uri)) => uri.is_empty() || uri.starts_with("secret:"),
            ("int", Value::Number(number)) => {
                number.is_i64()
                    || number
                        .as_u64()
                        .is_some_and(|number| i64::try_from(number).is_ok())
            }
            _ => false,
        };
        if !fits {
            let shown = crate::yaml::to_string(default).unwrap_or_default();
            let shown = shown.trim_end();
            let hint = match (kind, default) {
                ("string", Value::Bool(_) | Value::Number(_)) => {
                    "put the default in quotes".to_owned()
                }
                ("secret", _) => {
                    "a secret's default is a `secret:` URI; better remove it".to_owned()
                }
                _ => format!("give a default of type {kind}, or change the type"),
            };
            let message = format!(
                "the default of option `{name}` is not of its type: expected {kind}, got {shown}"
            );
            self.add(&["config", "options", name, "default"], message, hint);
        }
    }

    fn action(&mut self, name: &str, action: &Value) {
        let path = ["actions", name];
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !name.starts_with(good)
            || !name.ends_with(good)
            || !name.chars().all(|c| good(c) || c == '-')
        {
            self.add(
                &path,
                format!("bad action name `{name}`"),
                "use lowercase letters, digits and hyphens inside",
            );
        }
        if self.reserved(name) {
            self.add(
                &path,
                format!("the action name `{name}` is reserved by Juju"),
                "choose a name that does not start with `juju`",
            );
        }
        for (key, value) in section(Some(action)) {
            let fits = match key {
                "description" | "title" | "execution-group" => value.is_string(),
                "required" => value.is_sequence(),
                "parallel" => value.is_bool(),
                "params" => value.is_mapping(),
                _ => true,
            };
            if !fits {
                let what = match key {
                    "required" => "a list",
                    "parallel" => "true or false",
                    "params" => "a mapping of names to JSON schemas",
                    _ => "a text",
                };
                self.add(
                    &["actions", name, key],
                    format!("`actions.{name}.{key}` is not {what}"),
                    format!("write {what}"),
                );
            }
        }
        if let Some(place) = reference(action) {
            let message = format!(
                "`actions.{name}` uses `{place}`, which Juju refuses in the schema of an action"
            );
            self.add(&path, message, "write the schema out");
        }
        self.parameters(name, action);
    }

    /// The parts of JSON schema (draft 4) that people get wrong.
    fn parameters(&mut self, name: &str, action: &Value) {
        const TYPES: &[&str] = &[
            "array", "boolean", "integer", "null", "number", "object", "string",
        ];
        for (parameter, schema) in section(action.get("params")) {
            let path = ["actions", name, "params", parameter];
            if !schema.is_mapping() {
                let message = format!("`actions.{name}.params.{parameter}` is not a mapping");
                self.add(&path, message, "write `type: string` below it");
                continue;
            }
            let kinds: Vec<&Value> = match schema.get("type") {
                None => Vec::new(),
                Some(Value::Sequence(kinds)) => kinds.iter().collect(),
                Some(kind) => vec![kind],
            };
            if !kinds
                .iter()
                .all(|kind| kind.as_str().is_some_and(|kind| TYPES.contains(&kind)))
            {
                let message = format!(
                    "`actions.{name}.params.{parameter}` has a type that JSON schema does not know"
                );
                self.add(&path, message, format!("use one of {}", TYPES.join(", ")));
            }
        }
        let required = action.get("required").and_then(Value::as_sequence);
        if required.is_some_and(|names| names.is_empty() || !names.iter().all(Value::is_string)) {
            let message =
                format!("`actions.{name}.required` is not a list of the names of parameters");
            self.add(
                &["actions", name, "required"],
                message,
                "name at least one parameter, or remove it",
            );
        }
    }

    /// Names of Juju's own; a charm that is itself named so may use them.
    fn reserved(&self, name: &str) -> bool {
        !self.name.starts_with("juju-") && (name == "juju" || name.starts_with("juju-"))
    }
}

/// A key in a schema that Juju prohibits.
fn reference(value: &Value) -> Option<&'static str> {
    match value {
        Value::Mapping(mapping) => ["$ref", "$schema"]
            .into_iter()
            .find(|key| mapping.contains_key(*key))
            .or_else(|| mapping.values().find_map(reference)),
        Value::Sequence(items) => items.iter().find_map(reference),
        _ => None,
    }
}
