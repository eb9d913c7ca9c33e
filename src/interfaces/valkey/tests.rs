use super::*;
use crate::interfaces::samples::{bag, context};

const USER: &str = "secret:user";
const TLS: &str = "secret:tls";

fn valkey() -> Valkey {
    Valkey {
        prefix: "VALKEY_DB".into(),
        scheme: "valkey".into(),
    }
}

fn related(requests: &str, tls: &[(&str, &str)], password: &str) -> Relation {
    Relation {
        endpoint: "valkey".into(),
        id: 14,
        remote_app: bag(&[("version", "v1"), ("data", "{}"), ("requests", requests)]),
        secrets: [
            (
                USER.into(),
                bag(&[("username", "web"), ("password", password)]),
            ),
            (TLS.into(), bag(tls)),
        ]
        .into(),
        ..Relation::default()
    }
}

fn outcome(requests: &str) -> Outcome {
    let relation = related(requests, &[("tls", "false")], "pw");
    valkey().outcome(&context("3.6.14"), &relation)
}

fn ready(relation: &Relation) -> Provided {
    match valkey().outcome(&context("3.6.14"), relation) {
        Outcome::Ready(provided) => provided,
        other => panic!("{relation:?} is {other:?}"),
    }
}

/// The contract's example.
const COMPLETE: &str = r#"[{"resource": "*", "request-id": "772cbb9a8d917b7f", "salt": "PmKhEypSJORhwggM",
    "endpoints": "vk-primary:6379", "read-only-endpoints": "vk-ro:6379", "mode": "sentinel", "version": "8.0",
    "secret-user": "secret:user", "secret-tls": "secret:tls"}]"#;
const LEAST: &str = r#"[{"resource": "*", "request-id": "1", "endpoints": "vk:6379", "secret-user": "secret:user"}]"#;

#[test]
fn the_request_is_the_contracts_but_for_its_salt() {
    let example = r#"[{"resource": "*", "request-id": "772cbb9a8d917b7f", "salt": "PmKhEypSJORhwggM", "extra-user-roles": null, "extra-group-roles": null, "external-node-connectivity": false, "entity-type": null, "entity-permissions": null, "secret-mtls": null}]"#;
    assert_eq!(requests("PmKhEypSJORhwggM"), example);
    let ask = |id: u64| {
        let relation = Relation {
            id,
            ..Relation::default()
        };
        let request = valkey().request(&context("3.6.14"), &relation);
        assert_eq!(request.app["version"], "v1");
        assert_eq!(request.unit, Bag::new());
        request.app["requests"].clone()
    };
    let asked: Value = serde_json::from_str(&ask(1)).unwrap();
    let salt = asked[0]["salt"].as_str().unwrap();
    assert!(salt.len() == 16 && salt.chars().all(|c| c.is_ascii_alphanumeric()));
    assert_eq!(ask(1), requests(salt));
    assert_ne!(ask(1), ask(2));
}

#[test]
fn a_request_that_is_there_stays_and_what_is_none_is_made_anew() {
    let mut relation = Relation::default();
    for (there, is_kept) in [
        (
            r#"[{"resource": "*", "request-id": "1", "salt": "s"}]"#,
            true,
        ),
        ("[]", false),
        ("{", false),
        ("null", false),
    ] {
        relation.local_app = bag(&[("version", "v1"), ("requests", there)]);
        let request = valkey().request(&context("3.6.14"), &relation);
        assert_eq!(request.app.contains_key("requests"), !is_kept, "{there}");
    }
}

#[test]
fn the_key_of_another_models_provider_is_handed_back() {
    let relation = Relation {
        remote_app: bag(&[("encryption-secret", "secret:key")]),
        ..Relation::default()
    };
    let request = valkey().request(&context("3.6.14"), &relation);
    assert_eq!(request.app["encryption-secret"], "secret:key");
}

#[test]
fn the_contracts_example_gives_all_variables() {
    let provided = ready(&related(COMPLETE, &[("tls", "false")], "pw"));
    let expected = bag(&[
        (
            "VALKEY_DB_CONNECT_STRING",
            "valkey://web:pw@vk-primary:6379",
        ),
        ("VALKEY_DB_FRAGMENT", ""),
        ("VALKEY_DB_HOSTNAME", "vk-primary"),
        ("VALKEY_DB_NETLOC", "web:pw@vk-primary:6379"),
        ("VALKEY_DB_PARAMS", ""),
        ("VALKEY_DB_PASSWORD", "pw"),
        ("VALKEY_DB_PATH", ""),
        ("VALKEY_DB_PORT", "6379"),
        ("VALKEY_DB_QUERY", ""),
        ("VALKEY_DB_READ_ONLY_ENDPOINTS", "vk-ro:6379"),
        ("VALKEY_DB_SCHEME", "valkey"),
        ("VALKEY_DB_SENTINEL_ENDPOINTS", ""),
        ("VALKEY_DB_USERNAME", "web"),
        ("VALKEY_MODE", "sentinel"),
        ("VALKEY_VERSION", "8.0"),
    ]);
    assert_eq!(provided.variables, expected);
}

#[test]
fn secrets_are_known_by_the_peers_labels() {
    let requests = valkey().secrets(&related(COMPLETE, &[], "pw"));
    let expected = [("user", USER), ("tls", TLS)].map(|(group, uri)| SecretRequest {
        uri: uri.into(),
        label: Some(format!("valkey.14.772cbb9a8d917b7f.{group}.secret")),
    });
    assert_eq!(requests, expected);
    for nothing in ["", "[]", "{", "[1]"] {
        assert_eq!(valkey().secrets(&related(nothing, &[], "pw")), []);
    }
}

#[test]
fn tls_is_told_with_the_ca_and_in_the_scheme() {
    for flag in ["true", "True"] {
        let provided = ready(&related(
            COMPLETE,
            &[("tls", flag), ("tls-ca", "PEM")],
            "pw",
        ));
        for (name, value) in [
            (
                "VALKEY_DB_CONNECT_STRING",
                "valkeys://web:pw@vk-primary:6379",
            ),
            ("VALKEY_DB_SCHEME", "valkeys"),
            ("VALKEY_DB_TLS", "true"),
            ("VALKEY_DB_TLS_CA", "PEM"),
        ] {
            assert_eq!(provided.variables[name], value);
        }
    }
    for tls in [
        &[][..],
        &[("tls", "false"), ("tls-ca", "PEM")],
        &[("tls", "False")],
    ] {
        let variables = ready(&related(COMPLETE, tls, "pw")).variables;
        assert_eq!(variables["VALKEY_DB_SCHEME"], "valkey");
        assert!(!variables.keys().any(|name| name.contains("TLS")));
    }
}

#[test]
fn several_endpoints_and_odd_passwords_do_no_harm() {
    let several = LEAST.replace("vk:6379", "a:6379,b:6380");
    let variables = ready(&related(&several, &[], "p@/1")).variables;
    for (name, value) in [
        (
            "VALKEY_DB_CONNECT_STRING",
            "valkey://web:p%40%2F1@a:6379,b:6380",
        ),
        ("VALKEY_DB_HOSTNAME", "a"),
        ("VALKEY_DB_PASSWORD", "p@/1"),
        ("VALKEY_DB_PORT", "6379"),
    ] {
        assert_eq!(variables[name], value);
    }
}

#[test]
fn an_answer_is_known_by_its_resource_whatever_its_id() {
    let answer = |resource: &str, id: &str, host: &str| {
        format!(
            r#"{{"resource": "{resource}", "request-id": "{id}", "endpoints": "{host}", "secret-user": "secret:user"}}"#
        )
    };
    let incomplete = r#"{"resource": "*", "request-id": "3"}"#;
    for (answers, host) in [
        (vec![answer("*", "stranger", "a")], "a"),
        (vec![answer("other", "1", "a"), answer("*", "2", "b")], "b"),
        (vec![answer("granted:*", "1", "a")], "a"),
        (vec![incomplete.into(), answer("*", "2", "b")], "b"),
    ] {
        let mut relation = related(&format!("[{}]", answers.join(",")), &[], "pw");
        relation.local_app = bag(&[("requests", LEAST)]);
        let provided = ready(&relation);
        assert_eq!(
            provided.variables["VALKEY_DB_HOSTNAME"], host,
            "{answers:?}"
        );
    }
}

#[test]
fn half_of_the_data_waits() {
    for requests in [
        "",
        "[]",
        r#"[{"resource": "*"}]"#,
        r#"[{"resource": "*", "endpoints": "vk:6379"}]"#,
        r#"[{"resource": "*", "secret-user": "secret:user"}]"#,
        r#"[{"resource": "*", "endpoints": "", "secret-user": "secret:user"}]"#,
        r#"[{"resource": "*", "endpoints": "vk:6379", "secret-user": "secret:unread"}]"#,
        r#"[{"resource": "*", "endpoints": "vk:6379", "secret-user": "secret:user", "secret-tls": "secret:unread"}]"#,
        r#"[{"resource": "*", "endpoints": "vk:6379", "secret-user": "secret:tls"}]"#,
    ] {
        assert_eq!(outcome(requests), Outcome::Incomplete, "{requests}");
    }
    let empty = valkey().outcome(&context("3.6.14"), &Relation::default());
    assert_eq!(empty, Outcome::Incomplete);
}

#[test]
fn nonsense_is_invalid_and_its_reason_shows_no_value() {
    let bad_host = LEAST.replace("vk:6379", "vk secret");
    let bad_port = LEAST.replace("6379", "secret");
    for requests in [
        "{",
        "secret",
        "{}",
        r#"["secret"]"#,
        r#"[{"resource": "*", "endpoints": ["secret"]}]"#,
        &bad_host,
        &bad_port,
    ] {
        let outcome = outcome(requests);
        assert!(
            matches!(&outcome, Outcome::Invalid(why) if !why.contains("secret") && !why.contains("pw")),
            "{requests}: {outcome:?}"
        );
    }
}

#[test]
fn another_user_or_endpoint_is_another_server_and_another_password_is_not() {
    let identity =
        |requests: &str, password: &str| ready(&related(requests, &[], password)).identity;
    assert_eq!(identity(LEAST, "a"), identity(LEAST, "b"));
    assert_ne!(
        identity(LEAST, "a"),
        identity(&LEAST.replace("vk:", "new:"), "a")
    );
}
