//! The tables of docs/reference/FRAMEWORK.md, each row made of `metadata/frameworks/FRAMEWORK.yaml` and compared as a whole.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

use std::fs;
use std::path::Path;

use charmwright::yaml::{self, Value};

const FRAMEWORKS: [&str; 6] = [
    "django",
    "expressjs",
    "fastapi",
    "flask",
    "go",
    "spring-boot",
];
const GENERATIONS: [(&str, &str); 2] = [("v1", "first generation"), ("v2", "second generation")];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn data(framework: &str) -> Value {
    yaml::from_str(&read(&format!("metadata/frameworks/{framework}.yaml"))).unwrap()
}

/// The value at a path; null where there is none.
fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter()
        .fold(value, |value, key| value.get(*key).unwrap_or(&Value::Null))
}

/// The value of a generation, where both may have one of their own.
fn of<'a>(value: &'a Value, generation: &str) -> &'a Value {
    match value {
        Value::Mapping(mapping) => mapping.get(generation).unwrap_or(&Value::Null),
        both => both,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => yaml::to_string(other).unwrap().trim().to_owned(),
    }
}

/// In code style; `none` for nothing.
fn code(value: &Value) -> String {
    match text(value) {
        text if text.is_empty() => "none".into(),
        text => format!("`{text}`"),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

/// The declaration of an option in a generation.
fn declared<'a>(data: &'a Value, name: &str, generation: &str) -> Option<&'a Value> {
    list(at(data, &["charm", "options"])).find(|option| {
        option["name"] == name
            && option
                .get("only")
                .is_none_or(|only| only.as_str() == Some(generation))
    })
}

/// The rows of the table of facts.
fn facts(data: &Value) -> Vec<String> {
    let runtime = &data["runtime"];
    let row = |name: &str, cell: &dyn Fn(&str) -> String| {
        format!("| {name} | {} | {} |", cell("v1"), cell("v2"))
    };
    let same = |name: &str, key: &str| row(name, &|_| code(&runtime[key]));
    let port = |generation: &str| {
        let option = text(at(runtime, &["port", "option"]));
        let default = text(of(at(runtime, &["port", "default"]), generation));
        match declared(data, &option, generation) {
            Some(_) => format!("{default}, option `{option}`"),
            None => default,
        }
    };
    let metrics = |generation: &str| {
        let part = |part: &str| {
            let option = text(at(runtime, &["metrics", part, "option"]));
            match declared(data, &option, generation) {
                Some(declared) => format!("{}, option `{option}`", text(&declared["default"])),
                None => text(of(at(runtime, &["metrics", part, "default"]), generation)),
            }
        };
        match (part("port"), part("path")) {
            (port, _) if port.is_empty() => "not told to the app".to_owned(),
            (port, path) => format!("{port}; {path}"),
        }
    };
    let variables = |generation: &str| {
        let named = [
            &["port", "variable"][..],
            &["metrics", "port", "variable"],
            &["metrics", "path", "variable"],
        ]
        .map(|path| code(of(at(runtime, path), generation)));
        named.join(", ")
    };
    let bases = |generation: &str| {
        let Value::Mapping(bases) = &data["charm"]["bases"] else {
            panic!("no bases");
        };
        let names = bases
            .iter()
            .filter(|(_, base)| base["generation"] == generation)
            .map(|(name, _)| code(name));
        names.collect::<Vec<_>>().join(", ")
    };
    vec![
        row("bases", &bases),
        row("container, resource of its image", &|generation| {
            let container = text(of(&data["charm"]["container"], generation));
            format!("`{container}`, `{container}-image`")
        }),
        row("port", &port),
        row("metrics' port; path", &metrics),
        row("variables of port, metrics' port and path", &variables),
        row("your own options become", &|_| {
            format!("`{}…`", text(&runtime["user-prefix"]))
        }),
        same("service", "service"),
        same("the app's directory", "app-directory"),
        same("the charm's files in the container", "state-directory"),
        row("secret key in the peers' databag", &|_| {
            code(at(runtime, &["secret-key", "bag-key"]))
        }),
    ]
}

/// The rows of the table of options.
fn options(data: &Value) -> Vec<String> {
    let runtime = &data["runtime"];
    let row = |option: &Value| {
        let name = text(&option["name"]);
        let only = text(option.get("only").unwrap_or(&Value::Null));
        let known = at(runtime, &["options", &name]);
        let mark = GENERATIONS
            .iter()
            .find(|(generation, _)| *generation == only)
            .map_or_else(String::new, |(_, words)| format!(" ({words})"));
        let kind = text(&option["type"]);
        let mut bounds = vec![kind.clone()];
        if kind != "secret" {
            match (text(at(known, &["minimum"])), text(at(known, &["maximum"]))) {
                (least, most) if !least.is_empty() && !most.is_empty() => {
                    bounds.push(format!("{least} to {most}"));
                }
                (least, _) if !least.is_empty() => bounds.push(format!("at least {least}")),
                _ => {}
            }
            if !at(known, &["minimum-length"]).is_null() {
                bounds.push("not empty".into());
            }
        }
        let choices: Vec<String> = list(at(known, &["choices"])).map(code).collect();
        if !choices.is_empty() {
            bounds.push(format!("one of {}", choices.join(", ")));
        }
        if at(known, &["ignore-case"]).as_bool() == Some(true) {
            bounds.push("in any case".into());
        }
        let declared = option.get("default").unwrap_or(&Value::Null);
        let default = match declared {
            Value::Null => code(at(known, &["default"])),
            default => code(default),
        };
        let variables = variables(runtime, &name, &only, known);
        format!(
            "| `{name}`{mark} | {} | {default} | {variables} |",
            bounds.join(", ")
        )
    };
    list(at(data, &["charm", "options"])).map(row).collect()
}

/// What an option becomes.
fn variables(runtime: &Value, name: &str, only: &str, known: &Value) -> String {
    let generation = if only.is_empty() { "v1" } else { only };
    let mut names = Vec::new();
    let mut add = |variable: &Value| {
        let variable = text(of(variable, generation));
        if !variable.is_empty() && !names.contains(&variable) {
            names.push(variable);
        }
    };
    let keys = list(at(runtime, &["secret-key", "options"]));
    let key = keys
        .map(text)
        .find(|option| name == *option || name == format!("{option}-id"));
    match &key {
        Some(option) => add(at(runtime, &["options", option, "variable"])),
        None => add(at(known, &["variable"])),
    }
    for part in [&["port"][..], &["metrics", "port"], &["metrics", "path"]] {
        let row = at(runtime, part);
        if text(at(row, &["option"])) == name {
            add(at(row, &["variable"]));
        }
    }
    if key.is_some() {
        add(&format!("{}SECRET_KEY", text(&runtime["user-prefix"])).into());
    }
    for row in list(at(runtime, &["variables"])) {
        let value = text(&row["value"]);
        let fits = row
            .get("only")
            .is_none_or(|only| only.as_str() == Some(generation));
        if fits && (value.contains(&format!("{{{name}}}")) || value.contains(&format!("{{{name}|")))
        {
            add(&row["name"]);
        }
    }
    let mut cells: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let gunicorn = at(runtime, &["gunicorn"]);
    if let Value::Mapping(settings) = at(gunicorn, &["settings"]) {
        let setting = settings.iter().find(|(_, option)| text(option) == name);
        cells.extend(setting.map(|(setting, _)| format!("gunicorn's `{}`", text(setting))));
    }
    if text(at(gunicorn, &["worker-class"])) == name {
        cells.push("gunicorn's `-k`".into());
    }
    if cells.is_empty() {
        "none".into()
    } else {
        cells.join(", ")
    }
}

#[test]
fn the_tables_of_each_framework_say_what_its_file_says() {
    let mut missing = Vec::new();
    for framework in FRAMEWORKS {
        let page = read(&format!("docs/reference/{framework}.md"));
        let data = data(framework);
        let expected: Vec<String> = facts(&data).into_iter().chain(options(&data)).collect();
        for row in &expected {
            if !page.lines().any(|line| line == row) {
                missing.push(format!("{framework}: {row}"));
            }
        }
        // Rows of options that are no more.
        for line in page.lines().filter(|line| line.starts_with("| `")) {
            let name = line[3..].split('`').next().unwrap();
            let is_option = at(&data, &["runtime", "options"]).get(name).is_some();
            if is_option && !expected.iter().any(|row| row == line) {
                missing.push(format!("{framework}: not so: {line}"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn the_actions_and_what_an_image_takes_are_on_the_pages() {
    for framework in FRAMEWORKS {
        let page = read(&format!("docs/reference/{framework}.md"));
        let data = data(framework);
        let actions = at(&data, &["charm", "actions"]).as_mapping();
        for name in actions.into_iter().flatten().map(|(name, _)| text(name)) {
            assert!(
                page.contains(&format!("| `{name}` |")),
                "{framework}: {name}"
            );
        }
        let install = at(&data, &["rock", "install"]);
        for name in list(at(install, &["defaults"])) {
            assert!(page.contains(&code(name)), "{framework}: {}", text(name));
        }
        for path in [
            &["needs-database"][..],
            &["gunicorn", "async-documentation"],
        ] {
            let words = text(at(&data["runtime"], path));
            assert!(page.contains(&words), "{framework}: {words}");
        }
        let variables = list(at(&data, &["runtime", "variables"]));
        let integrations = at(&data, &["runtime", "integrations"]).as_mapping();
        let related = integrations
            .into_iter()
            .flatten()
            .flat_map(|(_, rows)| list(rows));
        for row in variables.chain(related) {
            assert!(
                page.contains(&code(&row["name"])),
                "{framework}: {}",
                text(&row["name"])
            );
        }
    }
}
