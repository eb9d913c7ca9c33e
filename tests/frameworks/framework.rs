//! In what the frameworks' apps differ (contract: runtime, sections 1, 9 and 10).

/// A framework, as its journey sees it.
pub struct Framework {
    /// Its name, and that of its main service.
    pub name: &'static str,
    /// The resource that is the app's image.
    pub resource: &'static str,
    /// The workload's container.
    pub container: &'static str,
    /// What the command lines of the main service's processes have in them.
    pub process: &'static str,
    /// The variable that the secret key is in.
    pub secret_variable: &'static str,
    /// Where metrics are.
    pub metrics_port: u16,
    /// Where metrics are.
    pub metrics_path: &'static str,
    /// The name of a series that only this framework's app has, after an answered request.
    pub series: &'static str,
    /// An option with a value that is refused.
    pub wrong_option: (&'static str, &'static str),
    /// What the status says of it.
    pub refusal: &'static str,
    /// Options without which it does not answer.
    pub options: &'static [&'static str],
}

pub const DJANGO: Framework = Framework {
    name: "django",
    resource: "django-app-image",
    container: "django-app",
    process: "gunicorn",
    secret_variable: "DJANGO_SECRET_KEY",
    metrics_port: 9102,
    metrics_path: "/metrics",
    series: "django_response_code",
    wrong_option: ("webserver-worker-class", "eventlet"),
    refusal: "Only 'gevent' and 'sync' are allowed. https://bit.ly/django-async-doc",
    options: &["django-allowed-hosts=127.0.0.1"],
};

pub const EXPRESSJS: Framework = Framework {
    name: "expressjs",
    resource: "app-image",
    container: "app",
    process: "server.js",
    secret_variable: "APP_SECRET_KEY",
    metrics_port: 8080,
    metrics_path: "/metrics",
    series: "nodejs_version_info",
    wrong_option: ("app-port", "0"),
    refusal: "invalid options: app-port",
    options: &[],
};

pub const FASTAPI: Framework = Framework {
    name: "fastapi",
    resource: "app-image",
    container: "app",
    process: "uvicorn",
    secret_variable: "APP_SECRET_KEY",
    metrics_port: 8080,
    metrics_path: "/metrics",
    series: "python_info",
    wrong_option: ("webserver-workers", "0"),
    refusal: "invalid options: webserver-workers",
    options: &[],
};

pub const FLASK: Framework = Framework {
    name: "flask",
    resource: "flask-app-image",
    container: "flask-app",
    process: "gunicorn",
    secret_variable: "FLASK_SECRET_KEY",
    metrics_port: 9102,
    metrics_path: "/metrics",
    series: "flask_response_code",
    wrong_option: ("flask-permanent-session-lifetime", "0"),
    refusal: "invalid options: flask-permanent-session-lifetime",
    options: &[],
};

pub const GO: Framework = Framework {
    name: "go",
    resource: "app-image",
    container: "app",
    process: "go-visitors",
    secret_variable: "APP_SECRET_KEY",
    metrics_port: 8080,
    metrics_path: "/metrics",
    series: "go_goroutines",
    wrong_option: ("app-port", "65536"),
    refusal: "invalid options: app-port",
    options: &[],
};

pub const SPRING_BOOT: Framework = Framework {
    name: "spring-boot",
    resource: "app-image",
    container: "app",
    process: "java",
    secret_variable: "APP_SECRET_KEY",
    metrics_port: 8080,
    metrics_path: "/actuator/prometheus",
    series: "jvm_info",
    wrong_option: ("app-port", "-1"),
    refusal: "invalid options: app-port",
    options: &[],
};
