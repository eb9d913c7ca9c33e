//! The frameworks' options: bounds, forms, generations, and the key (contract: runtime, sections 4, 10 and 13).

use charmwright::runtime::observation::SecretProblem;

use super::frameworks::{FIRST, FRAMEWORKS, SECOND, blocked, ready, variables, with};
use super::*;

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

/// The options that give the key, of both generations (known defect 132).
fn key_options(framework: &str) -> Vec<String> {
    let own = match framework {
        "django" | "flask" => Some(format!("{framework}-secret-key")),
        _ => None,
    };
    own.into_iter()
        .chain(["app-secret-key".to_owned()])
        .collect()
}

fn key_variables(framework: &str) -> &'static [&'static str] {
    match framework {
        "django" => &["DJANGO_SECRET_KEY"],
        "flask" => &["FLASK_SECRET_KEY"],
        // Known defect 38: both.
        "spring-boot" => &["APP_SECRET_KEY", "SECRET_KEY"],
        _ => &["APP_SECRET_KEY"],
    }
}

#[test]
fn the_key_comes_from_an_option_of_either_generation_or_from_the_secret_that_one_names() {
    for framework in FRAMEWORKS {
        for channel in [FIRST, SECOND] {
            for option in key_options(framework) {
                let plain = ready(framework, channel, "options: {}", None);
                let plain = with(plain, &[(&option, json!("mine"))]);
                for name in [option.clone(), format!("{option}-id")] {
                    let config = format!("options: {{{name}: {{type: secret}}}}");
                    let secret = ready(framework, channel, &config, None);
                    let mut secret = with(secret, &[(&name, json!("secret:abc"))]);
                    let content = Ok(bag(&[("value", "mine")]));
                    secret.config_secrets.insert(name.clone(), content);
                    for observation in [&plain, &secret] {
                        let found = variables(observation);
                        for variable in key_variables(framework) {
                            assert_eq!(found[*variable], "mine", "{framework}: {name}");
                        }
                    }
                    for (content, reason) in [
                        (
                            Ok(bag(&[("value", "a"), ("b", "c")])),
                            format!(
                                "invalid options: {name} (its secret must hold exactly one key, `value`)"
                            ),
                        ),
                        (
                            Ok(bag(&[("key", "a")])),
                            format!(
                                "invalid options: {name} (its secret must hold exactly one key, `value`)"
                            ),
                        ),
                        (
                            Err(SecretProblem::NotFound),
                            format!("option {name}: there is no such secret"),
                        ),
                        (
                            Err(SecretProblem::NotGranted),
                            format!(
                                "option {name}: its secret is not granted, run `juju grant-secret <secret> web`"
                            ),
                        ),
                    ] {
                        secret.config_secrets.insert(name.clone(), content);
                        assert_eq!(blocked(&secret), reason, "{framework}");
                    }
                }
            }
        }
    }
}

#[test]
fn two_options_that_give_the_key_are_one_too_many() {
    for framework in FRAMEWORKS {
        let options = key_options(framework);
        let first = options.first().unwrap();
        let rivals = options
            .iter()
            .skip(1)
            .cloned()
            .chain([format!("{first}-id")]);
        for rival in rivals {
            let config = format!("options: {{{first}-id: {{type: secret}}}}");
            let observation = ready(framework, FIRST, &config, None);
            let mut observation = with(observation, &[(first, json!("a")), (&rival, json!("b"))]);
            if rival.ends_with("-id") {
                let content = Ok(bag(&[("value", "b")]));
                observation.config_secrets.insert(rival.clone(), content);
            }
            let text =
                format!("invalid options: {rival} ({first} is set as well, reset one of them)");
            assert_eq!(blocked(&observation), text, "{framework}");
        }
    }
}

#[test]
fn a_rotation_is_refused_by_the_name_of_the_option_that_gives_the_key() {
    for framework in FRAMEWORKS {
        for option in key_options(framework) {
            let observation = ready(framework, FIRST, "options: {}", None);
            let mut observation = with(observation, &[(&option, json!("mine"))]);
            observation.event = rotate();
            let Some(ActionOutcome::Failed(message)) = decide(&observation).action else {
                panic!("{framework}: not refused");
            };
            assert!(
                message.contains(&format!("the option {option} gives")),
                "{message}"
            );
        }
    }
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
