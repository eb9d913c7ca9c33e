//! The client: what every call goes through.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::changes::ChangeId;
use super::envelope::{self, Answer};
use super::error::Error;
use super::request::Request;
use super::transport::Transport;

/// How long to wait for a daemon that may be dead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// For one plain request, from connecting to the last byte of the answer. Also how much longer than
    /// agreed a request that waits in the daemon may take.
    pub request: Duration,
    /// For file contents and work on whole trees: without any progress for so long.
    pub transfer: Duration,
    /// The most that [`Client::read_files`] keeps in memory, in bytes.
    pub in_memory: usize,
}

impl Default for Limits {
    /// 5 seconds for a request, 30 for a transfer, 256 MiB in memory.
    fn default() -> Self {
        Self {
            request: Duration::from_secs(5),
            transfer: Duration::from_secs(30),
            in_memory: 256 << 20,
        }
    }
}

/// A client of one Pebble daemon.
///
/// Making or cloning one does no I/O. Clones share a connection, which is opened at the first call and
/// kept for the next. Calls need a tokio runtime with I/O and time enabled; they can be dropped at any
/// moment and may run concurrently.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) transport: Arc<Transport>,
    pub(super) limits: Limits,
    socket: PathBuf,
}

impl Client {
    /// A client for the daemon behind `socket`.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self::with_limits(socket, Limits::default())
    }

    /// A client with other limits.
    #[must_use]
    pub fn with_limits(socket: impl Into<PathBuf>, limits: Limits) -> Self {
        let socket = socket.into();
        Self {
            transport: Arc::new(Transport::new(socket.clone())),
            limits,
            socket,
        }
    }

    /// The socket this client speaks to.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Sends a request and reads the envelope of the answer.
    pub(super) async fn call(&self, request: &Request) -> Result<Answer, Error> {
        self.call_within(request, self.limits.request).await
    }

    /// The same, with another limit.
    pub(super) async fn call_within(
        &self,
        request: &Request,
        limit: Duration,
    ) -> Result<Answer, Error> {
        let response = self.transport.exchange(request, limit).await?;
        envelope::decode(response.status(), response.body())
    }

    /// Sends a request that is answered at once.
    pub(super) async fn sync<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        self.call(request).await?.into_result()
    }

    /// Sends a request whose answer says nothing but that it was done.
    pub(super) async fn done(&self, request: &Request) -> Result<(), Error> {
        self.sync::<Value>(request).await.map(|_| ())
    }

    /// Sends a request that begins a change.
    pub(super) async fn change_of(&self, request: &Request) -> Result<ChangeId, Error> {
        let (change, _) = self.call(request).await?.into_change()?;
        Ok(ChangeId::from(change))
    }
}
