//! `tls-certificates`, in version 1 of its databags: a certificate for each unit, and its private key, which never leaves
//! the unit.
//!
//! Facts: `interfaces/tls_certificates/v1` of charm-relation-interfaces, and the library that providers use,
//! `tls_certificates_interface.v4`. A provider issues one certificate for one request. It drops the certificate when the
//! request goes, issues another when it has revoked the first, and never renews one by itself: that is asked for with
//! another request.

mod der;
mod issued;
mod key;
mod signing_request;

use serde::Deserialize;

use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, table, tls};
use issued::Issued;
use key::PrivateKey;
use signing_request::SigningRequest;

pub(super) use signing_request::{LONGEST_COMMON_NAME, can_be_certified};

/// The key of the unit's secret that holds the private key.
const PRIVATE_KEY: &str = "private-key";
/// The key of our bag.
const REQUESTS: &str = "certificate_signing_requests";

/// A certificate of the unit's own.
#[derive(Clone, Debug)]
pub struct Certificates {
    endpoint: String,
    prefix: String,
    common_name: Option<String>,
    names: Vec<String>,
}

/// One of our requests.
#[derive(Deserialize)]
struct Asked {
    certificate_signing_request: String,
}

/// What the provider has issued for a request of some unit.
#[derive(Deserialize)]
struct Answer {
    certificate_signing_request: String,
    #[serde(default)]
    certificate: Option<String>,
    #[serde(default)]
    ca: Option<String>,
    #[serde(default)]
    chain: Option<Vec<String>>,
    #[serde(default)]
    revoked: Option<bool>,
}

/// What is used of the provider's answer.
struct Used {
    certificate: Issued,
    chain: String,
    authorities: String,
}

/// Why nothing is used.
enum Unusable {
    NotYet,
    Invalid(&'static str),
}

impl Certificates {
    /// The certificate of a row of the table.
    #[must_use]
    pub fn of(row: &table::Row) -> Self {
        Self {
            endpoint: row.endpoint.clone(),
            prefix: row.prefix.clone().unwrap_or_default(),
            common_name: row.common_name.clone(),
            names: row.names.clone(),
        }
    }

    fn path(&self, what: &str) -> String {
        format!("{}/{}-{what}.pem", tls::DIRECTORY, self.endpoint)
    }

    /// All names of the unit, each once.
    fn names(&self, context: &Context<'_>) -> Vec<String> {
        let (app, model) = (context.app, context.model);
        let outside = context.outside_url.and_then(host);
        let mut names: Vec<String> = Vec::new();
        let of_the_unit = [
            context.fqdn.to_owned(),
            app.to_owned(),
            format!("{app}.{model}"),
            format!("{app}.{model}.svc"),
            format!("{app}.{model}.svc.cluster.local"),
        ];
        let common = self.common_name.iter().cloned();
        let own = self.names.iter().cloned();
        for name in of_the_unit
            .into_iter()
            .chain(outside)
            .chain(common)
            .chain(own)
        {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn signing_request(
        &self,
        context: &Context<'_>,
        key: &PrivateKey,
        renews: Option<u64>,
    ) -> String {
        let request = SigningRequest {
            common_name: self.common_name.as_deref().unwrap_or(context.app),
            names: &self.names(context),
            renews,
        };
        request.pem(key)
    }

    /// What is asked for: the same in every hook, until a name changes or the certificate is due.
    fn wanted(&self, context: &Context<'_>, relation: &Relation, key: &PrivateKey) -> String {
        let renews = renews(&relation.local_unit);
        let request = self.signing_request(context, key, renews);
        match used(relation, key, &request) {
            // Of a certificate that ends when the last one did, nothing better is to be had.
            Ok(used)
                if used.certificate.is_due(context.now) && Some(used.certificate.end) != renews =>
            {
                self.signing_request(context, key, Some(used.certificate.end))
            }
            _ => request,
        }
    }
}

impl Interface for Certificates {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_unit: true,
            own_secret: true,
            ..Reads::default()
        }
    }

    fn files(&self) -> Vec<String> {
        ["ca", "cert", "key"].map(|what| self.path(what)).into()
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        if !context.juju.has_secrets() {
            return request;
        }
        let key = match (&relation.own_secret, context.key_seed) {
            (Some(kept), _) => private_key(kept),
            (None, Some(seed)) => {
                let key = PrivateKey::random(seed, &relation.endpoint);
                request.secret = key
                    .as_ref()
                    .map(|key| [(PRIVATE_KEY.to_owned(), key.pem())].into());
                key
            }
            (None, None) => None,
        };
        if let Some(key) = key {
            let wanted = self.wanted(context, relation, &key);
            let text = serde_json::json!([{"certificate_signing_request": wanted.trim_end(), "ca": false}]);
            request.unit.insert(REQUESTS.into(), text.to_string());
        }
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let endpoint = &relation.endpoint;
        if !context.juju.has_secrets() {
            return Outcome::Blocked(format!(
                "`{endpoint}` needs a Juju with secrets, for its private key: upgrade to 3.1 or later, or remove the \
                 integration"
            ));
        }
        let key = match &relation.own_secret {
            None => return Outcome::Incomplete,
            Some(kept) => match private_key(kept) {
                Some(key) => key,
                None => {
                    return Outcome::Invalid("the unit's own private key cannot be read".into());
                }
            },
        };
        let wanted = self.wanted(context, relation, &key);
        let used = match used(relation, &key, &wanted) {
            Ok(used) => used,
            Err(Unusable::NotYet) => return Outcome::Incomplete,
            Err(Unusable::Invalid(reason)) => return Outcome::Invalid(reason.into()),
        };
        let mut provided = Provided::default();
        for (what, content) in [
            ("ca", used.authorities),
            ("cert", used.chain),
            ("key", key.pem()),
        ] {
            let path = self.path(what);
            let name = format!("{}_{}_FILE", self.prefix, what.to_uppercase());
            provided.variables.insert(name, path.clone());
            if what != "key" {
                provided.public.insert(path.clone());
            }
            provided.files.insert(path, content);
        }
        Outcome::Ready(provided)
    }
}

fn private_key(kept: &Bag) -> Option<PrivateKey> {
    PrivateKey::parse(kept.get(PRIVATE_KEY)?)
}

/// What the request in our bag renews.
fn renews(bag: &Bag) -> Option<u64> {
    let asked: Vec<Asked> = serde_json::from_str(bag.get(REQUESTS)?).ok()?;
    signing_request::renews(&asked.first()?.certificate_signing_request)
}

/// The certificate for a request; while there is none, another for our key, which goes on being valid until the provider
/// has seen what we want now.
fn used(relation: &Relation, key: &PrivateKey, request: &str) -> Result<Used, Unusable> {
    let text = relation
        .remote_app
        .get("certificates")
        .map(|text| text.trim());
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err(Unusable::NotYet);
    };
    let answers: Vec<Answer> = serde_json::from_str(text)
        .map_err(|_| Unusable::Invalid("its `certificates` is not a list of certificates"))?;
    let (ours, others): (Vec<&Answer>, Vec<&Answer>) = answers
        .iter()
        .filter(|answer| answer.revoked != Some(true))
        .partition(|answer| is_same(&answer.certificate_signing_request, request));
    match ours.first().map(|answer| answer.used(key)) {
        Some(Err(Unusable::NotYet)) | None => {}
        Some(result) => return result,
    }
    let others = others.iter().filter_map(|answer| answer.used(key).ok());
    others
        .max_by_key(|used| used.certificate.end)
        .ok_or(Unusable::NotYet)
}

/// Providers may write it with other spaces.
fn is_same(one: &str, other: &str) -> bool {
    let characters = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
    };
    characters(one) == characters(other)
}

impl Answer {
    fn used(&self, key: &PrivateKey) -> Result<Used, Unusable> {
        let given = |text: &Option<String>| {
            let text = text.clone().filter(|text| !text.trim().is_empty());
            text.ok_or(Unusable::NotYet)
        };
        let (certificate, ca) = (given(&self.certificate)?, given(&self.ca)?);
        let all = |text: &str, reason| Issued::all(text).ok_or(Unusable::Invalid(reason));
        // Some providers append the chain here.
        let mut given = all(&certificate, "its `certificate` is no certificate")?.into_iter();
        let certificate = given.next().ok_or(Unusable::NotYet)?;
        let mut others: Vec<Issued> = given.collect();
        let named = all(&ca, "its `ca` is no certificate")?;
        if !certificate.is_for(key.public()) {
            return Err(Unusable::Invalid("its `certificate` is for another key"));
        }
        for text in self
            .chain
            .iter()
            .flatten()
            .filter(|text| !text.trim().is_empty())
        {
            others.extend(all(text, "its `chain` has what is no certificate")?);
        }
        others.extend(named.iter().cloned());
        let pems = |list: Vec<&Issued>| list.into_iter().map(Issued::pem).collect();
        Ok(Used {
            chain: pems(issued::chain(&certificate, &others)),
            authorities: pems(issued::authorities(&named, &others)),
            certificate,
        })
    }
}

/// The host of a URL, a name or an address.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let netloc = rest.split(['/', '?', '#']).next()?;
    let netloc = netloc.rsplit_once('@').map_or(netloc, |(_, host)| host);
    let host = match netloc.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => netloc.split(':').next()?,
    };
    Some(host.to_owned()).filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests;
