//! What an application asks for in its databag (data_interfaces v0).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::engine::Facts;
use crate::local::model::Bag;

/// A database and what its user may do. It is kept: providers act once and reject later changes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::local::provider) struct Request {
    /// The database's name.
    pub database: String,
    /// What the user may do beyond its database, in the server's words, such as `CREATEDB`.
    pub attributes: BTreeSet<String>,
}

impl Request {
    /// Reads a request; `None` while there is none.
    ///
    /// # Errors
    /// One line that names the key and what it should be.
    pub(super) fn read(bag: &Bag, facts: &Facts) -> Result<Option<Self>, String> {
        let Some(database) = bag.get("database").filter(|database| !database.is_empty()) else {
            return Ok(None);
        };
        if !(facts.allows)(database) || database.chars().any(char::is_control) {
            return Err(format!(
                "`database` is `{}`: it must be a name of {} and not the server's own",
                database.escape_default(),
                facts.names
            ));
        }
        let roles = bag
            .get("extra-user-roles")
            .map(String::as_str)
            .unwrap_or_default();
        let mut attributes = BTreeSet::new();
        for role in roles
            .split(',')
            .map(str::trim)
            .filter(|role| !role.is_empty())
        {
            let Some(known) = (facts.role)(&role.to_ascii_lowercase()) else {
                return Err(format!(
                    "`extra-user-roles` has `{}`: known are {}",
                    role.escape_default(),
                    facts.roles
                ));
            };
            attributes.extend(known.iter().map(|each| (*each).to_owned()));
        }
        Ok(Some(Self {
            database: database.clone(),
            attributes,
        }))
    }
}

/// The fields that go into secrets; empty when the requirer knows of none.
///
/// # Errors
/// One line.
pub(super) fn secret_fields(bag: &Bag) -> Result<BTreeSet<String>, String> {
    match bag.get("requested-secrets") {
        None => Ok(BTreeSet::new()),
        Some(text) => serde_json::from_str(text)
            .map_err(|_| "`requested-secrets` is not a JSON list of strings".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::postgresql_k8s::FACTS;
    use crate::local::provider::test_bag as bag;

    #[test]
    fn nothing_is_asked_before_the_database_is_named() {
        assert_eq!(Request::read(&bag(&[]), &FACTS), Ok(None));
        assert_eq!(Request::read(&bag(&[("database", "")]), &FACTS), Ok(None));
    }

    #[test]
    fn roles_become_attributes() {
        let bag = bag(&[
            ("database", "web"),
            ("extra-user-roles", "SUPERUSER, admin"),
        ]);
        let request = Request::read(&bag, &FACTS).unwrap().unwrap();
        assert_eq!(request.database, "web");
        assert_eq!(
            request.attributes.into_iter().collect::<Vec<_>>(),
            ["CREATEDB", "CREATEROLE", "SUPERUSER"]
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for database in ["postgres", "template1", &"x".repeat(64), "a\0b"] {
            assert!(
                Request::read(&bag(&[("database", database)]), &FACTS).is_err(),
                "{database}"
            );
        }
        let king = bag(&[("database", "web"), ("extra-user-roles", "king")]);
        let error = Request::read(&king, &FACTS).unwrap_err();
        assert!(
            error.starts_with("`extra-user-roles` has `king`"),
            "{error}"
        );
        assert!(secret_fields(&bag(&[("requested-secrets", "username")])).is_err());
    }
}
