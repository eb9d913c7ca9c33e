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
mod tests;
