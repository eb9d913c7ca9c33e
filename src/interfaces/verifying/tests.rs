use super::*;
use crate::interfaces::handler;
use crate::interfaces::samples::{bag, context};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn pem(fill: &str) -> String {
    tls::certificates(&format!("MIIB{}", fill.repeat(200))).unwrap()
}

fn verified(interface: &str) -> Box<dyn Interface> {
    let mut row = table::find(interface).unwrap();
    row.tls = Some(tls::Mode::Verify);
    row.endpoint = "it".into();
    assert_eq!(row.misplaced(), None);
    handler(&row).unwrap()
}

fn related(app: Pairs<'_>, unit: Pairs<'_>) -> Relation {
    Relation {
        endpoint: "it".into(),
        id: 7,
        remote_application: "far".into(),
        remote_app: bag(app),
        remote_units: [("far/0".to_owned(), bag(unit))].into(),
        ..Relation::default()
    }
}

fn ready(interface: &str, relation: &Relation) -> Provided {
    match verified(interface).outcome(&context("3.6.14"), relation) {
        Outcome::Ready(provided) => provided,
        other => panic!("{interface}: {other:?}"),
    }
}

fn blocked(interface: &str, relation: &Relation) -> String {
    match verified(interface).outcome(&context("3.6.14"), relation) {
        Outcome::Blocked(text) => text,
        other => panic!("{interface}: {other:?}"),
    }
}

const CA_FILE: &str = "/tmp/charmwright/tls/it-ca.pem";

#[test]
fn a_broker_is_spoken_to_over_tls_on_its_port_on_every_host() {
    use base64::Engine as _;
    let ca = pem("A");
    let encoded = base64::engine::general_purpose::STANDARD.encode(&ca);
    let password = ("password", "pw");
    for (app, unit, url) in [
        (
            &[][..],
            &[
                ("hostname", "10.0.0.1"),
                password,
                ("ssl_port", "5699"),
                ("ssl_ca", &encoded),
            ][..],
            "amqps://web:pw@10.0.0.1:5699/%2F",
        ),
        (
            &[
                ("hostname", "mq.demo"),
                password,
                ("tls", "true"),
                ("tls-ca", &ca),
            ],
            &[],
            "amqps://web:pw@mq.demo:5671/%2F",
        ),
        (
            &[("hostname", "fd00::1"), password, ("tls-ca", &ca)],
            &[],
            "amqps://web:pw@[fd00::1]:5671/%2F",
        ),
    ] {
        let provided = ready("rabbitmq", &related(app, unit));
        let get = |name: &str| provided.variables[&format!("RABBITMQ_{name}")].as_str();
        assert_eq!((get("CONNECT_STRING"), get("CONNECT_STRINGS")), (url, url));
        assert_eq!((get("SCHEME"), get("TLS_CA_FILE")), ("amqps", CA_FILE));
        assert!(url.contains(&format!(":{}/", get("PORT"))));
        assert!(!provided.variables.contains_key("RABBITMQ_NAME"));
        assert_eq!(provided.files[CA_FILE], ca);
        assert_eq!(verified("rabbitmq").files(), [CA_FILE]);
    }
}

#[test]
fn a_key_value_store_is_verified_by_what_its_secret_says() {
    let ca = pem("A");
    let answers = r#"[{"resource": "*", "request-id": "1", "endpoints": "vk:6379", "secret-user": "secret:u", "secret-tls": "secret:t"}]"#;
    let mut relation = related(&[("requests", answers)], &[]);
    let user = bag(&[("username", "u"), ("password", "p")]);
    relation.secrets.insert("secret:u".into(), user);
    for (tls, says) in [
        (&[("tls", "true"), ("tls-ca", ca.as_str())][..], None),
        (&[("tls", "true")], Some("publishes no CA")),
        (&[("tls", "false")], Some("has no TLS")),
    ] {
        relation.secrets.insert("secret:t".into(), bag(tls));
        if let Some(says) = says {
            let text = blocked("valkey_client", &relation);
            assert!(text.contains(says) && text.contains("far"), "{text}");
            continue;
        }
        let provided = ready("valkey_client", &relation);
        assert_eq!(provided.variables["VALKEY_DB_TLS_CA_FILE"], CA_FILE);
        assert_eq!(provided.variables["VALKEY_DB_SCHEME"], "valkeys");
        assert_eq!(provided.files[CA_FILE], ca);
    }
}

#[test]
fn without_tls_there_is_no_connection() {
    let mq: Pairs<'_> = &[("hostname", "mq"), ("password", "s3cr3t")];
    let text = blocked("rabbitmq", &related(mq, &[]));
    assert!(
        text.contains("`it`") && text.contains("far has no TLS"),
        "{text}"
    );
    assert!(!text.contains("s3cr3t"));
    let nonsense = related(&[mq, &[("tls-ca", "nonsense")]].concat(), &[]);
    let outcome = verified("rabbitmq").outcome(&context("3.6.14"), &nonsense);
    assert!(matches!(outcome, Outcome::Invalid(_)), "{outcome:?}");
    // What is incomplete stays so.
    let outcome = verified("rabbitmq").outcome(&context("3.6.14"), &related(&[], &[]));
    assert_eq!(outcome, Outcome::Incomplete);
}

#[test]
fn scheme_and_port_are_all_that_changes_of_a_url() {
    for (url, port, expected) in [
        ("redis://h:6379", None, "rediss://h:6379"),
        ("redis://u:p@H.:1/0?a=b", None, "rediss://u:p@H:1/0?a=b"),
        ("redis://h", Some("2"), "rediss://h:2"),
        ("redis://[::1]:6379/x", Some("2"), "rediss://[::1]:2/x"),
        ("redis://[::1]", Some("2"), "rediss://[::1]:2"),
    ] {
        assert_eq!(with_scheme_and_port(url, "rediss", port), expected);
    }
}

#[test]
fn redis_is_spoken_to_over_tls() {
    let ca = pem("A");
    let unit: Pairs<'_> = &[("hostname", "10.0.0.1"), ("port", "6379")];
    let tls: Pairs<'_> = &[("tls", "true"), ("tls-ca", &ca)];
    for relation in [
        related(&[&[("leader-host", "10.0.0.1")], tls].concat(), unit),
        related(&[], &[unit, tls].concat()),
    ] {
        let provided = ready("redis", &relation);
        let get = |name: &str| provided.variables[&format!("REDIS_DB_{name}")].as_str();
        assert_eq!(get("CONNECT_STRING"), "rediss://10.0.0.1:6379");
        assert_eq!((get("SCHEME"), get("TLS_CA_FILE")), ("rediss", CA_FILE));
        assert_eq!(provided.files[CA_FILE], ca);
    }
    assert!(blocked("redis", &related(&[], unit)).contains("has no TLS"));
}

#[test]
fn an_object_store_is_verified_by_its_chain_else_by_the_cas_of_the_image() {
    let chain = serde_json::to_string(&[pem("A"), format!("MIIB{}", "B".repeat(200))]).unwrap();
    let keys: Pairs<'_> = &[("access-key", "a"), ("secret-key", "b"), ("bucket", "c")];
    let secure: Pairs<'_> = &[("endpoint", "https://minio")];
    let provided = ready(
        "s3",
        &related(&[keys, secure, &[("tls-ca-chain", &chain)]].concat(), &[]),
    );
    assert_eq!(provided.variables["AWS_CA_BUNDLE"], CA_FILE);
    assert_eq!(provided.variables["S3_TLS_CA_FILE"], CA_FILE);
    assert_eq!(provided.files[CA_FILE], pem("A") + &pem("B"));
    for app in [
        &[keys, secure].concat(),
        keys,
        &[keys, &[("tls-ca-chain", "[]")]].concat(),
    ] {
        let provided = ready("s3", &related(app, &[]));
        assert!(provided.files.is_empty() && !provided.variables.contains_key("AWS_CA_BUNDLE"));
    }
    let open = related(&[keys, &[("endpoint", "http://minio")]].concat(), &[]);
    assert!(blocked("s3", &open).contains("has no TLS"));
    let nonsense = related(
        &[keys, secure, &[("tls-ca-chain", "[\"x\"]")]].concat(),
        &[],
    );
    let outcome = verified("s3").outcome(&context("3.6.14"), &nonsense);
    assert!(matches!(outcome, Outcome::Invalid(_)), "{outcome:?}");
}
