//! What one kind of database server is like.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::geteuid;
use tokio::process::Command;

use super::answer::Access;
use super::client::Session;
use super::grants::Users;
use crate::local::provider::BoxFuture;
use crate::local::provider::server::{Files, Site};

/// Fixed facts of a server and of its charm.
pub(in crate::local::provider) struct Facts {
    /// The charm that it stands in for.
    pub name: &'static str,
    /// The interface of its endpoint `database`.
    pub interface: &'static str,
    /// The server's name in messages.
    pub title: &'static str,
    /// The port in endpoints; the server itself listens on a Unix socket only.
    pub port: u16,
    /// What the charm puts behind a host name: nothing, or the dot of the root domain.
    pub root: &'static str,
    /// Options of the charm, which have no effect: name, type, default.
    pub options: &'static [(&'static str, &'static str, Option<&'static str>)],
    /// The file name of the server's socket.
    pub socket: &'static str,
    /// The file name of what the operator's client needs.
    pub credentials: &'static str,
    /// What its processes' names start with.
    pub processes: &'static [&'static str],
    /// A file in its data that a killed server leaves and that may keep it from starting.
    pub lock: &'static str,
    /// A file or directory that complete data has.
    pub marker: &'static str,
    /// The signal that stops it at once but in order.
    pub stop: nix::sys::signal::Signal,
    /// Whether a database may have that name, which is not empty and has no control characters.
    pub allows: fn(&str) -> bool,
    /// What a name must be, for a message: `at most 63 bytes`.
    pub names: &'static str,
    /// What a role of `extra-user-roles` in lower case stands for; `None` when the charm refuses it.
    pub role: fn(&str) -> Option<&'static [&'static str]>,
    /// The known roles, for a message.
    pub roles: &'static str,
}

/// The programs of one server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::local::provider) struct Installation {
    /// Makes data.
    pub create: PathBuf,
    /// The server.
    pub server: PathBuf,
    /// Runs SQL from standard input.
    pub client: PathBuf,
}

/// One kind of server.
pub(in crate::local::provider) trait Engine: Sync {
    /// What is always so.
    fn facts(&self) -> &'static Facts;

    /// Finds the machine's programs that fit the data, which need not be there.
    ///
    /// # Errors
    /// One line with the command that installs what is missing.
    fn find<'a>(&'a self, data: &'a Path) -> BoxFuture<'a, Result<Installation, String>>;

    /// The command that makes data in the empty directory `data`; what it needs is made as well. The files named with it
    /// hold secrets, and go when it has ended.
    ///
    /// # Errors
    /// The operating system's.
    fn create(
        &self,
        installation: &Installation,
        site: &Site,
        data: &Path,
    ) -> io::Result<(Command, Vec<PathBuf>)>;

    /// The command that runs the server; what it needs is made as well.
    ///
    /// # Errors
    /// The operating system's.
    fn serve(&self, installation: &Installation, site: &Site) -> io::Result<Command>;

    /// Whether the server of that process id, which wrote `log` since its start, accepts connections.
    fn accepts(&self, files: &Files, process: Option<u32>, log: &str) -> bool;

    /// The reason of a failure, out of what a program of the server's wrote.
    fn reason(&self, log: &str) -> Option<String>;

    /// The command that runs SQL from standard input as the server's operator.
    fn client(&self, installation: &Installation, files: &Files) -> Command;

    /// What the client's failure means: `None` when there was no connection, else the server's message without the
    /// statement.
    fn refusal(&self, status: Option<i32>, errors: &str) -> Option<String>;

    /// The name of a relation's user.
    fn user(&self, relation: u32, model_uuid: &str) -> String;

    /// Makes the server's users for relations those of `users`, and gives the version as the charm publishes it.
    ///
    /// # Errors
    /// One line.
    fn settle<'a>(
        &'a self,
        session: &'a Session<'a>,
        users: &'a Users<'a>,
    ) -> BoxFuture<'a, Result<String, String>>;

    /// What may be secret in the answer: group, field, value.
    fn fields(&self, access: &Access<'_>) -> Vec<(&'static str, &'static str, String)>;
}

/// What a program prints on its standard output, if it succeeds.
pub(in crate::local::provider) async fn output_of(
    program: &Path,
    argument: &str,
) -> Option<String> {
    let output = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What goes before a command that only root may run.
pub(in crate::local::provider) fn sudo() -> &'static str {
    if geteuid().is_root() { "" } else { "sudo " }
}
