//! Where variables come from.

use std::path::Path;

use super::support::{Answer, Project, charmwright, map};

/// The words for each of the variables asked for.
fn from(answer: &Answer, names: &[&str]) -> std::collections::BTreeMap<String, String> {
    let mut from = answer.variables("from");
    from.retain(|name, _| names.contains(&name.as_str()));
    from
}

#[test]
fn options_defaults_and_paas_config_are_told_apart() {
    let more = "config: {options: {greeting: {type: string, default: Hello, description: d}, \
                token: {type: secret, description: d}}}\n";
    let project = Project::new("fastapi", "24.04", more);
    project.write("charm/paas-config.yaml", "metrics-port: 9464\n");
    let answer = project.env(&[
        "--format",
        "json",
        "--config",
        "webserver-workers=3",
        "--config",
        "token=secret://t",
        "--secret",
        "t:user=u",
        "--secret",
        "t:pass-word=topsecret",
        "-n",
        "2",
        "--model-config",
        "juju-no-proxy=localhost",
    ]);
    let said = answer.variables("from");
    let expected = map(&[
        ("APP_BASE_URL", "the application's name in the cluster"),
        ("APP_GREETING", "option greeting (default)"),
        ("APP_PEER_FQDNS", "the other units"),
        ("APP_SECRET_KEY", "peer relation secret-storage"),
        (
            "APP_TOKEN_PASS_WORD",
            "option token, its secret's pass-word",
        ),
        ("APP_TOKEN_USER", "option token, its secret's user"),
        ("METRICS_PATH", "option metrics-path (default)"),
        ("METRICS_PORT", "paas-config.yaml metrics-port"),
        ("NO_PROXY", "model config juju-no-proxy"),
        ("UVICORN_HOST", "framework's default of webserver-host"),
        ("UVICORN_LOG_LEVEL", "option webserver-log-level (default)"),
        ("UVICORN_PORT", "option webserver-port (default)"),
        ("WEB_CONCURRENCY", "option webserver-workers"),
        ("no_proxy", "model config juju-no-proxy"),
    ]);
    assert_eq!(said, expected, "{}", answer.stderr);
    let json = answer.json();
    let origin = |name: &str| {
        let variables = json["variables"].as_array().unwrap().iter();
        variables
            .clone()
            .find(|variable| variable["name"] == name)
            .map(|variable| variable["origin"].to_string())
            .unwrap()
    };
    for (name, expected) in [
        ("APP_GREETING", r#"{"kind":"option","option":"greeting"}"#),
        (
            "APP_TOKEN_USER",
            r#"{"kind":"option-secret","option":"token","key":"user"}"#,
        ),
        ("APP_BASE_URL", r#"{"kind":"service"}"#),
    ] {
        assert_eq!(origin(name), expected);
    }
}

#[test]
fn an_own_secret_key_stands_above_the_one_that_units_share() {
    for (arguments, said) in [
        (
            &["--config", "app-secret-key=mine-and-only-mine"][..],
            "option app-secret-key",
        ),
        (
            &[
                "--config",
                "app-secret-key-id=secret://key",
                "--secret",
                "key:value=mine-and-only-mine",
            ],
            "option app-secret-key-id, its secret's value",
        ),
    ] {
        let project = Project::new("spring-boot", "24.04", "");
        let mut all = vec!["--format", "json", "--show-secrets"];
        all.extend(arguments);
        let answer = project.env(&all);
        for name in ["APP_SECRET_KEY", "SECRET_KEY"] {
            assert_eq!(answer.variables("value")[name], "mine-and-only-mine");
            assert_eq!(answer.variables("from")[name], said, "{name}");
        }
    }
}

#[test]
fn what_a_framework_makes_of_other_facts_says_of_which() {
    let project = Project::new("spring-boot", "24.04", "");
    let answer = project.env(&["--format", "json", "--config", "app-profiles=prod"]);
    let names = [
        "management.endpoints.web.base-path",
        "server.forward-headers-strategy",
        "spring.profiles.active",
    ];
    assert_eq!(
        from(&answer, &names),
        map(&[
            (
                "management.endpoints.web.base-path",
                "framework, made of metrics-path"
            ),
            ("server.forward-headers-strategy", "framework"),
            ("spring.profiles.active", "framework, made of app-profiles"),
        ])
    );
}

const ROCK: &str = "name: web\nsummary: s\ndescription: d\nversion: '1'\nbase: ubuntu@24.04\nplatforms: {amd64: }\n\
    extensions: [fastapi-framework]\n\
    services: {fastapi: {environment: {FROM_ROCK: 'yes', UVICORN_HOST: 127.0.0.1, PYTHONPATH: /x}}}\n";

fn with_rock(project: &Project) {
    project.write("rockcraft.yaml", ROCK);
    project.write("requirements.txt", "fastapi\n");
    project.write("app.py", "import fastapi\napp = fastapi.FastAPI()\n");
}

#[test]
fn the_rocks_own_variables_are_there_and_the_charms_stand_above() {
    let project = Project::new("fastapi", "24.04", "");
    with_rock(&project);
    project.write("charm/paas-config.yaml", "framework_logging_format: json\n");
    let answer = project.env(&["--format", "json"]);
    assert_eq!(answer.stderr, "");
    let names = ["FROM_ROCK", "UVICORN_HOST", "PYTHONPATH"];
    assert_eq!(
        from(&answer, &names),
        map(&[
            ("FROM_ROCK", "rock"),
            (
                "PYTHONPATH",
                "paas-config.yaml framework_logging_format; over rock"
            ),
            (
                "UVICORN_HOST",
                "framework's default of webserver-host; over rock"
            ),
        ])
    );
    assert_eq!(
        answer.variables("value")["PYTHONPATH"],
        "/tmp/fastapi/log_config:/x"
    );
    // The same from the app's directory, from the charm's, and with the rock named.
    let by_hand = |directory: &Path, arguments: &[&str]| {
        let mut all = vec!["env", "--format", "json"];
        all.extend(arguments);
        charmwright(directory, &all).stdout
    };
    assert_eq!(by_hand(&project.path("."), &[]), answer.stdout);
    assert_eq!(by_hand(&project.path("charm"), &[]), answer.stdout);
    let named = by_hand(&project.path("charm"), &["--rock", ".."]);
    assert_eq!(named, answer.stdout);
}

#[test]
fn a_packed_charm_tells_the_same_as_its_project() {
    let more = "config: {options: {greeting: {type: string, default: Hello, description: d}}}\n\
                requires: {postgresql: {interface: postgresql_client, optional: true, limit: 1}}\n";
    let project = Project::new("fastapi", "24.04", more);
    with_rock(&project);
    let relation = project.write(
        "pg.json",
        r#"{"interface": "postgresql_client", "app-data": {"uris": "postgresql://u:hunter22@pg:5432/web"}}"#,
    );
    let relation = relation.to_str().unwrap();
    let expected = project.env(&["--format", "json", "--relation", relation]);
    assert_eq!(expected.code, 0, "{}", expected.stderr);
    let packed = charmwright(&project.path("charm"), &["pack"]);
    assert_eq!(packed.code, 0, "{}", packed.stderr);
    let charm = "charm/web_amd64.charm";
    let arguments = [
        "env",
        charm,
        "--format",
        "json",
        "--relation",
        relation,
        "--rock",
        ".",
    ];
    let answer = charmwright(&project.path("."), &arguments);
    assert_eq!(answer.stderr, "");
    assert_eq!(answer.stdout, expected.stdout);
    // Without its rock, only that is not known.
    let alone = charmwright(&project.path("."), &arguments[..6]);
    assert!(alone.stderr.contains("name its directory with `--rock`"));
    let mut without = expected.variables("value");
    without.remove("FROM_ROCK");
    without.remove("PYTHONPATH");
    assert_eq!(alone.variables("value"), without);
}
