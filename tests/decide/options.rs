//! The frameworks' options: bounds, forms and generations (contract: runtime, sections 4, 10 and 13).

use charmwright::interfaces::Relation;
use charmwright::juju::Status;
use charmwright::runtime::decide::decide;
use charmwright::runtime::observation::SecretProblem;
use serde_json::json;

use super::support::{
    FIRST, FRAMEWORKS, SECOND, bag, blocked, charm, observation, ready, status, variables, with,
};

#[test]
fn options_out_of_bounds_are_named_on_every_framework_and_the_rest_are_taken() {
    const PORTS: [&str; 4] = ["expressjs", "go", "spring-boot", "fastapi"];
    let port = |framework: &str| match framework {
        "fastapi" => "webserver-port",
        _ => "app-port",
    };
    let mut cases: Vec<(&str, &str, serde_json::Value)> = Vec::new();
    for framework in PORTS {
        for value in [
            json!(0),
            json!(-1),
            json!(65_536),
            json!(1.5),
            json!("8080"),
            json!(true),
        ] {
            cases.push((framework, port(framework), value));
        }
    }
    for framework in FRAMEWORKS {
        cases.push((framework, "metrics-port", json!(0)));
        cases.push((framework, "metrics-path", json!("")));
        cases.push((framework, "app-secret-key", json!("")));
    }
    cases.extend([
        ("django", "django-debug", json!("yes")),
        ("django", "django-secret-key", json!("")),
        ("django", "webserver-workers", json!("two")),
        ("expressjs", "node-env", json!("")),
        ("fastapi", "webserver-log-level", json!("INFO")),
        ("fastapi", "webserver-workers", json!(0)),
        ("flask", "flask-env", json!("")),
        ("flask", "flask-debug", json!(1)),
        ("flask", "flask-application-root", json!("")),
        ("flask", "flask-permanent-session-lifetime", json!(0)),
        ("flask", "flask-preferred-url-scheme", json!("ftp")),
        ("flask", "flask-secret-key", json!("")),
        ("flask", "flask-session-cookie-secure", json!("no")),
        ("flask", "webserver-keepalive", json!("x")),
        ("spring-boot", "app-profiles", json!("")),
    ]);
    for (framework, option, value) in cases {
        for channel in [FIRST, SECOND] {
            let observation = ready(framework, channel, "options: {}", None);
            let observation = with(observation, &[(option, value.clone())]);
            assert_eq!(
                blocked(&observation),
                format!("invalid options: {option}"),
                "{framework}, {value}"
            );
        }
    }
    for framework in PORTS {
        for value in [1, 65_535] {
            let observation = ready(framework, FIRST, "options: {}", None);
            let observation = with(observation, &[(port(framework), json!(value))]);
            assert_eq!(decide(&observation).port, Some(value), "{framework}");
        }
    }
    // The contract has no bounds for gunicorn's numbers: gunicorn itself is asked.
    let unchecked = [
        ("webserver-timeout", json!(-1)),
        ("webserver-workers", json!(0)),
    ];
    let observation = with(ready("flask", FIRST, "options: {}", None), &unchecked);
    assert_eq!(
        status(&decide(&observation)),
        (Status::Active, String::new())
    );
    assert!(
        !variables(&observation)
            .keys()
            .any(|name| name.contains("WORKERS"))
    );
}

#[test]
fn the_log_says_what_an_option_out_of_bounds_may_be() {
    for (framework, option, value, reason) in [
        (
            "go",
            "app-port",
            json!(-1),
            "-1 is too small, the least is 1",
        ),
        (
            "go",
            "app-port",
            json!(65_536),
            "65536 is too large, the most is 65535",
        ),
        (
            "flask",
            "flask-preferred-url-scheme",
            json!("ftp"),
            "`ftp` is none of http, https",
        ),
    ] {
        let observation = ready(framework, FIRST, "options: {}", None);
        let remarks = decide(&with(observation, &[(option, value)])).remarks;
        let expected = format!("option `{option}`: {reason}");
        assert!(remarks.contains(&expected), "{remarks:?}");
    }
}

#[test]
fn options_reach_the_app_in_the_form_of_the_contract() {
    for (framework, option, value, variable, text) in [
        (
            "flask",
            "flask-preferred-url-scheme",
            json!("hTTp"),
            "FLASK_PREFERRED_URL_SCHEME",
            "HTTP",
        ),
        ("flask", "flask-debug", json!(true), "FLASK_DEBUG", "true"),
        (
            "flask",
            "flask-session-cookie-secure",
            json!(false),
            "FLASK_SESSION_COOKIE_SECURE",
            "false",
        ),
        (
            "flask",
            "flask-permanent-session-lifetime",
            json!(99),
            "FLASK_PERMANENT_SESSION_LIFETIME",
            "99",
        ),
        (
            "flask",
            "flask-application-root",
            json!("/x"),
            "FLASK_APPLICATION_ROOT",
            "/x",
        ),
        ("flask", "flask-env", json!("dev"), "FLASK_ENV", "dev"),
        (
            "django",
            "django-debug",
            json!(true),
            "DJANGO_DEBUG",
            "true",
        ),
        ("expressjs", "node-env", json!("test"), "NODE_ENV", "test"),
        ("expressjs", "app-port", json!(3000), "PORT", "3000"),
        (
            "fastapi",
            "webserver-host",
            json!("::"),
            "UVICORN_HOST",
            "::",
        ),
        ("go", "app-port", json!(3000), "APP_PORT", "3000"),
        ("go", "metrics-path", json!("/m"), "APP_METRICS_PATH", "/m"),
        (
            "spring-boot",
            "app-port",
            json!(3000),
            "SERVER_PORT",
            "3000",
        ),
        (
            "spring-boot",
            "app-profiles",
            json!("a,b"),
            "APP_PROFILES",
            "a,b",
        ),
        (
            "spring-boot",
            "app-profiles",
            json!("a,b"),
            "spring.profiles.active",
            "a,b",
        ),
        (
            "spring-boot",
            "metrics-port",
            json!(9000),
            "MANAGEMENT_SERVER_PORT",
            "9000",
        ),
        (
            "spring-boot",
            "metrics-port",
            json!(9000),
            "APP_METRICS_PORT",
            "9000",
        ),
        (
            "spring-boot",
            "metrics-path",
            json!("/a/b/c"),
            "METRICS_PATH",
            "/a/b/c",
        ),
        (
            "spring-boot",
            "metrics-path",
            json!("/a/b/c"),
            "management.endpoints.web.base-path",
            "/a/b",
        ),
        (
            "spring-boot",
            "metrics-path",
            json!("/a/b/c"),
            "management.endpoints.web.path-mapping.prometheus",
            "c",
        ),
        // Decisions 34 and 35: only exact names of the framework's options are taken from the user.
        ("flask", "env", json!("mine"), "FLASK_ENV", "mine"),
        ("go", "port", json!(1), "APP_PORT", "8080"),
        ("expressjs", "app-x", json!("1"), "APP_APP_X", "1"),
        (
            "spring-boot",
            "secret-key",
            json!("mine"),
            "APP_SECRET_KEY",
            "mine",
        ),
        ("django", "max-items", json!(1.5), "DJANGO_MAX_ITEMS", "1.5"),
        (
            "django",
            "base-url",
            json!("http://mine"),
            "DJANGO_BASE_URL",
            "http://web.demo:8000",
        ),
    ] {
        let observation = ready(framework, FIRST, "options: {}", None);
        let observation = with(observation, &[(option, value.clone())]);
        let found = variables(&observation);
        assert_eq!(
            found.get(variable).map(String::as_str),
            Some(text),
            "{framework}: {option} = {value}"
        );
    }
}

#[test]
fn options_of_the_first_generation_are_heard_in_the_second_where_the_project_has_them() {
    for (framework, option, value, variable) in [
        ("expressjs", "app-port", json!(3000), "PORT"),
        ("fastapi", "webserver-port", json!(3000), "UVICORN_PORT"),
        ("go", "app-port", json!(3000), "PORT"),
        ("spring-boot", "app-port", json!(3000), "SERVER_PORT"),
        (
            "spring-boot",
            "metrics-port",
            json!(3000),
            "management.server.port",
        ),
        ("flask", "metrics-port", json!(3000), "FLASK_METRICS_PORT"),
        ("django", "metrics-port", json!(3000), "DJANGO_METRICS_PORT"),
    ] {
        let observation = ready(framework, SECOND, "options: {}", None);
        let observation = with(observation, &[(option, value)]);
        let found = variables(&observation);
        assert_eq!(
            found.get(variable).map(String::as_str),
            Some("3000"),
            "{framework}"
        );
    }
}

#[test]
fn paas_config_sets_ports_and_the_metrics_path_above_options() {
    let text = "port: 9000\nmetrics-port: 9001\nmetrics-path: /x/y\n";
    for (framework, expected) in [
        (
            "django",
            &[
                ("DJANGO_METRICS_PORT", "9001"),
                ("DJANGO_METRICS_PATH", "/x/y"),
            ][..],
        ),
        (
            "expressjs",
            &[
                ("PORT", "9000"),
                ("METRICS_PORT", "9001"),
                ("METRICS_PATH", "/x/y"),
            ],
        ),
        (
            "fastapi",
            &[("UVICORN_PORT", "9000"), ("METRICS_PORT", "9001")],
        ),
        (
            "flask",
            &[
                ("FLASK_METRICS_PORT", "9001"),
                ("FLASK_METRICS_PATH", "/x/y"),
            ],
        ),
        (
            "go",
            &[
                ("PORT", "9000"),
                ("METRICS_PORT", "9001"),
                ("METRICS_PATH", "/x/y"),
            ],
        ),
        (
            "spring-boot",
            &[
                ("SERVER_PORT", "9000"),
                ("management.server.port", "9001"),
                ("management.endpoints.web.base-path", "/x"),
                ("management.endpoints.web.path-mapping.prometheus", "y"),
            ],
        ),
    ] {
        let observation = ready(framework, SECOND, "options: {}", Some(text));
        let option = [("app-port", json!(1)), ("metrics-port", json!(2))];
        let observation = with(observation, &option);
        let found = variables(&observation);
        for (name, value) in expected {
            assert_eq!(
                found.get(*name).map(String::as_str),
                Some(*value),
                "{framework}: {name}"
            );
        }
        let url = format!("{}BASE_URL", observation.charm.runtime.user_prefix);
        assert_eq!(found[&url], "http://web.demo:9000", "{framework}");
        assert_eq!(decide(&observation).port, Some(9000), "{framework}");
    }
}

#[test]
fn every_bad_option_is_told_at_once_and_its_reason_is_logged() {
    let mut observation = observation();
    let config = "options: {token: {type: secret}, name: {type: string, optional: false}, app-secret-key-id: {type: secret}}";
    observation.charm = charm("24.04", config, None);
    observation
        .config
        .insert("webserver-log-level".into(), json!("loud"));
    observation
        .config_secrets
        .insert("token".into(), Err(SecretProblem::NotGranted));
    observation
        .config_secrets
        .insert("app-secret-key-id".into(), Ok(bag(&[("other", "x")])));
    let decision = decide(&observation);
    let text = "missing options: name, invalid options: app-secret-key-id (its secret must hold exactly one key, \
                `value`), webserver-log-level, option token: its secret is not granted, run `juju grant-secret \
                <secret> web`";
    assert_eq!(status(&decision), (Status::Blocked, text.into()));
    assert!(
        decision
            .remarks
            .iter()
            .any(|remark| remark.contains("`loud` is none of critical"))
    );
}

#[test]
fn djangos_allowed_hosts_are_the_users_then_those_by_which_it_is_reached() {
    let inside = r#""web", "web.demo", "web.demo.svc.cluster.local", "web-0.web-endpoints.demo.svc.cluster.local"]"#;
    for (given, ingress, expected) in [
        (None, Some("https://apps.example.com/demo-web"), format!(r#"["apps.example.com", {inside}"#)),
        (Some(" a.example.com ,*"), Some("http://[::1]:80/"), format!(r#"["a.example.com", "*", "[::1]", {inside}"#)),
        (
            Some("web,web.demo"),
            None,
            r#"["web", "web.demo", "web.demo.svc.cluster.local", "web-0.web-endpoints.demo.svc.cluster.local"]"#.to_owned(),
        ),
        (Some("q\"uote"), Some("http://x.example.com"), format!(r#"["q\"uote", "x.example.com", {inside}"#)),
    ] {
        let mut observation = ready("django", FIRST, "options: {}", None);
        if let Some(given) = given {
            observation = with(observation, &[("django-allowed-hosts", json!(given))]);
        }
        if let Some(url) = ingress {
            observation.relations.push(Relation {
                endpoint: "ingress".into(),
                id: 9,
                remote_app: bag(&[("ingress", &json!({"url": url}).to_string())]),
                ..Relation::default()
            });
        }
        assert_eq!(variables(&observation)["DJANGO_ALLOWED_HOSTS"], expected);
    }
}
