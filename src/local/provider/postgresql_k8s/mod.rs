//! `postgresql-k8s`: a real PostgreSQL server of the machine's.

mod grants;
mod installation;

use std::io;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use tokio::process::Command;

use super::BoxFuture;
use super::database::{Access, Database, Engine, Facts, Installation, Session, Users};
use super::server::{Files, Site, random, write};

/// The charm that this stands in for.
pub const NAME: &str = "postgresql-k8s";
/// The port of the socket.
const PORT: u16 = 5432;
/// The server's superuser, named as the charm names it.
const OPERATOR: &str = "operator";

/// What is always so.
pub(super) const FACTS: Facts = Facts {
    name: NAME,
    interface: "postgresql_client",
    title: "PostgreSQL",
    port: PORT,
    root: "",
    options: &[("profile", "string", Some("testing"))],
    socket: ".s.PGSQL.5432",
    credentials: "pgpass",
    processes: &["postgres"],
    lock: "postmaster.pid",
    marker: "PG_VERSION",
    // A fast shutdown: connections are ended, the data is left clean.
    stop: Signal::SIGINT,
    allows: |name| name.len() <= 63 && !["postgres", "template0", "template1"].contains(&name),
    names: "at most 63 bytes",
    role: |role| match role {
        "admin" => Some(&["CREATEDB", "CREATEROLE"]),
        "createdb" => Some(&["CREATEDB"]),
        "createrole" => Some(&["CREATEROLE"]),
        "superuser" => Some(&["SUPERUSER"]),
        _ => None,
    },
    roles: "admin, createdb, createrole, superuser",
};

/// The provider; nothing runs before its first `reconcile`.
#[must_use]
pub fn provider() -> Database {
    Database::new(&Postgresql)
}

struct Postgresql;

impl Engine for Postgresql {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn find<'a>(&'a self, data: &'a Path) -> BoxFuture<'a, Result<Installation, String>> {
        Box::pin(installation::find(major(data)))
    }

    fn create(
        &self,
        installation: &Installation,
        site: &Site,
        data: &Path,
    ) -> io::Result<(Command, Vec<PathBuf>)> {
        let password = random()?;
        let line = format!("*:*:*:{OPERATOR}:{password}\n");
        write(&site.files.directory.join(FACTS.credentials), &line)?;
        let words = site.files.directory.join("password.new");
        site.hand(&words, &password)?;
        let mut initdb = Command::new(&installation.create);
        initdb
            .args(["--no-sync", "--no-instructions"])
            .args(["--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--auth=scram-sha-256", "--username", OPERATOR])
            .arg("--pwfile")
            .arg(site.inside(&words))
            .arg("--pgdata")
            .arg(site.inside(data));
        Ok((initdb, vec![words]))
    }

    fn serve(&self, installation: &Installation, site: &Site) -> io::Result<Command> {
        let socket = site.inside(&site.files.socket).display().to_string();
        let quoted = socket.replace('"', "\"\"");
        let mut postgres = Command::new(&installation.server);
        postgres
            .arg("-D")
            .arg(site.inside(&site.files.data))
            .args(["-c", "listen_addresses="])
            .args(["-c", &format!("port={PORT}")])
            .args(["-c", &format!("unix_socket_directories=\"{quoted}\"")])
            .args(["-c", "unix_socket_permissions=0700"])
            .args(["-c", "shared_buffers=32MB"]);
        Ok(postgres)
    }

    /// The eighth line of `postmaster.pid` says `ready` once connections are accepted (PostgreSQL 10 and later).
    fn accepts(&self, files: &Files, process: Option<u32>, _log: &str) -> bool {
        let Ok(text) = std::fs::read_to_string(files.data.join(FACTS.lock)) else {
            return false;
        };
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse().ok());
        pid == process && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    fn reason(&self, log: &str) -> Option<String> {
        let message = |line: &str| {
            ["FATAL:", "error:"]
                .iter()
                .find_map(|mark| line.split_once(mark))
                .map(|(_, message)| message.trim().to_owned())
        };
        log.lines().rev().find_map(message)
    }

    fn client(&self, installation: &Installation, files: &Files) -> Command {
        let mut psql = Command::new(&installation.client);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--no-password", "--set", "ON_ERROR_STOP=1"])
            .args(["--set", "VERBOSITY=terse"])
            .args(["--username", OPERATOR, "--dbname", "postgres", "--port"])
            .arg(PORT.to_string())
            .arg("--host")
            .arg(&files.socket)
            .env_clear()
            .env("PGPASSFILE", files.directory.join(FACTS.credentials))
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", "10")
            .env("LC_ALL", "C");
        psql
    }

    fn refusal(&self, status: Option<i32>, errors: &str) -> Option<String> {
        // psql's exit code for no connection.
        (status != Some(2)).then(|| grants::first_error(errors))
    }

    fn user(&self, relation: u32, _model_uuid: &str) -> String {
        format!("relation_id_{relation}")
    }

    fn settle<'a>(
        &'a self,
        session: &'a Session<'a>,
        users: &'a Users<'a>,
    ) -> BoxFuture<'a, Result<String, String>> {
        Box::pin(grants::settle(session, users))
    }

    fn fields(&self, access: &Access<'_>) -> Vec<(&'static str, &'static str, String)> {
        let uri = |endpoint| access.uri("postgresql", endpoint);
        vec![
            ("user", "username", access.user.to_owned()),
            ("user", "password", access.password.to_owned()),
            ("user", "uris", uri(access.primary)),
            ("user", "read-only-uris", uri(access.replicas)),
            ("tls", "tls", "False".to_owned()),
        ]
    }
}

/// The major version that made the data, if there is any.
fn major(data: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data.join(FACTS.marker)).ok()?;
    text.trim().split('.').next()?.parse().ok()
}
