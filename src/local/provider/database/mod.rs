//! Databases: a real server of the machine's, with a database and a user for each relation.
//!
//! What makes a server PostgreSQL or MySQL is an [`Engine`]; everything else is here.

mod answer;
mod client;
mod engine;
mod grants;
mod process;
mod request;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(super) use self::answer::Access;
pub(super) use self::client::Session;
pub(super) use self::engine::{Engine, Facts, Installation, output_of, sudo};
#[cfg(test)]
pub(super) use self::grants::{Grant, test_grant};
pub(super) use self::grants::{Users, Wanted};

use self::process::Process;
use self::request::Request;
use super::server::{self, Files, Server};
use super::{BoxFuture, Provider, RelationView, Update, View};
use crate::local::container::{Service, Target};
use crate::local::model::{Charm, ConfigOption, Endpoint, Role, Status};

/// The endpoint that applications relate to, with all of these charms.
const ENDPOINT: &str = "database";

/// The provider; nothing runs before its first `reconcile`.
pub struct Database {
    engine: &'static dyn Engine,
    running: Option<Running>,
    adopted: Option<PathBuf>,
}

struct Running {
    directory: PathBuf,
    installation: Installation,
    server: Server,
}

impl Provider for Database {
    fn charm(&self) -> Charm {
        let facts = self.engine.facts();
        let endpoint = Endpoint {
            interface: facts.interface.into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        let options = facts.options.iter().map(|(name, kind, default)| {
            let option = ConfigOption {
                kind: (*kind).into(),
                default: default.map(Into::into),
                description: "Accepted as the charm's own; this server is always a small one."
                    .into(),
            };
            ((*name).into(), option)
        });
        Charm {
            name: facts.name.into(),
            endpoints: BTreeMap::from([(ENDPOINT.into(), endpoint)]),
            options: options.collect(),
            ..Charm::default()
        }
    }

    fn adopt(&mut self, directory: &Path) {
        self.adopted = Some(directory.into());
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(self.update(view))
    }

    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let adopted = self.adopted.take();
            let directory = match self.running.take() {
                Some(running) => {
                    let socket = running.server.files().socket.clone();
                    running.server.stop().await;
                    let _ = std::fs::remove_dir_all(socket);
                    running.directory
                }
                None => {
                    let Some(Ok(directory)) = adopted.map(|path| path.canonicalize()) else {
                        return;
                    };
                    let files = Files::below(&directory);
                    server::end(&files, &Process::new(self.engine, None)).await;
                    let _ = std::fs::remove_dir_all(files.socket);
                    directory
                }
            };
            if remove_data {
                let _ = std::fs::remove_dir_all(directory);
            }
        })
    }
}

impl Database {
    /// A provider of that kind of server.
    pub(super) fn new(engine: &'static dyn Engine) -> Self {
        Self {
            engine,
            running: None,
            adopted: None,
        }
    }

    async fn update(&mut self, view: &View) -> Result<Update, String> {
        let engine = self.engine;
        let running = self.start(view).await?;
        let files = running.server.files();
        let (wanted, problem) = requests(view, engine.facts());
        let (grants, renewed) = grants::remember(&view.directory, wanted)?;
        let users: Users<'_> = grants
            .iter()
            .map(|(relation, grant)| {
                let renewed = renewed.contains(relation);
                let user = engine.user(*relation, &view.model_uuid);
                (user, Wanted { grant, renewed })
            })
            .collect();
        let session = Session {
            engine,
            installation: &running.installation,
            files,
        };
        let version = engine.settle(&session, &users).await?;
        let mut update = Update::default();
        for (id, relation) in related(view) {
            let Some(grant) = grants.get(&id) else {
                continue;
            };
            let access = Access {
                primary: &endpoint(view, engine.facts(), "primary"),
                replicas: &endpoint(view, engine.facts(), "replicas"),
                database: &grant.request.database,
                user: &engine.user(id, &view.model_uuid),
                password: &grant.password,
                version: &version,
            };
            // A list that cannot be read is reported elsewhere.
            let secrets = request::secret_fields(&relation.remote_bag).unwrap_or_default();
            let fields = engine.fields(&access);
            let (bag, secrets) = access.publish(id, &relation.remote_bag, &secrets, fields);
            update.application_bags.insert(id, bag);
            update.secrets.extend(secrets);
        }
        update.status = match problem {
            Some(problem) => Status::blocked(problem),
            None => Status::active("Primary"),
        };
        update.services = services(view, engine.facts(), files);
        Ok(update)
    }

    async fn start(&mut self, view: &View) -> Result<&Running, String> {
        if self
            .running
            .as_ref()
            .is_some_and(|running| running.directory != view.directory)
        {
            self.stop(false).await;
        }
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let cannot = |error| format!("cannot make `{}`: {error}", view.directory.display());
                super::private_directory(&view.directory).map_err(cannot)?;
                let data = Files::below(&view.directory).data;
                let installation = self.engine.find(&data).await?;
                let program = Process::new(self.engine, Some(installation.clone()));
                let server = Server::start(Rc::new(program), &view.directory).await?;
                Running {
                    directory: view.directory.clone(),
                    installation,
                    server,
                }
            }
        };
        Ok(self.running.insert(running))
    }
}

/// What the related applications ask for, and the first request that cannot be met.
fn requests(view: &View, facts: &Facts) -> (BTreeMap<u32, Request>, Option<String>) {
    let mut wanted = BTreeMap::new();
    let mut problem = None;
    for (id, relation) in related(view) {
        let read = Request::read(&relation.remote_bag, facts)
            .and_then(|request| request::secret_fields(&relation.remote_bag).map(|_| request));
        match read {
            Ok(Some(request)) => {
                wanted.insert(id, request);
            }
            Ok(None) => {}
            Err(error) => {
                problem.get_or_insert(format!(
                    "{} (relation {id}): {error}",
                    relation.remote_application
                ));
            }
        }
    }
    (wanted, problem)
}

fn related(view: &View) -> impl Iterator<Item = (u32, &RelationView)> {
    view.relations
        .iter()
        .filter(|(_, relation)| relation.endpoint == ENDPOINT)
        .map(|(id, relation)| (*id, relation))
}

/// The name of the service for writes (`primary`) or reads (`replicas`).
fn host(view: &View, role: &str) -> String {
    format!(
        "{}-{role}.{}.svc.cluster.local",
        view.application, view.model
    )
}

fn endpoint(view: &View, facts: &Facts, role: &str) -> String {
    format!("{}{}:{}", host(view, role), facts.root, facts.port)
}

fn services(view: &View, facts: &Facts, files: &Files) -> Vec<Service> {
    let service = |role| {
        let host = host(view, role);
        // A hosts file knows nothing of a closing dot.
        let hostnames = match facts.root {
            "" => vec![host],
            root => vec![host.clone(), host + root],
        };
        Service {
            hostnames,
            port: facts.port,
            target: Target::Unix(files.socket.join(facts.socket)),
        }
    };
    vec![service("primary"), service("replicas")]
}
