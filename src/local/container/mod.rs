//! Workload containers: namespaces of their own, a root file system laid out as in a rock, and the real Pebble.
//!
//! ```text
//! daemon ── charmwright-container start DIR      unshares namespaces, waits (`supervisor`)
//!                └─ charmwright-container root DIR   PID 1: mounts, pivots (`root_file_system`), becomes Pebble
//! ```
//!
//! Nothing here forks by hand: every step is this executable again under the name [`HELPER`], see [`helper`].
//! This file is the interface to the rest of the local model; the work is in the modules beside it.

mod accounts;
mod build;
mod charm_command;
mod error;
pub mod helper;
mod hosts;
mod image;
mod launch;
mod lifecycle;
mod machine;
mod namespaces;
mod network;
mod overlay;
mod process;
mod programs;
mod python;
mod relay;
mod root_file_system;
mod services;
mod supervisor;
mod tree;
mod user_namespace;

use std::path::{Path, PathBuf};

pub use charm_command::charm_command;
pub use error::Error;
pub use helper::{NAME as HELPER, use_executable};
pub use image::prepare_image;
pub use lifecycle::Container;
pub use process::cleanup;
pub(super) use programs::{is_program, on_path, search_path};
pub use user_namespace::enter_user_namespace;

/// What a container is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Specification {
    /// The unit, such as `web/0`.
    pub unit: String,
    /// The container's name in `metadata.yaml`, such as `app`.
    pub container: String,
    /// The image: what [`prepare_image`] made of the resource. A project directory with a rockcraft.yaml is taken as
    /// well and prepared afresh at each start, and a directory that is a root file system is taken as it is.
    pub image: PathBuf,
    /// Where built images are kept: `.charmwright/images`.
    pub images: PathBuf,
    /// A directory of this container's own (sockets, hosts file, upper layers): `.charmwright/units/web-0/app`.
    pub directory: PathBuf,
    /// The Pebble executable.
    pub pebble: PathBuf,
    /// The unit's host name inside, such as `web-0`.
    pub hostname: String,
    /// The unit's name for others, which it can resolve too: `web-0.web-endpoints.demo.svc.cluster.local`.
    pub fqdn: String,
}

/// A name and port that processes in the container can reach, and where connections really go.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Service {
    /// Names, the first is canonical: `postgresql-k8s-primary.demo.svc.cluster.local`. If that is `127.0.0.1`, the
    /// service is at that address, which needs no name.
    pub hostnames: Vec<String>,
    /// The port as seen in the container.
    pub port: u16,
    /// Where connections go.
    pub target: Target,
}

/// The far end of a [`Service`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Target {
    /// A Unix socket on the host.
    Unix(PathBuf),
    /// An address on the host.
    Tcp(std::net::SocketAddr),
    /// A port inside another unit's container.
    Unit {
        /// The unit, such as `web/1`.
        unit: String,
        /// The port in it.
        port: u16,
    },
}

/// Where the charm's side finds the socket of a container: below this directory, as Juju has it.
pub const CHARM_CONTAINERS: &str = "/charm/containers";

/// The directory of [`Specification::directory`] that the container sees as `/charm/container`.
const SHARED: &str = "shared";

/// The path of a container's Pebble socket on the host's side. It may be longer than the 107 bytes that a socket's
/// address holds: [`Container::socket`] is always short enough.
#[must_use]
pub fn pebble_socket(directory: &Path) -> PathBuf {
    directory.join(SHARED).join("pebble.socket")
}
