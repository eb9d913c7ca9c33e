//! The rules that every rock project must keep, with the texts users know from rockcraft.

use super::Error;
use super::repr::repr;
use crate::yaml::{Mapping, Value};

/// The one user that a rock may run as.
pub(super) const USER: &str = "_daemon_";

/// Debian architectures that rocks are built for.
const ARCHITECTURES: [&str; 7] = [
    "amd64", "arm64", "armhf", "i386", "ppc64el", "riscv64", "s390x",
];

/// Every top-level key.
const KEYS: [&str; 27] = [
    "name",
    "title",
    "version",
    "summary",
    "description",
    "base",
    "build-base",
    "platforms",
    "contact",
    "donation",
    "issues",
    "source-code",
    "website",
    "license",
    "adopt-info",
    "parts",
    "package-repositories",
    "environment",
    "run-user",
    "services",
    "checks",
    "entrypoint-service",
    "entrypoint-command",
    "cmd",
    "env",
    "entrypoint",
    "pro",
];

/// Keys of a service, Pebble's.
pub(super) const SERVICE_KEYS: [&str; 21] = [
    "override",
    "command",
    "summary",
    "description",
    "startup",
    "after",
    "before",
    "requires",
    "environment",
    "user",
    "user-id",
    "group",
    "group-id",
    "working-dir",
    "on-success",
    "on-failure",
    "on-check-failure",
    "backoff-delay",
    "backoff-factor",
    "backoff-limit",
    "kill-delay",
];

/// Part keys of the plugins; rockcraft's messages leave them out.
const PLUGIN_PREFIXES: [&str; 6] = ["python-", "go-", "npm-", "maven-", "gradle-", "jlink-"];

/// Checks the merged project and fills in its platforms.
pub(super) fn check(project: &mut Mapping) -> Result<(), Error> {
    let mut problems = Vec::new();
    if ["entrypoint", "cmd", "env"]
        .iter()
        .any(|key| project.contains_key(*key))
    {
        problems.push(
            "the fields 'entrypoint', 'cmd' and 'env' are not supported in Rockcraft. All rocks have Pebble as their \
             entrypoint, so you must use 'services' to define your container application and respective environment."
                .to_owned(),
        );
        return Err(Error::Content(problems));
    }
    check_top(project, &mut problems);
    check_run_user(project, &mut problems);
    check_platforms(project, &mut problems);
    check_entries(project, "services", &mut problems);
    check_entries(project, "checks", &mut problems);
    check_parts(project, &mut problems);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Content(problems))
    }
}

fn check_top(project: &Mapping, problems: &mut Vec<String>) {
    for key in [
        "name",
        "summary",
        "description",
        "base",
        "platforms",
        "parts",
    ] {
        if !project.contains_key(key) {
            problems.push(format!("field '{key}' required in top-level configuration"));
        }
    }
    if !project.contains_key("version") && !project.contains_key("adopt-info") {
        problems.push("field 'version' required in top-level configuration".into());
    }
    for key in ["name", "summary", "description", "base", "version"] {
        match project.get(key) {
            None | Some(Value::String(_)) => {}
            Some(other) => problems.push(format!(
                "input should be a valid string (in field '{key}', input: {})",
                repr(other)
            )),
        }
    }
    if let Some(name) = project.get("name").and_then(Value::as_str)
        && !is_name(name)
    {
        problems.push(format!(
            "a rock's name has lowercase letters, digits and single hyphens only, begins with a letter and does not \
             end in a hyphen (in field 'name', input: '{name}')"
        ));
    }
    for (key, value) in project {
        let known = key.as_str().is_some_and(|key| KEYS.contains(&key));
        if !known {
            let key = key.as_str().map_or_else(|| repr(key), str::to_owned);
            problems.push(format!(
                "extra inputs are not permitted (in field '{key}', input: {})",
                repr(value)
            ));
        }
    }
}

/// Whether a rock can have this name.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && !name.contains("--")
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn check_run_user(project: &Mapping, problems: &mut Vec<String>) {
    if let Some(user) = project.get("run-user")
        && user.as_str() != Some(USER)
    {
        problems.push(format!(
            "input should be '{USER}' (in field 'run-user', input: {})",
            repr(user)
        ));
        problems.push(format!(
            "extra inputs are not permitted (in field 'run_user', input: '{USER}')"
        ));
    }
}

fn check_platforms(project: &mut Mapping, problems: &mut Vec<String>) {
    let platforms = match project.get_mut("platforms") {
        Some(Value::Mapping(platforms)) if !platforms.is_empty() => platforms,
        None => return,
        Some(other) => {
            problems.push(format!(
                "input should be a mapping with at least one platform, such as `amd64:` (in field 'platforms', input: {})",
                repr(other)
            ));
            return;
        }
    };
    for (label, platform) in platforms {
        let name = label.as_str().map_or_else(|| repr(label), str::to_owned);
        let mut filled = Mapping::new();
        let on = platform.get("build-on").map_or_else(|| list(label), list);
        let build_for = platform.get("build-for").map_or_else(
            || {
                if platform.is_null() {
                    list(label)
                } else {
                    on.clone()
                }
            },
            list,
        );
        for (key, value) in [("build-on", &on), ("build-for", &build_for)] {
            for architecture in value.as_sequence().into_iter().flatten() {
                let text = architecture.as_str().unwrap_or_default();
                // A base may stand before the architecture.
                let bare = text.rsplit(':').next().unwrap_or_default();
                if !ARCHITECTURES.contains(&bare) {
                    problems.push(format!(
                        "{} is not a valid Debian architecture. (in field 'platforms.{name}.{key}', input: {})",
                        repr(architecture),
                        repr(value)
                    ));
                }
            }
            filled.insert(key.into(), value.clone());
        }
        *platform = Value::Mapping(filled);
    }
}

fn list(value: &Value) -> Value {
    match value {
        Value::Sequence(_) => value.clone(),
        other => Value::Sequence(vec![other.clone()]),
    }
}

/// Services and checks: each a mapping with `override`.
fn check_entries(project: &Mapping, section: &str, problems: &mut Vec<String>) {
    let entries = match project.get(section) {
        None | Some(Value::Null) => return,
        Some(Value::Mapping(entries)) => entries,
        Some(other) => {
            problems.push(not_a_mapping(section, other));
            return;
        }
    };
    for (name, entry) in entries {
        let name = name.as_str().map_or_else(|| repr(name), str::to_owned);
        let field = format!("{section}.{name}");
        let Value::Mapping(entry) = entry else {
            problems.push(not_a_mapping(&field, entry));
            continue;
        };
        let required: &[&str] = if section == "services" {
            &["override", "command"]
        } else {
            &["override"]
        };
        for key in required {
            if !entry.contains_key(*key) {
                problems.push(format!("field '{key}' required in '{field}' configuration"));
            }
        }
        check_choice(entry, &field, "override", &["merge", "replace"], problems);
        if section == "services" {
            check_choice(entry, &field, "startup", &["enabled", "disabled"], problems);
            check_command(entry, &field, problems);
            for (key, value) in entry {
                let key = key.as_str().map_or_else(|| repr(key), str::to_owned);
                if !SERVICE_KEYS.contains(&key.as_str()) {
                    problems.push(format!(
                        "extra inputs are not permitted (in field '{field}.{key}', input: {})",
                        repr(value)
                    ));
                }
            }
        }
    }
}

fn check_command(service: &Mapping, field: &str, problems: &mut Vec<String>) {
    match service.get("command") {
        Some(Value::String(command))
            if shlex::split(command).is_none_or(|words| words.is_empty()) =>
        {
            problems.push(format!(
                "a command needs at least one word and closed quotes (in field '{field}.command', input: '{command}')"
            ));
        }
        None | Some(Value::String(_)) => {}
        Some(other) => problems.push(format!(
            "input should be a valid string (in field '{field}.command', input: {})",
            repr(other)
        )),
    }
}

fn check_choice(
    entry: &Mapping,
    field: &str,
    key: &str,
    choices: &[&str],
    problems: &mut Vec<String>,
) {
    if let Some(value) = entry.get(key)
        && !value.as_str().is_some_and(|text| choices.contains(&text))
    {
        let quoted: Vec<String> = choices.iter().map(|text| format!("'{text}'")).collect();
        problems.push(format!(
            "input should be {} (in field '{field}.{key}', input: {})",
            quoted.join(" or "),
            repr(value)
        ));
    }
}

fn check_parts(project: &Mapping, problems: &mut Vec<String>) {
    let parts = match project.get("parts") {
        None => return,
        Some(Value::Mapping(parts)) => parts,
        Some(other) => {
            problems.push(not_a_mapping("parts", other));
            return;
        }
    };
    for (name, part) in parts {
        let name = name.as_str().map_or_else(|| repr(name), str::to_owned);
        let field = format!("parts.{name}");
        let Value::Mapping(part) = part else {
            problems.push(not_a_mapping(&field, part));
            continue;
        };
        if !part.contains_key("plugin") {
            problems.push(format!(
                "'plugin' not defined (in field '{field}', input: {})",
                repr(&without_plugin_keys(part))
            ));
        }
        let packages = part.get("stage-packages").and_then(Value::as_sequence);
        let names = packages.into_iter().flatten().filter_map(Value::as_str);
        let (slices, debs): (Vec<&str>, Vec<&str>) = names.partition(|name| is_slice(name));
        if !slices.is_empty() && !debs.is_empty() {
            problems.push(format!(
                "cannot mix packages and slices in stage-packages (in field '{field}', input: {})",
                repr(&without_plugin_keys(part))
            ));
        }
    }
}

/// Whether a stage package is a slice: Debian's package names have no `_`.
pub(super) fn is_slice(name: &str) -> bool {
    name.contains('_')
}

fn without_plugin_keys(part: &Mapping) -> Value {
    let kept = part.iter().filter(|(key, _)| {
        !key.as_str()
            .is_some_and(|key| PLUGIN_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
    });
    Value::Mapping(
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

fn not_a_mapping(field: &str, value: &Value) -> String {
    format!(
        "input should be a valid dictionary (in field '{field}', input: {})",
        repr(value)
    )
}

/// What is said of a value that is no list.
pub(super) fn not_a_list(field: &str, value: &Value) -> Error {
    Error::Content(vec![format!(
        "input should be a valid list (in field '{field}', input: {})",
        repr(value)
    )])
}
