//! The table of interfaces: `metadata/interfaces/*.yaml`, embedded.
//!
//! A row without a `handler` needs no code: its keys say what the provider may tell, and templates (see
//! `runtime::template`) what we ask and what the app gets. In templates `{KEY}` is what the provider tells, and these
//! are facts of our own:
//!
//! | name | is |
//! |---|---|
//! | `our.address` | the unit's address on this relation |
//! | `our.app`, `our.unit`, `our.charm` | the names of application, unit and charm |
//! | `our.fqdn` | the unit's host name in the cluster |
//! | `our.model`, `our.model-uuid` | the model |
//! | `our.option.NAME` | the value of an option |
//! | `our.port` | the app's port |
//! | `our.url` | the URL by which the app is reached, from outside where an ingress says so |

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor, value};

use super::key::Key;
use super::tls;
use crate::frameworks::runtime::PerGeneration;
use crate::yaml::Mapping;

/// One interface as the table has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Row {
    /// The interface's name.
    pub interface: String,
    /// Its place among `missing integrations`; absent where a missing relation never blocks.
    pub gate: Option<u32>,
    /// The code that speaks it; absent where it needs none.
    pub handler: Option<String>,
    /// Whether we provide it instead of requiring it.
    #[serde(default)]
    pub provides: bool,
    /// Whether it gives a database of the kind that an app may be unable to do without.
    #[serde(default)]
    pub database: bool,
    /// Whether it tells by which URL the app is reached from outside.
    #[serde(default)]
    pub gives_url: bool,
    /// The prefix of its variables: `{prefix}` in their names.
    pub prefix: Option<String>,
    /// The scheme of URLs built for it.
    pub scheme: Option<String>,
    /// What of the provider's TLS the app makes sure of; absent where it takes what the provider says.
    pub tls: Option<tls::Mode>,
    /// The common name of a certificate that is asked for; the application's name where there is none.
    pub common_name: Option<String>,
    /// Host names and addresses that it is to be valid for, besides those by which the unit is known.
    #[serde(default)]
    pub names: Vec<String>,
    /// Roles that a database's user is to have, as its provider spells them.
    pub extra_user_roles: Option<String>,
    /// Whether the app is told of a database's read-only endpoints too.
    #[serde(default)]
    pub read_only: bool,
    /// The endpoint that the row is for; filled in by the one who asks for the row's code.
    #[serde(skip)]
    pub endpoint: String,
    /// The status of a charm that declares a second endpoint of it, where it can have one only.
    pub only_one: Option<String>,
    /// The status when the provider's data cannot be used, with `{endpoint}`, where it is not the usual one.
    pub invalid: Option<String>,
    /// What we tell the provider.
    #[serde(default)]
    pub request: Request,
    /// What the provider may tell, by key.
    #[serde(default)]
    pub keys: BTreeMap<String, Option<Key>>,
    /// What it is when the provider tells something, but not all keys that are needed.
    #[serde(default)]
    pub partial: Partial,
    /// A template of a URL, whose parts are variables: `{prefix}_CONNECT_STRING`, `{prefix}_HOSTNAME` and so on
    /// (contract: interfaces, "URL parts"). It is not ready without.
    pub url: Option<String>,
    /// The app's variables, each a template; without all that the template needs there is no variable.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Files in the app's container, by path, each a template; without all that the template needs there is no file.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A template: migrations run again when what it makes is another. Absent where they need not.
    pub identity: Option<String>,
}

impl Row {
    /// A key that says something which the interface's code cannot do: it must not be passed over in silence.
    #[must_use]
    pub fn misplaced(&self) -> Option<&'static str> {
        let handler = self.handler.as_deref().unwrap_or_default();
        let is_database = handler == "data-platform";
        let is_certificate = handler == "tls-certificates";
        let keys = [
            ("common-name", self.common_name.is_some() && !is_certificate),
            ("names", !self.names.is_empty() && !is_certificate),
            (
                "extra-user-roles",
                self.extra_user_roles.is_some() && !is_database,
            ),
            (
                "partial",
                self.partial != Partial::default() && !handler.is_empty(),
            ),
            ("read-only", self.read_only && !is_database),
            ("url", self.url.is_some() && !handler.is_empty()),
            (
                "tls",
                self.tls.is_some() && !tls::INTERFACES.contains(&self.interface.as_str()),
            ),
        ];
        let mut misplaced = keys.into_iter().filter(|(_, is_misplaced)| *is_misplaced);
        misplaced.next().map(|(key, _)| key)
    }

    /// A variable's name, as the row has it, with the prefix in its place.
    #[must_use]
    pub fn variable(&self, name: &str) -> String {
        match &self.prefix {
            Some(prefix) => name.replace("{prefix}", prefix),
            None => name.to_owned(),
        }
    }
}

/// What we tell the provider: templates of facts of our own. A key whose template cannot be filled is left alone.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Request {
    /// Our application's bag, which the leader writes.
    pub app: BTreeMap<String, PerGeneration<String>>,
    /// The bag of each unit.
    pub unit: BTreeMap<String, PerGeneration<String>>,
    /// Keys that are asked to come as Juju secrets, as providers of the data platform give them; not on a Juju that has
    /// no secrets (contract: interfaces, section 1).
    pub secrets: Vec<String>,
    /// Whether what is in our application's bag already stays as it is, since the provider takes no other request.
    pub once: bool,
}

/// What it is when the provider tells something, but not all that is needed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Partial {
    /// The provider is at it still.
    #[default]
    Incomplete,
    /// Nothing will come of it: the unit is blocked.
    Invalid,
}

const FILES: &[(&str, &str)] = &[
    (
        "grafana_dashboard",
        include_str!("../../metadata/interfaces/grafana_dashboard.yaml"),
    ),
    (
        "http_proxy",
        include_str!("../../metadata/interfaces/http_proxy.yaml"),
    ),
    (
        "ingress",
        include_str!("../../metadata/interfaces/ingress.yaml"),
    ),
    (
        "kafka_client",
        include_str!("../../metadata/interfaces/kafka_client.yaml"),
    ),
    (
        "loki_push_api",
        include_str!("../../metadata/interfaces/loki_push_api.yaml"),
    ),
    (
        "mongodb_client",
        include_str!("../../metadata/interfaces/mongodb_client.yaml"),
    ),
    (
        "mysql_client",
        include_str!("../../metadata/interfaces/mysql_client.yaml"),
    ),
    (
        "oauth",
        include_str!("../../metadata/interfaces/oauth.yaml"),
    ),
    (
        "openfga",
        include_str!("../../metadata/interfaces/openfga.yaml"),
    ),
    (
        "opensearch_client",
        include_str!("../../metadata/interfaces/opensearch_client.yaml"),
    ),
    (
        "postgresql_client",
        include_str!("../../metadata/interfaces/postgresql_client.yaml"),
    ),
    (
        "prometheus_scrape",
        include_str!("../../metadata/interfaces/prometheus_scrape.yaml"),
    ),
    (
        "rabbitmq",
        include_str!("../../metadata/interfaces/rabbitmq.yaml"),
    ),
    (
        "redis",
        include_str!("../../metadata/interfaces/redis.yaml"),
    ),
    ("s3", include_str!("../../metadata/interfaces/s3.yaml")),
    ("saml", include_str!("../../metadata/interfaces/saml.yaml")),
    ("smtp", include_str!("../../metadata/interfaces/smtp.yaml")),
    (
        "tls-certificates",
        include_str!("../../metadata/interfaces/tls-certificates.yaml"),
    ),
    (
        "tracing",
        include_str!("../../metadata/interfaces/tracing.yaml"),
    ),
    (
        "valkey_client",
        include_str!("../../metadata/interfaces/valkey_client.yaml"),
    ),
];

/// The row of an interface; `None` for one that the table does not know.
#[must_use]
pub fn find(interface: &str) -> Option<Row> {
    crate::yaml::from_str(text(interface)?).ok()
}

/// The row as it is written, for more to be laid over it.
#[must_use]
pub fn mapping(interface: &str) -> Option<Mapping> {
    crate::yaml::from_str(text(interface)?).ok()
}

fn text(interface: &str) -> Option<&'static str> {
    let mut files = FILES.iter();
    let (_, text) = files.find(|(name, _)| *name == interface)?;
    Some(text)
}

/// The keys of a row.
#[must_use]
pub fn keys() -> &'static [&'static str] {
    struct Keys<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Keys<'_> {
        type Error = value::Error;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            _visitor: V,
        ) -> Result<V::Value, value::Error> {
            *self.0 = fields;
            self.deserialize_any(_visitor)
        }

        fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, value::Error> {
            Err(value::Error::custom("only the keys were wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut keys: &'static [&'static str] = &[];
    let _ = Row::deserialize(Keys(&mut keys));
    keys
}

/// The prefix of the variables of a database (contract: interfaces, section 1).
#[must_use]
pub fn database_prefix(endpoint: &str) -> String {
    format!("{}_DB", endpoint.replace('-', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_databases_prefix_is_the_tables_where_the_endpoint_has_the_usual_name() {
        for (interface, endpoint) in [
            ("mongodb_client", "mongodb"),
            ("mysql_client", "mysql"),
            ("postgresql_client", "postgresql"),
        ] {
            let row = find(interface).unwrap();
            assert_eq!(row.prefix, Some(database_prefix(endpoint)));
        }
        assert_eq!(database_prefix("sales-reports"), "SALES_REPORTS_DB");
    }

    #[test]
    fn every_row_is_sound_and_names_code_that_exists() {
        for (name, text) in FILES {
            let row: Row =
                crate::yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(row.interface, *name);
            assert_eq!(super::super::declared::check(&row), Ok(()), "{name}");
            assert!(
                super::super::handler(&row).is_some() || row.handler.is_none(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_keys_are_those_of_the_struct() {
        for key in ["interface", "gives-url", "only-one"] {
            assert!(keys().contains(&key), "{:?}", keys());
        }
    }
}
