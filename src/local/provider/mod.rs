//! Providers: the applications that are built into the local model and stand in for other charms.
//!
//! A provider is a reconciler: it gets a [`View`] of its application and answers with an [`Update`]. It is called
//! whenever something in the view changed, so it must be idempotent; databags and secrets that it does not name are
//! removed.
//!
//! Providers run on the thread of the daemon, inside a `tokio::task::LocalSet`: they start local tasks, and the
//! processes that they start die with the thread that started them.

pub mod database;
pub mod declared;
mod hydra;
pub mod mysql_k8s;
pub mod nginx_ingress_integrator;
pub mod postgresql_k8s;
pub mod prometheus_k8s;
pub mod receiver;
pub mod registry;
mod server;
mod smtp_integrator;
pub mod stand_in;

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::container::Service;
use super::model::{Bag, Charm, Status};

/// A boxed future, since providers are trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Opens a connection to a port inside a unit's container.
pub type Dial = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<tokio::net::TcpStream>>>;

/// What a bag's value starts with to become a secret's URI; the label follows. A text in a JSON value does as well.
pub const SECRET_SCHEME: &str = "secret://";

/// What a provider sees.
#[derive(Clone)]
pub struct View {
    /// The provider's own application name.
    pub application: String,
    /// The model's name.
    pub model: String,
    /// The model's UUID.
    pub model_uuid: String,
    /// Options with defaults applied.
    pub config: BTreeMap<String, serde_json::Value>,
    /// Relations by id.
    pub relations: BTreeMap<u32, RelationView>,
    /// A directory of the provider's own below `.charmwright`.
    pub directory: PathBuf,
    /// How to reach units.
    pub dial: Dial,
}

/// One relation as its provider sees it.
#[derive(Clone, Debug)]
pub struct RelationView {
    /// The provider's endpoint.
    pub endpoint: String,
    /// The interface.
    pub interface: String,
    /// The application at the other side.
    pub remote_application: String,
    /// Its application bag.
    pub remote_bag: Bag,
    /// Its units' bags, by unit name.
    pub remote_units: BTreeMap<String, Bag>,
}

/// What a provider wants to be so.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// The provider's status.
    pub status: Status,
    /// By relation: the application bag. A value `secret://LABEL` becomes the URI of the secret of that label.
    pub application_bags: BTreeMap<u32, Bag>,
    /// By relation: the bag of the provider's unit 0.
    pub unit_bags: BTreeMap<u32, Bag>,
    /// Secrets by label, granted to the remote application of the relation. New content makes a new revision.
    pub secrets: BTreeMap<String, ProviderSecret>,
    /// What containers can reach.
    pub services: Vec<Service>,
    /// What a person can reach on this machine, for `local status`: `http://127.0.0.1:8081`.
    pub addresses: Vec<String>,
}

/// A secret of a provider.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ProviderSecret {
    /// Key → value.
    pub content: Bag,
    /// The relation whose remote application may read it.
    pub relation: u32,
}

/// Makes a directory, and those above it, for us only.
fn private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Listens where a provider of that directory did before, or on a free port when there was none or it is taken.
async fn listen(directory: &Path) -> io::Result<TcpListener> {
    private_directory(directory)?;
    let file = directory.join("port");
    let before: Option<u16> = std::fs::read_to_string(&file)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    if let Some(port) = before
        && let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
    {
        return Ok(listener);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    std::fs::write(&file, format!("{}\n", listener.local_addr()?.port()))?;
    Ok(listener)
}

/// An application that is built in.
pub trait Provider {
    /// The charm that it stands in for: name, endpoints, options.
    fn charm(&self) -> Charm;

    /// Tells a provider that never reconciled which directory a killed daemon's provider had, so that `stop` ends what
    /// that one left.
    fn adopt(&mut self, _directory: &Path) {}

    /// Makes the world as the view asks, starting servers where needed.
    ///
    /// # Errors
    /// One line that says what is missing and the command that installs it; it becomes the blocked status.
    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>>;

    /// Stops everything that `reconcile` started. Data goes only when `remove_data`.
    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()>;
}

impl Status {
    fn new(status: &str, message: impl Into<String>) -> Self {
        Self {
            status: status.into(),
            message: message.into(),
        }
    }

    fn active(message: impl Into<String>) -> Self {
        Self::new("active", message)
    }

    fn blocked(message: impl Into<String>) -> Self {
        Self::new("blocked", message)
    }

    fn waiting(message: impl Into<String>) -> Self {
        Self::new("waiting", message)
    }
}

#[cfg(test)]
fn test_view(application: &str) -> View {
    View {
        application: application.into(),
        model: "demo".into(),
        model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0".into(),
        config: BTreeMap::new(),
        relations: BTreeMap::new(),
        directory: PathBuf::from("/nonexistent"),
        dial: Arc::new(|_, _| Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })),
    }
}

#[cfg(test)]
fn test_relation(endpoint: &str, interface: &str) -> RelationView {
    RelationView {
        endpoint: endpoint.into(),
        interface: interface.into(),
        remote_application: "web".into(),
        remote_bag: Bag::new(),
        remote_units: BTreeMap::new(),
    }
}

#[cfg(test)]
fn test_bag(entries: &[(&str, &str)]) -> Bag {
    entries
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}
