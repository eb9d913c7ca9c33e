//! One application with its units, each with a container of its own, and the events that they handle.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::Future;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use charmwright::local::container::{self, Container, Specification, charm_command};
use charmwright::local::hook_tool::{Context, NAMES};
use charmwright::local::model::{
    Agent, Charm, Endpoint, Model, QueuedEvent, Role, SecretUpdate, Version,
};
use charmwright::pebble::Client;
use futures_util::future::join_all;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::net::UnixListener;

use super::agent::{self, Cut, Ran, Running};
use super::charm::{self, Declared};
use super::{LAYER, bag, image, proxy};

/// Longer than anything takes on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(180);

/// What a world is made of.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub charm: Declared,
    pub layer: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            charm: Declared::default(),
            layer: LAYER,
        }
    }
}

/// A model with the application `web` (no units at first), and what plays the rest of the world.
pub struct World {
    directory: tempfile::TempDir,
    charm: PathBuf,
    image: PathBuf,
    pub model: RefCell<Model>,
    pub(super) containers: RefCell<BTreeMap<String, Rc<Container>>>,
    pub(super) running: RefCell<BTreeMap<String, Running>>,
    /// All dispatches, oldest first.
    pub ran: RefCell<Vec<Ran>>,
    /// Whether requests to Pebble are written down.
    pub watched: Cell<bool>,
    killed: RefCell<BTreeSet<String>>,
    next_context: Cell<u32>,
}

/// One thread, local tasks, and a limit.
pub fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(2 * LIMIT, test)
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
        let image = image::make(directory.path(), setup.layer);
        let uuid = "0d9c2cf4-8a2b-4d31-9f0a-111111111111";
        let mut model = Model::new("demo", uuid, Version::default());
        for (name, charm, units) in [
            ("web", described, 0),
            ("pg", built_in("database", "postgresql_client"), 1),
            ("edge", built_in("ingress", "ingress"), 1),
        ] {
            let changes = model.deploy(name, charm, BTreeMap::new(), units).unwrap();
            model.enqueue(changes);
        }
        let listener = UnixListener::bind(directory.path().join("agent.socket")).unwrap();
        let world = Rc::new(Self {
            directory,
            charm,
            image,
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

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The directory of the unit's container.
    fn container_directory(&self, unit: &str) -> PathBuf {
        self.path().join("units").join(unit.replace('/', "-"))
    }

    /// The directory where the proxy of the unit's Pebble listens.
    fn proxy_directory(&self, unit: &str) -> PathBuf {
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
            container: "app".into(),
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

    /// A fresh container in the place of the unit's.
    pub async fn restart_container(&self, unit: &str) {
        self.container(unit).restart().await.unwrap();
        self.killed.borrow_mut().remove(unit);
        self.pebble_ready(unit);
    }

    fn pebble_ready(&self, unit: &str) {
        let container = "app".into();
        self.push(unit, QueuedEvent::PebbleReady { container });
    }

    /// Kills the unit's Pebble, and with it all that runs in the container.
    pub fn kill_pebble(&self, unit: &str) {
        let record = self.container_directory(unit).join("process.json");
        let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
        let pid = record["pebble"]["pid"].as_i64().unwrap();
        kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
        self.killed.borrow_mut().insert(unit.into());
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

    /// Runs an action to its end, with all that comes before and after it.
    pub async fn action(self: &Rc<Self>, unit: &str, name: &str) -> u32 {
        let id = self.queue_action(unit, name);
        self.drain().await;
        id
    }

    /// Asks for an action.
    pub fn queue_action(&self, unit: &str, name: &str) -> u32 {
        let mut model = self.model.borrow_mut();
        let (id, changes) = model
            .run_action(unit, name, serde_json::Map::new())
            .unwrap();
        model.enqueue(changes);
        id
    }

    /// Lets all units handle all that waits.
    pub async fn drain(self: &Rc<Self>) {
        loop {
            let busy = |unit: &String| {
                let model = self.model.borrow();
                !model.unit(unit).is_none_or(|unit| unit.queue.is_empty())
            };
            let units: Vec<String> = self.units().into_iter().filter(busy).collect();
            if units.is_empty() {
                return;
            }
            join_all(units.iter().map(|unit| self.drain_unit(unit))).await;
        }
    }

    /// Lets one unit handle all that waits.
    pub async fn drain_unit(self: &Rc<Self>, unit: &str) {
        while let Some(ran) = self.step(unit, Cut::Never).await {
            assert_eq!(
                ran.code,
                Some(0),
                "{unit} at {}: {}\n{}",
                ran.event,
                ran.stdout,
                ran.stderr
            );
        }
    }

    /// One update-status for each unit.
    pub async fn update_status(self: &Rc<Self>) {
        for unit in self.units() {
            self.push(&unit, QueuedEvent::UpdateStatus);
        }
        self.drain().await;
    }

    /// The last dispatch of all.
    pub fn last(&self) -> Ran {
        self.ran.borrow().last().unwrap().clone()
    }

    /// Lets a unit handle its next event, if it has one. One that fails or is killed stays its next.
    pub async fn step(self: &Rc<Self>, unit: &str, cut: Cut) -> Option<Ran> {
        let event = self.model.borrow_mut().begin(unit)?;
        let ran = self.dispatch(unit, &event, None, cut).await;
        let over = {
            let mut model = self.model.borrow_mut();
            if ran.code == Some(0) {
                model.dispatched(unit, &event);
            } else {
                model.failed(unit, &event);
            }
            model.unit(unit).is_none()
        };
        if over {
            self.killed.borrow_mut().remove(unit);
            let container = self.containers.borrow_mut().remove(unit);
            if let Some(container) = container {
                container.stop().await.unwrap();
            }
        }
        self.ran.borrow_mut().push(ran.clone());
        Some(ran)
    }

    /// Runs `dispatch` with another name for the event, out of turn.
    pub async fn dispatch_as(&self, unit: &str, path: &str) -> Ran {
        let event = QueuedEvent::UpdateStatus;
        self.dispatch(unit, &event, Some(path), Cut::Never).await
    }

    /// Runs `dispatch` for an event, as Juju does, and keeps what it wrote if it ended well.
    async fn dispatch(&self, unit: &str, event: &QueuedEvent, path: Option<&str>, cut: Cut) -> Ran {
        let number = self.next_context.get();
        self.next_context.set(number + 1);
        let id = format!("{unit}-{number}");
        let (context, mut variables, name) = {
            let model = self.model.borrow();
            let agent = Agent {
                charm_directory: self.charm.clone(),
                context_id: id.clone(),
                socket: self.path().join("agent.socket"),
                resources: self.path().join("resources"),
            };
            (
                Context::new(&model, unit, event, &agent.resources),
                event.environment(&model, unit, &agent),
                event.name(&model),
            )
        };
        for (name, value) in &mut variables {
            match (path, name.as_str()) {
                (Some(path), "JUJU_DISPATCH_PATH") => *value = path.into(),
                (Some(path), "JUJU_HOOK_NAME") => *value = path.replace("hooks/", ""),
                _ => {}
            }
        }
        let output = self.run_dispatch(unit, id, context, &variables, cut).await;
        let running = self.running.borrow_mut().remove(unit).unwrap();
        let log = running.context.log.clone();
        let mut code = output.status.code();
        let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut model = self.model.borrow_mut();
        let changes = if code == Some(0) {
            running.context.commit(&mut model).unwrap_or_else(|error| {
                code = Some(1);
                stderr.push_str(&error);
                Vec::new()
            })
        } else {
            running.context.changes
        };
        model.enqueue(changes);
        Ran {
            event: name,
            code,
            calls: running.calls,
            requests: running.requests,
            log,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        }
    }

    async fn run_dispatch(
        &self,
        unit: &str,
        id: String,
        context: Context,
        variables: &[(String, String)],
        cut: Cut,
    ) -> std::process::Output {
        let watched = self.watched.get() || matches!(cut, Cut::Request(_) | Cut::Pebble(_));
        let directory = if watched {
            self.proxy_directory(unit)
        } else {
            self.container_directory(unit)
        };
        let containers = BTreeMap::from([("app".to_owned(), directory)]);
        let mut command = charm_command(&self.charm, &containers).unwrap();
        let path = format!("{}:/usr/bin:/bin", self.path().join("tools").display());
        command
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("PATH", path)
            .env("HOME", "/root")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let running = Running {
            id,
            context,
            calls: Vec::new(),
            requests: Vec::new(),
            cut,
            process: None,
            killed: false,
        };
        self.running.borrow_mut().insert(unit.into(), running);
        let child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        if let Some(running) = self.running.borrow_mut().get_mut(unit) {
            running.process = Some(Pid::from_raw(pid.cast_signed()));
        }
        tokio::time::timeout(LIMIT, child.wait_with_output())
            .await
            .expect("dispatch takes too long")
            .unwrap()
    }

    /// Runs `dispatch` with an environment of the test's own and no model behind it.
    pub async fn run_bare(&self, variables: &[(&str, &str)]) -> std::process::Output {
        tokio::process::Command::new(self.charm.join("dispatch"))
            .current_dir(&self.charm)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap()
    }
}
