//! SQL through `psql`: the script goes in by standard input, so that no secret is ever in an argument.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::{OPERATOR, PORT};

/// How long a server that restarts is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one script may take.
const LIMIT: Duration = Duration::from_secs(60);
/// What psql exits with when there is no connection.
const NO_CONNECTION: i32 = 2;

/// A way to talk to the server as its operator.
pub(super) struct Session<'a> {
    /// The program `psql`.
    pub(super) psql: &'a Path,
    /// The directory of the server's socket.
    pub(super) socket: &'a Path,
    /// A file with the operator's password.
    pub(super) password_file: &'a Path,
}

impl Session<'_> {
    /// Runs a script in the database `postgres`; stops at the first error. Gives what it printed.
    ///
    /// # Errors
    /// The server's message, one line, without the statement.
    pub(super) async fn run(&self, script: &str) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = match timeout(LIMIT, self.attempt(script)).await {
                Ok(output) => output
                    .map_err(|error| format!("cannot run `{}`: {error}", self.psql.display()))?,
                Err(_) => return Err("PostgreSQL does not answer".into()),
            };
            if output.status.success() {
                return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
            }
            if output.status.code() == Some(NO_CONNECTION) && Instant::now() < deadline {
                sleep(Duration::from_millis(20)).await;
                continue;
            }
            return Err(first_error(&String::from_utf8_lossy(&output.stderr)));
        }
    }

    async fn attempt(&self, script: &str) -> std::io::Result<std::process::Output> {
        let mut child = Command::new(self.psql)
            .args([
                "--no-psqlrc",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--no-password",
            ])
            .args(["--set", "ON_ERROR_STOP=1", "--set", "VERBOSITY=terse"])
            .args(["--username", OPERATOR, "--dbname", "postgres", "--port"])
            .arg(PORT.to_string())
            .arg("--host")
            .arg(self.socket)
            .env_clear()
            .env("PGPASSFILE", self.password_file)
            .env("PGCLIENTENCODING", "UTF8")
            .env("PGCONNECT_TIMEOUT", "10")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // The server writes failed statements to its log, and ours hold passwords.
            let quiet = "SET log_min_error_statement = panic;\nSET client_min_messages = error;\n";
            // psql that found no server has closed its end; its exit code tells.
            let _ = stdin.write_all(quiet.as_bytes()).await;
            let _ = stdin.write_all(script.as_bytes()).await;
        }
        child.wait_with_output().await
    }
}

fn first_error(text: &str) -> String {
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
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL, whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The argument that makes psql's `\connect` go to another database. A bare name would be taken for a whole connection
/// string when it holds `=`.
pub(super) fn database(name: &str) -> String {
    let value = name.replace('\\', "\\\\").replace('\'', "\\'");
    identifier(&format!("dbname='{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(identifier(r#"we"b"#), r#""we""b""#);
        assert_eq!(literal(r"o'\b"), r"E'o''\\b'");
        assert_eq!(database(r#"a'b\c"d"#), r#""dbname='a\'b\\c""d'""#);
    }

    #[test]
    fn errors_lose_their_statement() {
        let text = "psql:<stdin>:3: ERROR:  role \"x\" already exists\nLINE 1: secret\n";
        assert_eq!(first_error(text), "role \"x\" already exists");
        assert_eq!(first_error(""), "psql failed");
    }
}
