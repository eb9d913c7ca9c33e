//! Workload containers: namespaces of their own, a root file system laid out as in a rock, and the real Pebble.
//!
//! This file is the interface to the rest of the local model; the work is in the modules beside it.

use std::io;
use std::path::{Path, PathBuf};

/// What a container is made of.
#[derive(Clone, Debug)]
pub struct Specification {
    /// The unit, such as `web/0`.
    pub unit: String,
    /// The container's name in `metadata.yaml`, such as `app`.
    pub container: String,
    /// The resource: a project directory with a rockcraft.yaml, or a directory that is a root file system.
    pub image: PathBuf,
    /// Where built images are kept: `.charmwright/images`.
    pub images: PathBuf,
    /// A directory of this container's own (sockets, hosts file, upper layers): `.charmwright/units/web-0/app`.
    pub directory: PathBuf,
    /// The Pebble executable.
    pub pebble: PathBuf,
    /// The unit's host name inside, such as `web-0`.
    pub hostname: String,
}

/// A name and port that processes in the container can reach, and where connections really go.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Service {
    /// Names, the first is canonical: `postgresql-k8s-primary.demo.svc.cluster.local`.
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

/// Why there is no container.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image could not be laid out: the user's mistake, or a tool that failed; says which and what to do.
    #[error("{0}")]
    Image(String),
    /// The machine does not allow it; says what to enable.
    #[error("{0}")]
    Unsupported(String),
    /// Something of the operating system failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Where the charm's side finds the socket of a container: below this directory, as Juju has it.
pub const CHARM_CONTAINERS: &str = "/charm/containers";

/// The path of a container's Pebble socket on the host's side.
#[must_use]
pub fn pebble_socket(directory: &Path) -> PathBuf {
    directory.join("pebble.socket")
}
