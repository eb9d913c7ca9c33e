//! The frameworks, as rockcraft lays their services out.

/// A framework, and the variables that the first unit `web/0` in the model `demo` has without any relation (contract:
/// runtime, section 5, first generation), from the peer's charm as from ours, but for its key and what its database
/// gives. Django's allowed hosts are each charm's own (known defect 40).
#[derive(Clone, Copy)]
pub struct Framework {
    pub name: &'static str,
    pub layer: &'static str,
    pub port: u16,
    pub variables: &'static [(&'static str, &'static str)],
    pub key: &'static str,
}

pub const FRAMEWORKS: &[Framework] = &[DJANGO, EXPRESSJS, FASTAPI, FLASK, GO, SPRING_BOOT];

pub const DJANGO: Framework = Framework {
    name: "django",
    layer: include_str!("../../contract/rock-layer-django.yaml"),
    port: 8000,
    variables: &[
        ("DJANGO_BASE_URL", "http://web.demo:8000"),
        ("DJANGO_DEBUG", "false"),
        ("DJANGO_GREETING", "Hello"),
    ],
    key: "DJANGO_SECRET_KEY",
};

pub const EXPRESSJS: Framework = Framework {
    name: "expressjs",
    layer: include_str!("../../contract/rock-layer-expressjs.yaml"),
    port: 8080,
    variables: &[
        ("APP_BASE_URL", "http://web.demo:8080"),
        ("APP_GREETING", "Hello"),
        ("METRICS_PATH", "/metrics"),
        ("METRICS_PORT", "8080"),
        ("NODE_ENV", "production"),
        ("PORT", "8080"),
    ],
    key: "APP_SECRET_KEY",
};

pub const FASTAPI: Framework = Framework {
    name: "fastapi",
    layer: include_str!("../../contract/rock-layer-fastapi.yaml"),
    port: 8080,
    variables: &[
        ("APP_BASE_URL", "http://web.demo:8080"),
        ("APP_GREETING", "Hello"),
        ("METRICS_PATH", "/metrics"),
        ("METRICS_PORT", "8080"),
        ("UVICORN_HOST", "0.0.0.0"),
        ("UVICORN_LOG_LEVEL", "info"),
        ("UVICORN_PORT", "8080"),
        ("WEB_CONCURRENCY", "1"),
    ],
    key: "APP_SECRET_KEY",
};

pub const FLASK: Framework = Framework {
    name: "flask",
    layer: include_str!("../../contract/rock-layer-flask.yaml"),
    port: 8000,
    variables: &[
        ("FLASK_BASE_URL", "http://web.demo:8000"),
        ("FLASK_GREETING", "Hello"),
        ("FLASK_PREFERRED_URL_SCHEME", "HTTPS"),
    ],
    key: "FLASK_SECRET_KEY",
};

pub const GO: Framework = Framework {
    name: "go",
    layer: include_str!("../../contract/rock-layer-go.yaml"),
    port: 8080,
    variables: &[
        ("APP_BASE_URL", "http://web.demo:8080"),
        ("APP_GREETING", "Hello"),
        ("APP_METRICS_PATH", "/metrics"),
        ("APP_METRICS_PORT", "8080"),
        ("APP_PORT", "8080"),
    ],
    key: "APP_SECRET_KEY",
};

pub const SPRING_BOOT: Framework = Framework {
    name: "spring-boot",
    layer: include_str!("../../contract/rock-layer-spring-boot.yaml"),
    port: 8080,
    variables: &[
        ("APP_BASE_URL", "http://web.demo:8080"),
        ("APP_GREETING", "Hello"),
        ("APP_METRICS_PORT", "8080"),
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
    key: "APP_SECRET_KEY",
};
