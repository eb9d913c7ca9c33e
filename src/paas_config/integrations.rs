//! `integrations` of `paas-config.yaml`: what a user says of an endpoint, laid over what the table of interfaces says of
//! its interface. Where the table knows nothing of the interface, what the user says is all there is.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::interfaces::declared;
use crate::interfaces::table::{self, Row};
use crate::yaml::{self, Mapping, Value};

/// What the file says, by endpoint.
pub type Integrations = BTreeMap<String, Integration>;

/// Where a required endpoint of the user's own stands among `missing integrations`: after the table's, which are below.
pub const OWN_GATE: u32 = 1000;

/// Keys of a row that follow from the interface or from the code that speaks it. Users may set all others.
const NOT_FOR_USERS: &[&str] = &[
    "database",
    "gate",
    "gives-url",
    "handler",
    "interface",
    "only-one",
    "provides",
];

/// What the file says of one endpoint.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct Integration {
    /// Its interface; needed where `charmcraft.yaml` does not declare the endpoint.
    pub interface: Option<String>,
    /// Whether the app can do without, of an endpoint that `charmcraft.yaml` does not declare.
    pub optional: Option<bool>,
    /// How many relations it may have, of an endpoint that `charmcraft.yaml` does not declare.
    pub limit: Option<u32>,
    /// Keys of [`Row`].
    #[serde(flatten)]
    pub row: Mapping,
}

impl Integration {
    /// The row of the endpoint. `prefix` is that of its variables where this says none.
    ///
    /// # Errors
    /// The key, below the endpoint's, and what is wrong with it.
    pub fn row(
        &self,
        interface: &str,
        provides: bool,
        prefix: Option<&str>,
    ) -> Result<Row, String> {
        if let Some(own) = self.interface.as_deref().filter(|own| *own != interface) {
            return Err(format!(
                "interface: is `{own}`, and the charm declares the endpoint with the interface `{interface}`; \
                 make them the same"
            ));
        }
        for key in self.row.keys().filter_map(Value::as_str) {
            if NOT_FOR_USERS.contains(&key) || !table::keys().contains(&key) {
                return Err(unknown(key));
            }
        }
        let shipped = table::mapping(interface)
            .filter(|row| row.get("provides").and_then(Value::as_bool) == provides.then_some(true));
        let mut row = shipped.unwrap_or_else(|| {
            let mut own = Mapping::new();
            own.insert("interface".into(), interface.into());
            own.insert("gate".into(), OWN_GATE.into());
            if provides {
                own.insert("provides".into(), true.into());
            }
            own
        });
        if let Some(prefix) = prefix {
            row.insert("prefix".into(), prefix.into());
        }
        lay_over(&mut row, &self.row);
        // By way of a text, since only what is read from one says where the mistake is.
        let text = yaml::to_string(&row).map_err(|error| error.message)?;
        let row: Row = yaml::from_str(&text).map_err(|error| error.message)?;
        match row.misplaced() {
            Some(key) => Err(format!(
                "{key}: the interface `{interface}` has no such thing"
            )),
            None => {
                declared::check(&row)?;
                Ok(row)
            }
        }
    }
}

fn unknown(key: &str) -> String {
    let known = table::keys()
        .iter()
        .filter(|known| !NOT_FOR_USERS.contains(known));
    let known: Vec<&str> = ["interface", "limit", "optional"]
        .into_iter()
        .chain(known.copied())
        .collect();
    let hint = crate::project::closest(key, &known).map_or_else(
        || format!("it may have {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    );
    format!("{key}: there is no such key; {hint}")
}

/// Lays `over` over `under`: mappings are extended, everything else is replaced, and `null` takes away what is there.
fn lay_over(under: &mut Mapping, over: &Mapping) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Value::Mapping(under)), Value::Mapping(over)) => lay_over(under, over),
            (Some(_), Value::Null) => {
                under.shift_remove(key);
            }
            _ => {
                under.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(interface: &str, text: &str) -> Result<Row, String> {
        yaml::from_str::<Integration>(text)
            .unwrap()
            .row(interface, false, None)
    }

    #[test]
    fn what_the_user_says_is_laid_over_the_table() {
        let shipped = table::find("postgresql_client").unwrap();
        assert_eq!(
            row("postgresql_client", "optional: true"),
            Ok(shipped.clone())
        );
        let own = row("postgresql_client", "prefix: REPORTS").unwrap();
        assert_eq!(own.prefix.as_deref(), Some("REPORTS"));
        assert_eq!((own.gate, own.handler), (shipped.gate, shipped.handler));
    }

    #[test]
    fn an_interface_that_the_table_does_not_know_is_the_users_alone() {
        let own = row("pigeon", "{interface: pigeon, prefix: P}").unwrap();
        assert_eq!(
            (own.interface.as_str(), own.gate),
            ("pigeon", Some(OWN_GATE))
        );
        assert_eq!((own.prefix.as_deref(), own.handler), (Some("P"), None));
    }

    #[test]
    fn each_mistake_names_its_key() {
        for (text, parts) in [
            ("interface: redis", &["interface: ", "`s3`", "`redis`"][..]),
            ("prefx: X", &["prefx: ", "did you mean `prefix`?"]),
            ("handler: ingress", &["handler: there is no such key"]),
            ("gate: 1", &["gate: there is no such key"]),
            ("prefix: [X]", &["prefix: "]),
            ("tls: maybe", &["tls: ", "verify"]),
        ] {
            let error = row("s3", text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }

    #[test]
    fn what_an_interface_cannot_do_is_no_key_of_its() {
        for (interface, text, key) in [
            ("saml", "tls: verify", "tls: "),
            ("ingress", "read-only: true", "read-only: "),
            ("saml", "extra-user-roles: x", "extra-user-roles: "),
        ] {
            let error = row(interface, text).unwrap_err();
            assert!(
                error.starts_with(key) && error.contains(interface),
                "{error}"
            );
        }
        for text in [
            "tls: verify",
            "read-only: true",
            "extra-user-roles: CREATEDB",
        ] {
            row("postgresql_client", text).unwrap();
        }
    }

    #[test]
    fn a_prefix_that_is_said_is_the_one() {
        for (text, prefix) in [("tls: verify", "REPORTS_DB"), ("prefix: PG", "PG")] {
            let integration: Integration = yaml::from_str(text).unwrap();
            let row = integration.row("postgresql_client", false, Some("REPORTS_DB"));
            assert_eq!(row.unwrap().prefix.as_deref(), Some(prefix));
        }
    }

    #[test]
    fn mappings_are_extended_and_null_takes_away() {
        let read = |text: &str| yaml::from_str::<Mapping>(text).unwrap();
        let mut under = read("{a: {b: 1, c: 2}, d: [1, 2], e: 1}");
        lay_over(
            &mut under,
            &read("{a: {c: 3, f: 4}, d: [9], e: null, g: {h: null}}"),
        );
        assert_eq!(under, read("{a: {b: 1, c: 3, f: 4}, d: [9], g: {h: null}}"));
    }
}
