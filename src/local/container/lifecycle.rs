//! A container from start to stop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::error::{Error, Trying};
use super::launch::LOG;
use super::network::{Network, UNIT};
use super::process::{Record, cleanup, end_recorded};
use super::relay::{Connect, Relay, Stream, no_delay};
use super::{Service, Specification, image};
use crate::local::provider::Dial;

/// How long Pebble may take to stop its services: its own limit is 5 s for each, all at once.
const STOPPED: Duration = Duration::from_secs(10);

/// A container that runs, or ran: all methods take `&self`, so that a handle can be shared within its thread.
///
/// It belongs to the thread that started it, in a `tokio::task::LocalSet`, and ends with that thread: the kernel kills
/// it when the daemon is gone, whatever the reason.
#[derive(Debug)]
pub struct Container {
    inner: Rc<Inner>,
}

/// The shared side of a handle.
pub(super) struct Inner {
    pub(super) specification: Specification,
    pub(super) image: image::Image,
    pub(super) dial: Dial,
    /// Keeps the socket reachable by a short name.
    pub(super) shared: RefCell<Option<File>>,
    pub(super) running: RefCell<Option<Running>>,
    pub(super) services: RefCell<Vec<Service>>,
    pub(super) addresses: RefCell<BTreeMap<String, Ipv4Addr>>,
    pub(super) next_address: Cell<u16>,
    pub(super) published: RefCell<BTreeMap<u16, (SocketAddr, Relay)>>,
}

/// What there is of a container while it runs.
pub(super) struct Running {
    pub(super) record: Record,
    pub(super) network: Network,
    pub(super) ended: watch::Receiver<bool>,
    pub(super) relays: BTreeMap<Service, Relay>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Inner")
            .field("specification", &self.specification)
            .finish_non_exhaustive()
    }
}

impl Container {
    /// Starts a container and waits until its Pebble answers. What an earlier daemon left in the directory goes
    /// first. `dial` reaches other units, for [`Target::Unit`](super::Target::Unit).
    ///
    /// # Errors
    /// Every [`Error`]; then nothing is left running.
    pub async fn start(specification: Specification, dial: Dial) -> Result<Self, Error> {
        let mut specification = specification;
        specification.directory = absolute(&specification.directory)?;
        let image = image::resolve(&specification.image, &specification.images).await?;
        let container = Self {
            inner: Rc::new(Inner {
                specification,
                image,
                dial,
                shared: RefCell::default(),
                running: RefCell::default(),
                services: RefCell::default(),
                addresses: RefCell::default(),
                next_address: Cell::new(1),
                published: RefCell::default(),
            }),
        };
        container.inner.run().await?;
        Ok(container)
    }

    /// What it was started with.
    #[must_use]
    pub fn specification(&self) -> &Specification {
        &self.inner.specification
    }

    /// The path of Pebble's socket, short enough for a socket's address; good in this process only.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.inner.socket()
    }

    /// The file with what Pebble and the services print; it begins anew at each start.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.inner.specification.directory.join(LOG)
    }

    /// Connects to a port inside, at the unit's own address (not `localhost`, as in a pod).
    ///
    /// # Errors
    /// Refused when nothing listens there, `NotConnected` when the container does not run.
    pub async fn dial(&self, port: u16) -> io::Result<TcpStream> {
        self.inner.dial_inside(port).await
    }

    /// Makes exactly these services reachable inside. Those that are there already keep their connections; they
    /// outlive a restart. A host name keeps its address for good.
    ///
    /// # Errors
    /// When the hosts file cannot be written, or a port is taken, such as by two services of one name and port.
    pub async fn set_services(&self, services: &[Service]) -> Result<(), Error> {
        *self.inner.services.borrow_mut() = services.to_vec();
        self.inner.serve().await
    }

    /// A port of 127.0.0.1 on the machine whose connections go to the port inside; the same one each time, also after
    /// a restart.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn publish(&self, port: u16) -> io::Result<SocketAddr> {
        if let Some((address, _)) = self.inner.published.borrow().get(&port) {
            return Ok(*address);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let inner: Weak<Inner> = Rc::downgrade(&self.inner);
        let connect: Connect = Rc::new(move || {
            let inner = inner.clone();
            Box::pin(async move {
                let inner = inner.upgrade().ok_or(io::ErrorKind::NotConnected)?;
                let stream: Box<dyn Stream> = Box::new(inner.dial_inside(port).await?);
                Ok(stream)
            })
        });
        self.inner
            .published
            .borrow_mut()
            .insert(port, (address, Relay::start(listener, connect)));
        Ok(address)
    }

    /// Whether Pebble runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        let running = self.inner.running.borrow();
        running
            .as_ref()
            .is_some_and(|running| !*running.ended.borrow())
    }

    /// Waits until Pebble has ended, for whatever reason; at once when it does not run.
    pub async fn ended(&self) {
        let ended = self
            .inner
            .running
            .borrow()
            .as_ref()
            .map(|running| running.ended.clone());
        if let Some(mut ended) = ended {
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    /// A new container in the place of this one, as when a pod is made anew: a fresh file system and boot-id, the same
    /// image, names, services and published ports.
    ///
    /// # Errors
    /// As [`Container::start`]; then the container is stopped.
    pub async fn restart(&self) -> Result<(), Error> {
        self.inner.stop().await?;
        self.inner.run().await
    }

    /// Stops Pebble and with it everything inside, killing what does not stop in 10 s. Published ports close. Does
    /// nothing when it is stopped already.
    ///
    /// # Errors
    /// When something of it cannot be removed.
    pub async fn stop(&self) -> Result<(), Error> {
        self.inner.published.borrow_mut().clear();
        self.inner.stop().await?;
        self.inner.shared.borrow_mut().take();
        cleanup(&self.inner.specification.directory)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(running) = self.running.get_mut() {
            let _ = running.record.pebble.signal(Signal::SIGKILL);
        }
    }
}

impl Inner {
    pub(super) fn socket(&self) -> PathBuf {
        match &*self.shared.borrow() {
            Some(shared) => PathBuf::from(format!(
                "/proc/self/fd/{}/pebble.socket",
                shared.as_raw_fd()
            )),
            None => super::pebble_socket(&self.specification.directory),
        }
    }

    async fn dial_inside(&self, port: u16) -> io::Result<TcpStream> {
        let network = self
            .running
            .borrow()
            .as_ref()
            .map(|running| running.network.clone());
        let network = network.ok_or(io::ErrorKind::NotConnected)?;
        Ok(no_delay(network.connect((UNIT, port).into()).await?))
    }

    pub(super) async fn stop(&self) -> Result<(), Error> {
        let running = self.running.borrow_mut().take();
        if let Some(Running {
            record,
            mut ended,
            relays,
            network,
        }) = running
        {
            for signal in [Signal::SIGTERM, Signal::SIGKILL] {
                record
                    .pebble
                    .signal(signal)
                    .trying(|| "stop Pebble".into())?;
                if timeout(STOPPED, ended.wait_for(|ended| *ended))
                    .await
                    .is_ok()
                {
                    break;
                }
            }
            // Until here, so that the app could still say goodbye to its database.
            drop((relays, network));
        }
        end_recorded(&self.specification.directory)
    }
}

/// The path from the root.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).trying(|| format!("find `{}`", path.display()))
}
