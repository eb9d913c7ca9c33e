//! A described server as a [`Program`].

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::process::Command;

use super::description::{Description, Run};
use super::programs::Programs;
use super::{step, template};
use crate::local::provider::BoxFuture;
use crate::local::provider::server::{Files, Program, Site};

/// What servers of one provider share.
pub(super) struct Shared {
    /// The description.
    pub description: Rc<Description>,
    /// The machine's programs.
    pub programs: Programs,
    /// What templates see.
    pub scope: Value,
}

/// One of a provider's servers.
pub(super) struct Process {
    /// What it shares.
    pub shared: Rc<Shared>,
    /// Which one it is.
    pub server: Run,
}

impl Process {
    fn command(&self, run: &Run, site: &Site, data: &Path) -> io::Result<Command> {
        let missing = || io::Error::other(format!("no program `{}`", run.program));
        let program = self.shared.programs.get(&run.program);
        let mut command = Command::new(program.ok_or_else(missing)?);
        let scope = placed(
            &self.shared.scope,
            &site.inside(&site.files.directory),
            &site.inside(data),
            &site.inside(&site.files.socket),
        );
        for argument in &run.arguments {
            command.arg(template::text(argument, &scope).map_err(io::Error::other)?);
        }
        for (name, value) in &run.environment {
            command.env(
                name,
                template::text(value, &scope).map_err(io::Error::other)?,
            );
        }
        command.current_dir(data);
        Ok(command)
    }
}

/// The scope with the places of the provider's files.
pub(super) fn placed(scope: &Value, directory: &Path, data: &Path, socket: &Path) -> Value {
    let mut scope = scope.clone();
    for (name, path) in [("directory", directory), ("data", data), ("socket", socket)] {
        scope[name] = path.to_string_lossy().into();
    }
    scope
}

impl Program for Process {
    fn title(&self) -> &str {
        &self.shared.description.title
    }

    fn stop(&self) -> Signal {
        Signal::SIGTERM
    }

    fn owns(&self, process: &str) -> bool {
        let mut names = self.server.processes.iter();
        names.any(|name| process.starts_with(name.as_str()))
    }

    fn lock(&self) -> Option<&str> {
        None
    }

    fn is_made(&self, data: &Path) -> bool {
        data.exists()
    }

    fn create(&self, site: &Site, data: &Path) -> io::Result<Option<(Command, Vec<PathBuf>)>> {
        let make = self.shared.description.make.as_ref();
        make.map(|make| Ok((self.command(make, site, data)?, Vec::new())))
            .transpose()
    }

    fn serve(&self, site: &Site) -> io::Result<Command> {
        self.command(&self.server, site, &site.files.data)
    }

    fn accepts<'a>(
        &'a self,
        files: &'a Files,
        _process: Option<u32>,
        _log: &'a str,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let scope = placed(
                &self.shared.scope,
                &files.directory,
                &files.data,
                &files.socket,
            );
            step::succeed(&self.server.ready, &scope, &self.shared.programs).await
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.server.patience.unwrap_or(60))
    }

    /// The last line that speaks of an error.
    fn reason(&self, log: &str) -> Option<String> {
        let lines = || {
            log.lines()
                .rev()
                .map(str::trim)
                .filter(|line| !line.is_empty())
        };
        let error = lines().find(|line| line.to_ascii_lowercase().contains("error"));
        error
            .or_else(|| lines().next())
            .map(|line| line.chars().take(200).collect())
    }
}
