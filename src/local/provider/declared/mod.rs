//! Providers that are data: `metadata/providers/*.yaml`.
//!
//! A [`Description`] says which servers of the machine's to run and how, what to do with them when a relation asks for
//! something and when it goes, and what to answer. What it cannot say is computed by a function beside it: its result
//! is `{code.…}` in templates.

mod answer;
mod description;
mod http;
mod kept;
mod process;
mod programs;
mod requests;
mod running;
mod step;
mod template;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use self::description::Description;
use self::running::Running;
use super::server::Files;
use super::{BoxFuture, Provider, Update, View};
use crate::local::model::{Charm, Endpoint, Role, Status};

/// Computes what a description cannot say: an object, whose fields are `{code.FIELD}`.
///
/// # Errors
/// One line; it becomes the blocked status.
pub(super) type Code = fn(&View) -> Result<Value, String>;

/// A provider; nothing runs before its first `reconcile`.
pub struct Declared {
    description: Rc<Description>,
    /// What is wrong with the description.
    mistake: Option<String>,
    code: Option<Code>,
    running: Option<Running>,
    adopted: Option<PathBuf>,
}

impl Provider for Declared {
    fn charm(&self) -> Charm {
        let endpoints = self.description.endpoints.iter().map(|(name, endpoint)| {
            let endpoint = Endpoint {
                interface: endpoint.interface.clone(),
                role: if endpoint.required {
                    Role::Requirer
                } else {
                    Role::Provider
                },
                limit: None,
                optional: None,
            };
            (name.clone(), endpoint)
        });
        Charm {
            name: self.description.charm.clone(),
            endpoints: endpoints.collect(),
            options: self.description.options.clone(),
            ..Charm::default()
        }
    }

    fn adopt(&mut self, directory: &Path) {
        self.adopted = Some(directory.into());
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(async move {
            let code = self.code.map_or(Ok(Value::Null), |code| code(view))?;
            self.update(view, code).await
        })
    }

    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let adopted = self.adopted.take();
            let directory = match self.running.take() {
                Some(running) => running.stop().await,
                None => {
                    let Some(Ok(directory)) = adopted.map(|path| path.canonicalize()) else {
                        return;
                    };
                    running::end_stale(&self.description, &directory).await;
                    directory
                }
            };
            let _ = std::fs::remove_dir_all(Files::below(&directory).socket);
            if remove_data {
                let _ = std::fs::remove_dir_all(directory);
            }
        })
    }
}

impl Declared {
    /// The provider of that description; `find` gives others by their names.
    pub(super) fn new(
        text: &str,
        find: fn(&str) -> Option<&'static str>,
        code: Option<Code>,
    ) -> Self {
        let (description, mistake) = match description::read(text, find) {
            Ok(description) => (description, None),
            Err(mistake) => (Description::default(), Some(mistake)),
        };
        Self {
            description: Rc::new(description),
            mistake,
            code,
            running: None,
            adopted: None,
        }
    }

    /// `reconcile`, given what was computed beside the description.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn update(&mut self, view: &View, code: Value) -> Result<Update, String> {
        if let Some(mistake) = &self.mistake {
            return Err(format!(
                "the description of this provider is wrong: {mistake}"
            ));
        }
        let moved = |running: &Running| running.directory() != view.directory;
        if self.running.as_ref().is_some_and(moved) {
            self.stop(false).await;
        }
        let running = match self.running.take() {
            Some(running) => running,
            None => Running::prepare(&self.description, &view.directory).await?,
        };
        let running = self.running.insert(running);
        let (requests, problem) = requests::read(view, &self.description);
        let mut update = running.settle(view, code, &requests).await?;
        if let Some(problem) = problem {
            update.status = Status::blocked(problem);
        }
        Ok(update)
    }
}

/// What every description has to fulfil.
#[cfg(test)]
pub(super) fn check(name: &str, text: &str, find: fn(&str) -> Option<&'static str>) {
    let description =
        description::read(text, find).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(description.charm, name);
    assert!(!description.title.is_empty(), "{name}: no title");
    let needs_nothing = description.programs.is_empty();
    assert!(
        needs_nothing || !description.install.is_empty(),
        "{name}: no `install`"
    );
    let runs = description.servers.iter().chain(&description.make);
    let steps = description.servers.iter().flat_map(|run| &run.ready);
    let steps = steps.chain(&description.reload).chain(&description.check);
    let of_endpoints = description.endpoints.values();
    let steps =
        steps.chain(of_endpoints.flat_map(|endpoint| endpoint.ask.iter().chain(&endpoint.leave)));
    let mut arguments: Vec<&String> = runs.flat_map(|run| &run.arguments).collect();
    for step in steps {
        arguments.extend(&step.arguments);
        let kinds = [
            step.connect.is_some(),
            step.http.is_some(),
            step.run.is_some(),
        ];
        let count = kinds.iter().filter(|is| **is).count();
        assert_eq!(
            count, 1,
            "{name}: a step is not one of `connect`, `http`, `run`"
        );
    }
    for argument in arguments {
        for secret in ["generated", "granted"] {
            assert!(
                !argument.contains(secret),
                "{name}: a secret in `{argument}`"
            );
        }
    }
    for run in &description.servers {
        assert!(
            !run.processes.is_empty(),
            "{name}: no `processes`: a killed daemon's server would stay"
        );
        assert!(!run.ready.is_empty(), "{name}: no `ready`");
    }
}
