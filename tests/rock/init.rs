//! `rock init`: the file that it writes, and that this file is enough.

use std::fs;
use std::path::Path;

use charmwright::project::rock::{Switch, expand, plan};
use charmwright::yaml::{Mapping, Value, from_str};

use super::{run, stderr, stdout, write};

#[test]
fn init_writes_what_rockcraft_writes() {
    for framework in charmwright::frameworks::names() {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("hello-fastapi");
        let extension = format!("{framework}-framework");
        let ask = ["init", "--profile", &extension, "-p", "hello-fastapi"];
        stdout(&run(directory.path(), &ask));
        let text = fs::read_to_string(project.join("rockcraft.yaml")).unwrap();
        let mut written: Mapping = from_str(&text).unwrap();
        let mut expected: Mapping =
            from_str(include_str!("../contract/rockcraft-init-fastapi.yaml")).unwrap();
        // The profiles differ in this only.
        expected.insert("extensions".into(), vec![extension].into());
        // These two are in our own words.
        for project in [&mut written, &mut expected] {
            for key in ["summary", "description"] {
                assert!(
                    project
                        .shift_remove(key)
                        .is_some_and(|value| value.is_string())
                );
            }
        }
        assert_eq!(written, expected);
    }
}

#[test]
fn init_leaves_an_existing_file_alone() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "rockcraft.yaml", "mine");
    let ask = ["init", "--profile", "fastapi-framework"];
    let refused = run(directory.path(), &ask);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused)
            .contains("would overwrite existing files.\nExisting files are:\n  - rockcraft.yaml\n"),
        "{refused:?}"
    );
    let forced = run(
        directory.path(),
        &[&ask[..], &["--force", "--format", "json"]].concat(),
    );
    let facts: serde_json::Value = serde_json::from_str(&stdout(&forced)).unwrap();
    assert_eq!(facts["files"], serde_json::json!([]));
    let text = fs::read_to_string(directory.path().join("rockcraft.yaml")).unwrap();
    assert_eq!(text, "mine");
}

#[test]
fn init_names_the_rock_after_its_directory_if_that_can_be_a_name() {
    for (directory, option, name) in [
        ("web-shop", None, Some("web-shop")),
        ("Web_Shop", None, Some("my-rock-name")),
        ("x", Some("shop"), Some("shop")),
        ("y", Some("Shop"), None),
        ("z", Some("a--b"), None),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let mut ask = vec!["init", "--profile", "fastapi-framework", "--format", "json"];
        ask.extend(["-p", directory]);
        ask.extend(option.into_iter().flat_map(|name| ["--name", name]));
        let output = run(parent.path(), &ask);
        let Some(name) = name else {
            assert_eq!(output.status.code(), Some(1), "{option:?}");
            assert!(stderr(&output).contains(option.unwrap()), "{output:?}");
            assert!(!parent.path().join(directory).exists());
            continue;
        };
        let facts: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(facts["name"], name);
    }
}

/// The new file of a framework with everything in it that can be uncommented.
fn uncommented(directory: &Path, framework: &str) {
    let extension = format!("{framework}-framework");
    stdout(&run(
        directory,
        &["init", "--profile", &extension, "--name", "web"],
    ));
    let path = directory.join("rockcraft.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let mut uncommented = String::new();
    let mut inside = false;
    for line in text.lines() {
        inside = match line {
            "# parts:" | "# services:" => true,
            _ => inside && line.starts_with('#'),
        };
        let line = line.strip_prefix("# ").filter(|_| inside).unwrap_or(line);
        uncommented.push_str(line);
        uncommented.push('\n');
    }
    fs::write(&path, uncommented).unwrap();
}

#[test]
fn what_is_commented_out_in_the_new_file_is_valid() {
    for framework in charmwright::frameworks::names() {
        let directory = tempfile::tempdir().unwrap();
        uncommented(directory.path(), framework);
        for (name, text) in [
            ("requirements.txt", "fastapi\nflask\n"),
            ("app.py", "app = 1\n"),
            ("web/web/wsgi.py", "application = 1\n"),
            (
                "app/package.json",
                "{\"name\": \"x\", \"scripts\": {\"start\": \"x\"}}",
            ),
            ("go.mod", ""),
            ("pom.xml", ""),
            ("migrate.py", ""),
        ] {
            write(directory.path(), name, text);
        }
        let expanded = expand(directory.path(), Switch::On).unwrap();
        let path = directory.path().join("rockcraft.yaml");
        let raw: Mapping = from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let uncommented = raw.get("parts").and_then(Value::as_mapping).unwrap();
        let parts = expanded.project.get("parts").unwrap();
        for name in uncommented.keys() {
            assert!(parts.get(name).is_some(), "{framework} {name:?}");
        }
        if framework != "fastapi" {
            continue;
        }
        let rock = plan(directory.path()).unwrap();
        assert_eq!(rock.stage_packages, ["libpq5"]);
        let layer: Value = from_str(&rock.layer).unwrap();
        assert!(layer["services"].get("mail-worker").is_some());
        let expanded = run(directory.path(), &["expand-extensions"]);
        assert!(
            stderr(&expanded).contains("`app/static` is listed in rockcraft.yaml"),
            "{expanded:?}"
        );
    }
}

#[test]
fn the_tutorials_app_needs_nothing_but_init_in_every_stage() {
    for (stage, targets) in [
        ("1-hello", "/app/app.py"),
        ("2-greeting", "/app/app.py"),
        ("3-visitors", "/app/app.py /app/migrate.py"),
    ] {
        let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/apps/fastapi");
        let directory = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(apps.join(stage)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
            }
        }
        stdout(&run(
            directory.path(),
            &["init", "--profile", "fastapi-framework"],
        ));
        let rock = plan(directory.path()).unwrap();
        let files: Vec<String> = rock
            .files
            .iter()
            .map(|file| file.target.display().to_string())
            .collect();
        assert_eq!(files.join(" "), targets, "{stage}");
    }
}
