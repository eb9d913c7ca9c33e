//! Which files the image gets, and what of a project the local model does not follow.

use std::path::Path;

use charmwright::project::rock::plan;
use charmwright::yaml::{Value, from_str};

use super::{project, write};

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
