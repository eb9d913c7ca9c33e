//! Where ours is better than the peer in every case that has the situation, said once instead of case by case.
//!
//! Each rule changes what the peer is known to do, from the case's input alone; it never looks at what ours does.

mod variables;

use serde_json::{Map, Value, json};

use super::outcome::PRESENT;
use super::{Case, Outcome};

/// Applies all rules.
pub fn apply(case: &Case, expected: &mut Outcome) {
    if case.output["crash"].is_null() && !changes_nothing(case) {
        requests(case, expected);
        client(case, expected);
        ingress(case, expected);
        prometheus_scrape(case, expected);
        loki_push_api(case, expected);
        grafana_dashboard(case, expected);
    }
    allowed_hosts(case, expected);
    variables::apply(case, expected);
    texts(expected);
    services_stay(case, expected);
}

/// Actions that run a command or are refused leave everything to the next event.
fn changes_nothing(case: &Case) -> bool {
    case.input["event"]["action"] == "create-superuser" || !case.output["action_failed"].is_null()
}

fn relations<'a>(case: &'a Case, interfaces: &'a [&str]) -> impl Iterator<Item = &'a Value> {
    let event = &case.input["event"];
    let relations = case.input["relations"].as_array().unwrap();
    relations.iter().filter(move |relation| {
        let broken =
            event["name"] == "relation-broken" && event["relation"] == relation["endpoint"];
        let interface = relation["interface"].as_str().unwrap_or_default();
        !broken && interfaces.contains(&interface)
    })
}

/// Known defect 51: a request that was missed at relation-created is made at any event (contract: interfaces, section 1).
fn requests(case: &Case, expected: &mut Outcome) {
    if case.input["leader"] != true {
        return;
    }
    for relation in relations(
        case,
        &["postgresql_client", "mysql_client", "mongodb_client"],
    ) {
        if !relation["local_app_data"]["database"].is_null() {
            continue;
        }
        let secrets = json!({
            "requested-secrets": r#"["username", "password", "tls", "tls-ca", "uris", "read-only-uris", "entity-name", "entity-password"]"#,
            "provided-secrets": r#"["mtls-cert"]"#,
        });
        let mut unit = secrets.as_object().unwrap().clone();
        // Juju has secrets from 3.0.3 on; no case is on a 3.0.
        if case.input["juju_version"]
            .as_str()
            .unwrap()
            .starts_with("2.")
        {
            unit.clear();
        }
        let mut app = unit.clone();
        app.insert("database".into(), case.input["app"].clone());
        put(expected, relation, "app", app);
        put(expected, relation, "unit", unit);
    }
    // Known defect 57: before anything else (contract: interfaces, section 5).
    for relation in relations(case, &["rabbitmq"]) {
        let app = json!({"username": case.input["app"], "vhost": "/"});
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
    for (interface, key, value) in [
        ("openfga", "store_name", json!("app-store")),
        ("s3", "bucket", case.input["app"].clone()),
    ] {
        for relation in relations(case, &[interface]) {
            let app = json!({ key: value });
            put(expected, relation, "app", app.as_object().unwrap().clone());
        }
    }
}

/// Known defect 51: the client is asked for at any event, not only while all else is well (contract: interfaces,
/// section 10).
fn client(case: &Case, expected: &mut Outcome) {
    if case.input["leader"] != true {
        return;
    }
    for relation in relations(case, &["oauth"]) {
        let ingress = relations(case, &["ingress"]).next();
        let url = ingress.and_then(|ingress| {
            let text = ingress["remote_app_data"]["ingress"].as_str()?;
            let ingress: Value = serde_json::from_str(text).ok()?;
            Some(ingress["url"].as_str()?.trim_end_matches('/').to_owned())
        });
        let (input, config) = (&case.input, &case.input["config"]);
        let inside = || {
            let port = ["webserver-port", "app-port"]
                .into_iter()
                .find_map(|option| config[option].as_u64());
            format!(
                "http://{}.{}:{}",
                input["app"].as_str().unwrap(),
                input["model"]["name"].as_str().unwrap(),
                port.unwrap_or(8000)
            )
        };
        let endpoint = relation["endpoint"].as_str().unwrap();
        let path = config[format!("{endpoint}-redirect-path")].as_str();
        let app = json!({
            "redirect_uri": format!("{}{}", url.unwrap_or_else(inside), path.unwrap()),
            "scope": config[format!("{endpoint}-scopes")],
            "grant_types": "[\"authorization_code\"]",
            "audience": "[]",
            "token_endpoint_auth_method": "client_secret_basic",
        });
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
}

/// Known defects 51, 117 and 118: the ingress is told at once, not at its first change, and that the port is open as
/// soon as it is (contract: interfaces, section 14).
fn ingress(case: &Case, expected: &mut Outcome) {
    for relation in relations(case, &["ingress"]) {
        let unit = json!({"host": "\"localhost\"", "ip": "\"192.0.2.0\""});
        put(
            expected,
            relation,
            "unit",
            unit.as_object().unwrap().clone(),
        );
        if case.input["leader"] != true {
            continue;
        }
        let config = &case.input["config"];
        let port = ["webserver-port", "app-port"]
            .into_iter()
            .find_map(|option| config[option].as_u64());
        let mut app = json!({
            "model": case.input["model"]["name"].to_string(),
            "name": case.input["app"].to_string(),
            "port": port.unwrap_or(8000).to_string(),
            "strip-prefix": "true",
        });
        // Where the peer looked away, an identity provider without a client still shuts a gate.
        let mut clients = relations(case, &["oauth"]);
        let is_shut = clients.any(|client| client["remote_app_data"]["client_id"].is_null());
        let status = case.output["unit_status"][0].as_str();
        if matches!(status, Some("active" | "unknown")) && !is_shut {
            app["is_port_open"] = "true".into();
        }
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
}

/// Where we are, as all observability interfaces have it.
fn topology(case: &Case) -> Value {
    let model = &case.input["model"];
    let text = format!(
        r#"{{"model": {}, "model_uuid": {}, "application": {}, "unit": {}, "charm_name": {}}}"#,
        model["name"], model["uuid"], case.input["app"], case.input["unit"], case.input["app"]
    );
    text.into()
}

/// Known defects 51 and 118: Prometheus is told at any event, not at some (contract: interfaces, section 13).
fn prometheus_scrape(case: &Case, expected: &mut Outcome) {
    for relation in relations(case, &["prometheus_scrape"]) {
        let unit = json!({
            "prometheus_scrape_unit_address": "192.0.2.0",
            "prometheus_scrape_unit_name": case.input["unit"],
            "prometheus_scrape_unit_fqdn": "localhost",
        });
        put(
            expected,
            relation,
            "unit",
            unit.as_object().unwrap().clone(),
        );
        if case.input["leader"] != true {
            continue;
        }
        let mut app = json!({"scrape_metadata": topology(case), "alert_rules": PRESENT});
        let name = format!("/own_databags/metrics-endpoint:{}", relation["id"]);
        if expected.get(&format!("{name}/app/scrape_jobs")).is_none() {
            let config = &case.input["config"];
            let port = config["metrics-port"].as_u64().unwrap_or(9102);
            let path = config["metrics-path"].as_str().unwrap_or("/metrics");
            let jobs = format!(
                r#"[{{"metrics_path": "{path}", "static_configs": [{{"targets": ["*:{port}"]}}]}}]"#
            );
            app["scrape_jobs"] = jobs.into();
        }
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
}

/// Known defect 51: Loki is told at any event (contract: interfaces, section 14).
fn loki_push_api(case: &Case, expected: &mut Outcome) {
    let leads = |_: &&Value| case.input["leader"] == true;
    for relation in relations(case, &["loki_push_api"]).filter(leads) {
        let app = json!({"metadata": topology(case), "alert_rules": PRESENT});
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
}

/// Known defect 51: and so is Grafana (contract: interfaces, section 15).
fn grafana_dashboard(case: &Case, expected: &mut Outcome) {
    let leads = |_: &&Value| case.input["leader"] == true;
    for relation in relations(case, &["grafana_dashboard"]).filter(leads) {
        let app = json!({"dashboards": PRESENT});
        put(expected, relation, "app", app.as_object().unwrap().clone());
    }
}

fn put(expected: &mut Outcome, relation: &Value, side: &str, values: Map<String, Value>) {
    let name = format!(
        "{}:{}",
        relation["endpoint"].as_str().unwrap(),
        relation["id"]
    );
    for (key, value) in values {
        expected.set(&format!("/own_databags/{name}/{side}/{key}"), value);
    }
}

/// Known defect 40: the names by which the app is reached inside the cluster are added to Django's allowed hosts.
fn allowed_hosts(case: &Case, expected: &mut Outcome) {
    let (app, model) = (
        case.input["app"].as_str().unwrap(),
        case.input["model"]["name"].as_str().unwrap(),
    );
    let unit = case.input["unit"].as_str().unwrap().replace('/', "-");
    let names = [
        app.to_owned(),
        format!("{app}.{model}"),
        format!("{app}.{model}.svc.cluster.local"),
        format!("{unit}.{app}-endpoints.{model}.svc.cluster.local"),
    ];
    let add = |environment: &mut Value| {
        let Some(list) = environment["DJANGO_ALLOWED_HOSTS"].as_str() else {
            return;
        };
        let mut hosts: Vec<String> = serde_json::from_str(list).unwrap();
        for name in &names {
            if !hosts.contains(name) {
                hosts.push(name.clone());
            }
        }
        let hosts: Vec<String> = hosts.iter().map(|host| json!(host).to_string()).collect();
        environment["DJANGO_ALLOWED_HOSTS"] = format!("[{}]", hosts.join(", ")).into();
    };
    if let Some(environment) = expected.facts.get_mut("environment") {
        add(environment);
    }
    let services = expected
        .facts
        .get_mut("services")
        .and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(Map::values_mut) {
        add(&mut service["environment"]);
        if service["environment"].is_null() {
            service.as_object_mut().unwrap().remove("environment");
        }
    }
}

/// Known defect 130: names of options are sorted, and the blanks around them are gone.
fn texts(expected: &mut Outcome) {
    for field in ["unit_status", "app_status"] {
        let Some(text) = expected
            .facts
            .get(field)
            .and_then(|status| status[1].as_str())
        else {
            continue;
        };
        let mut parts = Vec::new();
        for label in ["missing options: ", "invalid options: "] {
            let Some((_, rest)) = text.split_once(label) else {
                continue;
            };
            let names = rest.split("        ").next().unwrap_or_default();
            let mut names: Vec<&str> = names.trim_end_matches(", ").split(", ").collect();
            names.sort_unstable();
            parts.push(format!("{label}{}", names.join(", ")));
        }
        if !parts.is_empty() {
            let text = parts.join(", ");
            expected.facts[field][1] = text.trim_end().into();
        }
    }
}

/// Known defect 59: with an integration missing only the app's own services stop.
fn services_stay(case: &Case, expected: &mut Outcome) {
    let status = case.output["unit_status"][1].as_str().unwrap_or_default();
    let running = case.input["container"]["running"].as_array().unwrap();
    if status.starts_with("missing integrations: ") && running.contains(&"statsd-exporter".into()) {
        expected.set("/service_running/statsd-exporter", "active".into());
    }
}
