//! `postgresql_client`, `mysql_client` and `mongodb_client` (contract: interfaces, section 1).

use std::borrow::Cow;

use super::tls::{self, Authority};
use super::url::{Url, percent_encode, split_list};
use super::{
    Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest, table,
};

/// What we ask to get as secrets, written as the peer's library writes it.
const REQUESTED_SECRETS: &str = r#"["username", "password", "tls", "tls-ca", "uris", "read-only-uris", "entity-name", "entity-password"]"#;
const PROVIDED_SECRETS: &str = r#"["mtls-cert"]"#;

/// A database of the data platform.
#[derive(Clone, Debug)]
pub struct DataPlatform {
    endpoint: String,
    interface: String,
    prefix: String,
    scheme: String,
    extra_user_roles: Option<String>,
    read_only: bool,
    tls: Option<tls::Mode>,
}

impl DataPlatform {
    /// The database of a row of the table.
    #[must_use]
    pub fn of(row: &table::Row) -> Self {
        Self {
            endpoint: row.endpoint.clone(),
            interface: row.interface.clone(),
            prefix: row.prefix.clone().unwrap_or_default(),
            scheme: row.scheme.clone().unwrap_or_default(),
            extra_user_roles: row.extra_user_roles.clone(),
            read_only: row.read_only,
            tls: row.tls,
        }
    }

    /// The groups of secrets that are read: each is a call in every hook.
    fn groups(&self) -> impl Iterator<Item = &'static str> {
        ["user", "tls"]
            .into_iter()
            .filter(|group| *group != "tls" || self.tls.is_some())
    }

    /// The URLs that the app is told, as one list.
    fn urls(&self, uris: &str, authority: Option<&Authority>) -> String {
        let urls = split_list(uris).into_iter().map(str::trim);
        let urls = urls.map(|url| match authority {
            Some(authority) => Cow::Owned(self.verifying(url, &authority.path)),
            None => Cow::Borrowed(url),
        });
        urls.collect::<Vec<_>>().join(",")
    }

    /// A URL that has its client verify the server, in the client's own words.
    fn verifying(&self, url: &str, ca: &str) -> String {
        let parameters: &[(&str, &str)] = match self.interface.as_str() {
            "mongodb_client" => &[("tls", "true"), ("tlsCAFile", ca)],
            "mysql_client" => &[("ssl_ca", ca)],
            _ => &[("sslmode", "verify-full"), ("sslrootcert", ca)],
        };
        tls::with_parameters(url, parameters)
    }

    /// What the app is told of replicas; nothing where there are none.
    fn read_only(
        &self,
        fields: &Fields<'_>,
        database: &str,
        authority: Option<&Authority>,
    ) -> Result<Bag, &'static str> {
        let mut variables = Bag::new();
        let endpoints = fields.plain("read-only-endpoints");
        if let Some(endpoints) = endpoints {
            let name = format!("{}_READ_ONLY_ENDPOINTS", self.prefix);
            variables.insert(name, endpoints.to_owned());
        }
        let uris = fields.get("read-only-uris").map(str::to_owned);
        let Some(uris) = uris.or_else(|| fields.uri(&self.scheme, endpoints?, database)) else {
            return Ok(variables);
        };
        let urls = self.urls(&uris, authority);
        let Some(url) = split_list(&urls).first().and_then(|url| Url::parse(url)) else {
            return Err("its `read-only-uris` or `read-only-endpoints` make no URL");
        };
        let name = format!("{}_READ_ONLY_CONNECT_STRING", self.prefix);
        variables.insert(name, url.text);
        Ok(variables)
    }
}

/// What the provider has published, in secrets or plainly.
struct Fields<'a> {
    relation: &'a Relation,
}

impl<'a> Fields<'a> {
    /// A field of the application's bag.
    fn plain(&self, name: &str) -> Option<&'a str> {
        let value = self.relation.remote_app.get(name).map(String::as_str);
        value.filter(|text| !text.is_empty())
    }

    /// A field of the user's secret, else of the bag.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.of_group("user", name)
    }

    /// A field of a group's secret, else of the bag.
    fn of_group(&self, group: &str, name: &str) -> Option<&'a str> {
        let secret = self.secret(group).flatten();
        let kept = secret.and_then(|secret| secret.get(name));
        kept.map(String::as_str)
            .filter(|text| !text.is_empty())
            .or_else(|| self.plain(name))
    }

    /// The content of a group's secret, where the bag refers to one; `Some(None)` when it could not be read.
    fn secret(&self, group: &str) -> Option<Option<&'a Bag>> {
        let uri = self.plain(&format!("secret-{group}"))?;
        Some(self.relation.secrets.get(uri))
    }

    /// A URL to the first of some endpoints.
    fn uri(&self, scheme: &str, endpoints: &str, database: &str) -> Option<String> {
        let (username, password) = (self.get("username")?, self.get("password")?);
        let endpoint = endpoints.split(',').map(str::trim);
        let endpoint = endpoint.into_iter().find(|endpoint| !endpoint.is_empty())?;
        let (username, password) = (percent_encode(username), percent_encode(password));
        Some(format!(
            "{scheme}://{username}:{password}@{endpoint}/{database}"
        ))
    }
}

impl Interface for DataPlatform {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn reads_units(&self, remote_app: &Bag) -> bool {
        is_subordinated(remote_app)
    }

    fn files(&self) -> Vec<String> {
        let asked = self.tls.map(|_| tls::ca_path(&self.endpoint));
        asked.into_iter().collect()
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let fields = Fields { relation };
        let request = |group: &str| {
            Some(SecretRequest {
                uri: fields.plain(&format!("secret-{group}"))?.to_owned(),
                label: Some(format!(
                    "{}.{}.{group}.secret",
                    relation.endpoint, relation.id
                )),
            })
        };
        self.groups().filter_map(request).collect()
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        // Providers reject changes of a request that they have acted on: what is there stays.
        if !context.leader || relation.local_app.contains_key("database") {
            return request;
        }
        if context.juju.has_secrets() {
            for bag in [&mut request.app, &mut request.unit] {
                bag.insert("requested-secrets".into(), REQUESTED_SECRETS.into());
                bag.insert("provided-secrets".into(), PROVIDED_SECRETS.into());
            }
        }
        if let Some(roles) = &self.extra_user_roles {
            request.app.insert("extra-user-roles".into(), roles.clone());
        }
        request
            .app
            .insert("database".into(), context.app.to_owned());
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let bag = &relation.remote_app;
        let is_ready = |unit: &Bag| unit.get("state").is_some_and(|state| state == "ready");
        if is_subordinated(bag) && !relation.remote_units.values().any(is_ready) {
            return Outcome::Incomplete;
        }
        let fields = Fields { relation };
        let endpoints = fields.plain("endpoints").unwrap_or_default();
        let database = fields.plain("database").unwrap_or(context.app);
        let uris = fields.get("uris").map(str::to_owned);
        let Some(uris) = uris.or_else(|| fields.uri(&self.scheme, endpoints, database)) else {
            return Outcome::Incomplete;
        };
        let authority = match self.tls {
            None => None,
            // The provider has written where it is, and has not granted it yet.
            Some(_) if fields.secret("tls") == Some(None) => return Outcome::Incomplete,
            Some(tls::Mode::Verify) => {
                let published = tls::Published {
                    flag: fields.of_group("tls", "tls"),
                    ca: fields.of_group("tls", "tls-ca"),
                };
                match published.authority(&self.endpoint, &relation.remote_application) {
                    Ok(authority) => Some(authority),
                    Err(refusal) => return refusal.into(),
                }
            }
        };
        let urls = match &authority {
            None => uris,
            authority => self.urls(&uris, authority.as_ref()),
        };
        let list = split_list(&urls);
        let Some(url) = list.first().and_then(|first| Url::parse(first)) else {
            return Outcome::Invalid("its `uris` or `endpoints` make no URL".into());
        };
        let mut provided = Provided {
            identity: Some(identity(&url, endpoints, bag)),
            variables: url.database_variables(&self.prefix),
            ..Provided::default()
        };
        if list.len() > 1 {
            let name = format!("{}_CONNECT_STRINGS", self.prefix);
            provided.variables.insert(name, urls.clone());
        }
        if self.read_only {
            match self.read_only(&fields, database, authority.as_ref()) {
                Ok(variables) => provided.variables.extend(variables),
                Err(reason) => return Outcome::Invalid(reason.into()),
            }
        }
        if let Some(authority) = &authority {
            authority.give(&self.prefix, &mut provided);
        }
        Outcome::Ready(provided)
    }
}

/// Whether the provider is a subordinate router, which is ready when one of its units says so.
fn is_subordinated(remote_app: &Bag) -> bool {
    remote_app
        .get("subordinated")
        .is_some_and(|value| value == "true")
}

/// The peer runs migrations again when a user is created or endpoints change; a new password is neither.
fn identity(url: &Url, endpoints: &str, bag: &Bag) -> String {
    let user = bag
        .get("secret-user")
        .or(url.username.as_ref())
        .map(String::as_str)
        .unwrap_or_default();
    let host = if endpoints.is_empty() {
        url.hostname.as_deref().unwrap_or_default()
    } else {
        endpoints
    };
    format!("{}|{user}|{host}|{}", url.scheme, url.path)
}

#[cfg(test)]
mod tests;
