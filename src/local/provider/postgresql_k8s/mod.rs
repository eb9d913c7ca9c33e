//! `postgresql-k8s`: a real PostgreSQL server of the machine's, with a database and a user for each relation.

mod answer;
mod grants;
mod home;
mod identity;
mod installation;
mod request;
mod secret;
mod server;
mod socket;
mod sql;
mod stale;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use self::answer::{Access, primary, replicas};
use self::grants::{Found, Grant};
use self::installation::Installation;
use self::request::Request;
use self::server::{Files, Server};
use self::sql::Session;
use super::{BoxFuture, Provider, RelationView, Update, View};
use crate::local::container::{Service, Target};
use crate::local::model::{Charm, ConfigOption, Endpoint, Role, Status};

/// The charm that this stands in for.
pub const NAME: &str = "postgresql-k8s";
/// The endpoint that applications relate to.
const ENDPOINT: &str = "database";
/// The port in endpoints; the server itself listens on a Unix socket only.
const PORT: u16 = 5432;
/// The server's superuser, named as the charm names it.
const OPERATOR: &str = "operator";

/// The provider; nothing runs before its first `reconcile`.
#[derive(Default)]
pub struct PostgresqlK8s {
    running: Option<Running>,
    adopted: Option<PathBuf>,
}

struct Running {
    directory: PathBuf,
    installation: Installation,
    server: Server,
}

impl Provider for PostgresqlK8s {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: "postgresql_client".into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        let profile = ConfigOption {
            kind: "string".into(),
            default: Some("testing".into()),
            description: "Accepted as the charm's own; this server is always a small one.".into(),
        };
        Charm {
            name: NAME.into(),
            endpoints: BTreeMap::from([(ENDPOINT.into(), endpoint)]),
            options: BTreeMap::from([("profile".into(), profile)]),
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
                    stale::end(&files.data).await;
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

impl PostgresqlK8s {
    async fn update(&mut self, view: &View) -> Result<Update, String> {
        let running = self.start(view).await?;
        let files = running.server.files();
        let (wanted, problem) = requests(view);
        let (grants, renewed) = remember(&view.directory, wanted)?;
        let psql = running.installation.program("psql");
        let session = Session {
            psql: &psql,
            socket: &files.socket,
            password_file: &files.password_file,
        };
        let text = session.run(grants::LOOK).await?;
        let found: Found = serde_json::from_str(text.trim())
            .map_err(|_| "PostgreSQL answers something else than what was asked".to_owned())?;
        let script = grants::script(&found, &grants, &renewed);
        if !script.is_empty() {
            session.run(&script).await?;
        }
        let mut update = publish(view, &grants, &found.version);
        update.status = match problem {
            Some(problem) => Status::blocked(problem),
            None => Status::active("Primary"),
        };
        update.services = services(view, files);
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
                private_directory(&view.directory).map_err(cannot)?;
                let installation =
                    Installation::find(Files::below(&view.directory).major()).await?;
                let server = Server::start(&view.directory, &installation).await?;
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

fn private_directory(directory: &Path) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// What the related applications ask for, and the first request that cannot be met.
fn requests(view: &View) -> (BTreeMap<u32, Request>, Option<String>) {
    let mut wanted = BTreeMap::new();
    let mut problem = None;
    for (id, relation) in related(view) {
        let read = Request::read(&relation.remote_bag)
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

/// The grants of before for the relations that are still there, and new ones (also named apart) for the others.
fn remember(
    directory: &Path,
    wanted: BTreeMap<u32, Request>,
) -> Result<(BTreeMap<u32, Grant>, BTreeSet<u32>), String> {
    let path = directory.join("grants.json");
    let cannot =
        |error: &dyn std::fmt::Display| format!("cannot keep `{}`: {error}", path.display());
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    // A file that is damaged costs new passwords, no data.
    let kept: BTreeMap<u32, Grant> = serde_json::from_str(&text).unwrap_or_default();
    let mut grants = BTreeMap::new();
    let mut renewed = BTreeSet::new();
    for (relation, request) in wanted {
        let grant = match kept.get(&relation) {
            Some(grant) => grant.clone(),
            None => {
                renewed.insert(relation);
                let password = secret::random().map_err(|error| cannot(&error))?;
                Grant { request, password }
            }
        };
        grants.insert(relation, grant);
    }
    if grants != kept {
        let text = serde_json::to_string(&grants).map_err(|error| cannot(&error))?;
        secret::write(&path, &text).map_err(|error| cannot(&error))?;
    }
    Ok((grants, renewed))
}

fn publish(view: &View, grants: &BTreeMap<u32, Grant>, version: &str) -> Update {
    let mut update = Update::default();
    for (id, relation) in related(view) {
        let Some(grant) = grants.get(&id) else {
            continue;
        };
        let access = Access {
            application: &view.application,
            model: &view.model,
            relation: id,
            database: &grant.request.database,
            user: &grants::user(id),
            password: &grant.password,
            version: version.split(' ').next().unwrap_or(version),
        };
        // A list that cannot be read is reported elsewhere.
        let fields = request::secret_fields(&relation.remote_bag).unwrap_or_default();
        let (bag, secrets) = access.publish(&relation.remote_bag, &fields);
        update.application_bags.insert(id, bag);
        update.secrets.extend(secrets);
    }
    update
}

fn services(view: &View, files: &Files) -> Vec<Service> {
    [primary, replicas]
        .iter()
        .map(|name| Service {
            hostnames: vec![name(&view.application, &view.model)],
            port: PORT,
            target: Target::Unix(socket::path(&files.socket)),
        })
        .collect()
}
