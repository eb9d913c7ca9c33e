//! What commands say.

use super::model::Model;

#[test]
fn a_command_without_a_model_says_what_to_run() {
    let model = Model::new();
    for command in [
        &["status"][..],
        &["wait"],
        &["config", "demo"],
        &["integrate", "a", "b"],
        &["logs"],
    ] {
        assert_eq!(
            model.refused(command),
            "error: there is no model here; start one with `charmwright local deploy CHARM`\n",
            "{command:?}"
        );
    }
    assert!(
        model
            .refused(&["destroy"])
            .contains("there is no model here")
    );
    assert!(!model.project().join(".charmwright").exists());
}

#[test]
fn the_model_is_found_from_below_and_by_dir() {
    let model = Model::with_demo();
    let below = model.project().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let status = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let charmwright = || std::process::Command::new(env!("CARGO_BIN_EXE_charmwright"));
    let text = status(charmwright().args(["local", "status"]).current_dir(&below));
    assert!(text.contains("demo/0*"), "{text}");
    let dir = model.project();
    let text = status(charmwright().args(["local", "status", "--dir"]).arg(dir));
    assert!(text.contains("demo/0*"), "{text}");
    let text = status(
        charmwright()
            .args(["local", "status"])
            .env("CHARMWRIGHT_DIR", dir),
    );
    assert!(text.contains("demo/0*"), "{text}");
}

#[test]
fn status_has_a_line_for_each_thing() {
    let model = Model::with_demo();
    model.ok(&["provide", "smtp"]);
    model.ok(&["integrate", "demo", "smtp"]);
    model.wait();
    let text = model.ok(&["status"]);
    let has = |words: &[&str]| {
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>() == words;
        assert!(text.lines().any(line), "{words:?} is not in\n{text}");
    };
    has(&[
        "App", "Version", "Status", "Scale", "Charm", "Rev", "Address", "Message",
    ]);
    has(&["demo", "active", "1", "demo", "0", "ready"]);
    has(&["demo/0*", "active", "idle", "10.1.0.2", "ready"]);
    has(&["smtp:smtp", "demo:mail", "smtp", "regular"]);
    let json = model.status();
    assert_eq!(
        json["applications"]["demo"]["application-status"]["current"],
        "active"
    );
    assert_eq!(
        json["applications"]["demo"]["units"]["demo/0"]["leader"],
        true
    );
}

#[test]
fn wait_names_what_is_missing_when_the_time_is_up() {
    let model = Model::with_demo();
    model.hook("update-status", "status-set blocked 'no database'");
    model.ok(&["fire", "demo/0", "update-status"]);
    let said = model.refused(&["wait", "--timeout", "1"]);
    assert!(
        said.contains("not active after 1 s: demo/0 is blocked: no database"),
        "{said}"
    );
    model.ok(&["wait", "demo", "--status", "blocked"]);
    assert!(
        model
            .refused(&["wait", "nobody", "--timeout", "1"])
            .contains("\"nobody\" not found")
    );
}

#[test]
fn what_cannot_be_deployed_is_refused_with_the_fix() {
    let model = Model::with_demo();
    let charm = model.charm();
    let said = model.refused(&["deploy", &charm]);
    assert!(said.contains("application already exists"), "{said}");
    let said = model.refused(&["deploy", "postgresql"]);
    assert!(said.contains("did you mean `postgresql-k8s`?"), "{said}");
    let said = model.refused(&["deploy", "./nothing.charm"]);
    assert!(said.contains("cannot read"), "{said}");
    std::fs::write(model.project().join("text.charm"), "no zip").unwrap();
    model.refused(&["deploy", "./text.charm", "text"]);
    let metadata = "
name: web
containers: {app: {resource: app-image}}
resources: {app-image: {type: oci-image}}
";
    let web = model.charm_with("web.charm", metadata, "options: {}\n");
    let said = model.refused(&["deploy", &web]);
    assert!(
        said.contains("local charm missing OCI images for: app-image"),
        "{said}"
    );
    let said = model.refused(&["deploy", &web, "--resource", "image=."]);
    assert!(said.contains("unrecognized resource `image`"), "{said}");
    let said = model.refused(&["deploy", &charm, "other", "--model", "elsewhere"]);
    assert!(said.contains("the model here is `project`"), "{said}");
    assert_eq!(model.status()["applications"].as_object().unwrap().len(), 1);
}

#[test]
fn an_event_that_cannot_be_fired_is_refused() {
    let model = Model::with_demo();
    let said = model.refused(&["fire", "demo/0", "full-moon"]);
    assert!(
        said.contains("`full-moon` is no event that can be fired"),
        "{said}"
    );
    assert!(
        model
            .refused(&["fire", "demo/1", "start"])
            .contains("unit \"demo/1\" not found")
    );
}

#[test]
fn a_reader_that_has_gone_ends_a_command_quietly() {
    let model = Model::with_demo();
    for arguments in [
        &["status"][..],
        &["status", "--watch"],
        &["status", "--format", "json"],
        &["logs", "--follow"],
        &["config", "demo"],
        &["wait", "demo"],
        &["fire", "demo/0", "update-status"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_charmwright"))
            .arg("local")
            .args(arguments)
            .current_dir(model.project())
            .stdout(writer)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{arguments:?}: {told}");
    }
}
