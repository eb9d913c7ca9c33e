//! What the provider publishes for a relation: bag and secrets as data_interfaces v0 writes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::local::model::Bag;
use crate::local::provider::{ProviderSecret, SECRET_SCHEME};
use crate::percent::percent_encode;

/// Everything that an answer is made of.
pub(in crate::local::provider) struct Access<'a> {
    /// `host:port` for writes.
    pub primary: &'a str,
    /// `host:port` for reads.
    pub replicas: &'a str,
    /// The database.
    pub database: &'a str,
    /// The relation's user.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The server's version.
    pub version: &'a str,
}

impl Access<'_> {
    /// The application bag, and the secrets that it refers to by label. Of `fields` (group, field, value) those that
    /// are not in `requested` stand in the bag as they are.
    pub(super) fn publish(
        &self,
        relation: u32,
        request: &Bag,
        requested: &BTreeSet<String>,
        fields: Vec<(&'static str, &'static str, String)>,
    ) -> (Bag, BTreeMap<String, ProviderSecret>) {
        let mut seen = request.clone();
        seen.remove("data");
        let mut bag = Bag::from([
            ("data".into(), serde_json::json!(seen).to_string()),
            ("database".into(), self.database.into()),
            ("endpoints".into(), self.primary.into()),
            ("read-only-endpoints".into(), self.replicas.into()),
            ("version".into(), self.version.into()),
        ]);
        let mut secrets: BTreeMap<String, ProviderSecret> = BTreeMap::new();
        for (group, field, value) in fields {
            if !requested.contains(field) {
                bag.insert(field.into(), value);
                continue;
            }
            let label = format!("database.{}.{group}.secret", relation);
            bag.insert(format!("secret-{group}"), format!("{SECRET_SCHEME}{label}"));
            let secret = secrets.entry(label).or_insert_with(|| ProviderSecret {
                relation,
                ..ProviderSecret::default()
            });
            secret.content.insert(field.into(), value);
        }
        (bag, secrets)
    }

    /// The URI of the database at an endpoint.
    pub(in crate::local::provider) fn uri(&self, scheme: &str, endpoint: &str) -> String {
        let database = percent_encode(self.database);
        format!(
            "{scheme}://{}:{}@{endpoint}/{database}",
            self.user, self.password
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::test_bag as bag;

    const ACCESS: Access<'static> = Access {
        primary: "pg-primary.demo.svc.cluster.local:5432",
        replicas: "pg-replicas.demo.svc.cluster.local:5432",
        database: "web",
        user: "relation_id_7",
        password: "s3cr3t",
        version: "16.9",
    };

    fn fields() -> Vec<(&'static str, &'static str, String)> {
        vec![
            ("user", "username", "relation_id_7".into()),
            ("user", "password", "s3cr3t".into()),
            ("tls", "tls", "False".into()),
        ]
    }

    #[test]
    fn requested_secrets_are_secrets() {
        let requested = ["username", "password", "tls", "tls-ca", "uris"];
        let requested = requested.iter().map(|field| (*field).to_owned()).collect();
        let request = bag(&[("database", "web"), ("data", "{}")]);
        let (published, secrets) = ACCESS.publish(7, &request, &requested, fields());
        let expected = bag(&[
            ("data", r#"{"database":"web"}"#),
            ("database", "web"),
            ("endpoints", "pg-primary.demo.svc.cluster.local:5432"),
            (
                "read-only-endpoints",
                "pg-replicas.demo.svc.cluster.local:5432",
            ),
            ("secret-tls", "secret://database.7.tls.secret"),
            ("secret-user", "secret://database.7.user.secret"),
            ("version", "16.9"),
        ]);
        assert_eq!(published, expected);
        assert_eq!(
            secrets["database.7.user.secret"].content,
            bag(&[("username", "relation_id_7"), ("password", "s3cr3t")])
        );
        assert_eq!(
            secrets["database.7.tls.secret"].content,
            bag(&[("tls", "False")])
        );
        assert!(secrets.values().all(|secret| secret.relation == 7));
    }

    #[test]
    fn a_requirer_without_secrets_gets_plain_fields() {
        let request = bag(&[("database", "web")]);
        let (published, secrets) = ACCESS.publish(7, &request, &BTreeSet::new(), fields());
        assert!(secrets.is_empty());
        assert_eq!(published["username"], "relation_id_7");
        assert_eq!(published["password"], "s3cr3t");
        assert_eq!(published["tls"], "False");
        assert!(!published.contains_key("secret-user"));
    }

    #[test]
    fn odd_names_are_escaped_in_the_uri() {
        let access = Access {
            database: "a/b c%-_.~",
            ..ACCESS
        };
        assert_eq!(
            access.uri("postgresql", access.primary),
            "postgresql://relation_id_7:s3cr3t@pg-primary.demo.svc.cluster.local:5432/a%2Fb%20c%25-_.~"
        );
    }
}
