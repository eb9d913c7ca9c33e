//! The servers of one provider, and what they were asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::answer;
use super::description::{Description, Run, Step};
use super::kept::{Grant, Kept, fill};
use super::process::{Process, Shared, placed};
use super::programs::{self, Programs};
use super::requests::{Request, Requests};
use super::{step, template};
use crate::local::model::Bag;
use crate::local::provider::server::{self, Files, Server};
use crate::local::provider::{Update, View, private_directory};

/// What runs, or is about to.
pub(super) struct Running {
    description: Rc<Description>,
    files: Files,
    programs: Programs,
    version: String,
    kept: Kept,
    /// None before the first start.
    servers: Vec<Server>,
    /// A file changed since the servers read it.
    stale: bool,
    /// The requests that were met since the start, by key.
    met: BTreeSet<String>,
}

impl Running {
    /// Finds all that is needed. Nothing runs yet.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn prepare(
        description: &Rc<Description>,
        directory: &Path,
    ) -> Result<Self, String> {
        let programs = programs::find(description)?;
        private_directory(directory)
            .map_err(|error| format!("cannot make `{}`: {error}", directory.display()))?;
        end_stale(description, directory).await;
        let server = description.servers.first();
        let server = server.and_then(|server| programs.get(&server.program));
        let version = match (server, &description.version) {
            (Some(server), Some(mark)) => programs::version(server, mark).await,
            _ => String::new(),
        };
        Ok(Self {
            description: Rc::clone(description),
            files: Files::below(directory),
            kept: Kept::open(directory),
            programs,
            version,
            servers: Vec::new(),
            stale: false,
            met: BTreeSet::new(),
        })
    }

    /// The provider's directory.
    pub(super) fn directory(&self) -> &Path {
        &self.files.directory
    }

    /// Stops the servers, the last one first; gives the provider's directory.
    pub(super) async fn stop(mut self) -> PathBuf {
        self.halt().await;
        self.files.directory
    }

    async fn halt(&mut self) {
        while let Some(server) = self.servers.pop() {
            server.stop().await;
        }
    }

    /// Makes the servers run and have done what the requests want, and gives the answer.
    ///
    /// # Errors
    /// One line.
    pub(super) async fn settle(
        &mut self,
        view: &View,
        code: Value,
        requests: &Requests,
    ) -> Result<Update, String> {
        if self.servers.is_empty() {
            self.kept.complete(&self.description)?;
        }
        self.admit(requests)?;
        let scope = self.scope(view, code, requests);
        self.stale |= self.write_files(&scope, requests)?;
        if self.servers.is_empty() {
            self.start(&scope).await?;
        } else if self.stale {
            if self.description.restart {
                self.halt().await;
                self.start(&scope).await?;
            }
            let reload = Rc::clone(&self.description);
            self.perform(&reload.reload, &scope).await?;
        }
        self.stale = false;
        self.forget(&scope, requests).await?;
        self.meet(&scope, requests).await?;
        let met = self.scopes(&scope, requests);
        answer::compose(&self.description, &self.files, view, &scope, met)
    }

    /// Chooses what new requests are given.
    fn admit(&mut self, requests: &Requests) -> Result<(), String> {
        for (key, request) in requests {
            let new = || Grant {
                request: request.clone(),
                values: Bag::new(),
                made: false,
            };
            let grant = self.kept.grants.entry(key.clone()).or_insert_with(new);
            if let Some(endpoint) = self.description.endpoints.get(&request.endpoint) {
                fill(&mut grant.values, &endpoint.grant)?;
            }
        }
        self.kept.save(&self.files.directory)
    }

    /// What templates see of the provider.
    fn scope(&self, view: &View, code: Value, requests: &Requests) -> Value {
        let (application, model) = (&view.application, &view.model);
        let kubernetes = format!("{model}.svc.cluster.local");
        json!({
            "application": application,
            "model": model,
            "model_uuid": view.model_uuid,
            "host": format!("{application}.{kubernetes}"),
            "unit_host": format!("{application}-0.{application}-endpoints.{kubernetes}"),
            "config": view.config,
            "port": self.kept.ports,
            "program": self.programs,
            "home": std::env::var("HOME").unwrap_or_default(),
            "generated": self.kept.generated,
            "version": self.version,
            "requests": requests.len(),
            "code": code,
        })
    }

    /// What templates see of each request, by key.
    fn scopes(&self, scope: &Value, requests: &Requests) -> Vec<(Request, Value)> {
        let pairs = requests.iter().filter_map(|(key, request)| {
            let grant = self.kept.grants.get(key)?;
            let scope = self.scope_of(scope, request, &grant.values);
            Some((request.clone(), scope))
        });
        pairs.collect()
    }

    fn scope_of(&self, scope: &Value, request: &Request, values: &Bag) -> Value {
        let mut scope: Map<String, Value> = scope.as_object().cloned().unwrap_or_default();
        request.scope(&mut scope);
        scope.insert("granted".into(), json!(values));
        Value::Object(scope)
    }

    /// Writes the files; true when one changed.
    fn write_files(&self, scope: &Value, requests: &Requests) -> Result<bool, String> {
        let mut changed = false;
        for file in &self.description.files {
            let mut text = template::text(&file.text, scope)?;
            for (_, scope) in self.scopes(scope, requests) {
                text += &template::text(&file.each, &scope)?;
            }
            text += &template::text(&file.end, scope)?;
            let path = self.files.directory.join(&file.name);
            if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
                continue;
            }
            server::write(&path, &text)
                .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
            changed = true;
        }
        Ok(changed)
    }

    async fn start(&mut self, scope: &Value) -> Result<(), String> {
        self.met.clear();
        let files = &self.files;
        let placed = placed(scope, &files.directory, &files.data, &files.socket);
        if !step::succeed(&self.description.check, &placed, &self.programs).await {
            return Err(programs::missing(&self.description, ""));
        }
        let shared = Rc::new(Shared {
            description: Rc::clone(&self.description),
            programs: self.programs.clone(),
            scope: scope.clone(),
        });
        for server in &self.description.servers {
            let process = process(&shared, server);
            match Server::start(Rc::new(process), &self.files.directory).await {
                Ok(server) => self.servers.push(server),
                Err(error) => {
                    self.halt().await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Undoes what was done for requests that are gone or changed.
    async fn forget(&mut self, scope: &Value, requests: &Requests) -> Result<(), String> {
        for (key, grant) in self.kept.grants.clone() {
            let wanted = requests.get(&key);
            if wanted == Some(&grant.request) {
                continue;
            }
            let description = Rc::clone(&self.description);
            if let Some(endpoint) = description.endpoints.get(&grant.request.endpoint) {
                let scope = self.scope_of(scope, &grant.request, &grant.values);
                self.perform(&endpoint.leave, &scope).await?;
            }
            match (wanted, self.kept.grants.get_mut(&key)) {
                (Some(wanted), Some(grant)) => {
                    grant.request = wanted.clone();
                    grant.made = false;
                }
                _ => {
                    self.kept.grants.remove(&key);
                }
            }
            self.kept.save(&self.files.directory)?;
        }
        Ok(())
    }

    /// Does what requests want that are not met yet.
    async fn meet(&mut self, scope: &Value, requests: &Requests) -> Result<(), String> {
        let description = Rc::clone(&self.description);
        for (key, request) in requests {
            let endpoint = description.endpoints.get(&request.endpoint);
            let (Some(endpoint), Some(grant)) = (endpoint, self.kept.grants.get(key)) else {
                continue;
            };
            if grant.made && (!endpoint.forgets || self.met.contains(key)) {
                continue;
            }
            let scope = self.scope_of(scope, request, &grant.values);
            let answered = self.perform(&endpoint.ask, &scope).await?;
            if let Some(grant) = self.kept.grants.get_mut(key) {
                grant.values.extend(answered);
                grant.made = true;
            }
            self.met.insert(key.clone());
            self.kept.save(&self.files.directory)?;
        }
        Ok(())
    }

    async fn perform(&self, steps: &[Step], scope: &Value) -> Result<Bag, String> {
        let files = &self.files;
        let scope = placed(scope, &files.directory, &files.data, &files.socket);
        step::perform(steps, &self.description.title, &scope, &self.programs).await
    }
}

fn process(shared: &Rc<Shared>, server: &Run) -> Process {
    Process {
        shared: Rc::clone(shared),
        server: server.clone(),
    }
}

/// Ends what a killed daemon's servers left, so that nothing holds their ports.
pub(super) async fn end_stale(description: &Rc<Description>, directory: &Path) {
    let shared = Rc::new(Shared {
        description: Rc::clone(description),
        programs: Programs::new(),
        scope: Value::Null,
    });
    let files = Files::below(directory);
    for run in &description.servers {
        server::end(&files, &process(&shared, run)).await;
    }
}
