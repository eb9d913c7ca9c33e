//! Databases and users, as SQL. A relation's user may do everything in its database and nothing elsewhere; the database
//! stays when the user goes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::local::provider::database::{Session, Users, Wanted};

/// The role of the charm's router: no database, but all others.
pub(super) const ROUTER: &str = "mysqlrouter";

/// Prints the version, and the users of relations: all, and those that were granted something, with which a user's
/// making ends.
const LOOK: &str = "SELECT 'version', VERSION();
SELECT 'user', User FROM mysql.user WHERE User LIKE 'relation-%';
SELECT 'granted', User FROM mysql.db WHERE User LIKE 'relation-%';
SELECT 'granted', User FROM mysql.user WHERE User LIKE 'relation-%' AND Grant_priv = 'Y';
";

/// What the server has.
#[derive(Debug, Default)]
struct Found {
    version: String,
    users: BTreeSet<String>,
    granted: BTreeSet<String>,
}

/// Makes the server's users those of `users`, and gives its version.
///
/// # Errors
/// One line.
pub(super) async fn settle(session: &Session<'_>, users: &Users<'_>) -> Result<String, String> {
    let found = read(&session.run(LOOK).await?);
    let script = script(&found, users);
    if !script.is_empty() {
        session.run(&script).await?;
    }
    Ok(found.version)
}

fn read(text: &str) -> Found {
    let mut found = Found::default();
    for (what, value) in text.lines().filter_map(|line| line.split_once('\t')) {
        match what {
            "version" => found.version = value.to_owned(),
            "user" => drop(found.users.insert(value.to_owned())),
            _ => drop(found.granted.insert(value.to_owned())),
        }
    }
    found
}

/// The script that makes the server's users those of `users`; empty when there is nothing to do.
fn script(found: &Found, users: &Users<'_>) -> String {
    let mut script = String::new();
    for user in found.users.iter().filter(|user| !users.contains_key(*user)) {
        let _ = writeln!(script, "DROP USER IF EXISTS {}@'%';", identifier(user));
    }
    for (user, wanted) in users {
        if !found.users.contains(user) || !found.granted.contains(user) || wanted.renewed {
            add(&mut script, user, wanted);
        }
    }
    script
}

fn add(script: &mut String, user: &str, wanted: &Wanted<'_>) {
    let request = &wanted.grant.request;
    let (user, password) = (identifier(user), literal(&wanted.grant.password));
    let database = identifier(&request.database);
    let _ = write!(
        script,
        "CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY {password};
ALTER USER {user}@'%' IDENTIFIED BY {password};
"
    );
    let _ = if request.attributes.contains(ROUTER) {
        writeln!(
            script,
            "GRANT ALL PRIVILEGES ON *.* TO {user}@'%' WITH GRANT OPTION;"
        )
    } else {
        // The name in a grant is a pattern.
        let escape = |name: String, letter: char| name.replace(letter, &format!("\\{letter}"));
        let pattern = ['\\', '_', '%'].into_iter().fold(database.clone(), escape);
        write!(
            script,
            "CREATE DATABASE IF NOT EXISTS {database};
GRANT ALL PRIVILEGES ON {pattern}.* TO {user}@'%';
"
        )
    };
}

/// A name in SQL.
fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text in SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::database::test_grant;

    const USER: &str = "relation-7_0f1e2d3c4b5a497";

    fn found(granted: bool) -> Found {
        let granted = if granted {
            format!("granted\t{USER}\n")
        } else {
            String::new()
        };
        read(&format!(
            "version\t10.11.19-MariaDB\nuser\t{USER}\n{granted}"
        ))
    }

    fn scripted(found: &Found, attributes: &[&str], renewed: bool) -> String {
        let grant = test_grant("my_web", attributes);
        let wanted = Wanted {
            grant: &grant,
            renewed,
        };
        script(found, &Users::from([(USER.into(), wanted)]))
    }

    #[test]
    fn a_server_that_is_as_wanted_is_left_alone() {
        assert_eq!(found(true).version, "10.11.19-MariaDB");
        assert_eq!(scripted(&found(true), &[], false), "");
    }

    #[test]
    fn a_new_relation_gets_a_user_for_its_database_only() {
        let script = scripted(&Found::default(), &[], true);
        assert!(
            script.contains("CREATE DATABASE IF NOT EXISTS `my_web`;"),
            "{script}"
        );
        let grant = format!(r"GRANT ALL PRIVILEGES ON `my\_web`.* TO `{USER}`@'%';");
        assert!(script.contains(&grant), "{script}");
        assert!(!script.contains("*.*"), "{script}");
    }

    #[test]
    fn a_user_whose_making_was_cut_off_or_whose_password_was_lost_is_made_again() {
        let again = scripted(&found(false), &[], false);
        assert!(again.contains("IDENTIFIED BY 'pw'"), "{again}");
        assert_eq!(again, scripted(&found(true), &[], true));
    }

    #[test]
    fn a_router_may_grant_and_gets_no_database() {
        let script = scripted(&Found::default(), &[ROUTER], true);
        assert!(
            script.ends_with("ON *.* TO `relation-7_0f1e2d3c4b5a497`@'%' WITH GRANT OPTION;\n")
        );
        assert!(!script.contains("DATABASE"), "{script}");
    }

    #[test]
    fn a_relation_that_is_gone_loses_its_user_not_its_data() {
        assert_eq!(
            script(&found(true), &Users::new()),
            format!("DROP USER IF EXISTS `{USER}`@'%';\n")
        );
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier("we`b"), "`we``b`");
        assert_eq!(literal(r"o'\b"), r"'o''\\b'");
    }
}
