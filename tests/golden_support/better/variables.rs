//! Variables that ours gives of what a provider tells where the peer gives others, or none.

use serde_json::Value;

use super::relations;
use crate::golden_support::{Case, Outcome};

const KNOWN: &[&str] = &["openfga", "redis", "s3", "smtp"];

/// Applies the rules.
pub(super) fn apply(case: &Case, expected: &mut Outcome) {
    usual_prefixes(case, expected);
    let running = expected.get("/environment");
    let running = running.as_ref().and_then(Value::as_object);
    if running.is_none_or(serde_json::Map::is_empty) {
        return;
    }
    s3(case, expected);
    smtp(case, expected);
    openfga(case, expected);
    redis(case, expected);
}

/// The variables of the contract (interfaces, section 4) on every framework (known defect 28), whole (20).
fn s3(case: &Case, expected: &mut Outcome) {
    for bag in bags(case, "s3", &["access-key", "secret-key", "bucket"]) {
        for (key, name) in [
            ("access-key", "S3_ACCESS_KEY"),
            ("secret-key", "S3_SECRET_KEY"),
            ("bucket", "S3_BUCKET"),
            ("region", "S3_REGION"),
            ("storage-class", "S3_STORAGE_CLASS"),
            ("endpoint", "S3_ENDPOINT"),
            ("path", "S3_PATH"),
            ("s3-api-version", "S3_API_VERSION"),
            ("s3-uri-style", "S3_URI_STYLE"),
            ("attributes", "S3_ATTRIBUTES"),
            ("tls-ca-chain", "S3_TLS_CA_CHAIN"),
        ] {
            set(case, expected, name, bag[key].clone());
        }
        let style = match bag["s3-uri-style"].as_str() {
            Some("host") => "virtual".into(),
            _ => bag["s3-uri-style"].clone(),
        };
        set(case, expected, "S3_ADDRESSING_STYLE", style);
        if case.framework == "spring-boot" && bag["s3-uri-style"] == "path" {
            // Spring Cloud AWS has the bucket in the host's name unless it is told.
            let name = "spring.cloud.aws.s3.path-style-access-enabled";
            set(case, expected, name, "true".into());
        }
    }
}

/// Only the two choices that are `none` are left out (known defect 21); Spring gets them too (28), and its own the better
/// way (27).
fn smtp(case: &Case, expected: &mut Outcome) {
    for bag in bags(case, "smtp", &["host", "port"]) {
        let uri = bag["password_id"].as_str();
        let secrets = case.input["secrets"].as_array().into_iter().flatten();
        let mut named = secrets.filter(|secret| uri.is_some() && secret["id"].as_str() == uri);
        let secret = named.next().map(|secret| &secret["content"]["password"]);
        let password = secret.unwrap_or(&bag["password"]);
        let set_none = |value: &Value| match value.as_str() {
            Some("none") => Value::Null,
            _ => value.clone(),
        };
        let verify = bag["skip_ssl_verify"].as_str().unwrap_or("False");
        for (name, value) in [
            ("SMTP_HOST", bag["host"].clone()),
            ("SMTP_PORT", bag["port"].clone()),
            ("SMTP_USER", bag["user"].clone()),
            ("SMTP_PASSWORD", password.clone()),
            ("SMTP_DOMAIN", bag["domain"].clone()),
            ("SMTP_AUTH_TYPE", set_none(&bag["auth_type"])),
            (
                "SMTP_TRANSPORT_SECURITY",
                set_none(&bag["transport_security"]),
            ),
            ("SMTP_SKIP_SSL_VERIFY", verify.into()),
        ] {
            set(case, expected, name, value);
        }
        if case.framework != "spring-boot" {
            continue;
        }
        let is = |key: &str, text: &str| Value::from((bag[key] == text).to_string());
        let ssl = (bag["transport_security"] == "tls").then_some("true");
        // Jakarta Mail verifies unless it is told not to, twice.
        let unverified = |value: &'static str| (verify == "True").then_some(value);
        for (name, value) in [
            ("port", bag["port"].clone()),
            ("username", bag["user"].clone()),
            ("password", password.clone()),
            ("properties.mail.smtp.auth", is("auth_type", "plain")),
            ("properties.mail.smtp.ssl.enable", ssl.into()),
            (
                "properties.mail.smtp.ssl.checkserveridentity",
                unverified("false").into(),
            ),
            ("properties.mail.smtp.ssl.trust", unverified("*").into()),
            (
                "properties.mail.smtp.starttls.enable",
                is("transport_security", "starttls"),
            ),
        ] {
            set(case, expected, &format!("spring.mail.{name}"), value);
        }
    }
}

/// Nothing without a store (known defect 63); the general variables beside Spring's (28).
fn openfga(case: &Case, expected: &mut Outcome) {
    let needed = ["grpc_api_url", "http_api_url", "store_id"];
    let ready = bags(case, "openfga", &needed).next().is_some();
    for bag in bags(case, "openfga", &[]) {
        for (key, name, springs) in [
            ("grpc_api_url", "FGA_GRPC_API_URL", None),
            ("http_api_url", "FGA_HTTP_API_URL", Some("openfga.api-url")),
            ("store_id", "FGA_STORE_ID", Some("openfga.store-id")),
        ] {
            let value = Some(&bag[key]).filter(|_| ready).cloned();
            set(case, expected, name, value.into());
            if let Some(springs) = springs.filter(|_| !ready) {
                set(case, expected, springs, Value::Null);
            }
        }
        let springs = "/environment/openfga.credentials.config.api-token";
        match expected.get(springs) {
            Some(token) => set(case, expected, "FGA_TOKEN", token),
            None => set(case, expected, "openfga.credentials.method", Value::Null),
        }
    }
}

/// The general variables beside Spring's (known defect 28).
fn redis(case: &Case, expected: &mut Outcome) {
    let part = |expected: &Outcome, name: &str| {
        let springs = format!("/environment/spring.data.redis.{name}");
        expected
            .get(&springs)
            .and_then(|value| Some(value.as_str()?.to_owned()))
    };
    if relations(case, &["redis"]).next().is_none() {
        return;
    }
    let (Some(url), Some(host), Some(port)) = (
        part(expected, "url"),
        part(expected, "host"),
        part(expected, "port"),
    ) else {
        return;
    };
    for (name, value) in [
        ("CONNECT_STRING", url),
        ("SCHEME", "redis".into()),
        ("NETLOC", format!("{host}:{port}")),
        ("HOSTNAME", host),
        ("PORT", port),
        ("PATH", String::new()),
        ("PARAMS", String::new()),
        ("QUERY", String::new()),
        ("FRAGMENT", String::new()),
    ] {
        set(case, expected, &format!("REDIS_DB_{name}"), value.into());
    }
}

/// The peer's charm has Python of its own there, which chooses other prefixes. What it chooses them for is ours too.
fn usual_prefixes(case: &Case, expected: &mut Outcome) {
    if case.name() != "go/custom-prefixes" {
        return;
    }
    let usual = |environment: &mut Value| {
        let Some(variables) = environment.as_object_mut() else {
            return;
        };
        for (name, value) in std::mem::take(variables) {
            let name = [("FW_", "APP_"), ("INT_", ""), ("MYAPP_", "APP_")]
                .into_iter()
                .find_map(|(own, usual)| Some(format!("{usual}{}", name.strip_prefix(own)?)))
                .unwrap_or(name);
            variables.insert(name, value);
        }
    };
    usual(&mut expected.facts["environment"]);
    usual(&mut expected.facts["services"]["go"]["environment"]);
}

/// The provider's bags of an interface that have all of some keys.
fn bags<'a>(
    case: &'a Case,
    interface: &'static str,
    needed: &'a [&str],
) -> impl Iterator<Item = &'a Value> {
    let all = relations(case, KNOWN).filter(move |relation| relation["interface"] == interface);
    all.map(|relation| &relation["remote_app_data"])
        .filter(|bag| needed.iter().all(|key| bag[key].is_string()))
}

fn set(case: &Case, expected: &mut Outcome, name: &str, value: Value) {
    let service = format!("/services/{}/environment", case.framework);
    expected.set(&format!("/environment/{name}"), value.clone());
    expected.set(&format!("{service}/{name}"), value);
}
