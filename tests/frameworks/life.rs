//! One unit of the first version.

use serde_json::Value;

use crate::app::App;

pub fn starts_with_its_database(app: &App) {
    app.with_charm_and_image(&["deploy"]);
    if !app.framework.options.is_empty() {
        let mut command = vec!["config", &app.name];
        command.extend(app.framework.options);
        app.journey.local(&command);
    }
    let database = app.database;
    app.settles("blocked", database.missing);
    app.is_silent();
    app.journey.local(&["deploy", database.application]);
    app.journey
        .local(&["integrate", &app.name, database.application]);
    app.settles("active", "");
}

pub fn answers_every_path(app: &App) {
    app.answers("/", "Hello, world!");
    assert_eq!(app.get("/health"), "ok");
    assert_eq!(app.get("/visitors"), "1");
    assert_eq!(app.get("/visitors"), "2");
    assert_eq!(app.get("/version"), "1");
    assert_eq!(app.get("/key"), key_of(app));
    app.ticks(&[0], &[0]);
    assert_eq!(app.migrations(0), 1, "migrations that ran");
}

/// SHA-256 of the secret key that Pebble gives the app.
fn key_of(app: &App) -> String {
    let plan = app.pebble_ok(0, &["plan"]);
    let variable = format!("{}: ", app.framework.secret_variable);
    let key = plan
        .lines()
        .find_map(|line| line.trim().strip_prefix(&variable));
    let key = key.unwrap_or_else(|| panic!("no `{variable}` in\n{plan}"));
    sha256(key.trim_matches('"'))
}

fn sha256(text: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let mut program = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = program.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.split_whitespace().next().unwrap().to_owned()
}

/// Asked inside of the container, where Prometheus' port is, whether it is open or not.
pub fn shows_its_metrics(app: &App) {
    let framework = app.framework;
    let url = format!(
        "http://127.0.0.1:{}{}",
        framework.metrics_port, framework.metrics_path
    );
    let arguments = [
        "exec",
        "--",
        "curl",
        "--silent",
        "--fail",
        "--retry",
        "20",
        "--retry-connrefused",
        "--max-time",
        "60",
        &url,
    ];
    let page = app.pebble_ok(0, &arguments);
    let has = |name: &str| {
        page.lines().any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        })
    };
    assert!(
        has(framework.series),
        "no `{}` in\n{page}",
        framework.series
    );
}

pub fn changes_its_greeting(app: &App) {
    app.journey.local(&["config", &app.name, "greeting=Hi"]);
    app.answers("/", "Hi, world!");
    app.settles("active", "");
    app.journey
        .local(&["config", &app.name, "--reset", "greeting"]);
    app.answers("/", "Hello, world!");
    app.settles("active", "");
    assert_eq!(app.get("/visitors"), "3");
    assert_eq!(app.migrations(0), 1, "migrations that ran");
}

pub fn outlives_a_wrong_option(app: &App) {
    let (option, value) = app.framework.wrong_option;
    // A value of another type never reaches the charm.
    let typed = app
        .journey
        .output(&["local", "config", &app.name, "metrics-port=many"]);
    assert!(!typed.status.success(), "{typed:?}");
    let before = app.main_service();
    app.journey
        .local(&["config", &app.name, &format!("{option}={value}")]);
    app.settles("blocked", app.framework.refusal);
    assert_eq!(app.get("/"), "Hello, world!");
    app.journey.local(&["config", &app.name, "--reset", option]);
    app.settles("active", "");
    assert_eq!(app.get("/"), "Hello, world!");
    assert_eq!(app.main_service(), before, "the app was not restarted");
}

/// Nothing changes when there is nothing to do.
pub fn idles(app: &App) {
    let seen = || {
        (
            app.main_service(),
            app.pebble_ok(0, &["changes"]).lines().count(),
            app.journey.local(&["logs", &app.unit(0)]),
        )
    };
    app.journey.local(&["fire", &app.unit(0), "update-status"]);
    let before = seen();
    app.journey.local(&["fire", &app.unit(0), "update-status"]);
    let after = seen();
    assert_eq!(after.0, before.0, "the app was restarted");
    assert_eq!(after.1, before.1, "Pebble had something to do");
    let new = after.2.strip_prefix(&before.2).unwrap_or(&after.2);
    assert!(
        !new.contains(" INFO unit."),
        "the charm changed something:\n{new}"
    );
    app.settles("active", "");
}

pub fn rotates_its_key(app: &App) {
    let before = app.get("/key");
    let said = app
        .journey
        .local(&["run", &app.unit(0), "rotate-secret-key"]);
    assert!(said.contains("status: success"), "{said}");
    app.settles("active", "");
    let url = app.url(0, "/key");
    let after = app.journey.responds(&url, "another key", |(status, body)| {
        *status == 200 && *body != before
    });
    assert_eq!(after, key_of(app));
    assert_eq!(app.get("/visitors"), "4");
    assert_eq!(app.migrations(0), 1, "migrations that ran");
}

pub fn creates_superusers(app: &App) {
    let command = [
        "local",
        "run",
        &app.unit(0),
        "create-superuser",
        "username=ada",
        "email=ada@example.com",
        "--format",
        "json",
    ];
    let output = app.journey.output(&command);
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let password = &said[app.unit(0)]["results"]["password"];
    assert!(password.as_str().is_some_and(|word| word.len() >= 20));
    assert_eq!(app.get("/superusers"), r#"["ada"]"#);

    let output = app.journey.output(&command);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("already taken"), "{said}");
    assert!(!said.contains("Traceback"), "{said}");
    assert_eq!(app.get("/superusers"), r#"["ada"]"#);
}
