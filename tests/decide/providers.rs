//! Relations with providers as `decide` sees them: several of an endpoint, removed, waiting, and which gate comes first
//! (contract: interfaces, sections 3, 5, 10 and 11; runtime, section 3; known defects 3, 22, 30, 50, 54, 60 and 61).

use std::collections::BTreeMap;

use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::Status;
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::Work;
use charmwright::runtime::observation::Observation;

use super::support::{bag, blocked, postgresql, status, unit, variables};

/// A framework's unit with these endpoints, `NAME: {interface: …}`, without relations.
fn with_endpoints(framework: &str, requires: &str) -> Observation {
    let metadata = format!(
        "name: web\ncontainers: {{app: {{resource: app-image}}}}\npeers: {{secret-storage: {{interface: secret-storage}}}}\n\
         requires: {{ingress: {{interface: ingress}}, postgresql: {{interface: postgresql_client, optional: true}}, {requires}}}\n"
    );
    let manifest =
        format!("charmwright: {{framework: {framework}}}\nbases: [{{channel: '24.04'}}]\n");
    let charm = Charm::parse(&metadata, Some("options: {}"), Some(&manifest), None).unwrap();
    let services = format!("{framework}: {{override: replace, startup: enabled, command: x}}\n");
    let key = format!("{framework}_secret_key");
    unit(charm, (&key, "peer-key"), &services)
}

fn relation(endpoint: &str, id: u64, provider: &str, app: &[(&str, &str)]) -> Relation {
    Relation {
        endpoint: endpoint.into(),
        id,
        remote_application: provider.into(),
        remote_app: bag(app),
        ..Relation::default()
    }
}

fn rabbitmq(id: u64, host: &str) -> Relation {
    relation(
        "rabbitmq",
        id,
        "mq",
        &[("hostname", host), ("password", "pw")],
    )
}

fn valkey(id: u64, host: &str) -> Relation {
    let requests = format!(
        r#"[{{"resource": "*", "request-id": "1", "endpoints": "{host}:6379", "secret-user": "secret:u"}}]"#
    );
    let mut relation = relation("valkey", id, "vk", &[("requests", &requests)]);
    let user = bag(&[("username", "web"), ("password", "pw")]);
    relation.secrets.insert("secret:u".into(), user);
    relation
}

fn http_proxy(id: u64, host: &str, state: &str) -> Relation {
    let responses = format!(
        r#"[{{"requirer": "ours", "status": "{state}", "auth": "none", "http_proxy": "http://{host}:3128", "https_proxy": "http://{host}:3128"}}]"#
    );
    let mut relation = relation("http-proxy", id, "squid", &[("responses", &responses)]);
    let requests = r#"[{"auth": [], "domains": [], "requirer": "ours"}]"#;
    relation.local_app = bag(&[("requests", requests)]);
    relation
}

fn oauth(id: u64, host: &str) -> Relation {
    let url = |path: &str| format!("https://{host}/{path}");
    let mut relation = relation(
        "oidc",
        id,
        "hydra",
        &[
            ("issuer_url", &url("")),
            ("authorization_endpoint", &url("auth")),
            ("token_endpoint", &url("token")),
            ("userinfo_endpoint", &url("userinfo")),
            ("jwks_endpoint", &url("jwks")),
            ("client_id", "c1"),
            ("client_secret_id", "secret:c"),
        ],
    );
    let secret = bag(&[("secret", "cs")]);
    relation.secrets.insert("secret:c".into(), secret);
    relation
}

fn ingress() -> Relation {
    let url = r#"{"url": "https://apps.example/web"}"#;
    relation("ingress", 90, "traefik", &[("ingress", url)])
}

/// A relation of the id with the provider's host.
type Related = fn(u64, &str) -> Relation;

/// Endpoint and interface, a complete relation, and a variable that tells the host.
const INTERFACES: [(&str, Related, &str); 4] = [
    (
        "rabbitmq: {interface: rabbitmq, optional: true}",
        rabbitmq,
        "RABBITMQ_HOSTNAME",
    ),
    (
        "valkey: {interface: valkey_client, optional: true}",
        valkey,
        "VALKEY_DB_HOSTNAME",
    ),
    (
        "http-proxy: {interface: http_proxy, optional: true}",
        |id, host| http_proxy(id, host, "ready"),
        "http_proxy",
    ),
    (
        "oidc: {interface: oauth, optional: true}",
        oauth,
        "APP_OIDC_ACCESS_TOKEN_URL",
    ),
];

#[test]
fn of_several_relations_the_first_is_used_and_each_is_asked() {
    for (endpoint, related, variable) in INTERFACES {
        let mut observation = with_endpoints("fastapi", endpoint);
        observation.relations = vec![ingress(), related(1, "first"), related(2, "second")];
        for relation in &mut observation.relations {
            relation.local_app = Bag::new();
        }
        let found = &variables(&observation)[variable];
        assert!(found.contains("first"), "{endpoint}: {found}");
        let mut asked: BTreeMap<u64, &BTreeMap<String, Option<String>>> = BTreeMap::new();
        let decision = decide(&observation);
        for write in decision.bags.iter().filter(|write| write.app) {
            asked.insert(write.relation, &write.changes);
        }
        assert!(
            asked.contains_key(&1) && asked.contains_key(&2),
            "{endpoint}"
        );
        // Ids that are made up are made up for each.
        if asked[&1].contains_key("requests") {
            assert_ne!(asked[&1], asked[&2], "{endpoint}");
        }
        observation.relations.remove(1);
        assert!(variables(&observation)[variable].contains("second"));
    }
}

#[test]
fn nothing_is_left_of_a_relation_that_is_gone() {
    for (endpoint, related, variable) in INTERFACES {
        let mut observation = with_endpoints("fastapi", endpoint);
        observation.relations = vec![ingress()];
        let before = variables(&observation);
        observation.relations.push(related(1, "host"));
        let with = variables(&observation);
        assert!(with.contains_key(variable) && !before.contains_key(variable));
        observation.relations.pop();
        assert_eq!(variables(&observation), before, "{endpoint}");
    }
}

#[test]
fn a_unit_that_is_not_the_leader_gets_the_same_and_asks_for_nothing() {
    for (endpoint, related, _) in INTERFACES {
        let mut observation = with_endpoints("fastapi", endpoint);
        observation.relations = vec![ingress(), related(1, "host")];
        let as_leader = variables(&observation);
        observation.leader = false;
        for relation in &mut observation.relations {
            relation.local_app = Bag::new();
        }
        assert_eq!(variables(&observation), as_leader, "{endpoint}");
        let decision = decide(&observation);
        assert!(decision.bags.iter().all(|write| !write.app), "{endpoint}");
    }
}

#[test]
fn a_required_endpoint_without_a_relation_is_missing_by_its_name() {
    for (endpoint, name) in [
        ("mq: {interface: rabbitmq}", "mq"),
        ("cache: {interface: valkey_client}", "cache"),
        ("way-out: {interface: http_proxy}", "way-out"),
        ("login: {interface: oauth}", "login"),
    ] {
        let message = blocked(&with_endpoints("fastapi", endpoint));
        assert_eq!(message, format!("missing integrations: {name}"));
    }
}

#[test]
fn a_proxy_takes_the_place_of_the_models_and_leaves_its_exceptions() {
    let mut observation = with_endpoints("go", INTERFACES[2].0);
    let proxies = &mut observation.identity.proxies;
    proxies.http = Some("http://model:1".into());
    proxies.https = Some("http://model:2".into());
    proxies.no_proxy = Some("localhost".into());
    observation.relations = vec![http_proxy(1, "squid", "ready")];
    let variables = variables(&observation);
    for (name, value) in [
        ("http_proxy", "http://squid:3128/"),
        ("HTTP_PROXY", "http://squid:3128/"),
        ("https_proxy", "http://squid:3128/"),
        ("HTTPS_PROXY", "http://squid:3128/"),
        ("no_proxy", "localhost"),
        ("NO_PROXY", "localhost"),
    ] {
        assert_eq!(variables[name], value, "{name}");
    }
}

#[test]
fn a_proxy_that_is_not_ready_waits_and_the_app_goes_on() {
    let mut observation = with_endpoints("flask", INTERFACES[2].0);
    for (state, text) in [
        ("pending", "squid says that the request is pending"),
        ("rejected", "squid says that the request is rejected"),
    ] {
        observation.relations = vec![http_proxy(1, "squid", state)];
        let decision = decide(&observation);
        let waiting = (Status::Waiting, format!("Waiting for http-proxy: {text}"));
        assert_eq!(status(&decision), waiting);
        assert!(matches!(decision.work, Work::Nothing));
    }
    observation.relations = vec![http_proxy(1, "squid", "nonsense")];
    assert_eq!(
        blocked(&observation),
        "http-proxy relation data is either unavailable, invalid or not usable."
    );
}

#[test]
fn the_gates_of_oauth_come_in_the_contracts_order() {
    let endpoints = "oidc: {interface: oauth, optional: true}, valkey: {interface: valkey_client}";
    let mut observation = with_endpoints("django", endpoints);
    observation
        .config
        .insert("oidc-scopes".into(), "email".into());
    let mut empty = oauth(1, "id");
    empty.remote_app.clear();
    observation.relations = vec![empty];
    assert_eq!(blocked(&observation), "missing integrations: valkey");
    observation.relations.push(valkey(2, "vk"));
    assert_eq!(blocked(&observation), "Please check hydra charm!");
    observation.relations[0] = oauth(1, "id");
    assert_eq!(
        blocked(&observation),
        "Ingress relation is required for OIDC to work correctly!"
    );
    observation.relations.push(ingress());
    assert_eq!(
        blocked(&observation),
        "Django requires a database integration to work"
    );
    observation.relations.push(postgresql("pw"));
    assert_eq!(
        blocked(&observation),
        "The 'openid' scope is required for OAuth integration, please add it to the scopes."
    );
    observation
        .config
        .insert("oidc-scopes".into(), "openid".into());
    assert_eq!(status(&decide(&observation)).0, Status::Active);
    let mut incomplete = oauth(1, "id");
    incomplete.remote_app.remove("token_endpoint");
    observation.relations[0] = incomplete;
    assert_eq!(blocked(&observation), "Invalid oidc relation data.");
}

#[test]
fn a_second_oauth_endpoint_blocks_once_the_first_is_well() {
    let endpoints =
        "oidc: {interface: oauth, optional: true}, other: {interface: oauth, optional: true}";
    let several = "Multiple OAuth relations are not supported at the moment";
    let mut observation = with_endpoints("flask", endpoints);
    assert_eq!(blocked(&observation), several);
    observation.relations = vec![oauth(1, "id")];
    assert_ne!(blocked(&observation), several);
    observation.relations.push(ingress());
    assert_eq!(blocked(&observation), several);
}

#[test]
fn names_have_the_frameworks_prefix_and_the_endpoints_name() {
    for (framework, prefix) in [
        ("django", "DJANGO"),
        ("expressjs", "APP"),
        ("fastapi", "APP"),
        ("flask", "FLASK"),
        ("go", "APP"),
        ("spring-boot", "APP"),
    ] {
        let mut observation =
            with_endpoints(framework, "my-id: {interface: oauth, optional: true}");
        let mut related = oauth(1, "id");
        related.endpoint = "my-id".into();
        observation.relations = vec![ingress(), postgresql("pw"), related];
        let variables = variables(&observation);
        for name in ["MY-ID", "MY_ID"] {
            assert_eq!(variables[&format!("{prefix}_{name}_CLIENT_ID")], "c1");
        }
        let own = "spring.security.oauth2.client.registration.my-id.client-id";
        assert_eq!(variables.contains_key(own), framework == "spring-boot");
    }
}
