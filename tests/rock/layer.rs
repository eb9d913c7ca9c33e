//! The Pebble layer of each framework's rock, as recorded from rockcraft.

use std::fs;
use std::path::Path;

use charmwright::project::rock::{Switch, expand, plan};
use charmwright::yaml::{Mapping, Value, from_str};

use super::write;

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
    let expected: Value = from_str(include_str!("../contract/rock-layer-fastapi.yaml")).unwrap();
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
            include_str!("../contract/rock-layer-django.yaml"),
        ),
        (
            "expressjs",
            &[("app/package.json", package)],
            "",
            include_str!("../contract/rock-layer-expressjs.yaml"),
        ),
        (
            "fastapi",
            &[("requirements.txt", "fastapi"), ("app.py", "app = 1\n")],
            "",
            include_str!("../contract/rock-layer-fastapi.yaml"),
        ),
        (
            "flask",
            &flask,
            "",
            include_str!("../contract/rock-layer-flask.yaml"),
        ),
        (
            "flask",
            &flask,
            override_services,
            include_str!("../contract/rock-layer-flask-override.yaml"),
        ),
        (
            "go",
            &[("go.mod", "")],
            "",
            include_str!("../contract/rock-layer-go.yaml"),
        ),
        (
            "spring-boot",
            &[("pom.xml", "")],
            "",
            include_str!("../contract/rock-layer-spring-boot.yaml"),
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
