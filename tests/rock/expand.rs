//! The expanded project: every case of `tests/contract/validation-rock.yaml`, and what is no project.

use charmwright::project::rock::{Switch, expand, plan};
use charmwright::yaml::{Mapping, Value, from_str};

use super::{project, run, stderr, stdout, write};

const CASES: &str = include_str!("../contract/validation-rock.yaml");

#[test]
fn every_recorded_case_ends_as_it_does_with_rockcraft() {
    let cases: Vec<Mapping> = from_str(CASES).unwrap();
    assert_eq!(cases.len(), 76);
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |key: &str| case.get(key).and_then(Value::as_str);
        let framework = text("framework").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let files = case.get("files").and_then(Value::as_mapping);
        for (name, content) in files.into_iter().flatten() {
            let (name, content) = (name.as_str().unwrap(), content.as_str().unwrap());
            write(directory.path(), name, content);
        }
        write(
            directory.path(),
            "rockcraft.yaml",
            &project(framework, case.get("project")),
        );
        let switch = match case.get("experimental") {
            Some(Value::Bool(false)) => Switch::Off,
            _ => Switch::On,
        };
        let name = text("case").unwrap();
        let result = expand(directory.path(), switch);
        match (text("error"), result) {
            (Some(expected), Err(error)) => {
                let place = directory.path().display().to_string();
                let said = error.to_string().replace(&place, "<project>");
                if said != expected {
                    wrong.push(format!("{name}: said\n{said}\nbut should\n{expected}"));
                }
            }
            (Some(expected), Ok(_)) => wrong.push(format!("{name}: not refused with\n{expected}")),
            (None, Err(error)) => wrong.push(format!("{name}: refused with\n{error}")),
            (None, Ok(expanded)) => {
                let project = &expanded.project;
                let services = project.get("services").unwrap();
                let service = services.get(framework).unwrap();
                assert_eq!(service.get("command"), case.get("command"), "{name}");
                let part = project
                    .get("parts")
                    .unwrap()
                    .get(format!("{framework}-framework/install-app").as_str())
                    .unwrap();
                // Recorded where the extension makes it from the app's files, or from the rock's name.
                if ["fastapi", "flask", "go"].contains(&framework) {
                    assert_eq!(part.get("organize"), case.get("organize"), "{name}");
                    assert_eq!(part.get("prime"), case.get("prime"), "{name}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn programs_that_a_go_app_has_beside_its_server_are_staged_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let changes = "{parts: {go-framework/install-app: {organize: {bin/migrate: app/migrate}}}}";
    let changes: Value = from_str(changes).unwrap();
    write(
        directory.path(),
        "rockcraft.yaml",
        &project("go", Some(&changes)),
    );
    write(directory.path(), "go.mod", "");
    let expanded = expand(directory.path(), Switch::Off).unwrap();
    let part = expanded
        .project
        .get("parts")
        .and_then(|parts| parts.get("go-framework/install-app"))
        .unwrap();
    let expected: Value = from_str(
        "{organize: {bin/migrate: app/migrate, bin/hello-x: usr/local/bin/hello-x}, \
         stage: [app/migrate, usr/local/bin/hello-x]}",
    )
    .unwrap();
    for key in ["organize", "stage"] {
        let sorted = |value: Option<&Value>| {
            let value = serde_json::to_value(value.unwrap()).unwrap();
            match value {
                serde_json::Value::Array(mut items) => {
                    items.sort_by_key(ToString::to_string);
                    items.into()
                }
                other => other,
            }
        };
        assert_eq!(sorted(part.get(key)), sorted(expected.get(key)), "{key}");
    }
}

#[test]
fn expand_prints_yaml_or_json_of_the_same_project() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        "rockcraft.yaml",
        &project("fastapi", None),
    );
    write(directory.path(), "requirements.txt", "fastapi\n");
    write(directory.path(), "app.py", "app = 1\n");
    let yaml: Value = from_str(&stdout(&run(directory.path(), &["expand-extensions"]))).unwrap();
    let json = run(directory.path(), &["expand-extensions", "--format", "json"]);
    let json: Value = from_str(&stdout(&json)).unwrap();
    assert_eq!(yaml, json);
    assert_eq!(yaml["platforms"]["amd64"]["build-for"][0], "amd64");
    assert_eq!(yaml["run-user"], "_daemon_");
    assert!(yaml.get("extensions").is_none());
}

#[test]
fn a_broken_file_is_told_with_its_place() {
    for (text, said) in [
        ("name: x\nname: y\n", "duplicate"),
        ("name: x\nparts: [\n", "line 3"),
        ("- x\n", "must be a mapping"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "rockcraft.yaml", text);
        let output = run(directory.path(), &["expand-extensions"]);
        assert_eq!(output.status.code(), Some(1));
        let stderr = stderr(&output);
        assert!(
            stderr.starts_with("error: error parsing 'rockcraft.yaml'"),
            "{stderr}"
        );
        assert!(stderr.contains(said), "{stderr}");
        assert!(stderr.contains("line "), "{stderr}");
    }
    let empty = tempfile::tempdir().unwrap();
    let output = run(empty.path(), &["expand-extensions"]);
    assert!(
        stderr(&output).contains("Project file 'rockcraft.yaml' not found in '/"),
        "{output:?}"
    );
}

#[test]
fn no_shape_of_a_project_makes_it_panic() {
    for changes in [
        "{parts: 1}",
        "{parts: {fastapi-framework/install-app: 1}}",
        "{parts: {fastapi-framework/install-app: {prime: x}}}",
        "{parts: {fastapi-framework/install-app: {prime: [1]}}}",
        "{parts: {fastapi-framework/install-app: {prime: [app/../x]}}}",
        "{services: [x]}",
        "{services: {fastapi: x}}",
        "{services: {fastapi: {command: [x]}}}",
        "{services: {fastapi: {command: \"'\"}}}",
        "{services: {fastapi: {startup: maybe}}}",
        "{services: {1: {}}}",
        "{platforms: x}",
        "{platforms: {}}",
        "{platforms: {amd64: {build-on: x}}}",
        "{name: 5}",
        "{name: X}",
        "{version: 0.1}",
        "{extensions: [[x]]}",
        "{extensions: [1]}",
        "{extensions: fastapi-framework}",
        "{base: 1}",
        "{checks: {x: {}}}",
        "{nonsense: 1}",
        "{[1]: 1}",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let changed: Value = from_str(changes).unwrap();
        write(
            directory.path(),
            "rockcraft.yaml",
            &project("fastapi", Some(&changed)),
        );
        write(directory.path(), "requirements.txt", "fastapi\n");
        write(directory.path(), "app.py", "app = 1\n");
        let error = plan(directory.path()).expect_err(changes).to_string();
        assert!(!error.is_empty(), "{changes}");
    }
}
