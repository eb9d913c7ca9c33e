//! Interfaces whose code knows nothing of verification, and what `tls: verify` makes of what they give.

use std::borrow::Cow;

use super::tls::{self, Authority, Published, Refusal};
use super::url::{Url, split_list};
use super::{
    Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest, table,
};

/// The port of AMQP over TLS (RFC 6335's registry).
const AMQPS: &str = "5671";

/// An interface, verified.
pub(super) struct Verifying {
    code: Box<dyn Interface>,
    endpoint: String,
    interface: String,
    prefix: String,
}

impl Verifying {
    pub(super) fn of(row: &table::Row, code: Box<dyn Interface>) -> Self {
        // Those whose code has a fixed prefix say none.
        let prefix = || row.interface.to_uppercase();
        Self {
            code,
            endpoint: row.endpoint.clone(),
            interface: row.interface.clone(),
            prefix: row.prefix.clone().unwrap_or_else(prefix),
        }
    }

    fn verify(&self, relation: &Relation, provided: &mut Provided) -> Result<(), Refusal> {
        let authority = |published: Published<'_>| {
            published.authority(&self.endpoint, &relation.remote_application)
        };
        let variable = |name: &str| provided.variables.get(&format!("{}_{name}", self.prefix));
        match self.interface.as_str() {
            // Its code tells what the provider says of TLS, and has chosen the scheme by that.
            "valkey_client" => {
                let found = authority(Published {
                    flag: variable("TLS").map(String::as_str),
                    ca: variable("TLS_CA").map(String::as_str),
                })?;
                found.give(&self.prefix, provided);
            }
            "s3" => {
                let is_open = |url: &String| url.to_ascii_lowercase().starts_with("http://");
                if variable("ENDPOINT").is_some_and(is_open) {
                    return Err(tls::refusal(
                        &self.endpoint,
                        &relation.remote_application,
                        "has no TLS",
                    ));
                }
                // Without a chain it is signed by somebody whom everybody trusts.
                if let Some(chain) = chain(&relation.remote_app) {
                    let found = authority(Published {
                        flag: None,
                        ca: Some(&chain),
                    })?;
                    found.give(&self.prefix, provided);
                    provided
                        .variables
                        .insert("AWS_CA_BUNDLE".into(), found.path);
                }
            }
            "rabbitmq" => {
                let bag = tells(relation, "ssl_ca").or_else(|| tells(relation, "tls-ca"));
                let field = |name: &str| bag.and_then(|bag| bag.get(name)).map(String::as_str);
                let found = authority(Published {
                    flag: field("tls"),
                    ca: field("ssl_ca").or_else(|| field("tls-ca")),
                })?;
                let port = field("ssl_port").filter(|port| port.parse::<u16>().is_ok());
                self.speak("amqps", Some(port.unwrap_or(AMQPS)), &found, provided);
            }
            _ => {
                let bag = tells(relation, "tls-ca").or_else(|| tells(relation, "tls"));
                let field = |name: &str| bag.and_then(|bag| bag.get(name)).map(String::as_str);
                let found = authority(Published {
                    flag: field("tls"),
                    ca: field("tls-ca"),
                })?;
                self.speak("rediss", None, &found, provided);
            }
        }
        Ok(())
    }

    /// Has every URL begin with `scheme` and, where it is another, go to `port`.
    fn speak(
        &self,
        scheme: &str,
        port: Option<&str>,
        authority: &Authority,
        provided: &mut Provided,
    ) {
        let name = |part: &str| format!("{}_{part}", self.prefix);
        let speaking = |url: &str| with_scheme_and_port(url, scheme, port);
        if let Some(urls) = provided.variables.get_mut(&name("CONNECT_STRINGS")) {
            let all: Vec<String> = split_list(urls).into_iter().map(speaking).collect();
            *urls = all.join(",");
        }
        let url = provided.variables.get(&name("CONNECT_STRING"));
        if let Some(url) = url.and_then(|url| Url::parse(&speaking(url))) {
            for (name, value) in url.database_variables(&self.prefix) {
                // No interface gains a part that it has not without TLS, but for the port.
                if provided.variables.contains_key(&name) {
                    provided.variables.insert(name, value);
                }
            }
        }
        authority.give(&self.prefix, provided);
    }
}

/// The application's bag, else that of the first unit, that has the key.
fn tells<'a>(relation: &'a Relation, key: &str) -> Option<&'a Bag> {
    let has = |bag: &&Bag| bag.get(key).is_some_and(|value| !value.trim().is_empty());
    let app = Some(&relation.remote_app).filter(has);
    app.or_else(|| relation.remote_units.values().find(has))
}

/// The certificates of an S3 provider, which come as a JSON list.
fn chain(bag: &Bag) -> Option<Cow<'_, str>> {
    let text = bag.get("tls-ca-chain")?.trim();
    let list: Result<Vec<String>, _> = serde_json::from_str(text);
    let chain = match list {
        Ok(list) => Cow::Owned(list.iter().map(|one| pem(one)).collect::<String>()),
        Err(_) => Cow::Borrowed(text),
    };
    Some(chain).filter(|chain| !chain.trim().is_empty())
}

/// One of several certificates as PEM; what is none stays, to be found out.
fn pem(text: &str) -> Cow<'_, str> {
    tls::certificates(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn with_scheme_and_port(url: &str, scheme: &str, port: Option<&str>) -> String {
    let url = tls::with_parameters(url, &[]);
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (netloc, tail) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (user, host) = match netloc.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), netloc),
    };
    let host = match port {
        None => host.to_owned(),
        Some(port) => {
            let name = match host.rsplit_once(':') {
                Some((name, old)) if !old.ends_with(']') => name,
                _ => host,
            };
            format!("{name}:{port}")
        }
    };
    format!("{scheme}://{user}{host}{tail}")
}

impl Interface for Verifying {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            ..self.code.reads()
        }
    }

    fn reads_units(&self, remote_app: &Bag) -> bool {
        self.code.reads_units(remote_app)
    }

    fn files(&self) -> Vec<String> {
        let mut files = self.code.files();
        files.push(tls::ca_path(&self.endpoint));
        files
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        self.code.secrets(relation)
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        self.code.request(context, relation)
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        match self.code.outcome(context, relation) {
            Outcome::Ready(mut provided) => match self.verify(relation, &mut provided) {
                Ok(()) => Outcome::Ready(provided),
                Err(refusal) => refusal.into(),
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
