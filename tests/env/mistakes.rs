//! What the user may get wrong: each is told with the thing that is wrong and what to do.

use super::support::{Project, charmwright};

const MORE: &str = "config: {options: {\
    greeting: {type: string, description: d}, \
    max-items: {type: int, description: d}, \
    key: {type: secret, description: d}, \
    must: {type: string, optional: false, description: d}}}\n\
    requires:\n  postgresql: {interface: postgresql_client, optional: true, limit: 1}\n  \
    cache: {interface: unheard_of, optional: true}\n";

#[test]
fn options_that_cannot_be_set_are_refused() {
    let project = Project::new("fastapi", "24.04", MORE);
    for (arguments, said) in [
        (
            &["--config", "greting=x"][..],
            "error: unknown option \"greting\"; did you mean \"greeting\"?",
        ),
        (
            &["--config", "max-items=many"],
            "error: option \"max-items\" expected int, got \"many\"",
        ),
        (
            &["--config", "key=secret://k"],
            "error: option `key`: `secret://k` refers to no secret; add `--secret k:KEY=VALUE`",
        ),
        (
            &["--config", "greeting#file=none.txt"],
            "error: cannot read `none.txt`: ",
        ),
        (
            &["--model-config", "http-proxy=x"],
            "error: the model's `http-proxy` does not reach the app; `juju-http-proxy`,",
        ),
        (
            &["--rock", "nowhere"],
            "error: Project file 'rockcraft.yaml' not found in ",
        ),
    ] {
        let answer = project.env(arguments);
        assert_eq!(answer.code, 1, "{arguments:?}: {answer:?}");
        assert!(
            answer.stderr.lines().any(|line| line.starts_with(said)),
            "{arguments:?}: {}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn options_that_the_charm_would_not_take_are_told_as_its_status_and_the_others_are_printed() {
    let project = Project::new("fastapi", "24.04", MORE);
    let answer = project.env(&[
        "--format",
        "json",
        "--config",
        "webserver-workers=0",
        "--config",
        "greeting=Hi",
    ]);
    assert_eq!(answer.code, 1);
    assert_eq!(
        answer.stderr.lines().last(),
        Some("blocked: missing options: must, invalid options: webserver-workers")
    );
    let reason = "option `webserver-workers`: 0 is too small, the least is 1";
    assert!(answer.stderr.contains(reason), "{}", answer.stderr);
    let values = answer.variables("value");
    assert_eq!(values["APP_GREETING"], "Hi");
    assert!(!values.contains_key("WEB_CONCURRENCY"), "{values:?}");
}

#[test]
fn relation_files_that_cannot_be_used_are_refused_with_line_and_fix() {
    for (text, said) in [
        ("[", "relation.yaml:2:1: neither YAML nor JSON: "),
        (
            "just text",
            "`relation.yaml` is not a mapping\nhint: begin with `endpoint: NAME`",
        ),
        (
            "app-data: {}\n",
            "`relation.yaml`: neither `endpoint` nor `interface` says which relation it is\nhint: the charm has ",
        ),
        (
            "endpoint: postgres\n",
            "relation.yaml:1:1: the charm has no endpoint `postgres`\nhint: did you mean `postgresql`?",
        ),
        (
            "interface: redis\n",
            "relation.yaml:1:1: the charm has no endpoint of the interface `redis`\nhint: the charm has ",
        ),
        (
            "endpoint: cache\n",
            "relation.yaml:1:1: the endpoint `cache` has the interface `unheard_of`, of which the charm reads nothing",
        ),
        (
            "endpoint: postgresql\napp_data: {}\n",
            "relation.yaml:2:1: there is no key `app_data`\nhint: did you mean `app-data`?",
        ),
        (
            "endpoint: postgresql\napp-data: [1]\n",
            "relation.yaml:2:1: `app-data` is not made of `KEY: VALUE`",
        ),
        (
            "endpoint: postgresql\nunit-data: [1]\n",
            "relation.yaml:2:1: `unit-data` is not made of `KEY: VALUE`",
        ),
        (
            "endpoint: postgresql\nsecrets: {u: x}\n",
            "relation.yaml:2:11: `secrets.u` is not made of `KEY: VALUE`",
        ),
        (
            "endpoint: postgresql\napp-data:\n  secret-user: secret://u\n",
            "relation.yaml:3:3: `secret-user` refers to `secret://u`, and `secrets` has no `u`\n\
             hint: add `secrets: {u: {KEY: VALUE}}`",
        ),
    ] {
        let project = Project::new("fastapi", "24.04", MORE);
        project.write("relation.yaml", text);
        let answer = project.env(&["--relation", "relation.yaml"]);
        assert_eq!(answer.code, 1, "{text}");
        assert!(
            answer.stderr.starts_with(&format!("error: {said}")),
            "{text}: {}",
            answer.stderr
        );
    }
}

#[test]
fn what_is_no_charm_is_refused() {
    let project = Project::new("fastapi", "24.04", "");
    project.write("not.charm", "no zip");
    for (path, said) in [
        (
            "nowhere",
            "error: there is no `nowhere`; name a directory with a charmcraft.yaml, or a `.charm`",
        ),
        (
            "not.charm",
            "error: `not.charm` is not a charm that can be used: it is no zip",
        ),
    ] {
        let answer = charmwright(&project.path("."), &["env", path]);
        assert_eq!(answer.code, 1);
        assert!(answer.stderr.starts_with(said), "{}", answer.stderr);
    }
    let empty = tempfile::tempdir().unwrap();
    let answer = charmwright(empty.path(), &["env"]);
    let said = "error: Project file 'charmcraft.yaml' not found in ";
    assert!(answer.stderr.starts_with(said), "{}", answer.stderr);
    let wrong = charmwright(empty.path(), &["env", "--format", "toml"]);
    assert_eq!(wrong.code, 2);
}

#[test]
fn what_pack_would_refuse_is_a_warning() {
    let option = "config: {options: {base-url: {type: string, description: d}}}\n";
    let project = Project::new("flask", "24.04", option);
    let answer = project.env(&[]);
    assert_eq!(answer.code, 0);
    let said = "warning: `charmwright pack` would refuse: ";
    assert!(answer.stderr.contains(said), "{}", answer.stderr);
    assert!(answer.stdout.contains("FLASK_BASE_URL"));
}
