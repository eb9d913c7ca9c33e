//! A database's server as a [`Program`].

use std::io;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use tokio::process::Command;

use super::engine::{Engine, Installation};
use crate::local::provider::BoxFuture;
use crate::local::provider::server::{Files, Program, Site};

/// A server of a kind, from an installation.
pub(super) struct Process {
    engine: &'static dyn Engine,
    installation: Option<Installation>,
}

impl Process {
    /// Without an installation it can only be ended.
    pub(super) fn new(engine: &'static dyn Engine, installation: Option<Installation>) -> Self {
        Self {
            engine,
            installation,
        }
    }

    fn installation(&self) -> io::Result<&Installation> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        self.installation.as_ref().ok_or_else(missing)
    }
}

impl Program for Process {
    fn title(&self) -> &str {
        self.engine.facts().title
    }

    fn stop(&self) -> Signal {
        self.engine.facts().stop
    }

    fn owns(&self, process: &str) -> bool {
        let names = self.engine.facts().processes;
        names.iter().any(|name| process.starts_with(name))
    }

    fn lock(&self) -> Option<&str> {
        Some(self.engine.facts().lock)
    }

    fn is_made(&self, data: &Path) -> bool {
        data.join(self.engine.facts().marker).exists()
    }

    fn create(&self, site: &Site, data: &Path) -> io::Result<Option<(Command, Vec<PathBuf>)>> {
        let made = self.engine.create(self.installation()?, site, data)?;
        Ok(Some(made))
    }

    fn serve(&self, site: &Site) -> io::Result<Command> {
        self.engine.serve(self.installation()?, site)
    }

    fn accepts<'a>(
        &'a self,
        files: &'a Files,
        process: Option<u32>,
        log: &'a str,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.engine.accepts(files, process, log) })
    }

    fn reason(&self, log: &str) -> Option<String> {
        self.engine.reason(log)
    }
}
