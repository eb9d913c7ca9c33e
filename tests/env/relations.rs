//! Relations that a file tells of.

use super::support::{Project, map};

const REQUIRES: &str = "requires:\n  \
    postgresql: {interface: postgresql_client, optional: false, limit: 1}\n  \
    saml: {interface: saml, optional: true, limit: 1}\n  \
    tracing: {interface: tracing, optional: true, limit: 1}\n";

const POSTGRESQL: &str = "\
endpoint: postgresql
application: pg
app-data:
  database: web
  endpoints: pg-primary.demo.svc.cluster.local:5432
  secret-user: secret://user
  secret-tls: secret://tls
secrets:
  user:
    username: relation_id_7
    password: s3cr3t-of-pg
    uris: postgresql://relation_id_7:s3cr3t-of-pg@pg-primary.demo.svc.cluster.local:5432/web
  tls: {tls: 'False'}
";

#[test]
fn a_database_gives_its_variables_with_credentials_masked() {
    let project = Project::new("flask", "24.04", REQUIRES);
    project.write("pg.yaml", POSTGRESQL);
    let answer = project.env(&["--relation", "pg.yaml", "--format", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let host = "pg-primary.demo.svc.cluster.local";
    let masked = format!("postgresql://***@{host}:5432/web");
    let netloc = format!("***@{host}:5432");
    for (name, value) in [
        ("POSTGRESQL_DB_CONNECT_STRING", masked.as_str()),
        ("POSTGRESQL_DB_HOSTNAME", host),
        ("POSTGRESQL_DB_NAME", "web"),
        ("POSTGRESQL_DB_NETLOC", &netloc),
        ("POSTGRESQL_DB_PASSWORD", "***"),
        ("POSTGRESQL_DB_PORT", "5432"),
        ("POSTGRESQL_DB_USERNAME", "relation_id_7"),
    ] {
        assert_eq!(answer.variables("value")[name], value, "{name}");
        let from = &answer.variables("from")[name];
        assert!(from.starts_with("relation postgresql"), "{name}: {from}");
    }
    let shown = project.env(&[
        "--relation",
        "pg.yaml",
        "--format",
        "json",
        "--show-secrets",
    ]);
    let shown = shown.variables("value");
    assert_eq!(shown["POSTGRESQL_DB_PASSWORD"], "s3cr3t-of-pg");
    assert_eq!(
        shown["POSTGRESQL_DB_CONNECT_STRING"],
        format!("postgresql://relation_id_7:s3cr3t-of-pg@{host}:5432/web")
    );
}

#[test]
fn spring_boot_has_names_of_its_own_and_a_file() {
    let project = Project::new("spring-boot", "24.04", REQUIRES);
    project.write("pg.yaml", POSTGRESQL);
    project.write(
        "saml.yaml",
        "interface: saml\napp-data:\n  entity_id: https://idp.example/entity\n  metadata_url: https://idp.example/metadata\n  \
         x509certs: MIIAAA,MIIBBB\n  single_sign_on_service_redirect_url: https://idp.example/sso\n  \
         single_sign_on_service_redirect_binding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'\n",
    );
    // JSON in YAML: what is no text becomes JSON.
    project.write(
        "tracing.yaml",
        "endpoint: tracing\napp-data:\n  receivers: [{protocol: {name: otlp_http, type: http}, url: 'http://tempo:4318'}]\n",
    );
    let arguments = [
        "--relation",
        "pg.yaml",
        "--relation",
        "saml.yaml",
        "--relation",
        "tracing.yaml",
    ];
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let answer = project.env(&all);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let (values, from) = (answer.variables("value"), answer.variables("from"));
    let host = "pg-primary.demo.svc.cluster.local";
    for (name, value, said) in [
        (
            "spring.datasource.url",
            format!("jdbc:postgresql://{host}:5432/web"),
            "framework, made of relation postgresql: POSTGRESQL_DB_SCHEME, POSTGRESQL_DB_NETLOC, \
             POSTGRESQL_DB_PATH, POSTGRESQL_DB_QUERY",
        ),
        (
            "spring.datasource.password",
            "***".into(),
            "framework, made of relation postgresql: POSTGRESQL_DB_PASSWORD",
        ),
        (
            "spring.jpa.hibernate.ddl-auto",
            "none".into(),
            "framework, made of relation postgresql",
        ),
    ] {
        assert_eq!(values[name], value);
        assert_eq!(from[name], said);
    }
    assert_eq!(values["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://tempo:4318/");
    assert!(!values.contains_key("OTEL_TRACES_EXPORTER"));
    let text = project.env(&arguments).stdout;
    assert!(
        text.contains("File") && !text.contains("s3cr3t-of-pg"),
        "{text}"
    );
}

#[test]
fn units_have_databags_of_their_own() {
    let requires = "requires: {rabbitmq: {interface: rabbitmq, optional: true, limit: 1}}\n";
    let project = Project::new("go", "24.04", requires);
    project.write(
        "mq.yaml",
        "endpoint: rabbitmq\nunit-data:\n- {hostname: 10.1.40.9, password: pw-of-mq}\n- {hostname: 10.1.40.10, password: pw-of-mq}\n",
    );
    let answer = project.env(&["--relation", "mq.yaml", "--format", "json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let expected = map(&[(
        "RABBITMQ_CONNECT_STRINGS",
        "amqp://***@10.1.40.9:5672/%2F,amqp://***@10.1.40.10:5672/%2F",
    )]);
    let mut values = answer.variables("value");
    values.retain(|name, _| name == "RABBITMQ_CONNECT_STRINGS");
    assert_eq!(values, expected);
}

#[test]
fn what_is_missing_or_invalid_is_told_as_the_status_would_and_the_rest_is_printed() {
    for (file, status) in [
        (None, "blocked: missing integrations: postgresql"),
        (
            Some("endpoint: postgresql\napp-data: {database: web}\n"),
            "blocked: missing integrations: postgresql",
        ),
        (
            Some("endpoint: postgresql\napp-data: {uris: 'no url at all'}\n"),
            "blocked: Invalid postgresql relation data.",
        ),
    ] {
        let project = Project::new("flask", "24.04", REQUIRES);
        let mut arguments = vec!["--format", "json"];
        if let Some(text) = file {
            project.write("pg.yaml", text);
            arguments.extend(["--relation", "pg.yaml"]);
        }
        let answer = project.env(&arguments);
        assert_eq!(answer.code, 1, "{file:?}");
        assert_eq!(answer.stderr.lines().last(), Some(status), "{file:?}");
        let values = answer.variables("value");
        assert_eq!(values["FLASK_BASE_URL"], "http://web.demo:8000");
        assert!(!values.contains_key("POSTGRESQL_DB_CONNECT_STRING"));
    }
}

#[test]
fn an_ingress_tells_the_base_url() {
    let project = Project::new("flask", "24.04", "");
    project.write(
        "ingress.yaml",
        "endpoint: ingress\napp-data:\n  ingress: {url: 'https://apps.example/demo-web/'}\n",
    );
    let answer = project.env(&["--relation", "ingress.yaml", "--format", "json"]);
    let url = &answer.variables("value")["FLASK_BASE_URL"];
    assert_eq!(url, "https://apps.example/demo-web/", "{}", answer.stderr);
    assert_eq!(
        answer.variables("from")["FLASK_BASE_URL"],
        "relation ingress"
    );
}

#[test]
fn a_variable_of_a_row_says_of_which_keys_it_is_made() {
    let requires = "requires:\n  redis: {interface: redis, optional: true, limit: 1}\n  \
                    openfga: {interface: openfga, optional: true, limit: 1}\n";
    let project = Project::new("go", "24.04", requires);
    project.write(
        "redis.yaml",
        "endpoint: redis\nunit-data: {hostname: 10.1.40.7, port: 6379}\n",
    );
    project.write(
        "fga.yaml",
        "endpoint: openfga\napp-data: {grpc_api_url: 'http://f:8081', http_api_url: 'http://f:8080', \
         store_id: s, token_secret_id: 'secret://t'}\nsecrets: {t: {token: s3cr3t-token}}\n",
    );
    let answer = project.env(&[
        "--relation",
        "redis.yaml",
        "--relation",
        "fga.yaml",
        "--format",
        "json",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let mut from = answer.variables("from");
    from.retain(|name, _| ["FGA_TOKEN", "REDIS_DB_PORT"].contains(&name.as_str()));
    let expected = map(&[
        ("FGA_TOKEN", "relation openfga, token"),
        (
            "REDIS_DB_PORT",
            "relation redis, leader-host, hostname, port",
        ),
    ]);
    assert_eq!(from, expected);
    assert!(!answer.stdout.contains("s3cr3t-token"));
}
