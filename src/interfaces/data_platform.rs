//! `postgresql_client`, `mysql_client` and `mongodb_client` (contract: interfaces, section 1).

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
    prefix: String,
    scheme: String,
}

impl DataPlatform {
    /// The database of a row of the table.
    #[must_use]
    pub fn of(row: &table::Row) -> Self {
        Self {
            prefix: row.prefix.clone().unwrap_or_default(),
            scheme: row.scheme.clone().unwrap_or_default(),
        }
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

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let label = format!("{}.{}.user.secret", relation.endpoint, relation.id);
        let uri = relation
            .remote_app
            .get("secret-user")
            .filter(|uri| !uri.is_empty());
        uri.map(|uri| SecretRequest {
            uri: uri.clone(),
            label: Some(label),
        })
        .into_iter()
        .collect()
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
        request
            .app
            .insert("database".into(), context.app.to_owned());
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let bag = &relation.remote_app;
        let secret = bag
            .get("secret-user")
            .and_then(|uri| relation.secrets.get(uri));
        let field = |name: &str| {
            let plain = || bag.get(name);
            secret
                .and_then(|secret| secret.get(name))
                .or_else(plain)
                .map(String::as_str)
                .filter(|text| !text.is_empty())
        };
        let endpoints = bag.get("endpoints").map(String::as_str).unwrap_or_default();
        let database = bag
            .get("database")
            .filter(|name| !name.is_empty())
            .map_or(context.app, String::as_str);
        let uris = match (field("uris"), field("username"), field("password")) {
            (Some(uris), _, _) => uris.to_owned(),
            (None, Some(username), Some(password)) if !endpoints.is_empty() => {
                let endpoint = endpoints.split(',').next().unwrap_or_default().trim();
                let (username, password) = (percent_encode(username), percent_encode(password));
                format!(
                    "{}://{username}:{password}@{endpoint}/{database}",
                    self.scheme
                )
            }
            _ => return Outcome::Incomplete,
        };
        let list = split_list(&uris);
        let Some(url) = list.first().and_then(|first| Url::parse(first)) else {
            return Outcome::Invalid("its `uris` or `endpoints` make no URL".into());
        };
        let mut variables = url.database_variables(&self.prefix);
        if list.len() > 1 {
            variables.insert(format!("{}_CONNECT_STRINGS", self.prefix), uris.clone());
        }
        Outcome::Ready(Provided {
            identity: Some(identity(&url, endpoints, bag)),
            variables,
            ..Provided::default()
        })
    }
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
mod tests {
    use super::*;
    use crate::interfaces::samples::{bag, context};

    fn postgresql() -> DataPlatform {
        DataPlatform {
            prefix: "POSTGRESQL_DB".into(),
            scheme: "postgresql".into(),
        }
    }

    fn related(remote: &[(&str, &str)]) -> Relation {
        Relation {
            endpoint: "postgresql".into(),
            id: 7,
            remote_app: bag(remote),
            ..Relation::default()
        }
    }

    #[test]
    fn asks_for_secrets_only_where_juju_has_them() {
        let with = postgresql().request(&context("3.6.14"), &related(&[]));
        assert_eq!(with.app.get("database").map(String::as_str), Some("web"));
        assert!(
            with.app.contains_key("requested-secrets")
                && with.unit.contains_key("requested-secrets")
        );
        let without = postgresql().request(&context("2.9.50"), &related(&[]));
        assert_eq!(
            without,
            Request {
                app: bag(&[("database", "web")]),
                unit: Bag::new()
            }
        );
    }

    #[test]
    fn leaves_a_request_alone_that_the_peer_made() {
        let mut relation = related(&[]);
        relation.local_app = bag(&[("database", "web"), ("requested-secrets", "[\"username\"]")]);
        assert_eq!(
            postgresql().request(&context("3.6.14"), &relation),
            Request::default()
        );
    }

    #[test]
    fn waits_for_half_written_data() {
        for remote in [
            &[][..],
            &[("database", "web")],
            &[("endpoints", "h:1"), ("username", "u")],
            &[("endpoints", ""), ("username", "u"), ("password", "p")],
            &[("endpoints", "h:1"), ("secret-user", "secret:unread")],
            &[("uris", "")],
        ] {
            assert_eq!(
                postgresql().outcome(&context("3.6.14"), &related(remote)),
                Outcome::Incomplete,
                "{remote:?}"
            );
        }
    }

    #[test]
    fn encodes_reserved_characters_of_a_password_and_gives_it_plain_beside() {
        let remote = [
            ("endpoints", "pg:5432,pg-2:5432"),
            ("username", "u"),
            ("password", "p@/1:#"),
            ("database", "d"),
        ];
        let Outcome::Ready(provided) = postgresql().outcome(&context("3.6.14"), &related(&remote))
        else {
            panic!("not ready");
        };
        let get = |name: &str| provided.variables.get(name).map(String::as_str);
        assert_eq!(
            get("POSTGRESQL_DB_CONNECT_STRING"),
            Some("postgresql://u:p%40%2F1%3A%23@pg:5432/d")
        );
        assert_eq!(get("POSTGRESQL_DB_PASSWORD"), Some("p@/1:#"));
        assert_eq!(get("POSTGRESQL_DB_HOSTNAME"), Some("pg"));
        assert_eq!(get("POSTGRESQL_DB_CONNECT_STRINGS"), None);
    }

    #[test]
    fn several_uris_give_the_first_and_the_whole_list() {
        let uris = "postgresql://u:p@a:1/d,postgresql://u:p@b:2/d";
        let Outcome::Ready(provided) =
            postgresql().outcome(&context("3.6.14"), &related(&[("uris", uris)]))
        else {
            panic!("not ready");
        };
        let get = |name: &str| provided.variables.get(name).map(String::as_str);
        assert_eq!(
            get("POSTGRESQL_DB_CONNECT_STRING"),
            Some("postgresql://u:p@a:1/d")
        );
        assert_eq!(get("POSTGRESQL_DB_CONNECT_STRINGS"), Some(uris));
        assert_eq!(get("POSTGRESQL_DB_NAME"), Some("d"));
    }

    #[test]
    fn nonsense_is_invalid_and_its_reason_shows_no_value() {
        for uris in ["nonsense", "postgresql://u:secret@h:port/d"] {
            let outcome = postgresql().outcome(&context("3.6.14"), &related(&[("uris", uris)]));
            assert!(
                matches!(&outcome, Outcome::Invalid(why) if !why.contains("secret")),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn identity_changes_with_endpoints_and_user_but_not_with_the_password() {
        let identity = |endpoints: &str, password: &str| {
            let remote = [
                ("endpoints", endpoints),
                ("username", "u"),
                ("password", password),
            ];
            match postgresql().outcome(&context("3.6.14"), &related(&remote)) {
                Outcome::Ready(provided) => provided.identity,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(identity("a:1", "p"), identity("a:1", "q"));
        assert_ne!(identity("a:1", "p"), identity("b:1", "p"));
    }
}
