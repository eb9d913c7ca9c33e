//! The wire: connections over the Unix socket, bounded in time.

use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::{Error, Unreachable, UnreachableCause};
use super::request::Request;

/// The longest JSON answer that is read, in bytes: many times what Pebble ever says.
const MAX_ANSWER: usize = 64 << 20;

/// The socket, and one idle connection to it if there is one.
#[derive(Debug)]
pub(super) struct Transport {
    socket: PathBuf,
    idle: Mutex<Option<Connection>>,
}

/// A connection that can carry one request at a time.
#[derive(Debug)]
struct Connection {
    sender: SendRequest<Body>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub(super) struct Reply {
    pub response: Response<Incoming>,
    connection: Connection,
}

impl Reply {
    /// The body, and what keeps the connection open while it is read.
    pub fn into_parts(self) -> (Incoming, Lease) {
        (
            self.response.into_body(),
            Lease {
                _connection: self.connection,
            },
        )
    }
}

/// Keeps a connection open.
#[derive(Debug)]
pub(super) struct Lease {
    _connection: Connection,
}

impl Transport {
    pub fn new(socket: PathBuf) -> Self {
        Self {
            socket,
            idle: Mutex::new(None),
        }
    }

    /// Sends `request` and reads the whole answer, all within `limit`.
    pub async fn exchange(
        &self,
        request: &Request,
        limit: Duration,
    ) -> Result<Response<Bytes>, Error> {
        self.within(limit, async {
            let reply = self.send(request).await?;
            self.read_to_end(reply, MAX_ANSWER).await
        })
        .await
    }

    /// Sends `request` and returns when the head of the answer is there, without a limit of its own.
    ///
    /// The idle connection is used if there is one. When it turns out to be dead, a fresh one is tried if
    /// the request was certainly not acted upon or may be repeated.
    pub async fn send(&self, request: &Request) -> Result<Reply, Error> {
        if let Some(mut connection) = self.take_idle()
            && connection.sender.ready().await.is_ok()
        {
            let prepared = prepare(request, Body::full(request.body.clone()))?;
            match connection.sender.try_send_request(prepared).await {
                Ok(response) => {
                    return Ok(Reply {
                        response,
                        connection,
                    });
                }
                Err(mut error) => {
                    let unsent = error.take_message().is_some();
                    if !unsent && !request.is_safe_to_repeat() {
                        return Err(self.lost(&error.into_error()));
                    }
                }
            }
        }
        self.send_body(request, Body::full(request.body.clone()))
            .await
    }

    /// Sends `request` with a body that is still being written, over a connection of its own.
    pub async fn send_body(&self, request: &Request, body: Body) -> Result<Reply, Error> {
        let mut connection = self.open().await?;
        let prepared = prepare(request, body)?;
        let response = connection
            .sender
            .send_request(prepared)
            .await
            .map_err(|error| self.lost(&error))?;
        Ok(Reply {
            response,
            connection,
        })
    }

    /// Reads the rest of an answer, at most `most` bytes, and keeps the connection for the next request.
    pub async fn read_to_end(&self, reply: Reply, most: usize) -> Result<Response<Bytes>, Error> {
        let Reply {
            response,
            connection,
        } = reply;
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        while let Some(data) = self.next_data(&mut incoming).await? {
            if body.len() + data.len() > most {
                return Err(Error::protocol(format!(
                    "the answer is longer than {most} bytes"
                )));
            }
            body.extend_from_slice(&data);
        }
        self.keep(connection);
        Ok(Response::from_parts(head, Bytes::from(body)))
    }

    /// The next piece of an answer's body.
    pub async fn next_data(&self, incoming: &mut Incoming) -> Result<Option<Bytes>, Error> {
        loop {
            let frame =
                std::future::poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context));
            match frame.await {
                None => return Ok(None),
                Some(Err(error)) => return Err(self.lost(&error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// A bare connection, for what is not plain HTTP.
    pub async fn connect(&self) -> Result<UnixStream, Error> {
        connect(&self.socket)
            .await
            .map_err(|error| Unreachable::connecting(self.socket.clone(), error).into())
    }

    /// Runs `work`, and calls Pebble silent when `limit` passes first.
    pub async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(self.unreachable(UnreachableCause::Silent(limit))),
        }
    }

    /// The connection ended before its time.
    pub fn cut(&self) -> Error {
        self.unreachable(UnreachableCause::Cut)
    }

    /// Tells nonsense from a lost connection.
    pub fn lost(&self, error: &hyper::Error) -> Error {
        let nonsense = error.is_parse() || {
            let source = std::error::Error::source(error)
                .and_then(|source| source.downcast_ref::<io::Error>())
                .map(io::Error::kind);
            matches!(
                source,
                Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            )
        };
        if nonsense {
            Error::protocol(format!("not HTTP: {error}"))
        } else {
            self.cut()
        }
    }

    fn unreachable(&self, cause: UnreachableCause) -> Error {
        Error::Unreachable(Unreachable {
            socket: self.socket.clone(),
            cause,
        })
    }

    async fn open(&self) -> Result<Connection, Error> {
        let stream = self.connect().await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.lost(&error))?;
        let driver = tokio::spawn(async move {
            // Its failure reaches the caller through the sender.
            let _ = connection.await;
        });
        Ok(Connection { sender, driver })
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
            .filter(|connection| !connection.sender.is_closed())
    }

    fn keep(&self, connection: Connection) {
        if !connection.sender.is_closed() {
            *self
                .idle
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(connection);
        }
    }
}

/// Connects to a socket, also to one whose path is longer than an address can hold (107 bytes).
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    if socket.as_os_str().len() < 108 {
        return UnixStream::connect(socket).await;
    }
    let (Some(directory), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let directory = std::fs::File::open(directory)?;
    let short = Path::new("/proc/self/fd")
        .join(directory.as_raw_fd().to_string())
        .join(name);
    UnixStream::connect(short).await
}

fn prepare(request: &Request, body: Body) -> Result<hyper::Request<Body>, Error> {
    let mut builder = hyper::Request::builder()
        .method(request.method.clone())
        .uri(&request.target)
        .header(header::HOST, "localhost")
        .header(header::ACCEPT, request.accept);
    if let Some(content_type) = &request.content_type {
        builder = builder.header(header::CONTENT_TYPE, content_type);
    }
    builder
        .body(body)
        .map_err(|error| Error::protocol(format!("not a request: {error}")))
}

/// The body of a request: in memory, or fed piece by piece.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it; `None` when it has been sent.
    Full(Option<Bytes>),
    /// Pieces as they come.
    Fed(mpsc::Receiver<Piece>),
}

/// A piece of a body that is fed.
#[derive(Debug)]
pub(super) enum Piece {
    /// Some of it.
    Data(Bytes),
    /// There is no more. A feed that ends otherwise breaks the request off.
    End,
}

impl Body {
    pub fn full(bytes: Bytes) -> Self {
        Self::Full((!bytes.is_empty()).then_some(bytes))
    }
}

/// A feed that ended in the middle.
#[derive(Debug, thiserror::Error)]
#[error("the request was broken off")]
pub(super) struct BrokenOff;

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Fed(pieces) => match std::task::ready!(pieces.poll_recv(context)) {
                Some(Piece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::End) => Poll::Ready(None),
                None => Poll::Ready(Some(Err(BrokenOff))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Fed(_) => SizeHint::default(),
        }
    }
}
