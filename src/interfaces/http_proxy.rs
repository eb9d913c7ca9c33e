//! `http_proxy`: the way out to the internet (contract: interfaces, section 11).

use serde::Deserialize;

use super::url::{Url, percent_encode};
use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest};

/// A forward proxy: squid-forward-proxy and what speaks like it.
#[derive(Clone, Copy, Debug)]
pub struct HttpProxy;

/// One of our requests, as far as we look into them.
#[derive(Deserialize)]
struct Asked {
    requirer: String,
}

/// The provider's answer to one of them.
#[derive(Clone, Deserialize)]
struct Response {
    requirer: String,
    status: String,
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    http_proxy: Option<String>,
    #[serde(default)]
    https_proxy: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

/// The states that a proxy may tell; others are not repeated in a status.
const STATES: [&str; 7] = [
    "accepted",
    "error",
    "invalid",
    "pending",
    "ready",
    "rejected",
    "unsupported",
];

impl Interface for HttpProxy {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let response = response(relation).ok().flatten();
        let uri = response.and_then(|response| response.user);
        let uri = uri.filter(|uri| !uri.is_empty());
        let request = uri.map(|uri| SecretRequest { uri, label: None });
        request.into_iter().collect()
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        if context.leader && ids(&relation.local_app).is_empty() {
            let id = context.uuid(relation, "requirer");
            let requests = format!(r#"[{{"auth": [], "domains": [], "requirer": "{id}"}}]"#);
            request.app.insert("requests".into(), requests);
        }
        request
    }

    fn outcome(&self, _context: &Context<'_>, relation: &Relation) -> Outcome {
        let (endpoint, proxy) = (&relation.endpoint, &relation.remote_application);
        let waiting = |why: &str| Outcome::Waiting(format!("Waiting for {endpoint}: {why}"));
        let response = match response(relation) {
            Ok(Some(response)) => response,
            Ok(None) => return waiting(&format!("{proxy} has not answered yet")),
            Err(reason) => return Outcome::Invalid(reason.into()),
        };
        match response.status.as_str() {
            "ready" => {}
            state if STATES.contains(&state) => {
                return waiting(&format!("{proxy} says that the request is {state}"));
            }
            _ => return Outcome::Invalid("its response has an unknown status".into()),
        }
        let user = match &response.user {
            Some(uri) if !uri.is_empty() => {
                let Some(secret) = relation.secrets.get(uri) else {
                    return waiting(&format!("the user of {proxy} cannot be read yet"));
                };
                match (secret.get("username"), secret.get("password")) {
                    (Some(name), Some(password)) => Some((name.as_str(), password.as_str())),
                    _ => return Outcome::Invalid("its user has no name or no password".into()),
                }
            }
            _ if response.needs_user() => {
                return Outcome::Invalid("its response names no user".into());
            }
            _ => None,
        };
        let mut provided = Provided::default();
        for (name, url) in [
            ("http_proxy", &response.http_proxy),
            ("https_proxy", &response.https_proxy),
        ] {
            let Some(url) = url.as_deref().and_then(|url| with_user(url, user)) else {
                return Outcome::Invalid(format!("its `{name}` is no http or https URL"));
            };
            provided.variables.insert(name.to_uppercase(), url.clone());
            provided.variables.insert(name.into(), url);
        }
        Outcome::Ready(provided)
    }
}

impl Response {
    fn needs_user(&self) -> bool {
        let auth = self.auth.as_deref().unwrap_or_default();
        auth.split('+').any(|method| method == "userpass")
    }
}

/// The ids of our requests: none that can be read, none at all.
fn ids(bag: &Bag) -> Vec<String> {
    let requests = bag.get("requests").map(String::as_str).unwrap_or_default();
    let requests: Vec<Asked> = serde_json::from_str(requests).unwrap_or_default();
    let ids = requests.into_iter().map(|asked| asked.requirer);
    ids.filter(|id| !id.is_empty()).collect()
}

/// The answer to our request. Only the leader knows our ids; elsewhere it is the only answer, or the only one that is
/// ready (known defect 3).
fn response(relation: &Relation) -> Result<Option<Response>, &'static str> {
    let text = relation.remote_app.get("responses").map(|text| text.trim());
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let mut responses: Vec<Response> =
        serde_json::from_str(text).map_err(|_| "its `responses` is not a list of responses")?;
    let ids = ids(&relation.local_app);
    if !ids.is_empty() {
        return Ok(responses
            .into_iter()
            .find(|one| ids.contains(&one.requirer)));
    }
    if responses.len() > 1 {
        responses.retain(|response| response.status == "ready");
    }
    match responses.as_slice() {
        [response] => Ok(Some(response.clone())),
        _ => Ok(None),
    }
}

/// A proxy's URL as the peer gives it: normalised, or with the user's name and password and without a path.
fn with_user(url: &str, user: Option<(&str, &str)>) -> Option<String> {
    let url = Url::parse(url).filter(|url| matches!(url.scheme.as_str(), "http" | "https"))?;
    let whole = url.normalised();
    let Some((name, password)) = user else {
        return Some(whole);
    };
    let host = Url::parse(&whole)?.netloc;
    let host = host
        .rsplit_once('@')
        .map_or(host.as_str(), |(_, host)| host);
    let (name, password) = (percent_encode(name), percent_encode(password));
    Some(format!("{}://{name}:{password}@{host}", url.scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::{bag, context};

    const OURS: &str = "3f0c1f5e-8a51-4b7e-9d0a-2f1f6a1f7c11";
    const REQUESTS: &str =
        r#"[{"auth": [], "domains": [], "requirer": "3f0c1f5e-8a51-4b7e-9d0a-2f1f6a1f7c11"}]"#;

    /// A response in which the id may be another.
    fn one(id: &str, rest: &str) -> String {
        format!(r#"{{"requirer": "{id}", {rest}}}"#)
    }

    const READY: &str = r#""status": "ready", "auth": "none", "http_proxy": "http://squid.demo:3128", "https_proxy": "http://squid.demo:3129""#;
    const USER: &str = r#""status": "ready", "auth": "srcip+userpass", "http_proxy": "http://squid.demo:3128/x", "https_proxy": "https://Squid.demo:443", "user": "secret:user""#;

    fn related(responses: &[String], knows: bool) -> Relation {
        let mut relation = Relation {
            endpoint: "http-proxy".into(),
            remote_application: "squid".into(),
            secrets: [(
                "secret:user".into(),
                bag(&[("username", "w@b"), ("password", "p@/1")]),
            )]
            .into(),
            ..Relation::default()
        };
        let text = format!("[{}]", responses.join(", "));
        relation.remote_app.insert("responses".into(), text);
        if knows {
            relation
                .local_app
                .insert("requests".into(), REQUESTS.into());
        }
        relation
    }

    fn outcome(relation: &Relation) -> Outcome {
        HttpProxy.outcome(&context("3.6.14"), relation)
    }

    fn waiting(why: &str) -> Outcome {
        Outcome::Waiting(format!("Waiting for http-proxy: {why}"))
    }

    fn urls(relation: &Relation) -> (String, String) {
        let Outcome::Ready(provided) = outcome(relation) else {
            panic!("{:?}", outcome(relation))
        };
        let get = |name: &str| provided.variables[name].clone();
        assert_eq!(get("http_proxy"), get("HTTP_PROXY"));
        assert_eq!(get("https_proxy"), get("HTTPS_PROXY"));
        assert_eq!((provided.variables.len(), provided.identity), (4, None));
        (get("http_proxy"), get("https_proxy"))
    }

    fn pair(http: &str, https: &str) -> (String, String) {
        (http.into(), https.into())
    }

    #[test]
    fn the_request_has_a_version_4_uuid_and_is_made_once() {
        let mut relation = Relation::default();
        let ask = |relation: &Relation| {
            let request = HttpProxy.request(&context("3.6.14"), relation);
            assert_eq!(request.unit, Bag::new());
            request.app.get("requests").cloned()
        };
        let request = ask(&relation).unwrap();
        let id = ids(&bag(&[("requests", &request)])).pop().unwrap();
        assert_eq!(request, REQUESTS.replace(OURS, &id));
        let dashes = |id: &str| -> Vec<bool> { id.chars().map(|c| c == '-').collect() };
        assert_eq!(dashes(&id), dashes(OURS));
        assert_eq!(id.get(14..15), Some("4"));
        assert!("89ab".contains(id.get(19..20).unwrap()));
        assert_eq!(ask(&relation).unwrap(), request);
        relation.id = 1;
        assert_ne!(ask(&relation).unwrap(), request);
        for (there, is_kept) in [(request.as_str(), true), ("[]", false), ("{", false)] {
            relation.local_app = bag(&[("requests", there)]);
            assert_eq!(ask(&relation).is_none(), is_kept, "{there}");
        }
    }

    #[test]
    fn the_example_of_the_contract_with_and_without_a_user() {
        let relation = related(&[one(OURS, READY)], true);
        assert_eq!(
            urls(&relation),
            pair("http://squid.demo:3128/", "http://squid.demo:3129/")
        );
        assert_eq!(HttpProxy.secrets(&relation), []);
        let relation = related(&[one(OURS, USER)], true);
        assert_eq!(
            urls(&relation),
            pair(
                "http://w%40b:p%40%2F1@squid.demo:3128",
                "https://w%40b:p%40%2F1@squid.demo"
            )
        );
        let requests = HttpProxy.secrets(&relation);
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].uri, "secret:user");
    }

    #[test]
    fn the_leader_knows_its_response_by_the_id_and_others_take_the_only_one() {
        let (ours, theirs) = (
            one(OURS, READY),
            one("other", &READY.replace("squid.demo", "theirs")),
        );
        let pending = one("third", r#""status": "pending""#);
        let found = pair("http://squid.demo:3128/", "http://squid.demo:3129/");
        for (responses, leads) in [
            (vec![ours.clone()], false),
            (vec![pending.clone(), ours.clone()], false),
            (vec![theirs.clone(), ours.clone()], true),
        ] {
            assert_eq!(urls(&related(&responses, leads)), found, "{responses:?}");
        }
        let none = waiting("squid has not answered yet");
        assert_eq!(outcome(&related(std::slice::from_ref(&theirs), true)), none);
        assert_eq!(outcome(&related(&[theirs, ours], false)), none);
    }

    #[test]
    fn whatever_is_not_ready_waits_and_the_proxys_state_is_told() {
        for state in [
            "pending",
            "accepted",
            "rejected",
            "invalid",
            "unsupported",
            "error",
        ] {
            let response = one(OURS, &format!(r#""status": "{state}""#));
            let expected = waiting(&format!("squid says that the request is {state}"));
            assert_eq!(outcome(&related(&[response], true)), expected);
        }
        let none = waiting("squid has not answered yet");
        assert_eq!(outcome(&related(&[], true)), none);
        let mut relation = related(&[], true);
        relation.remote_app.clear();
        assert_eq!(outcome(&relation), none);
        let mut relation = related(&[one(OURS, USER)], true);
        relation.secrets.clear();
        let unread = waiting("the user of squid cannot be read yet");
        assert_eq!(outcome(&relation), unread);
    }

    #[test]
    fn nonsense_is_invalid_and_its_reason_shows_no_value() {
        let mut relations: Vec<Relation> = [
            one(OURS, r#""status": "secret""#),
            one(OURS, r#""status": 1"#),
            one(OURS, r#""status": "ready""#),
            one(OURS, &READY.replace("http://squid", "secret")),
            one(OURS, &READY.replace("http://squid", "ftp://secret")),
            one(OURS, &READY.replace("none", "userpass")),
            "\"secret\"".into(),
        ]
        .map(|response| related(&[response], true))
        .into();
        for text in ["{", "secret", "{}", "1"] {
            let mut relation = related(&[], true);
            relation.remote_app.insert("responses".into(), text.into());
            relations.push(relation);
        }
        let mut nameless = related(&[one(OURS, USER)], true);
        let secret = bag(&[("password", "secret")]);
        nameless.secrets.insert("secret:user".into(), secret);
        relations.push(nameless);
        for relation in relations {
            let outcome = outcome(&relation);
            assert!(
                matches!(&outcome, Outcome::Invalid(why) if !why.contains("secret")),
                "{relation:?}: {outcome:?}"
            );
        }
    }
}
