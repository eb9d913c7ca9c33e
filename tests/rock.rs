//! The rock side of a project against what rockcraft does: every case of `tests/contract/validation-rock.yaml`.

use std::fs;
use std::path::Path;

use charmwright::project::rock::{Switch, expand, plan};
use charmwright::yaml::{Mapping, Value, from_str};

/// Cases of frameworks that are still to come; those issues empty this list.
const NOT_THERE_YET: &[&str] = &["flask", "django", "go", "expressjs", "spring-boot"];

const CASES: &str = include_str!("contract/validation-rock.yaml");

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn project(framework: &str, changes: Option<&Value>) -> String {
    let mut project: Mapping = from_str(&format!(
        "{{name: hello-x, base: bare, build-base: ubuntu@24.04, version: '0.1', summary: s, description: d, \
         platforms: {{amd64: }}, extensions: [{framework}-framework]}}"
    ))
    .unwrap();
    for (key, value) in changes.and_then(Value::as_mapping).into_iter().flatten() {
        if value.is_null() {
            project.remove(key);
        } else {
            project.insert(key.clone(), value.clone());
        }
    }
    charmwright::yaml::to_string(&project).unwrap()
}

#[test]
fn every_recorded_case_ends_as_it_does_with_rockcraft() {
    let cases: Vec<Mapping> = from_str(CASES).unwrap();
    assert_eq!(cases.len(), 76);
    let mut wrong = Vec::new();
    let mut done = 0;
    for case in &cases {
        let text = |key: &str| case.get(key).and_then(Value::as_str);
        let framework = text("framework").unwrap();
        if NOT_THERE_YET.contains(&framework) {
            continue;
        }
        done += 1;
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
                assert_eq!(part.get("organize"), case.get("organize"), "{name}");
                assert_eq!(part.get("prime"), case.get("prime"), "{name}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(done >= 14, "only {done} cases ran");
}

#[test]
fn the_layer_of_a_fastapi_rock_is_rockcrafts() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        "rockcraft.yaml",
        "name: hello-fastapi\nbase: bare\nbuild-base: ubuntu@24.04\nversion: '0.1'\nsummary: A fastapi app\n\
         description: |\n  A fastapi app in a rock.\nplatforms:\n  amd64:\nextensions:\n- fastapi-framework\n",
    );
    write(directory.path(), "requirements.txt", "fastapi\n");
    write(directory.path(), "app.py", "app = 1\n");
    write(directory.path(), "migrate.py", "");
    write(directory.path(), "other.py", "");
    let rock = plan(directory.path()).unwrap();
    let layer: Value = from_str(&rock.layer).unwrap();
    let expected: Value = from_str(include_str!("contract/rock-layer-fastapi.yaml")).unwrap();
    assert_eq!(layer, expected);
    assert_eq!(rock.layer_file, "001-rockcraft-hello-fastapi.yaml");
    let root = directory.path().canonicalize().unwrap();
    let files: Vec<(String, String)> = rock
        .files
        .iter()
        .map(|file| {
            let source = file.source.strip_prefix(&root).unwrap();
            (
                source.display().to_string(),
                file.target.display().to_string(),
            )
        })
        .collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        files,
        [
            pair("app.py", "/app/app.py"),
            pair("migrate.py", "/app/migrate.py")
        ]
    );
    let python = rock.python.unwrap();
    assert_eq!(python.requirements, Some(root.join("requirements.txt")));
    assert_eq!(python.packages, ["uvicorn"]);
    assert_eq!(
        (rock.name.as_str(), rock.version.as_str()),
        ("hello-fastapi", "0.1")
    );
}
