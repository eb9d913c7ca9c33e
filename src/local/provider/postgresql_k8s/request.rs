//! What an application asks for in its databag (`postgresql_client`, data_interfaces v0).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::local::model::Bag;

/// PostgreSQL's limit for names, in bytes.
const LONGEST_NAME: usize = 63;

/// A database and what its user may do. It is kept: providers act once and reject later changes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Request {
    /// The database's name.
    pub(super) database: String,
    /// Attributes of the user, such as `CREATEDB`.
    pub(super) attributes: BTreeSet<String>,
}

impl Request {
    /// Reads a request; `None` while there is none.
    ///
    /// # Errors
    /// One line that names the key and what it should be.
    pub(super) fn read(bag: &Bag) -> Result<Option<Self>, String> {
        let Some(database) = bag.get("database").filter(|database| !database.is_empty()) else {
            return Ok(None);
        };
        let reserved = ["postgres", "template0", "template1"].contains(&database.as_str());
        if reserved || database.len() > LONGEST_NAME || database.chars().any(char::is_control) {
            return Err(format!(
                "`database` is `{}`: it must be a name of at most {LONGEST_NAME} bytes and not the server's own",
                database.escape_default()
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
            match role.to_ascii_lowercase().as_str() {
                "superuser" => attributes.insert("SUPERUSER".into()),
                "createdb" => attributes.insert("CREATEDB".into()),
                "createrole" => attributes.insert("CREATEROLE".into()),
                "admin" => {
                    attributes.insert("CREATEROLE".into());
                    attributes.insert("CREATEDB".into())
                }
                _ => {
                    return Err(format!(
                        "`extra-user-roles` has `{}`: known are admin, createdb, createrole, superuser",
                        role.escape_default()
                    ));
                }
            };
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

    fn bag(entries: &[(&str, &str)]) -> Bag {
        entries
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn nothing_is_asked_before_the_database_is_named() {
        assert_eq!(Request::read(&bag(&[])), Ok(None));
        assert_eq!(Request::read(&bag(&[("database", "")])), Ok(None));
    }

    #[test]
    fn roles_become_attributes() {
        let request = Request::read(&bag(&[
            ("database", "web"),
            ("extra-user-roles", "SUPERUSER, admin"),
        ]));
        let request = request.unwrap().unwrap();
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
                Request::read(&bag(&[("database", database)])).is_err(),
                "{database}"
            );
        }
        let error =
            Request::read(&bag(&[("database", "web"), ("extra-user-roles", "king")])).unwrap_err();
        assert!(
            error.starts_with("`extra-user-roles` has `king`"),
            "{error}"
        );
        assert!(secret_fields(&bag(&[("requested-secrets", "username")])).is_err());
    }
}
