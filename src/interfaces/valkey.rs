//! `valkey_client`: a key-value store of the data platform, in version 1 of its interface (contract: interfaces,
//! section 3).

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::url::{Url, percent_encode};
use super::{
    Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest, table,
};

const VERSION: &str = "v1";
/// What we ask for: all keys.
const RESOURCE: &str = "*";

/// A Valkey server.
#[derive(Clone, Debug)]
pub struct Valkey {
    prefix: String,
    scheme: String,
}

/// One of the provider's answers, in its `requests`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Answer {
    resource: Option<String>,
    request_id: Option<String>,
    endpoints: Option<String>,
    read_only_endpoints: Option<String>,
    sentinel_endpoints: Option<String>,
    mode: Option<String>,
    version: Option<String>,
    secret_user: Option<String>,
    secret_tls: Option<String>,
}

impl Valkey {
    /// The server of a row of the table.
    #[must_use]
    pub fn of(row: &table::Row) -> Self {
        Self {
            prefix: row.prefix.clone().unwrap_or_default(),
            scheme: row.scheme.clone().unwrap_or_default(),
        }
    }
}

impl Interface for Valkey {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let Ok(Some(answer)) = answer(relation) else {
            return Vec::new();
        };
        let id = answer.request_id.as_deref().filter(|id| !id.is_empty());
        let groups = [("user", &answer.secret_user), ("tls", &answer.secret_tls)];
        let groups = groups.into_iter();
        let requests = groups.filter_map(|(group, uri)| {
            let (endpoint, relation) = (&relation.endpoint, relation.id);
            Some(SecretRequest {
                uri: given(uri)?.to_owned(),
                label: id.map(|id| format!("{endpoint}.{relation}.{id}.{group}.secret")),
            })
        });
        requests.collect()
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        request.app.insert("version".into(), VERSION.into());
        // Only across models: the provider has made it, and looks for it in our bag.
        if let Some(uri) = relation.remote_app.get("encryption-secret") {
            request.app.insert("encryption-secret".into(), uri.clone());
        }
        if context.leader && !has_requested(&relation.local_app) {
            let salt = salt(&context.fresh(relation, "salt"));
            request.app.insert("requests".into(), requests(&salt));
        }
        request
    }

    fn outcome(&self, _context: &Context<'_>, relation: &Relation) -> Outcome {
        let answer = match answer(relation) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Outcome::Incomplete,
            Err(NoAnswers) => {
                return Outcome::Invalid("its `requests` is not a list of answers".into());
            }
        };
        let secret = |uri: &Option<String>| relation.secrets.get(given(uri)?);
        let field = |secret: Option<&Bag>, key: &str| {
            let value = secret.and_then(|secret| secret.get(key)).cloned();
            value.filter(|value| !value.is_empty())
        };
        let (user, tls) = (secret(&answer.secret_user), secret(&answer.secret_tls));
        // Whether to speak TLS is not to be guessed.
        if tls.is_none() && given(&answer.secret_tls).is_some() {
            return Outcome::Incomplete;
        }
        let (Some(username), Some(password), Some(endpoints)) = (
            field(user, "username"),
            field(user, "password"),
            given(&answer.endpoints),
        ) else {
            return Outcome::Incomplete;
        };
        let is_tls = field(tls, "tls").is_some_and(|tls| tls.eq_ignore_ascii_case("true"));
        let s = if is_tls { "s" } else { "" };
        let (username, password) = (percent_encode(&username), percent_encode(&password));
        let url = format!("{}{s}://{username}:{password}@{endpoints}", self.scheme);
        let Some(url) = Url::parse(&url) else {
            return Outcome::Invalid("its `endpoints` make no URL".into());
        };
        let prefix = self.prefix.as_str();
        let server = prefix.strip_suffix("_DB").unwrap_or(prefix);
        let mut variables = url.database_variables(prefix);
        for (name, value) in [
            (
                format!("{prefix}_READ_ONLY_ENDPOINTS"),
                answer.read_only_endpoints,
            ),
            (
                format!("{prefix}_SENTINEL_ENDPOINTS"),
                answer.sentinel_endpoints,
            ),
            (format!("{server}_MODE"), answer.mode),
            (format!("{server}_VERSION"), answer.version),
        ] {
            variables.insert(name, value.unwrap_or_default());
        }
        if is_tls {
            variables.insert(format!("{prefix}_TLS"), "true".into());
            let authority = field(tls, "tls-ca").map(|pem| (format!("{prefix}_TLS_CA"), pem));
            variables.extend(authority);
        }
        // The peer migrates for a new user; new endpoints are another server no less (known defect 54).
        let user = answer.secret_user.as_deref().unwrap_or_default();
        Outcome::Ready(Provided {
            identity: Some(format!("{}|{user}|{endpoints}", self.scheme)),
            variables,
            ..Provided::default()
        })
    }
}

/// The provider's `requests` cannot be understood.
struct NoAnswers;

/// The provider's answer to our request, known by what we asked for: its id is of no use, since only the leader knows
/// ours, and an answer may outlive its request (known defect 14).
fn answer(relation: &Relation) -> Result<Option<Answer>, NoAnswers> {
    let Some(text) = relation.remote_app.get("requests") else {
        return Ok(None);
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let answers: Vec<Answer> = serde_json::from_str(text).map_err(|_| NoAnswers)?;
    let complete = |answer: &Answer| {
        given(&answer.secret_user).is_some() && given(&answer.endpoints).is_some()
    };
    let ours = |answer: &Answer| answer.resource.as_deref() == Some(RESOURCE);
    let mut answers: Vec<Answer> = answers.into_iter().filter(complete).collect();
    let at = answers.iter().position(ours).unwrap_or_default();
    Ok((at < answers.len()).then(|| answers.swap_remove(at)))
}

fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().filter(|text| !text.is_empty())
}

/// Whether our bag has a request: a provider that has seen it would take another for another client.
fn has_requested(bag: &Bag) -> bool {
    let requests = bag.get("requests").map(|text| serde_json::from_str(text));
    matches!(requests, Some(Ok(Value::Array(requests))) if !requests.is_empty())
}

/// 16 characters of random bytes, as the peer's library makes them.
fn salt(random: &[u8]) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let character = |byte: &u8| {
        let letter = ALPHABET.get(usize::from(*byte) % ALPHABET.len());
        letter.map(|letter| char::from(*letter))
    };
    random.iter().take(16).filter_map(character).collect()
}

/// The `requests` of our bag, written as the peer's library writes them.
fn requests(salt: &str) -> String {
    let hash = Sha256::digest(format!("{RESOURCE}:{salt}"));
    let id = hex::encode(&hash[..8]);
    format!(
        r#"[{{"resource": "{RESOURCE}", "request-id": "{id}", "salt": "{salt}", "extra-user-roles": null, "extra-group-roles": null, "external-node-connectivity": false, "entity-type": null, "entity-permissions": null, "secret-mtls": null}}]"#
    )
}

#[cfg(test)]
mod tests {
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
}
