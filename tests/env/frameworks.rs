//! The environments of the contract (runtime, section 5), framework by framework.

use super::support::{Project, map};

const OPTIONS: &str = "config: {options: {\
    greeting: {type: string, default: Hello, description: d}, \
    max-items: {type: int, default: 20, description: d}, \
    feature-enabled: {type: boolean, default: false, description: d}}}\n";

/// Framework, base, more of `charmcraft.yaml`, arguments, and what the app gets.
type Case<'a> = (
    &'a str,
    &'a str,
    &'a str,
    &'a [&'a str],
    &'a [(&'a str, &'a str)],
);

/// What the contract has, but for the secret key, which is fresh.
#[test]
fn every_framework_has_the_environment_of_the_contract() {
    let greeting =
        "config: {options: {greeting: {type: string, default: Hello, description: d}}}\n";
    let cases: &[Case<'_>] = &[
        (
            "flask",
            "24.04",
            greeting,
            &["-n", "3"],
            &[
                ("FLASK_BASE_URL", "http://web.demo:8000"),
                ("FLASK_GREETING", "Hello"),
                (
                    "FLASK_PEER_FQDNS",
                    "web-1.web-endpoints.demo.svc.cluster.local,web-2.web-endpoints.demo.svc.cluster.local",
                ),
                ("FLASK_PREFERRED_URL_SCHEME", "HTTPS"),
                ("FLASK_SECRET_KEY", "***"),
            ],
        ),
        (
            "flask",
            "26.04",
            greeting,
            &[],
            &[
                ("FLASK_BASE_URL", "http://web.demo:8000"),
                ("FLASK_GREETING", "Hello"),
                ("FLASK_METRICS_PATH", "/metrics"),
                ("FLASK_METRICS_PORT", "9102"),
                ("FLASK_PREFERRED_URL_SCHEME", "HTTPS"),
                ("FLASK_SECRET_KEY", "***"),
            ],
        ),
        (
            "django",
            "24.04",
            "",
            &["--config", "django-allowed-hosts=a.example, b.example"],
            &[
                (
                    "DJANGO_ALLOWED_HOSTS",
                    "[\"a.example\", \"b.example\", \"web.demo\", \"web\", \"web.demo.svc.cluster.local\", \
                     \"web-0.web-endpoints.demo.svc.cluster.local\"]",
                ),
                ("DJANGO_BASE_URL", "http://web.demo:8000"),
                ("DJANGO_DEBUG", "false"),
                ("DJANGO_SECRET_KEY", "***"),
            ],
        ),
        (
            "fastapi",
            "24.04",
            OPTIONS,
            &[],
            &[
                ("APP_BASE_URL", "http://web.demo:8080"),
                ("APP_FEATURE_ENABLED", "false"),
                ("APP_GREETING", "Hello"),
                ("APP_MAX_ITEMS", "20"),
                ("APP_SECRET_KEY", "***"),
                ("METRICS_PATH", "/metrics"),
                ("METRICS_PORT", "8080"),
                ("UVICORN_HOST", "0.0.0.0"),
                ("UVICORN_LOG_LEVEL", "info"),
                ("UVICORN_PORT", "8080"),
                ("WEB_CONCURRENCY", "1"),
            ],
        ),
        (
            "go",
            "24.04",
            greeting,
            &[],
            &[
                ("APP_BASE_URL", "http://web.demo:8080"),
                ("APP_GREETING", "Hello"),
                ("APP_METRICS_PATH", "/metrics"),
                ("APP_METRICS_PORT", "8080"),
                ("APP_PORT", "8080"),
                ("APP_SECRET_KEY", "***"),
            ],
        ),
        (
            "go",
            "26.04",
            greeting,
            &[],
            &[
                ("APP_BASE_URL", "http://web.demo:8080"),
                ("APP_GREETING", "Hello"),
                ("APP_SECRET_KEY", "***"),
                ("METRICS_PATH", "/metrics"),
                ("METRICS_PORT", "8080"),
                ("PORT", "8080"),
            ],
        ),
        (
            "expressjs",
            "24.04",
            "",
            &["--config", "app-port=9000"],
            &[
                ("APP_BASE_URL", "http://web.demo:9000"),
                ("APP_SECRET_KEY", "***"),
                ("METRICS_PATH", "/metrics"),
                ("METRICS_PORT", "8080"),
                ("NODE_ENV", "production"),
                ("PORT", "9000"),
            ],
        ),
        (
            "spring-boot",
            "24.04",
            "",
            &[],
            &[
                ("APP_BASE_URL", "http://web.demo:8080"),
                ("APP_METRICS_PORT", "8080"),
                ("APP_SECRET_KEY", "***"),
                ("MANAGEMENT_SERVER_PORT", "8080"),
                ("METRICS_PATH", "/actuator/prometheus"),
                ("OTEL_LOGS_EXPORTER", "none"),
                ("OTEL_METRICS_EXPORTER", "none"),
                ("OTEL_TRACES_EXPORTER", "none"),
                ("SERVER_PORT", "8080"),
                ("management.endpoints.web.base-path", "/actuator"),
                ("management.endpoints.web.exposure.include", "prometheus"),
                (
                    "management.endpoints.web.path-mapping.prometheus",
                    "prometheus",
                ),
                ("server.forward-headers-strategy", "framework"),
            ],
        ),
    ];
    for (framework, base, more, arguments, expected) in cases {
        let project = Project::new(framework, base, more);
        let mut all = vec!["--format", "json"];
        all.extend(*arguments);
        let answer = project.env(&all);
        assert_eq!(
            answer.variables("value"),
            map(expected),
            "{framework} {base}: {}",
            answer.stderr
        );
        // Django cannot do without a database, which is no reason to say nothing.
        let (code, status) = match *framework {
            "django" => (1, "blocked"),
            _ => (0, "active"),
        };
        assert_eq!(answer.json()["status"], status, "{framework}");
        assert_eq!(answer.code, code, "{framework}: {}", answer.stderr);
    }
}

#[test]
fn what_blocks_the_app_is_said_and_the_variables_are_printed_all_the_same() {
    let project = Project::new("django", "24.04", "");
    let answer = project.env(&[]);
    assert_eq!(answer.code, 1);
    let last = answer.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "blocked: Django requires a database integration to work"
    );
    assert!(answer.stdout.contains("DJANGO_BASE_URL"), "{answer:?}");
}
