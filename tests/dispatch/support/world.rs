//! One application with its units, each with a container of its own, and the events that they handle.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use charmwright::juju::JujuVersion;
use charmwright::local::container::{self, Container, Service, Specification, Target};
use charmwright::local::hook_tool::NAMES;
use charmwright::local::model::{Charm, Endpoint, Model, QueuedEvent, Role, SecretUpdate};
use charmwright::pebble::Client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::net::UnixListener;

use super::agent::{self, Ran, Running};
use super::charm::{self, Declared};
use super::{LAYER, bag, image, proxy};

/// Longer than anything takes on a machine that is busy.
pub(super) const LIMIT: Duration = Duration::from_secs(180);

/// What a world is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub charm: Declared,
    pub layer: &'static str,
    /// Python packages of the image, which come with an app for gunicorn.
    pub packages: &'static [&'static str],
    pub juju: JujuVersion,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            charm: Declared::default(),
            layer: LAYER,
            packages: &[],
            juju: JujuVersion::default(),
        }
    }
}

/// A model with the application `web` (no units at first), and what plays the rest of the world.
pub struct World {
    directory: tempfile::TempDir,
    pub(super) charm: PathBuf,
    image: PathBuf,
    /// The framework's name.
    pub framework: &'static str,
    /// The workload container's name.
    pub(super) workload: String,
    pub model: RefCell<Model>,
    pub(super) containers: RefCell<BTreeMap<String, Rc<Container>>>,
    pub(super) running: RefCell<BTreeMap<String, Running>>,
    /// All dispatches, oldest first.
    pub ran: RefCell<Vec<Ran>>,
    /// Whether requests to Pebble are written down.
    pub watched: Cell<bool>,
    pub(super) killed: RefCell<BTreeSet<String>>,
    pub(super) next_context: Cell<u32>,
}

/// One thread, local tasks, and a limit.
pub fn run<F: Future<Output = ()>>(test: F) {
    run_within(2 * LIMIT, test);
}

/// The same with another limit.
pub fn run_within<F: Future<Output = ()>>(limit: Duration, test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(limit, test)
            .await
            .expect("the test takes too long");
    });
}

fn pebble() -> PathBuf {
    let path = std::env::var_os("PEBBLE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/.build/pebble"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "no Pebble at `{}`: run `integration/pebble.sh`",
        path.display()
    );
    path
}

fn built_in(endpoint: &str, interface: &str) -> Charm {
    let provided = Endpoint {
        interface: interface.into(),
        role: Role::Provider,
        limit: None,
        optional: None,
    };
    Charm {
        endpoints: BTreeMap::from([(endpoint.to_owned(), provided)]),
        ..Charm::default()
    }
}

impl World {
    /// A world where `web` has no units yet, and `pg` and `edge` can be related to.
    pub fn new(setup: Setup) -> Rc<Self> {
        container::use_executable(env!("CARGO_BIN_EXE_charmwright"));
        let directory = tempfile::tempdir().unwrap();
        let tools = directory.path().join("tools");
        fs::create_dir(&tools).unwrap();
        for name in NAMES {
            symlink(env!("CARGO_BIN_EXE_charmwright"), tools.join(name)).unwrap();
        }
        let charm = directory.path().join("charm");
        let described = charm::lay_out(&charm, setup.charm);
        let framework = setup.charm.framework;
        let image = image::make(directory.path(), setup.layer, framework, setup.packages);
        let workload = described.containers.keys().next().unwrap().clone();
        let uuid = "0d9c2cf4-8a2b-4d31-9f0a-111111111111";
        let mut model = Model::new("demo", uuid, setup.juju);
        for (name, charm, units) in [
            ("web", described, 0),
            ("pg", built_in("database", "postgresql_client"), 1),
            ("edge", built_in("ingress", "ingress"), 1),
            ("tempo", built_in("tracing", "tracing"), 1),
            ("idp", built_in("saml", "saml"), 1),
            ("loki", built_in("logging", "loki_push_api"), 1),
            ("ca", built_in("certificates", "tls-certificates"), 1),
            ("bulletin", built_in("motd", "motd"), 1),
        ] {
            let changes = model.deploy(name, charm, BTreeMap::new(), units).unwrap();
            model.enqueue(changes);
        }
        let listener = UnixListener::bind(directory.path().join("agent.socket")).unwrap();
        let world = Rc::new(Self {
            directory,
            charm,
            image,
            framework,
            workload,
            model: RefCell::new(model),
            containers: RefCell::default(),
            running: RefCell::default(),
            ran: RefCell::default(),
            watched: Cell::new(false),
            killed: RefCell::default(),
            next_context: Cell::new(0),
        });
        agent::serve(&world, listener);
        world
    }

    /// A world with one unit that has handled all its events.
    pub async fn with_unit(setup: Setup) -> Rc<Self> {
        let world = Self::new(setup);
        world.add_unit().await;
        world.drain().await;
        world
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory of the unit's container.
    pub(super) fn container_directory(&self, unit: &str) -> PathBuf {
        self.path().join("units").join(unit.replace('/', "-"))
    }

    /// All that the unit's container consists of outside of itself.
    pub fn container_files(&self, unit: &str) -> PathBuf {
        self.container_directory(unit)
    }

    /// The charm's directory.
    pub fn charm_directory(&self) -> PathBuf {
        self.charm.clone()
    }

    /// The directory where the proxy of the unit's Pebble listens.
    pub(super) fn proxy_directory(&self, unit: &str) -> PathBuf {
        self.path().join("proxies").join(unit.replace('/', "-"))
    }

    /// Adds a unit and starts its container.
    pub async fn add_unit(self: &Rc<Self>) -> String {
        let unit = self.add_unit_without_container();
        self.start_container(&unit).await;
        unit
    }

    /// Adds a unit whose container is not there yet.
    pub fn add_unit_without_container(&self) -> String {
        let mut model = self.model.borrow_mut();
        let (unit, changes) = model.add_unit("web").unwrap();
        model.enqueue(changes);
        let number: u8 = unit.trim_start_matches("web/").parse().unwrap();
        let changes = model.set_address(&unit, &format!("10.1.0.{}", 10 + number));
        model.enqueue(changes);
        unit
    }

    /// Starts the unit's container, whose Pebble is ready then.
    pub async fn start_container(self: &Rc<Self>, unit: &str) {
        let hostname = unit.replace('/', "-");
        let specification = Specification {
            unit: unit.into(),
            container: self.workload.clone(),
            image: self.image.clone(),
            images: self.path().join("images"),
            directory: self.container_directory(unit),
            pebble: pebble(),
            fqdn: format!("{hostname}.web-endpoints.demo.svc.cluster.local"),
            hostname,
        };
        let dial = Arc::new(|_, _| {
            let refused: std::pin::Pin<Box<dyn Future<Output = std::io::Result<_>>>> =
                Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) });
            refused
        });
        let container = Container::start(specification, dial).await;
        let container = container.unwrap_or_else(|error| panic!("{unit}: {error}"));
        self.containers
            .borrow_mut()
            .insert(unit.into(), Rc::new(container));
        let shared = self.proxy_directory(unit).join("shared");
        fs::create_dir_all(&shared).unwrap();
        proxy::serve(self, unit, &shared.join("pebble.socket"));
        self.pebble_ready(unit);
    }

    fn container(&self, unit: &str) -> Rc<Container> {
        self.containers.borrow()[unit].clone()
    }

    /// Lets the inside of the unit's container reach the address by a host name and a port.
    pub async fn reach(&self, unit: &str, host: &str, port: u16, address: SocketAddr) {
        let service = Service {
            hostnames: vec![host.into()],
            port,
            target: Target::Tcp(address),
        };
        self.container(unit).set_services(&[service]).await.unwrap();
    }

    /// A fresh container in the place of the unit's.
    pub async fn restart_container(&self, unit: &str) {
        self.container(unit).restart().await.unwrap();
        self.killed.borrow_mut().remove(unit);
        self.pebble_ready(unit);
    }

    fn pebble_ready(&self, unit: &str) {
        let container = self.workload.clone();
        self.push(unit, QueuedEvent::PebbleReady { container });
    }

    /// Kills the unit's Pebble, and with it all that runs in the container.
    pub fn kill_pebble(&self, unit: &str) {
        self.signal_pebble(unit, Signal::SIGKILL);
        self.killed.borrow_mut().insert(unit.into());
    }

    /// Sends the unit's Pebble a signal.
    pub fn signal_pebble(&self, unit: &str, signal: Signal) {
        let record = self.container_directory(unit).join("process.json");
        let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
        let pid = record["pebble"]["pid"].as_i64().unwrap();
        kill(Pid::from_raw(pid.try_into().unwrap()), signal).unwrap();
    }

    /// Whether the unit's Pebble was killed in its last hook; it is gone then.
    pub fn has_lost_pebble(&self, unit: &str) -> bool {
        self.killed.borrow_mut().remove(unit)
    }

    /// Waits until the unit's Pebble is gone.
    pub async fn pebble_is_gone(&self, unit: &str) {
        self.container(unit).ended().await;
    }

    /// A client of the unit's Pebble.
    pub fn pebble(&self, unit: &str) -> Client {
        Client::new(self.container(unit).socket())
    }

    /// Writes a file into the unit's container.
    pub async fn write(&self, unit: &str, path: &str, content: &str) {
        let file = charmwright::pebble::WriteFile {
            path: path.into(),
            content: content.into(),
            make_dirs: true,
            permissions: None,
            user: None,
            group: None,
        };
        self.pebble(unit).write_files(&[file]).await.unwrap();
    }

    /// Removes a file of the unit's container.
    pub async fn remove(&self, unit: &str, path: &str) {
        self.pebble(unit).remove(&[path], true).await.unwrap();
    }

    /// Sets options, from texts.
    pub fn config(&self, values: &[(&str, &str)]) {
        let mut model = self.model.borrow_mut();
        let changes = model.set_config("web", &bag(values)).unwrap();
        model.enqueue(changes);
    }

    /// Puts options back to their defaults.
    pub fn reset(&self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut model = self.model.borrow_mut();
        let changes = model.reset_config("web", &names).unwrap();
        model.enqueue(changes);
    }

    /// A user's secret; answers with its bare id.
    pub fn user_secret(&self, content: &[(&str, &str)]) -> String {
        let update = SecretUpdate {
            content: Some(bag(content)),
            ..SecretUpdate::default()
        };
        self.model.borrow_mut().add_secret(None, update).unwrap().0
    }

    /// Gives a secret another content.
    pub fn revise_secret(&self, secret: &str, content: &[(&str, &str)]) {
        let update = SecretUpdate {
            content: Some(bag(content)),
            ..SecretUpdate::default()
        };
        let mut model = self.model.borrow_mut();
        let changes = model.update_secret(secret, update).unwrap();
        model.enqueue(changes);
    }

    /// Queues an event.
    pub fn push(&self, unit: &str, event: QueuedEvent) {
        self.model.borrow_mut().push(unit, event);
    }

    /// The units that there are.
    pub fn units(&self) -> Vec<String> {
        let model = self.model.borrow();
        let units = model.applications["web"].units.keys();
        units.map(|number| format!("web/{number}")).collect()
    }

    /// Lets a unit begin to end its life.
    pub fn remove_unit(&self, unit: &str) {
        let mut model = self.model.borrow_mut();
        let changes = model.remove_unit(unit).unwrap();
        model.enqueue(changes);
    }
}
