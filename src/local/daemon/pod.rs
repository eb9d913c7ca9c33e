//! The containers of one unit: started with it, started again when they end, replaced when its pod is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::Daemon;
use crate::local::container::{Container, Service, Specification};
use crate::local::model::{QueuedEvent, application_of};

/// How long a container that ended stays away, the first time; then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The containers of one unit.
pub struct Pod {
    unit: String,
    wake: Notify,
    containers: RefCell<BTreeMap<String, Rc<Container>>>,
    /// Containers are to be made anew.
    renewing: Cell<bool>,
    ending: Cell<bool>,
    ended: Cell<bool>,
    /// The containers are not up yet, or `pebble-ready` is still to be queued.
    starting: Cell<bool>,
    /// Why there is no container.
    problem: RefCell<Option<String>>,
    changed: Notify,
}

impl Pod {
    pub(super) fn new(unit: &str) -> Rc<Self> {
        Rc::new(Self {
            unit: unit.into(),
            wake: Notify::new(),
            containers: RefCell::default(),
            renewing: Cell::new(false),
            ending: Cell::new(false),
            ended: Cell::new(false),
            starting: Cell::new(true),
            problem: RefCell::default(),
            changed: Notify::new(),
        })
    }

    /// Whether something is still to come that nobody has to ask for.
    pub(super) fn is_starting(&self) -> bool {
        self.starting.get()
    }

    /// Why there are no containers.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.borrow().clone()
    }

    /// Whether there is anything to connect to: a charm may have no containers.
    pub(super) fn has_containers(&self) -> bool {
        !self.containers.borrow().is_empty()
    }

    /// Connects to a port in the unit's containers, which share their network as in a pod.
    pub(super) async fn dial(&self, port: u16) -> io::Result<TcpStream> {
        let container = self.containers.borrow().values().next().cloned();
        match container {
            Some(container) => container.dial(port).await,
            None => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }

    /// Whose containers they are.
    pub(super) fn unit(&self) -> &str {
        &self.unit
    }

    /// Makes exactly these reachable in the containers.
    pub(super) async fn set_services(&self, services: &[Service]) -> Result<(), String> {
        let containers: Vec<Rc<Container>> = self.containers.borrow().values().cloned().collect();
        for container in containers {
            container
                .set_services(services)
                .await
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Replaces the containers and waits until the old ones are gone.
    pub(super) async fn renew(&self) {
        if self.ended.get() {
            return;
        }
        self.renewing.set(true);
        self.starting.set(true);
        self.wake.notify_one();
        while self.renewing.get() && !self.ended.get() {
            self.changed.notified().await;
        }
    }

    /// Stops the containers and waits until they are gone.
    pub(super) async fn end(&self) {
        self.ending.set(true);
        self.wake.notify_one();
        while !self.ended.get() {
            self.changed.notified().await;
        }
    }

    pub(super) async fn run(self: Rc<Self>, daemon: Rc<Daemon>) {
        let mut wait = FIRST_WAIT;
        while !self.ending.get() {
            self.set_starting(true);
            let started = self.start(&daemon).await;
            self.problem.replace(started.as_ref().err().cloned());
            match started {
                Ok(()) => {
                    daemon.update_services();
                    let lived = tokio::time::Instant::now();
                    self.report(&daemon).await;
                    self.live(&daemon).await;
                    if self.renewing.get() || lived.elapsed() > LONGEST_WAIT {
                        wait = FIRST_WAIT;
                    }
                }
                Err(why) => {
                    daemon.say("ERROR", &format!("{}: {why}", self.unit));
                    daemon.changed();
                }
            }
            self.stop(&daemon).await;
            if self.renewing.replace(false) || self.ending.get() {
                self.changed.notify_waiters();
                self.changed.notify_one();
                continue;
            }
            tokio::select! {
                () = self.must_go() => {}
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.ended.set(true);
        self.starting.set(false);
        self.changed.notify_one();
    }

    fn set_starting(&self, starting: bool) {
        self.starting.set(starting);
    }

    /// Starts the containers; interrupted when they are to go.
    async fn start(&self, daemon: &Rc<Daemon>) -> Result<(), String> {
        for specification in daemon.specifications(&self.unit)? {
            let name = specification.container.clone();
            let start = Container::start(specification, daemon.dial());
            let container = tokio::select! {
                started = start => started.map_err(|error| error.to_string())?,
                () = self.must_go() => return Ok(()),
            };
            self.containers
                .borrow_mut()
                .insert(name, Rc::new(container));
        }
        Ok(())
    }

    /// Queues `pebble-ready`, once the unit has started: the order is then always the same.
    async fn report(&self, daemon: &Rc<Daemon>) {
        let mut news = daemon.watch();
        loop {
            if self.ending.get() || self.renewing.get() {
                return;
            }
            let ready = daemon.read(|model| {
                model.unit(&self.unit).is_none_or(|unit| {
                    let starts = |event: &QueuedEvent| *event == QueuedEvent::Start;
                    unit.started
                        && !unit.queue.waiting.iter().any(starts)
                        && !unit.queue.running.iter().any(starts)
                })
            });
            if ready {
                break;
            }
            tokio::select! {
                _ = news.changed() => {}
                () = self.must_go() => {}
            }
        }
        let names: Vec<String> = self.containers.borrow().keys().cloned().collect();
        for container in names {
            daemon
                .state
                .borrow_mut()
                .model
                .push(&self.unit, QueuedEvent::PebbleReady { container });
        }
        self.set_starting(false);
        daemon.follow(&[]);
    }

    /// Until the containers are to go or one has ended by itself.
    async fn live(&self, daemon: &Rc<Daemon>) {
        let containers: Vec<Rc<Container>> = self.containers.borrow().values().cloned().collect();
        let ends = containers
            .iter()
            .map(|container| Box::pin(container.ended()));
        let ended = async {
            if containers.is_empty() {
                std::future::pending::<()>().await;
            }
            futures_util::future::select_all(ends).await;
        };
        tokio::select! {
            () = self.must_go() => {}
            () = ended => {
                let unit = &self.unit;
                daemon.say("WARNING", &format!("{unit}: a container has ended; it is started again"));
            }
        }
    }

    /// Until the containers are to go.
    async fn must_go(&self) {
        while !self.ending.get() && !self.renewing.get() {
            self.wake.notified().await;
        }
    }

    async fn stop(&self, daemon: &Rc<Daemon>) {
        let containers = self.containers.take();
        for (name, container) in containers {
            if let Err(error) = container.stop().await {
                daemon.say(
                    "ERROR",
                    &format!("{}: cannot stop `{name}`: {error}", self.unit),
                );
            }
        }
    }
}

impl Daemon {
    /// Where each container of a unit keeps what is its own, by name.
    pub(in crate::local) fn container_directories(&self, unit: &str) -> BTreeMap<String, PathBuf> {
        let directory = self.directory.unit(unit);
        self.read(|model| {
            let found = model.applications.get(application_of(unit));
            let names = found
                .into_iter()
                .flat_map(|found| found.charm.containers.keys());
            names
                .map(|name| (name.clone(), directory.join("containers").join(name)))
                .collect()
        })
    }

    /// Whether a unit's containers are on their way.
    pub(in crate::local) fn is_pod_starting(&self, unit: &str) -> bool {
        let pods = self.pods.borrow();
        pods.get(unit).is_some_and(|pod| pod.is_starting())
    }

    /// Gives a unit the charm of its application's revision, and new containers, and lets it hear of that.
    pub(in crate::local) async fn renew_unit(self: &Rc<Self>, unit: &str) -> Result<(), String> {
        self.lay_out_charm(unit)?;
        let pod = self.pods.borrow().get(unit).cloned();
        if let Some(pod) = pod {
            pod.renew().await;
        }
        self.state.borrow_mut().model.restarted(unit);
        self.follow(&[]);
        Ok(())
    }

    fn specifications(&self, unit: &str) -> Result<Vec<Specification>, String> {
        let state = self.state.borrow();
        let model = &state.model;
        let application = application_of(unit);
        let Some(found) = model.applications.get(application) else {
            return Ok(Vec::new());
        };
        let hostname = unit.replace('/', "-");
        let mut specifications = Vec::new();
        for (container, directory) in self.container_directories_of(unit, found) {
            let resource = found.charm.containers.get(&container);
            let image = resource
                .and_then(|resource| found.resources.get(resource))
                .ok_or_else(|| format!("container `{container}` has no image"))?;
            let pebble = state
                .pebble
                .clone()
                .ok_or("no Pebble is known; deploy again with `--pebble FILE`")?;
            specifications.push(Specification {
                unit: unit.into(),
                container,
                image: image.clone(),
                images: self.directory.join("images"),
                directory,
                pebble,
                hostname: hostname.clone(),
                fqdn: format!(
                    "{hostname}.{application}-endpoints.{}.svc.cluster.local",
                    model.name
                ),
            });
        }
        Ok(specifications)
    }

    fn container_directories_of(
        &self,
        unit: &str,
        application: &crate::local::model::Application,
    ) -> Vec<(String, PathBuf)> {
        let base = self.directory.unit(unit).join("containers");
        let names = application.charm.containers.keys();
        names.map(|name| (name.clone(), base.join(name))).collect()
    }
}
