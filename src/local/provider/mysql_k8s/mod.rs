//! `mysql-k8s`: a real server of the machine's, MariaDB or MySQL.
//!
//! What it publishes and whom it lets in is as in the charm's track 8.0
//! (`src/relations/mysql_provider.py` and `lib/charms/mysql/v0/mysql.py` of canonical/mysql-k8s-operator): user names with
//! a part of the model's UUID, host names with a closing dot, neither `uris` nor `tls`.

mod grants;
mod installation;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use tokio::process::Command;

use super::BoxFuture;
use super::database::{Access, Database, Engine, Facts, Installation, Session, Users};
use super::server::{Files, Site, random, write};

/// The charm that this stands in for.
pub const NAME: &str = "mysql-k8s";

/// What is always so.
pub(super) const FACTS: Facts = Facts {
    name: NAME,
    interface: "mysql_client",
    title: "MySQL",
    port: 3306,
    root: ".",
    options: &[
        ("cluster-name", "string", None),
        ("cluster-set-name", "string", None),
        ("experimental-max-connections", "int", None),
        ("profile", "string", Some("production")),
        ("profile-limit-memory", "int", None),
    ],
    socket: "mysqld.sock",
    credentials: "client.cnf",
    processes: &["mariadbd", "mysqld"],
    lock: "server.pid",
    marker: "mysql",
    stop: Signal::SIGTERM,
    allows,
    names: "at most 64 characters",
    // The charm knows its router's role and does not look at others.
    role: |role| match role {
        grants::ROUTER => Some(&[grants::ROUTER]),
        _ => Some(&[]),
    },
    roles: grants::ROUTER,
};

/// MySQL's rules for names.
fn allows(name: &str) -> bool {
    let reserved = ["information_schema", "mysql", "performance_schema", "sys"];
    name.chars().count() <= 64
        && name.chars().all(|letter| letter <= '\u{ffff}')
        && !name.ends_with(' ')
        && !reserved.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// The provider; nothing runs before its first `reconcile`.
#[must_use]
pub fn provider() -> Database {
    Database::new(&Mysql)
}

struct Mysql;

impl Engine for Mysql {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find<'a>(&'a self, data: &'a Path) -> BoxFuture<'a, Result<Installation, String>> {
        Box::pin(installation::find(data))
    }

    fn create(
        &self,
        installation: &Installation,
        site: &Site,
        data: &Path,
    ) -> io::Result<(Command, Vec<PathBuf>)> {
        let programs = installation;
        let mut create = Command::new(&programs.create);
        create.arg("--no-defaults");
        if programs.create == programs.server {
            create.arg("--initialize-insecure");
        } else {
            create.args([
                "--auth-root-authentication-method=socket",
                "--auth-root-socket-user=root",
                "--skip-name-resolve",
                "--skip-test-db",
            ]);
        }
        create
            .arg("--innodb-log-file-size=16M")
            .arg(option("datadir", &site.inside(data)))
            .arg(temporary(site)?);
        Ok((create, Vec::new()))
    }

    /// The operator gets another password at each start, before the first connection.
    fn serve(&self, installation: &Installation, site: &Site) -> io::Result<Command> {
        let files = &site.files;
        let password = random()?;
        let credentials = format!("[client]\nuser=root\npassword={password}\n");
        write(&files.directory.join(FACTS.credentials), &credentials)?;
        let script = files.directory.join("init.sql");
        let text = format!("ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';\n");
        site.hand(&script, &text)?;
        let socket = files.socket.join(FACTS.socket);
        // A socket that is there would be taken for the new server's.
        let _ = std::fs::remove_file(&socket);
        let mut server = Command::new(&installation.server);
        server
            .arg("--no-defaults")
            .arg(option("datadir", &site.inside(&files.data)))
            .arg(option("socket", &site.inside(&socket)))
            .arg(option("init-file", &site.inside(&script)))
            .arg(temporary(site)?)
            .args([
                "--pid-file=server.pid",
                "--skip-networking",
                "--skip-name-resolve",
                "--character-set-server=utf8mb4",
                "--innodb-buffer-pool-size=32M",
                "--innodb-log-file-size=16M",
                // What MySQL 8.0 has for its default, and the charm leaves.
                "--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                 ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
                // The charm's group replication takes no table without a primary key: one word of MariaDB's, one
                // of MySQL's.
                "--loose-innodb-force-primary-key=ON",
                "--loose-sql-require-primary-key=ON",
                "--loose-mysqlx=OFF",
            ]);
        Ok(server)
    }

    fn accepts(&self, _files: &Files, _process: Option<u32>, log: &str) -> bool {
        log.contains("ready for connections")
    }

    fn reason(&self, log: &str) -> Option<String> {
        log.lines()
            .find_map(|line| line.split_once("[ERROR]").or(line.split_once("ERROR:")))
            .map(|(_, message)| message.trim().to_owned())
    }

    fn client(&self, installation: &Installation, files: &Files) -> Command {
        let mut client = Command::new(&installation.client);
        client
            .arg(option(
                "defaults-file",
                &files.directory.join(FACTS.credentials),
            ))
            .arg(option("socket", &files.socket.join(FACTS.socket)))
            .args(["--batch", "--skip-column-names", "--connect-timeout=10"])
            .arg("--default-character-set=utf8mb4")
            .env_clear()
            .env("LC_ALL", "C");
        client
    }

    fn refusal(&self, _status: Option<i32>, errors: &str) -> Option<String> {
        refusal(errors)
    }

    fn user(&self, relation: u32, model_uuid: &str) -> String {
        let uuid = model_uuid.replace('-', "");
        let mut name = format!("relation-{relation}_{uuid}");
        name.truncate(26);
        name
    }

    fn settle<'a>(
        &'a self,
        session: &'a Session<'a>,
        users: &'a Users<'a>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(grants::settle(session, users))
    }

    fn fields(&self, access: &Access<'_>) -> Vec<(&'static str, &'static str, String)> {
        vec![
            ("user", "username", access.user.to_owned()),
            ("user", "password", access.password.to_owned()),
        ]
    }
}

/// A server removes from its directory for temporary files what looks like its own, so each has one to itself.
fn temporary(site: &Site) -> io::Result<OsString> {
    let directory = site.files.directory.join("tmp");
    site.directory(&directory)?;
    Ok(option("tmpdir", &site.inside(&directory)))
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(format!("--{name}="));
    option.push(path);
    option
}

/// The server's message without its number and without the piece of the statement that it quotes; `None` when there is
/// no connection (errors 2002, 2006 and 2013).
fn refusal(errors: &str) -> Option<String> {
    let error = errors.lines().find(|line| line.starts_with("ERROR "));
    let line = error.or_else(|| errors.lines().next());
    let line = line.unwrap_or("the client failed");
    if ["ERROR 2002 ", "ERROR 2006 ", "ERROR 2013 "]
        .iter()
        .any(|lost| line.starts_with(lost))
    {
        return None;
    }
    let message = line.split_once(": ").map_or(line, |(_, message)| message);
    let message = message.split(" near '").next().unwrap_or(message);
    Some(message.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_as_the_charm_names_them() {
        let uuid = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
        assert_eq!(Mysql.user(7, uuid), "relation-7_0f1e2d3c4b5a497");
        assert_eq!(Mysql.user(123, uuid), "relation-123_0f1e2d3c4b5a4");
    }

    #[test]
    fn the_servers_own_names_and_long_ones_are_refused() {
        for name in ["mysql", "SYS", "a ", "😀", &"x".repeat(65)] {
            assert!(!allows(name), "{name}");
        }
        for name in ["web", "we`b", "ä.b/c", &"ä".repeat(64)] {
            assert!(allows(name), "{name}");
        }
    }

    #[test]
    fn errors_lose_their_statement() {
        let syntax = "--------------\nsecret\n--------------\n\nERROR 1064 (42000) at line 1: You have an error in \
                      your SQL syntax; check the manual for the right syntax to use near 'secret' at line 1\n";
        assert_eq!(
            refusal(syntax).unwrap(),
            "You have an error in your SQL syntax; check the manual for the right syntax to use"
        );
        let gone = "ERROR 2002 (HY000): Can't connect to local server through socket '/x' (2)\n";
        assert_eq!(refusal(gone), None);
        assert_eq!(refusal("").unwrap(), "the client failed");
    }

    #[test]
    fn the_first_error_is_the_reason() {
        let log = "2026-01-01 0:00:00 0 [Note] Starting\n2026-01-01 0:00:00 0 [ERROR] Can't create file\n\
                   2026-01-01 0:00:00 0 [ERROR] Aborting\n";
        assert_eq!(Mysql.reason(log).unwrap(), "Can't create file");
        assert_eq!(Mysql.reason(""), None);
    }
}
