//! A container from start to stop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::{Rc, Weak};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::error::{Error, Trying};
use super::hosts::hosts;
use super::network::{Network, UNIT};
use super::overlay::make_directory;
use super::process::{Process, Record, cleanup, end_recorded};
use super::relay::{Connect, Relay, Stream, connect_to, no_delay};
use super::root_file_system::{HOSTS, STAGE};
use super::supervisor::{Report, Setup};
use super::{SHARED, Service, Specification, helper, image};
use crate::local::provider::Dial;

/// What Pebble and the app's services print.
const LOG: &str = "pebble.log";
/// How long a container may take until its Pebble answers.
const STARTED: Duration = Duration::from_secs(30);
/// How long Pebble may take to stop its services: its own limit is 5 s for each, all at once.
const STOPPED: Duration = Duration::from_secs(10);
/// How often the socket is tried while Pebble starts.
const TRY: Duration = Duration::from_millis(2);

/// A container that runs, or ran: all methods take `&self`, so that a handle can be shared within its thread.
///
/// It belongs to the thread that started it, in a `tokio::task::LocalSet`, and ends with that thread: the kernel kills
/// it when the daemon is gone, whatever the reason.
#[derive(Debug)]
pub struct Container {
    inner: Rc<Inner>,
}

struct Inner {
    specification: Specification,
    image: image::Image,
    dial: Dial,
    /// Keeps the socket reachable by a short name.
    shared: RefCell<Option<File>>,
    running: RefCell<Option<Running>>,
    services: RefCell<Vec<Service>>,
    addresses: RefCell<BTreeMap<String, Ipv4Addr>>,
    next_address: Cell<u16>,
    published: RefCell<BTreeMap<u16, (SocketAddr, Relay)>>,
}

struct Running {
    record: Record,
    network: Network,
    ended: watch::Receiver<bool>,
    relays: BTreeMap<Service, Relay>,
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
    fn socket(&self) -> PathBuf {
        match &*self.shared.borrow() {
            Some(shared) => PathBuf::from(format!(
                "/proc/self/fd/{}/pebble.socket",
                shared.as_raw_fd()
            )),
            None => super::pebble_socket(&self.specification.directory),
        }
    }

    async fn run(self: &Rc<Self>) -> Result<(), Error> {
        let directory = &self.specification.directory;
        end_recorded(directory)?;
        // A hook that runs meanwhile has the shared directory mounted, so it is emptied and not replaced.
        let shared = directory.join(SHARED);
        make_directory(&shared)?;
        empty(&shared).trying(|| format!("empty `{}`", shared.display()))?;
        for path in [directory.join(STAGE), shared.join("pebble")] {
            make_directory(&path)?;
        }
        *self.shared.borrow_mut() =
            Some(File::open(&shared).trying(|| format!("open `{}`", shared.display()))?);
        fs::write(directory.join(HOSTS), self.hosts()).trying(|| "write the hosts file".into())?;
        Setup {
            daemon: std::process::id(),
            container: self.specification.container.clone(),
            hostname: self.specification.hostname.clone(),
            pebble: absolute(&self.specification.pebble)?,
            layout: self.image.layout(&self.specification),
        }
        .write(directory)?;
        let result = timeout(STARTED, self.launch())
            .await
            .unwrap_or_else(|_| Err(self.pebble_error("does not answer")));
        if result.is_err() {
            self.stop().await?;
            cleanup(directory)?;
        }
        result
    }

    /// Starts the supervisor, hears that Pebble runs and waits until it answers.
    async fn launch(self: &Rc<Self>) -> Result<(), Error> {
        let directory = &self.specification.directory;
        let log = File::create(directory.join(LOG))
            .trying(|| format!("write `{}`", directory.join(LOG).display()))?;
        let mut command = tokio::process::Command::from(helper::command());
        command
            .arg("start")
            .arg(directory)
            .env_clear()
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .trying(|| "start the process of a container".into())?;
        let mut said = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout
                .read_to_end(&mut said)
                .await
                .trying(|| "hear from the process of a container".into())?;
        }
        let mut pid = None;
        for line in said.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Report::Pid(number)) => pid = Some(number),
                Ok(Report::Unsupported(text)) => return Err(Error::Unsupported(text)),
                Ok(Report::Failed(text)) => return Err(self.pebble_error(&text)),
                Err(_) => {}
            }
        }
        let (Some(pid), Some(supervisor)) = (pid, child.id()) else {
            return Err(self.pebble_error("did not start"));
        };
        let found = Process::find(pid).and_then(|pebble| {
            let supervisor = Process::find(supervisor.cast_signed())?;
            let network = Network::of(pid)?;
            Ok((Record { pebble, supervisor }, network))
        });
        let Ok((record, network)) = found else {
            return Err(self.pebble_error("ended at once"));
        };
        record
            .write(directory)
            .trying(|| "note the container's process".into())?;
        let mut ended = watch(child);
        *self.running.borrow_mut() = Some(Running {
            record,
            network,
            ended: ended.clone(),
            relays: BTreeMap::new(),
        });
        self.serve().await?;
        tokio::select! {
            biased;
            _ = ended.wait_for(|ended| *ended) => Err(self.pebble_error("ended at once")),
            () = answers(self.socket()) => Ok(()),
        }
    }

    fn pebble_error(&self, what: &str) -> Error {
        let text = fs::read(self.specification.directory.join(LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        Error::Pebble {
            container: self.specification.container.clone(),
            what: match last {
                Some(last) => format!("{what}: {last}"),
                None => what.to_owned(),
            },
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

    /// The address of the host names, the same each time.
    fn address(&self, service: &Service) -> Ipv4Addr {
        let name = service.hostnames.first().cloned().unwrap_or_default();
        *self.addresses.borrow_mut().entry(name).or_insert_with(|| {
            let next = self.next_address.get();
            self.next_address.set(next.wrapping_add(1).max(1));
            let [high, low] = next.to_be_bytes();
            Ipv4Addr::new(127, 1, high, low)
        })
    }

    fn hosts(&self) -> String {
        let services = self.services.borrow();
        let mut lines: BTreeMap<Ipv4Addr, Vec<String>> = BTreeMap::new();
        for service in services
            .iter()
            .filter(|service| !service.hostnames.is_empty())
        {
            let names = lines.entry(self.address(service)).or_default();
            for name in &service.hostnames {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        hosts(
            &self.specification.hostname,
            &self.specification.fqdn,
            lines
                .iter()
                .map(|(address, names)| (*address, names.as_slice())),
        )
    }

    /// Makes the inside agree with the wanted services.
    async fn serve(&self) -> Result<(), Error> {
        rewrite(&self.specification.directory.join(HOSTS), &self.hosts())
            .trying(|| "write the hosts file".into())?;
        let stale: Vec<Relay> = {
            let services = self.services.borrow();
            let mut running = self.running.borrow_mut();
            let relays = running.as_mut().map(|running| &mut running.relays);
            relays.map_or_else(Vec::new, |relays| {
                let (kept, stale) = std::mem::take(relays)
                    .into_iter()
                    .partition(|(service, _)| services.contains(service));
                *relays = kept;
                let stale: BTreeMap<Service, Relay> = stale;
                stale.into_values().collect()
            })
        };
        for relay in stale {
            relay.stop().await;
        }
        let services = self.services.borrow();
        let mut running = self.running.borrow_mut();
        let Some(running) = running.as_mut() else {
            return Ok(());
        };
        let mut failed = Ok(());
        for service in services.iter() {
            if running.relays.contains_key(service) {
                continue;
            }
            let address = SocketAddr::from((self.address(service), service.port));
            let listener = running.network.listen(address).trying(|| {
                let name = service.hostnames.first().map_or("", String::as_str);
                format!(
                    "listen on port {} of `{name}` in `{}`",
                    service.port, self.specification.unit
                )
            });
            match listener {
                Ok(listener) => {
                    let relay = Relay::start(listener, connect_to(service, &self.dial));
                    running.relays.insert(service.clone(), relay);
                }
                // The others can be had all the same.
                Err(error) => failed = failed.and(Err(error)),
            }
        }
        failed
    }

    async fn stop(&self) -> Result<(), Error> {
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

/// Waits for the supervisor in the background.
fn watch(mut child: Child) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    spawn_local(async move {
        let _ = child.wait().await;
        let _ = sender.send(true);
    });
    receiver
}

/// Returns once Pebble answers at the socket.
async fn answers(socket: PathBuf) {
    let ask = async || -> io::Result<bool> {
        let mut stream = UnixStream::connect(&socket).await?;
        stream
            .write_all(b"GET /v1/system-info HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok(answer.ends_with(b" 200"))
    };
    while !ask().await.unwrap_or(false) {
        tokio::time::sleep(TRY).await;
    }
}

/// Writes the file in place, since it is mounted elsewhere, with one write so that no reader sees half of it.
fn rewrite(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path)? == text {
        return Ok(());
    }
    let mut file = File::options().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if fs::symlink_metadata(&path)?.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).trying(|| format!("find `{}`", path.display()))
}
