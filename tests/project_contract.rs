//! The contract's tables: what the peer's `expand-extensions` prints and refuses.

// Helpers of tests are not themselves tests, which is what the lint excepts.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use charmwright::project::charm::{self, Project, Switch};
use charmwright::yaml::{Document, Mapping, Value, from_str, to_string};

const EXPANDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract");

fn load(name: &str) -> Mapping {
    let text = std::fs::read_to_string(Path::new(EXPANDED).join(name)).unwrap();
    from_str(&text).unwrap()
}

fn text<'a>(case: &'a Value, key: &str) -> Option<&'a str> {
    case.get(key).and_then(Value::as_str)
}

/// The author's part of an expanded project: what its extension does not add.
fn input(expanded: &Mapping, framework: &str, variant: &str) -> Mapping {
    let own = [
        "name",
        "summary",
        "description",
        "base",
        "platforms",
        "type",
        "charm-user",
    ];
    let mut input: Mapping = own
        .iter()
        .filter_map(|key| Some(((*key).into(), expanded.get(key)?.clone())))
        .collect();
    input.insert("platforms".into(), from_str("{amd64: null}").unwrap());
    let extension = format!("{framework}-framework");
    input.insert("extensions".into(), vec![Value::from(extension)].into());
    let extra = match variant {
        "-oauth" => "requires: {oidc: {interface: oauth, optional: true, limit: 1}}",
        "-tutorial" => {
            "{config: {options: {greeting: {description: The greeting., default: 'Hello, world!', type: string}}},
              requires: {postgresql: {interface: postgresql_client, optional: false}}}"
        }
        _ => "{}",
    };
    input.extend(from_str::<Mapping>(extra).unwrap());
    input
}

#[test]
fn every_framework_expands_as_the_peers_does_but_for_parts_and_libraries() {
    let mut count = 0;
    let mut names: Vec<String> = std::fs::read_dir(EXPANDED)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("-24.04") || name.contains("-26.04"))
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    names.sort();
    for name in names {
        let stem = name.trim_end_matches(".yaml");
        let at = stem.find("-24.04").or_else(|| stem.find("-26.04")).unwrap();
        let (framework, variant) = (&stem[..at], &stem[at + "-24.04".len()..]);
        let mut expected = load(&name);
        let project = tempfile::tempdir().unwrap();
        let written = to_string(&input(&expected, framework, variant)).unwrap();
        std::fs::write(project.path().join("charmcraft.yaml"), written).unwrap();

        let project = Project::read(project.path()).unwrap();
        let mut expanded = charm::expand(&project, Switch::On).unwrap().project;

        let keys = |mapping: &Mapping| -> Vec<String> {
            let keys = mapping.keys().filter_map(Value::as_str);
            keys.filter(|key| *key != "charm-libs")
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(keys(&expanded), keys(&expected), "{name}: order of keys");
        for key in ["parts", "charm-libs"] {
            expected.shift_remove(key);
            expanded.shift_remove(key);
        }
        assert_eq!(
            to_string(&sorted(&expanded.into())).unwrap(),
            to_string(&sorted(&expected.into())).unwrap(),
            "{name}"
        );
        count += 1;
    }
    assert_eq!(count, 20);
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Mapping(mapping) => {
            let mut entries: Vec<(Value, Value)> = mapping
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
            Value::Mapping(entries.into_iter().collect())
        }
        Value::Sequence(items) => Value::Sequence(items.iter().map(sorted).collect()),
        scalar => scalar.clone(),
    }
}

/// What is said without what depends on the peer's language: its YAML parser's words, and the order of its sets.
fn comparable(message: &str) -> String {
    let message = match message.split_once("invalid YAML in paas-config.yaml:") {
        Some((before, _)) => format!("{before}invalid YAML in paas-config.yaml:"),
        None => message.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let mut out = String::new();
    let mut rest = message.as_str();
    while let Some(open) = rest.find(['{', '[']) {
        let Some(length) = rest[open..].find(['}', ']']) else {
            break;
        };
        let mut names: Vec<&str> = rest[open + 1..open + length].split(", ").collect();
        names.sort_unstable();
        out.push_str(&rest[..=open]);
        out.push_str(&names.join(", "));
        rest = &rest[open + length..];
    }
    out + rest
}

#[test]
fn every_case_of_the_contract_is_refused_or_accepted_alike() {
    let cases = std::fs::read_to_string(Path::new(EXPANDED).join("validation-charm.yaml")).unwrap();
    let cases: Vec<Value> = from_str(&cases).unwrap();
    assert_eq!(cases.len(), 50);
    let mut wrong = Vec::new();
    for case in &cases {
        let name = text(case, "case").unwrap();
        let framework = text(case, "framework").unwrap_or("flask");
        let mut project: Mapping = from_str(&format!(
            "{{name: hello-x, type: charm, base: ubuntu@24.04, platforms: {{amd64: null}}, summary: s, description: d,
              extensions: [{framework}-framework]}}"
        ))
        .unwrap();
        let without = case.get("without").and_then(Value::as_sequence);
        for key in without.into_iter().flatten() {
            project.shift_remove(key);
        }
        for (key, value) in case
            .get("project")
            .and_then(Value::as_mapping)
            .into_iter()
            .flatten()
        {
            project.insert(key.clone(), value.clone());
        }
        let directory = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("charmcraft.yaml", &to_string(&project).unwrap());
        for (file, text) in case
            .get("files")
            .and_then(Value::as_mapping)
            .into_iter()
            .flatten()
        {
            write(file.as_str().unwrap(), text.as_str().unwrap());
        }
        let switch = match case.get("experimental").and_then(Value::as_bool) {
            Some(false) => Switch::Off,
            _ => Switch::On,
        };
        let result = Project::read(directory.path())
            .and_then(|project| charm::expand(&project, switch).map(|_| ()));
        let exit = case["exit"].as_u64().unwrap();
        match (exit, result) {
            (0, Ok(())) => {}
            // The peer crashes: ours says it.
            (70, Err(error)) if error.code() == 1 && error.to_string().contains("has no value") => {
            }
            (1 | 65, Err(error)) if u64::from(error.code()) == exit => {
                let said = match error {
                    charmwright::project::Error::Problem(problem) => problem.message,
                    other => other.to_string(),
                };
                let expected = comparable(text(case, "error").unwrap());
                if comparable(&said) != expected {
                    wrong.push(format!("{name}\n  ours: {said}\n  peer: {expected}"));
                }
            }
            (_, result) => wrong.push(format!(
                "{name}: ours {:?}, the peer's exit code {exit}",
                result.map_err(|e| (e.code(), e.to_string()))
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_packed_tutorial_has_the_peers_yaml_files() {
    let expected = |file: &str| load(&format!("packed-fastapi-24.04/{file}.yaml"));
    let metadata = expected("metadata");
    let mut project = input(&load("fastapi-24.04-tutorial.yaml"), "fastapi", "-tutorial");
    project.insert("summary".into(), metadata["summary"].clone());
    project.insert("description".into(), metadata["description"].clone());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("charmcraft.yaml"), to_string(&project).unwrap()).unwrap();
    let request = charm::Pack {
        directory: path.to_owned(),
        output: path.to_owned(),
        platform: None,
        runtime: Some(env!("CARGO_BIN_EXE_charmwright").into()),
        switch: Switch::Off,
        code: None,
    };
    let (packed, _) = charm::pack(&request).unwrap();

    let mut zip = zip::ZipArchive::new(std::fs::File::open(&packed[0].path).unwrap()).unwrap();
    for file in ["metadata", "config", "actions"] {
        let mut text = String::new();
        let mut entry = zip.by_name(&format!("{file}.yaml")).unwrap();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        let lines = |mapping: Mapping| to_string(&mapping).unwrap();
        assert_eq!(
            lines(from_str(&text).unwrap()),
            lines(expected(file)),
            "{file}.yaml"
        );
    }
    let mut text = String::new();
    let mut entry = zip.by_name("manifest.yaml").unwrap();
    std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
    let manifest = Document::parse(&text).unwrap().value;
    assert_eq!(manifest["bases"], expected("manifest")["bases"]);
}
