use std::collections::BTreeMap;

use super::*;
use crate::interfaces::samples::{bag, context};

/// The contract's example.
const PROVIDER: [(&str, &str); 11] = [
    ("issuer_url", "https://id.example"),
    ("authorization_endpoint", "https://id.example/oauth2/auth"),
    ("token_endpoint", "https://id.example/oauth2/token"),
    (
        "introspection_endpoint",
        "https://id.example/oauth2/introspect",
    ),
    ("userinfo_endpoint", "https://id.example/userinfo"),
    ("jwks_endpoint", "https://id.example/jwks.json"),
    ("scope", "openid profile email"),
    ("client_id", "c1"),
    ("client_secret_id", "secret:d5aaaaaaaaaaaaaaaaaa"),
    ("jwt_access_token", "False"),
    ("ca_chain", "[]"),
];

fn related(endpoint: &str) -> Relation {
    Relation {
        endpoint: endpoint.into(),
        remote_application: "hydra".into(),
        remote_app: bag(&PROVIDER),
        secrets: [(
            "secret:d5aaaaaaaaaaaaaaaaaa".into(),
            bag(&[("secret", "cs")]),
        )]
        .into(),
        ..Relation::default()
    }
}

type Config<'a> = &'a [(&'a str, &'a str)];

fn with<T>(config: Config<'_>, ask: impl Fn(&Context<'_>) -> T) -> T {
    let config = config.iter();
    let config: BTreeMap<String, Value> = config
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    ask(&Context {
        config: &config,
        outside_url: Some("https://apps.example/demo-web/"),
        ..context("3.6.14")
    })
}

fn outcome(relation: &Relation, config: Config<'_>) -> Outcome {
    with(config, |context| OAuth.outcome(context, relation))
}

fn ready(relation: &Relation, config: Config<'_>) -> Provided {
    match outcome(relation, config) {
        Outcome::Ready(provided) => provided,
        other => panic!("{relation:?} is {other:?}"),
    }
}

#[test]
fn the_request_is_the_contracts_with_and_without_an_ingress_and_options() {
    let request =
        |config: Config<'_>| with(config, |context| OAuth.request(context, &related("oidc"))).app;
    let mut example = bag(&[
        ("redirect_uri", "https://apps.example/demo-web/callback"),
        ("scope", "openid profile email"),
        ("grant_types", "[\"authorization_code\"]"),
        ("audience", "[]"),
        ("token_endpoint_auth_method", "client_secret_basic"),
    ]);
    assert_eq!(request(&[]), example);
    assert_eq!(
        request(&[("oidc-scopes", " "), ("other-scopes", "x")]),
        example
    );
    let inside = OAuth.request(&context("3.6.14"), &related("oidc"));
    let url = "http://web.demo:8080/callback";
    assert_eq!(inside.app["redirect_uri"], url);
    assert_eq!(inside.unit, Bag::new());
    let asked = request(&[("oidc-scopes", "openid x"), ("oidc-redirect-path", "a/b")]);
    for (key, value) in [
        ("scope", "openid x"),
        ("redirect_uri", "https://apps.example/demo-web/a/b"),
    ] {
        example.insert(key.into(), value.into());
    }
    assert_eq!(asked, example);
}

#[test]
fn the_contracts_example_gives_all_variables() {
    let expected = bag(&[
        (
            "APP_OIDC_ACCESS_TOKEN_URL",
            "https://id.example/oauth2/token",
        ),
        ("APP_OIDC_API_BASE_URL", "https://id.example"),
        ("APP_OIDC_AUTHORIZE_URL", "https://id.example/oauth2/auth"),
        ("APP_OIDC_CLIENT_ID", "c1"),
        (
            "APP_OIDC_CLIENT_KWARGS",
            r#"{"scope": "openid profile email"}"#,
        ),
        ("APP_OIDC_CLIENT_SECRET", "cs"),
        ("APP_OIDC_JWKS_URL", "https://id.example/jwks.json"),
        ("APP_OIDC_USER_URL", "https://id.example/userinfo"),
    ]);
    let provided = ready(&related("oidc"), &[]);
    assert_eq!(provided.variables, expected);
    assert_eq!(provided.identity, None);
    let secrets = OAuth.secrets(&related("oidc"));
    let expected = SecretRequest {
        uri: "secret:d5aaaaaaaaaaaaaaaaaa".into(),
        label: None,
    };
    assert_eq!(secrets, [expected]);
}

#[test]
fn facts_are_there_for_frameworks_with_names_of_their_own() {
    let config = [
        ("oidc-scopes", "openid  email"),
        ("oidc-user-name-attribute", "email"),
    ];
    let expected = bag(&[
        ("authorization-uri", "https://id.example/oauth2/auth"),
        ("client-id", "c1"),
        ("client-secret", "cs"),
        ("issuer-uri", "https://id.example"),
        ("jwk-set-uri", "https://id.example/jwks.json"),
        ("redirect-uri", "https://apps.example/demo-web/callback"),
        ("scopes", "openid,email"),
        ("token-uri", "https://id.example/oauth2/token"),
        ("user-info-uri", "https://id.example/userinfo"),
        ("user-name-attribute", "email"),
    ]);
    assert_eq!(ready(&related("oidc"), &config).facts, expected);
    let facts = ready(&related("oidc"), &[]).facts;
    assert_eq!(facts["user-name-attribute"], "sub");
}

#[test]
fn an_endpoint_with_a_dash_gives_names_with_and_without() {
    let variables = ready(&related("my-oidc"), &[]).variables;
    for name in ["APP_MY-OIDC_CLIENT_ID", "APP_MY_OIDC_CLIENT_ID"] {
        assert_eq!(variables[name], "c1");
    }
    assert_eq!(variables.len(), 16);
}

#[test]
fn a_provider_without_a_client_is_to_be_checked() {
    let check = Outcome::Blocked("Please check hydra charm!".into());
    for key in ["client_id", "client_secret_id"] {
        let mut relation = related("oidc");
        relation.remote_app.insert(key.into(), String::new());
        assert_eq!(outcome(&relation, &[]), check, "{key}");
        relation.remote_app.remove(key);
        assert_eq!(outcome(&relation, &[]), check, "{key}");
    }
    let mut relation = related("oidc");
    relation.secrets.clear();
    assert_eq!(outcome(&relation, &[]), check);
    relation.remote_app.clear();
    assert_eq!(outcome(&relation, &[]), check);
    assert_eq!(OAuth.secrets(&relation), []);
}

#[test]
fn a_provider_without_an_address_is_invalid() {
    for key in ADDRESSES.map(|(_, _, key)| key) {
        let mut relation = related("oidc");
        relation.remote_app.remove(key);
        let expected = Outcome::Invalid(format!("it has no `{key}`"));
        assert_eq!(outcome(&relation, &[]), expected);
    }
    let mut relation = related("oidc");
    for secret in relation.secrets.values_mut() {
        *secret = bag(&[("other", "cs")]);
    }
    let expected = Outcome::Invalid("its client's secret has no `secret`".into());
    assert_eq!(outcome(&relation, &[]), expected);
}

#[test]
fn what_is_not_used_may_be_missing_and_what_looks_like_a_number_is_a_text() {
    let mut relation = related("oidc");
    for key in ["introspection_endpoint", "scope", "jwt_access_token"] {
        relation.remote_app.remove(key);
    }
    for (given, told) in [
        ("123", "123"),
        ("true", "true"),
        ("\"c1\"", "c1"),
        ("{", "{"),
    ] {
        relation.remote_app.insert("client_id".into(), given.into());
        let variables = ready(&relation, &[]).variables;
        assert_eq!(variables["APP_OIDC_CLIENT_ID"], told);
    }
}

#[test]
fn an_ingress_is_required() {
    let outcome = OAuth.outcome(&context("3.6.14"), &related("oidc"));
    assert_eq!(outcome, Outcome::Blocked(NO_INGRESS.into()));
}

#[test]
fn openid_must_be_one_of_the_scopes() {
    let blocked = Outcome::Misconfigured(NO_OPENID.into());
    for (scopes, is_good) in [
        ("openid", true),
        ("email\topenid  x", true),
        ("notopenid", false),
        ("profile email", false),
        ("openid,email", false),
    ] {
        let outcome = outcome(&related("oidc"), &[("oidc-scopes", scopes)]);
        assert_eq!(outcome != blocked, is_good, "{scopes}");
    }
}

#[test]
fn a_path_that_makes_no_url_is_told_and_not_sent() {
    let config = [("oidc-redirect-path", "/call back")];
    let outcome = outcome(&related("oidc"), &config);
    let status = "the option oidc-redirect-path makes no URL";
    assert_eq!(outcome, Outcome::Misconfigured(status.into()));
    let request = with(&config, |context| OAuth.request(context, &related("oidc")));
    assert!(!request.app.contains_key("redirect_uri"));
}
