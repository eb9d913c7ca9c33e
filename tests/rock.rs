//! The rock side of a project against what rockcraft does: every case of `tests/contract/validation-rock.yaml`.

// Helpers of tests are not seen as tests by this lint.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use charmwright::project::rock::{Switch, expand, plan};
use charmwright::yaml::{Mapping, Value, from_str};

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
    assert_eq!(python.requirements, [root.join("requirements.txt")]);
    assert_eq!(python.packages, ["uvicorn"]);
    assert_eq!(
        (rock.name.as_str(), rock.version.as_str()),
        ("hello-fastapi", "0.1")
    );
}

#[test]
fn every_framework_is_laid_out_with_what_its_rock_has() {
    let wsgi = ("hello_django/hello_django/wsgi.py", "application = 1\n");
    let package = r#"{"name": "@me/web", "scripts": {"start": "x"}}"#;
    for (framework, project_files, more, files, python, builds) in [
        (
            "flask",
            &[
                ("requirements.txt", "flask\ngevent\n"),
                ("app.py", "app = 1\n"),
                ("x", ""),
            ][..],
            "",
            "/flask/app/app.py",
            "gunicorn~=23.0",
            "",
        ),
        (
            "flask",
            &[
                ("requirements.txt", "flask\nGunicorn==22\n"),
                ("src/app.py", "app = 1\n"),
                ("x", ""),
            ],
            "parts:\n  flask-framework/dependencies:\n    python-packages: ['gunicorn[gevent]']\n  \
             flask-framework/install-app:\n    prime: [flask/app/x, flask/app/src]\n",
            "/flask/app/src /flask/app/x",
            "gunicorn gunicorn[gevent]",
            "",
        ),
        (
            "django",
            &[
                ("requirements.txt", ""),
                wsgi,
                ("hello_django/db.sqlite3", ""),
                ("hello_django/.x", ""),
            ],
            "",
            "/django/app/.x /django/app/hello_django",
            "gunicorn~=23.0",
            "",
        ),
        (
            "django",
            &[("requirements.txt", ""), wsgi, ("web/x", "")],
            "parts:\n  django-framework/install-app:\n    plugin: dump\n    source: web\n    organize: {x: \
             django/app/y}\n",
            "/django/app/y",
            "gunicorn~=23.0",
            "",
        ),
        (
            "go",
            &[("go.mod", ""), ("migrate.sh", ""), ("static/x", "")],
            "",
            "/app/migrate.sh /app/static",
            "",
            "Go { tags: [], generate: [] } CGO_ENABLED=0",
        ),
        (
            "expressjs",
            &[("app/package.json", package)],
            "",
            "",
            "",
            "Npm { package: \"@me/web\" }",
        ),
        (
            "spring-boot",
            &[("build.gradle", ""), ("migrate", "")],
            "",
            "/app/migrate",
            "",
            "Gradle { task: None, parameters: [] }",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let head = format!(
            "name: hello-{framework}\nbase: bare\nbuild-base: ubuntu@24.04\nversion: '0.1'\nsummary: A {framework} \
             app\ndescription: |\n  A {framework} app in a rock.\nplatforms:\n  amd64:\nextensions:\n- \
             {framework}-framework\n"
        );
        write(directory.path(), "rockcraft.yaml", &format!("{head}{more}"));
        for (name, text) in project_files {
            write(directory.path(), name, text);
        }
        let rock = plan(directory.path()).unwrap();
        let targets: Vec<String> = rock
            .files
            .iter()
            .map(|file| file.target.display().to_string())
            .collect();
        assert_eq!(targets.join(" "), files, "{framework}");
        let packages = rock.python.map(|python| python.packages.join(" "));
        assert_eq!(packages.unwrap_or_default(), python, "{framework}");
        let tools: Vec<String> = rock
            .builds
            .iter()
            .map(|build| {
                let variables = build.environment.iter();
                let variables: String = variables
                    .map(|(name, value)| format!(" {name}={value}"))
                    .collect();
                format!("{:?}{variables}", build.tool)
            })
            .collect();
        assert_eq!(tools.join(" "), builds, "{framework}");
        assert_eq!(
            rock.layer_file,
            format!("001-rockcraft-hello-{framework}.yaml")
        );
        let layer: Value = from_str(&rock.layer).unwrap();
        let path = format!("tests/contract/rock-layer-{framework}.yaml");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let text = fs::read_to_string(path).unwrap();
        let gevent = project_files[0].1.contains("gevent");
        let text = if gevent {
            text.replace("[ sync ]", "[ gevent ]")
        } else {
            text
        };
        // The recorded entry point is another one.
        let text = if framework == "flask" && project_files[1].0 == "src/app.py" {
            text.replace("app:app", "src.app:app")
        } else {
            text
        };
        assert_eq!(layer, from_str::<Value>(&text).unwrap(), "{framework}");
    }
}

#[test]
fn what_the_local_model_does_not_follow_is_remarked() {
    let directory = tempfile::tempdir().unwrap();
    let more = "{parts: {fastapi-framework/dependencies: {build-packages: [gcc]}, mine: {plugin: make, source: .}, \
                far: {plugin: dump, source: 'https://example.com/x.git'}, done: {plugin: nil, override-build: x}, \
                web: {plugin: npm, source: ., npm-include-node: true, npm-node-version: '20'}}}";
    let more: Value = from_str(more).unwrap();
    write(
        directory.path(),
        "rockcraft.yaml",
        &project("fastapi", Some(&more)),
    );
    write(directory.path(), "requirements.txt", "fastapi\n");
    write(directory.path(), "app.py", "app = 1\n");
    let error = plan(directory.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        "part `web` of `rockcraft.yaml` is built by npm, and there is no `package.json` with a name in `.`"
    );
    write(directory.path(), "package.json", "{\"name\": \"web\"}");
    assert_eq!(
        plan(directory.path()).unwrap().remarks,
        [
            "part `mine` of `rockcraft.yaml` is left out: the local model has no plugin `make`, only dump, go, gradle, \
             maven, nil, npm and python",
            "part `far` of `rockcraft.yaml` is left out: its source `https://example.com/x.git` is not in the project",
            "`override-build` of part `done` in `rockcraft.yaml` is not run",
            "the app runs with this machine's Node.js, not with 20 as `npm-node-version` of `rockcraft.yaml` says",
        ]
    );
}

fn run(directory: &Path, arguments: &[&str]) -> std::process::Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_charmwright"))
        .arg("rock")
        .args(arguments)
        .current_dir(directory)
        .env_remove("ROCKCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS")
        .output()
        .unwrap()
}

fn stdout(output: &std::process::Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_services_of_every_framework_are_rockcrafts() {
    let wsgi = "application = 1\n";
    let package = "{\"name\": \"x\", \"scripts\": {\"start\": \"x\"}}";
    let override_services = "services:\n  flask:\n    command: /bin/python3 -m gunicorn -c /flask/gunicorn.conf.py app:app \
                             --backlog 1024 -k [ sync ]\n  celery-worker:\n    override: replace\n    command: celery -A \
                             app:celery_app worker -c 2\n    startup: enabled\n    user: _daemon_\n    working-dir: \
                             /flask/app\n  beat-scheduler:\n    override: replace\n    command: celery -A \
                             app:celery_app beat -s /tmp/schedule\n    startup: enabled\n    user: _daemon_\n    \
                             working-dir: /flask/app\n";
    let flask = [("requirements.txt", "flask"), ("app.py", "app = 1\n")];
    for (framework, files, more, layer) in [
        (
            "django",
            &[
                ("requirements.txt", ""),
                ("hello_django/hello_django/wsgi.py", wsgi),
            ][..],
            "",
            include_str!("contract/rock-layer-django.yaml"),
        ),
        (
            "expressjs",
            &[("app/package.json", package)],
            "",
            include_str!("contract/rock-layer-expressjs.yaml"),
        ),
        (
            "fastapi",
            &[("requirements.txt", "fastapi"), ("app.py", "app = 1\n")],
            "",
            include_str!("contract/rock-layer-fastapi.yaml"),
        ),
        (
            "flask",
            &flask,
            "",
            include_str!("contract/rock-layer-flask.yaml"),
        ),
        (
            "flask",
            &flask,
            override_services,
            include_str!("contract/rock-layer-flask-override.yaml"),
        ),
        (
            "go",
            &[("go.mod", "")],
            "",
            include_str!("contract/rock-layer-go.yaml"),
        ),
        (
            "spring-boot",
            &[("pom.xml", "")],
            "",
            include_str!("contract/rock-layer-spring-boot.yaml"),
        ),
    ] {
        for base in [
            "base: bare\nbuild-base: ubuntu@24.04",
            "base: ubuntu@24.04",
            "base: ubuntu@26.04",
        ] {
            let directory = tempfile::tempdir().unwrap();
            write(
                directory.path(),
                "rockcraft.yaml",
                &format!(
                    "name: hello-{framework}\n{base}\nversion: '0.1'\nsummary: s\ndescription: d\nplatforms:\n  \
                     amd64:\nextensions:\n- {framework}-framework\n{more}"
                ),
            );
            for (name, text) in files {
                write(directory.path(), name, text);
            }
            let expanded = expand(directory.path(), Switch::On).unwrap();
            let layer: Mapping = from_str(layer).unwrap();
            let services = expanded.project.get("services").unwrap();
            assert_eq!(
                services,
                layer.get("services").unwrap(),
                "{framework} {base}"
            );
            let names = |services: &Value| -> Vec<Value> {
                services.as_mapping().unwrap().keys().cloned().collect()
            };
            assert_eq!(names(services), names(layer.get("services").unwrap()));
        }
    }
}

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
            from_str(include_str!("contract/rockcraft-init-fastapi.yaml")).unwrap();
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

#[test]
fn a_list_decides_what_goes_into_the_image() {
    for (list, files) in [
        ("[app/app.py, app/web/, app/gone]", "app.py web"),
        (
            "[-app/web/secret, -app/static]",
            "a.whl app.py requirements.txt rockcraft.yaml web/deep web/x",
        ),
        ("[app/venv, app/node_modules/x, app/app.py]", "app.py"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let changes = format!("{{parts: {{fastapi-framework/install-app: {{prime: {list}}}}}}}");
        let changes: Value = from_str(&changes).unwrap();
        write(
            directory.path(),
            "rockcraft.yaml",
            &project("fastapi", Some(&changes)),
        );
        write(directory.path(), "requirements.txt", "fastapi\n");
        for name in [
            "app.py",
            "a.whl",
            "x.rock",
            "static/x",
            "web/x",
            "web/secret",
            "web/deep/y",
            "web/.git/x",
            ".git/x",
            ".charmwright/x",
            "node_modules/x",
            "venv/x",
            ".venv/x",
            ".yarn/x",
        ] {
            write(directory.path(), name, "app = 1\n");
        }
        let rock = plan(directory.path()).unwrap();
        let targets: Vec<String> = rock
            .files
            .iter()
            .map(|file| {
                assert!(
                    file.source.is_absolute() && file.source.exists(),
                    "{file:?}"
                );
                file.target
                    .strip_prefix("/app")
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(targets.join(" "), files, "{list}");
    }
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
fn a_command_of_ones_own_with_only_default_files_gets_a_remark() {
    let directory = tempfile::tempdir().unwrap();
    let changes: Value =
        from_str("{services: {fastapi: {command: /bin/python3 -m uvicorn web:app}}}").unwrap();
    write(
        directory.path(),
        "rockcraft.yaml",
        &project("fastapi", Some(&changes)),
    );
    write(directory.path(), "requirements.txt", "fastapi\n");
    write(directory.path(), "web.py", "app = 1\n");
    let all = plan(directory.path()).unwrap();
    assert_eq!(all.remarks, Vec::<String>::new());
    assert!(
        all.files
            .iter()
            .any(|file| file.target == Path::new("/app/web.py"))
    );
    write(directory.path(), "migrate.py", "");
    let some = plan(directory.path()).unwrap();
    assert_eq!(some.files.len(), 1);
    assert!(
        some.remarks[0].contains("the image gets app/migrate.py only"),
        "{:?}",
        some.remarks
    );
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
