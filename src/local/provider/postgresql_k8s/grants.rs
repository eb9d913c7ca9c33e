//! Databases and users, as SQL.
//!
//! Each database belongs to a role that nobody logs in as; the users of relations are members of it and act as it
//! in that database. So whatever a migration makes belongs to the database's role, outlives the relation, and is seen
//! by the next relation that asks for a database of that name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::OPERATOR;
use super::request::Request;
use super::sql::{self, identifier, literal};

/// What a relation's user was given; kept over restarts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Grant {
    /// What was asked for first.
    pub(super) request: Request,
    /// The user's password.
    pub(super) password: String,
}

/// What the server has.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Found {
    /// The server's version, `15.18 (Debian …)`.
    pub(super) version: String,
    users: BTreeSet<String>,
    databases: BTreeSet<String>,
}

/// Prints a [`Found`] as JSON.
pub(super) const LOOK: &str = r"SELECT json_build_object(
  'version', current_setting('server_version'),
  'users', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE rolname ~ '^relation_id_[0-9]+$'),
  'databases', (SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datallowconn));
";

/// The user of a relation.
pub(super) fn user(relation: u32) -> String {
    format!("relation_id_{relation}")
}

/// The role that owns a database.
fn owner(database: &str) -> String {
    let name = format!("charmed_{database}_owner");
    if name.len() <= 63 {
        return name;
    }
    let digest = Sha256::digest(database.as_bytes());
    let short: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("charmed_{short}_owner")
}

/// The script that makes the server's users those of `grants`; empty when there is nothing to do. Passwords of the
/// relations in `renewed` are set even when the user is there. Each user comes to be in one transaction, so a user
/// that is there is complete.
pub(super) fn script(
    found: &Found,
    grants: &BTreeMap<u32, Grant>,
    renewed: &BTreeSet<u32>,
) -> String {
    let mut script = String::new();
    let wanted: BTreeSet<String> = grants.keys().map(|relation| user(*relation)).collect();
    for user in found.users.difference(&wanted) {
        remove(&mut script, user, &found.databases);
    }
    for (relation, grant) in grants {
        let user = user(*relation);
        if !found.users.contains(&user) {
            add(&mut script, &user, grant);
        } else if renewed.contains(relation) {
            let (user, password) = (identifier(&user), literal(&grant.password));
            let _ = writeln!(script, "ALTER ROLE {user} PASSWORD {password};");
        }
    }
    script
}

fn add(script: &mut String, name: &str, grant: &Grant) {
    let owner_name = owner(&grant.request.database);
    let (database, owner, user) = (
        identifier(&grant.request.database),
        identifier(&owner_name),
        identifier(name),
    );
    let attributes: String = grant
        .request
        .attributes
        .iter()
        .map(|each| format!(" {each}"))
        .collect();
    let password = literal(&grant.password);
    // CREATE has no IF NOT EXISTS for roles and databases.
    let create_owner = literal(&format!("CREATE ROLE {owner} NOLOGIN"));
    let create_database = literal(&format!("CREATE DATABASE {database} OWNER {owner}"));
    let (owner_text, database_text) = (literal(&owner_name), literal(&grant.request.database));
    let _ = write!(
        script,
        "SELECT {create_owner} WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {owner_text}) \\gexec
SELECT {create_database} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {database_text}) \\gexec
BEGIN;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
CREATE ROLE {user} LOGIN{attributes} PASSWORD {password};
GRANT {owner} TO {user};
ALTER ROLE {user} IN DATABASE {database} SET role = {owner_text};
COMMIT;
"
    );
}

fn remove(script: &mut String, name: &str, databases: &BTreeSet<String>) {
    let (user, user_text) = (identifier(name), literal(name));
    let _ = write!(
        script,
        "ALTER ROLE {user} NOLOGIN;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {user_text} \\g /dev/null
"
    );
    for database in databases {
        let heir = match database.as_str() {
            "postgres" | "template1" => OPERATOR.to_owned(),
            _ => owner(database),
        };
        let (connect, heir) = (sql::database(database), literal(&heir));
        // A database of somebody else's making has no such role: what the user owned there goes to the operator.
        let _ = write!(
            script,
            "\\connect -reuse-previous=on {connect}
SELECT CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = {heir}) THEN {heir} ELSE {operator} END AS heir \\gset
REASSIGN OWNED BY {user} TO :\"heir\";
DROP OWNED BY {user};
",
            operator = literal(OPERATOR),
        );
    }
    let _ = write!(
        script,
        "\\connect -reuse-previous=on \"dbname=postgres\"\nDROP ROLE {user};\n"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(database: &str) -> Grant {
        Grant {
            request: Request {
                database: database.into(),
                attributes: BTreeSet::from(["CREATEDB".into()]),
            },
            password: "pw".into(),
        }
    }

    fn found(users: &[&str]) -> Found {
        Found {
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            databases: BTreeSet::from(["postgres".into(), "web".into()]),
            ..Found::default()
        }
    }

    #[test]
    fn a_server_that_is_as_wanted_is_left_alone() {
        let grants = BTreeMap::from([(7, grant("web"))]);
        assert_eq!(
            script(&found(&["relation_id_7"]), &grants, &BTreeSet::new()),
            ""
        );
    }

    #[test]
    fn a_new_relation_gets_a_user_that_acts_as_the_owner() {
        let script = script(
            &found(&[]),
            &BTreeMap::from([(7, grant("web"))]),
            &BTreeSet::new(),
        );
        assert!(
            script.contains("CREATE ROLE \"relation_id_7\" LOGIN CREATEDB PASSWORD E'pw';"),
            "{script}"
        );
        assert!(
            script.contains("IN DATABASE \"web\" SET role = E'charmed_web_owner';"),
            "{script}"
        );
    }

    #[test]
    fn a_lost_password_is_set_again() {
        let grants = BTreeMap::from([(7, grant("web"))]);
        assert_eq!(
            script(&found(&["relation_id_7"]), &grants, &BTreeSet::from([7])),
            "ALTER ROLE \"relation_id_7\" PASSWORD E'pw';\n"
        );
    }

    #[test]
    fn a_relation_that_is_gone_loses_its_user_not_its_data() {
        let script = script(
            &found(&["relation_id_7"]),
            &BTreeMap::new(),
            &BTreeSet::new(),
        );
        assert!(script.contains("DROP ROLE \"relation_id_7\";"), "{script}");
        assert!(!script.contains("DROP DATABASE"), "{script}");
    }

    #[test]
    fn owners_of_long_names_stay_short_and_differ() {
        assert_eq!(owner("web"), "charmed_web_owner");
        let (one, other) = ("x".repeat(63), "x".repeat(62));
        assert!(owner(&one).len() <= 63);
        assert_ne!(owner(&one), owner(&other));
    }
}
