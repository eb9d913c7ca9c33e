//! What the provider publishes for a relation: bag and secrets as data_interfaces v0 writes them.

use std::collections::{BTreeMap, BTreeSet};

use super::PORT;
use crate::local::model::Bag;
use crate::local::provider::{ProviderSecret, SECRET_SCHEME};

/// Everything that an answer is made of.
pub(super) struct Access<'a> {
    pub(super) application: &'a str,
    pub(super) model: &'a str,
    pub(super) relation: u32,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) version: &'a str,
}

/// The name of the service for writes.
pub(super) fn primary(application: &str, model: &str) -> String {
    format!("{application}-primary.{model}.svc.cluster.local")
}

/// The name of the service for reads.
pub(super) fn replicas(application: &str, model: &str) -> String {
    format!("{application}-replicas.{model}.svc.cluster.local")
}

impl Access<'_> {
    /// The application bag, and the secrets that it refers to by label. Fields that are not in `secret_fields` stand
    /// in the bag as they are.
    pub(super) fn publish(
        &self,
        request: &Bag,
        secret_fields: &BTreeSet<String>,
    ) -> (Bag, BTreeMap<String, ProviderSecret>) {
        let primary = format!("{}:{PORT}", primary(self.application, self.model));
        let replicas = format!("{}:{PORT}", replicas(self.application, self.model));
        let mut seen = request.clone();
        seen.remove("data");
        let mut bag = Bag::from([
            ("data".into(), serde_json::json!(seen).to_string()),
            ("database".into(), self.database.into()),
            ("endpoints".into(), primary.clone()),
            ("read-only-endpoints".into(), replicas.clone()),
            ("version".into(), self.version.into()),
        ]);
        let fields = [
            ("user", "username", self.user.to_owned()),
            ("user", "password", self.password.to_owned()),
            ("user", "uris", self.uri(&primary)),
            ("user", "read-only-uris", self.uri(&replicas)),
            ("tls", "tls", "False".to_owned()),
        ];
        let mut secrets: BTreeMap<String, ProviderSecret> = BTreeMap::new();
        for (group, field, value) in fields {
            if !secret_fields.contains(field) {
                bag.insert(field.into(), value);
                continue;
            }
            let label = format!("database.{}.{group}.secret", self.relation);
            bag.insert(format!("secret-{group}"), format!("{SECRET_SCHEME}{label}"));
            let secret = secrets.entry(label).or_insert_with(|| ProviderSecret {
                relation: self.relation,
                ..ProviderSecret::default()
            });
            secret.content.insert(field.into(), value);
        }
        (bag, secrets)
    }

    fn uri(&self, endpoint: &str) -> String {
        let database = escape(self.database);
        format!(
            "postgresql://{}:{}@{endpoint}/{database}",
            self.user, self.password
        )
    }
}

/// Percent-encodes what may not stand in a path.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access<'static> {
        Access {
            application: "pg",
            model: "demo",
            relation: 7,
            database: "web",
            user: "relation_id_7",
            password: "s3cr3t",
            version: "16.9",
        }
    }

    fn bag(entries: &[(&str, &str)]) -> Bag {
        entries
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect()
    }

    const URI: &str =
        "postgresql://relation_id_7:s3cr3t@pg-primary.demo.svc.cluster.local:5432/web";
    const READ_ONLY_URI: &str =
        "postgresql://relation_id_7:s3cr3t@pg-replicas.demo.svc.cluster.local:5432/web";

    #[test]
    fn requested_secrets_are_secrets() {
        let requested = [
            "username",
            "password",
            "tls",
            "tls-ca",
            "uris",
            "read-only-uris",
        ];
        let requested = requested.iter().map(|field| (*field).to_owned()).collect();
        let (published, secrets) =
            access().publish(&bag(&[("database", "web"), ("data", "{}")]), &requested);
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
            bag(&[
                ("username", "relation_id_7"),
                ("password", "s3cr3t"),
                ("uris", URI),
                ("read-only-uris", READ_ONLY_URI),
            ])
        );
        assert_eq!(
            secrets["database.7.tls.secret"].content,
            bag(&[("tls", "False")])
        );
        assert!(secrets.values().all(|secret| secret.relation == 7));
    }

    #[test]
    fn a_requirer_without_secrets_gets_plain_fields() {
        let (published, secrets) = access().publish(&bag(&[("database", "web")]), &BTreeSet::new());
        assert!(secrets.is_empty());
        assert_eq!(published["username"], "relation_id_7");
        assert_eq!(published["password"], "s3cr3t");
        assert_eq!(published["uris"], URI);
        assert_eq!(published["tls"], "False");
        assert!(!published.contains_key("secret-user"));
    }

    #[test]
    fn odd_names_are_escaped_in_the_uri() {
        assert_eq!(escape("my-db_1.2~"), "my-db_1.2~");
        assert_eq!(escape("a/b c%"), "a%2Fb%20c%25");
    }
}
