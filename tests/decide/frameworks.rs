//! What the framework's table says, for every framework in both generations. Expected values are those of the contract
//! (runtime, sections 1, 5 and 9; interfaces, section 1).

use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::Status;
use charmwright::runtime::decide::decide;
use charmwright::yaml::{self, Mapping};

use super::support::{
    FIRST, FRAMEWORKS, SECOND, bag, blocked, container, postgresql, ready, run, status, variables,
};

const SPRING: [(&str, &str); 7] = [
    ("OTEL_LOGS_EXPORTER", "none"),
    ("OTEL_METRICS_EXPORTER", "none"),
    ("OTEL_TRACES_EXPORTER", "none"),
    ("management.endpoints.web.base-path", "/actuator"),
    ("management.endpoints.web.exposure.include", "prometheus"),
    (
        "management.endpoints.web.path-mapping.prometheus",
        "prometheus",
    ),
    ("server.forward-headers-strategy", "framework"),
];

/// Framework, base and variables.
type Expected<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

#[test]
fn the_variables_of_a_bare_unit_are_those_of_its_framework_and_generation() {
    const HOSTS: &str = r#"["web.demo", "web", "web.demo.svc.cluster.local", "web-0.web-endpoints.demo.svc.cluster.local"]"#;
    let at_8000 = ("APP_BASE_URL", "http://web.demo:8000");
    let at_8080 = ("APP_BASE_URL", "http://web.demo:8080");
    let key = ("APP_SECRET_KEY", "peer-key");
    let uvicorn = [
        ("UVICORN_HOST", "0.0.0.0"),
        ("UVICORN_LOG_LEVEL", "info"),
        ("WEB_CONCURRENCY", "1"),
    ];
    let django = [
        ("DJANGO_ALLOWED_HOSTS", HOSTS),
        ("DJANGO_BASE_URL", "http://web.demo:8000"),
        ("DJANGO_SECRET_KEY", "peer-key"),
    ];
    let flask = [
        ("FLASK_BASE_URL", "http://web.demo:8000"),
        ("FLASK_SECRET_KEY", "peer-key"),
    ];
    let metrics = |port| [("METRICS_PORT", port), ("METRICS_PATH", "/metrics")];
    let expected: [Expected; 12] = [
        ("django", FIRST, django.to_vec()),
        (
            "django",
            SECOND,
            [
                &django[..],
                &[
                    ("DJANGO_METRICS_PORT", "9102"),
                    ("DJANGO_METRICS_PATH", "/metrics"),
                ],
            ]
            .concat(),
        ),
        (
            "expressjs",
            FIRST,
            vec![at_8080, key, ("NODE_ENV", "production"), ("PORT", "8080")],
        ),
        (
            "expressjs",
            SECOND,
            [
                &[at_8080, key, ("NODE_ENV", "production"), ("PORT", "8080")][..],
                &metrics("9464"),
            ]
            .concat(),
        ),
        (
            "fastapi",
            FIRST,
            [&[at_8080, key, ("UVICORN_PORT", "8080")][..], &uvicorn].concat(),
        ),
        (
            "fastapi",
            SECOND,
            [
                &[at_8000, key, ("UVICORN_PORT", "8000")][..],
                &uvicorn,
                &metrics("8000"),
            ]
            .concat(),
        ),
        ("flask", FIRST, flask.to_vec()),
        (
            "flask",
            SECOND,
            [
                &flask[..],
                &[
                    ("FLASK_METRICS_PORT", "9102"),
                    ("FLASK_METRICS_PATH", "/metrics"),
                ],
            ]
            .concat(),
        ),
        ("go", FIRST, vec![at_8080, key, ("APP_PORT", "8080")]),
        (
            "go",
            SECOND,
            [&[at_8080, key, ("PORT", "8080")][..], &metrics("8080")].concat(),
        ),
        (
            "spring-boot",
            SECOND,
            [
                &[
                    at_8080,
                    key,
                    ("SERVER_PORT", "8080"),
                    ("management.server.port", "8080"),
                ][..],
                &SPRING,
            ]
            .concat(),
        ),
        (
            "spring-boot",
            FIRST,
            [
                &[at_8080, key, ("SERVER_PORT", "8080")][..],
                &SPRING[..3],
                &SPRING[6..],
            ]
            .concat(),
        ),
    ];
    for (framework, channel, expected) in expected {
        let observation = ready(framework, channel, "options: {}", None);
        assert_eq!(
            variables(&observation),
            bag(&expected),
            "{framework} on {channel}"
        );
    }
}

#[test]
fn a_rock_without_the_apps_service_is_told_so_on_every_framework() {
    for framework in FRAMEWORKS {
        for channel in [FIRST, SECOND] {
            let mut observation = ready(framework, channel, "options: {}", None);
            container(&mut observation).services = yaml::from_str("web: {command: x}").unwrap();
            assert_eq!(
                blocked(&observation),
                format!(
                    "the rock has no service `{framework}`, it has: web; name the app's service `{framework}` in rockcraft.yaml"
                )
            );
        }
    }
}

#[test]
fn workers_and_schedulers_get_the_apps_environment_on_every_framework() {
    for framework in FRAMEWORKS {
        let mut observation = ready(framework, FIRST, "options: {}", None);
        let services = format!(
            "{framework}: {{override: replace, startup: enabled, command: x}}\n\
             jobs-worker: {{override: replace, startup: enabled, command: y, environment: {{ROCK: r}}}}\n\
             cron-scheduler: {{override: replace, startup: enabled, command: z}}\n\
             statsd-exporter: {{override: merge, startup: enabled, command: e}}\n"
        );
        container(&mut observation).services = yaml::from_str(&services).unwrap();
        let decision = decide(&observation);
        let layer: Mapping = yaml::from_str(run(&decision).layer.as_ref().unwrap()).unwrap();
        let of = |name: &str| -> Bag {
            let environment = &layer["services"][name]["environment"];
            yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap()
        };
        let mut worker = of("jobs-worker");
        assert_eq!(worker.remove("ROCK").as_deref(), Some("r"), "{framework}");
        assert_eq!(worker, of(framework), "{framework}");
        assert_eq!(of("cron-scheduler"), of(framework), "{framework}");
        assert!(
            layer["services"].get("statsd-exporter").is_none(),
            "{framework}"
        );
    }
}

#[test]
fn django_needs_a_database_of_any_kind_and_nobody_else_does() {
    for framework in FRAMEWORKS {
        let mut observation = ready(framework, FIRST, "options: {}", None);
        observation.relations.clear();
        let expected = match framework {
            "django" => (
                Status::Blocked,
                "Django requires a database integration to work".to_owned(),
            ),
            _ => (Status::Active, String::new()),
        };
        assert_eq!(status(&decide(&observation)), expected, "{framework}");
        for (endpoint, scheme) in [
            ("mysql", "mysql"),
            ("mongodb", "mongodb"),
            ("postgresql", "postgresql"),
        ] {
            observation.relations = vec![Relation {
                endpoint: endpoint.into(),
                remote_app: bag(&[("uris", &format!("{scheme}://u:p@h:1/d"))]),
                ..postgresql("pw")
            }];
            assert_eq!(
                status(&decide(&observation)).0,
                Status::Active,
                "{framework} on {endpoint}"
            );
        }
    }
}

#[test]
fn spring_boot_gets_its_datasource_from_any_database_and_the_general_variables_too() {
    for (endpoint, remote, expected, general) in [
        (
            "postgresql",
            &[
                ("endpoints", "pg:5432,pg-2:5432"),
                ("username", "u"),
                ("password", "p@/1"),
                ("database", "d"),
            ][..],
            &[
                ("spring.datasource.url", "jdbc:postgresql://pg:5432/d"),
                ("spring.datasource.username", "u"),
                ("spring.datasource.password", "p@/1"),
                ("spring.jpa.hibernate.ddl-auto", "none"),
            ][..],
            "POSTGRESQL_DB_CONNECT_STRING",
        ),
        (
            "mysql",
            &[(
                "uris",
                "mysql://u:p@my:3306/d?sslMode=REQUIRED,mysql://u:p@my-2:3306/d",
            )],
            &[
                (
                    "spring.datasource.url",
                    "jdbc:mysql://my:3306/d?sslMode=REQUIRED",
                ),
                ("spring.datasource.username", "u"),
                ("spring.datasource.password", "p"),
                ("spring.jpa.hibernate.ddl-auto", "none"),
            ],
            "MYSQL_DB_CONNECT_STRINGS",
        ),
        (
            // No port, no password: nothing is made up (known defects 22 and 25).
            "postgresql",
            &[("uris", "postgresql://u@pg/d")],
            &[
                ("spring.datasource.url", "jdbc:postgresql://pg/d"),
                ("spring.datasource.username", "u"),
                ("spring.jpa.hibernate.ddl-auto", "none"),
            ],
            "POSTGRESQL_DB_CONNECT_STRING",
        ),
        (
            "mongodb",
            &[(
                "uris",
                "mongodb://u:p@m-0:1,m-1:2/d?replicaSet=m&authSource=admin",
            )],
            &[(
                "spring.data.mongodb.uri",
                "mongodb://u:p@m-0:1,m-1:2/d?replicaSet=m&authSource=admin",
            )],
            "MONGODB_DB_CONNECT_STRING",
        ),
    ] {
        let mut observation = ready("spring-boot", FIRST, "options: {}", None);
        observation.relations = vec![Relation {
            endpoint: endpoint.into(),
            remote_app: bag(remote),
            ..postgresql("pw")
        }];
        let decision = decide(&observation);
        let layer: Mapping = yaml::from_str(run(&decision).layer.as_ref().unwrap()).unwrap();
        let environment = &layer["services"]["spring-boot"]["environment"];
        let mut found: Bag = yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap();
        assert!(found.contains_key(general), "{found:?}");
        found.retain(|name, _| name.starts_with("spring."));
        assert_eq!(found, bag(expected), "{endpoint}");
    }
}
