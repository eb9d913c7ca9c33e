//! Databases and users, as SQL.
//!
//! Each database belongs to a role that nobody logs in as; the users of relations are members of it and act as it
//! in that database. So whatever a migration makes belongs to the database's role, outlives the relation, and is seen
//! by the next relation that asks for a database of that name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::OPERATOR;
use crate::local::provider::database::{Session, Users, Wanted};

/// What the server has.
#[derive(Clone, Debug, Default, Deserialize)]
struct Found {
    /// The server's version, `15.18 (Debian …)`.
    version: String,
    users: BTreeSet<String>,
    databases: BTreeSet<String>,
}

/// Prints a [`Found`] as JSON.
const LOOK: &str = r"SELECT json_build_object(
  'version', current_setting('server_version'),
  'users', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE rolname ~ '^relation_id_[0-9]+$'),
  'databases', (SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datallowconn));
";

/// The server writes failed statements to its log, and ours hold passwords.
const QUIET: &str = "SET log_min_error_statement = panic;\nSET client_min_messages = error;\n";

/// Makes the server's users those of `users`, and gives its version.
///
/// # Errors
/// One line.
pub(super) async fn settle(session: &Session<'_>, users: &Users<'_>) -> Result<String, String> {
    let text = session.run(&format!("{QUIET}{LOOK}")).await?;
    let found: Found = serde_json::from_str(text.trim())
        .map_err(|_| "PostgreSQL answers something else than what was asked".to_owned())?;
    let script = script(&found, users);
    if !script.is_empty() {
        session.run(&format!("{QUIET}{script}")).await?;
    }
    let version = found.version.split(' ').next().unwrap_or_default();
    Ok(version.to_owned())
}

/// The role that owns a database.
fn owner(database: &str) -> String {
    let name = format!("charmed_{database}_owner");
    if name.len() <= 63 {
        return name;
    }
    let digest = Sha256::digest(database.as_bytes());
    let short = hex::encode(&digest[..16]);
    format!("charmed_{short}_owner")
}

/// The script that makes the server's users those of `users`; empty when there is nothing to do. Each user comes to be
/// in one transaction, so a user that is there is complete.
fn script(found: &Found, users: &Users<'_>) -> String {
    let mut script = String::new();
    for user in found.users.iter().filter(|user| !users.contains_key(*user)) {
        remove(&mut script, user, &found.databases);
    }
    for (user, wanted) in users {
        if !found.users.contains(user) {
            add(&mut script, user, wanted);
        } else if wanted.renewed {
            let (user, password) = (identifier(user), literal(&wanted.grant.password));
            let _ = writeln!(script, "ALTER ROLE {user} PASSWORD {password};");
        }
    }
    script
}

fn add(script: &mut String, name: &str, wanted: &Wanted<'_>) {
    let request = &wanted.grant.request;
    let owner_name = owner(&request.database);
    let (database, owner, user) = (
        identifier(&request.database),
        identifier(&owner_name),
        identifier(name),
    );
    let attributes: String = request
        .attributes
        .iter()
        .map(|each| format!(" {each}"))
        .collect();
    let password = literal(&wanted.grant.password);
    // CREATE has no IF NOT EXISTS for roles and databases.
    let create_owner = literal(&format!("CREATE ROLE {owner} NOLOGIN"));
    let create_database = literal(&format!("CREATE DATABASE {database} OWNER {owner}"));
    let (owner_text, database_text) = (literal(&owner_name), literal(&request.database));
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
        let (connect, heir) = (quoted_database(database), literal(&heir));
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

/// The message of the first error that psql printed, without its statement.
pub(super) fn first_error(text: &str) -> String {
    let line = text
        .lines()
        .find(|line| {
            ["ERROR:", "FATAL:", "error:"]
                .iter()
                .any(|mark| line.contains(mark))
        })
        .or_else(|| text.lines().next())
        .unwrap_or("psql failed");
    let message = ["ERROR:  ", "FATAL:  "]
        .iter()
        .find_map(|mark| line.split_once(mark).map(|(_, message)| message));
    message.unwrap_or(line).trim().to_owned()
}

/// A name in SQL.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL, whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The argument that makes psql's `\connect` go to another database. A bare name would be taken for a whole connection
/// string when it holds `=`.
fn quoted_database(name: &str) -> String {
    let value = name.replace('\\', "\\\\").replace('\'', "\\'");
    identifier(&format!("dbname='{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::database::{Grant, test_grant};

    fn found(users: &[&str]) -> Found {
        Found {
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            databases: BTreeSet::from(["postgres".into(), "web".into()]),
            ..Found::default()
        }
    }

    fn grant() -> Grant {
        test_grant("web", &["CREATEDB"])
    }

    fn users(grant: &Grant, renewed: bool) -> Users<'_> {
        Users::from([("relation_id_7".into(), Wanted { grant, renewed })])
    }

    #[test]
    fn a_server_that_is_as_wanted_is_left_alone() {
        assert_eq!(
            script(&found(&["relation_id_7"]), &users(&grant(), false)),
            ""
        );
    }

    #[test]
    fn a_new_relation_gets_a_user_that_acts_as_the_owner() {
        let script = script(&found(&[]), &users(&grant(), true));
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
        assert_eq!(
            script(&found(&["relation_id_7"]), &users(&grant(), true)),
            "ALTER ROLE \"relation_id_7\" PASSWORD E'pw';\n"
        );
    }

    #[test]
    fn a_relation_that_is_gone_loses_its_user_not_its_data() {
        let script = script(&found(&["relation_id_7"]), &Users::new());
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

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier(r#"we"b"#), r#""we""b""#);
        assert_eq!(literal(r"o'\b"), r"E'o''\\b'");
        assert_eq!(quoted_database(r#"a'b\c"d"#), r#""dbname='a\'b\\c""d'""#);
    }

    #[test]
    fn errors_lose_their_statement() {
        let text = "psql:<stdin>:3: ERROR:  role \"x\" already exists\nLINE 1: secret\n";
        assert_eq!(first_error(text), "role \"x\" already exists");
        assert_eq!(first_error(""), "psql failed");
    }
}
