//! The reverse proxy: HTTP/1.1 in, HTTP/1.1 out, one connection to a unit for each request.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1 as client;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::headers;
use super::route::Table;
use crate::local::provider::Dial;

/// The charm's `proxy-connect-timeout`.
const CONNECT: Duration = Duration::from_secs(5);
/// The charm's `proxy-read-timeout`, for the head of the answer.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a client may take for the head of its request.
const HEAD: Duration = Duration::from_secs(60);
/// How long a head may be, in bytes.
const HEAD_SIZE: usize = 128 * 1024;

/// Any body that passes through.
type Passing = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A running proxy; it ends when this value is dropped.
pub(super) struct Proxy {
    shared: Rc<Shared>,
    port: u16,
}

struct Shared {
    table: RefCell<Rc<Table>>,
    dial: RefCell<Dial>,
    tasks: RefCell<JoinSet<()>>,
    port: u16,
}

impl Proxy {
    /// Starts to serve.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn start(listener: TcpListener, dial: Dial) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let shared = Rc::new(Shared {
            table: RefCell::default(),
            dial: RefCell::new(dial),
            tasks: RefCell::default(),
            port,
        });
        let accepting = accept(listener, Rc::clone(&shared));
        shared.tasks.borrow_mut().spawn_local(accepting);
        Ok(Self { shared, port })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Serves this from the next request on.
    pub(super) fn set(&self, table: Table, dial: Dial) {
        *self.shared.table.borrow_mut() = Rc::new(table);
        *self.shared.dial.borrow_mut() = dial;
    }

    /// Ends every connection.
    pub(super) async fn stop(self) {
        let mut tasks = std::mem::take(&mut *self.shared.tasks.borrow_mut());
        tasks.shutdown().await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The tasks hold what holds them.
        self.shared.tasks.borrow_mut().abort_all();
    }
}

async fn accept(listener: TcpListener, shared: Rc<Shared>) {
    loop {
        let Ok((stream, client)) = listener.accept().await else {
            // Too many open files, mostly: others must end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let connection = serve(stream, client, Rc::clone(&shared));
        let mut tasks = shared.tasks.borrow_mut();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_local(connection);
    }
}

async fn serve(stream: TcpStream, client: SocketAddr, shared: Rc<Shared>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = Rc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, client, &shared).await) }
    });
    let connection = server::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // A client that goes away is no news.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    client: SocketAddr,
    shared: &Rc<Shared>,
) -> Response<Passing> {
    match forward(request, client, shared).await {
        Ok(response) => response,
        Err((status, line)) => {
            let mut response = Response::new(
                Full::from(format!("{line}\n"))
                    .map_err(Into::into)
                    .boxed_unsync(),
            );
            *response.status_mut() = status;
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, text);
            response
        }
    }
}

async fn forward(
    mut request: Request<Incoming>,
    client: SocketAddr,
    shared: &Rc<Shared>,
) -> Result<Response<Passing>, (StatusCode, String)> {
    let table = Rc::clone(&shared.table.borrow());
    let dial = shared.dial.borrow().clone();
    if table.routes.is_empty() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, table.reason.clone()));
    }
    let host = host(&request);
    let route = table.find(&host, request.uri().path()).ok_or_else(|| {
        let line = format!(
            "no route for this host and path; the host served here is `{}`",
            table.hostname
        );
        (StatusCode::NOT_FOUND, line)
    })?;
    let target = route.target(request.uri().path(), request.uri().query());
    let target: Uri = target.parse().map_err(|_| {
        (
            StatusCode::BAD_REQUEST,
            "the path cannot be rewritten".to_owned(),
        )
    })?;
    let upgrade = headers::remove_hop_by_hop(request.headers_mut());
    headers::set_forwarded(request.headers_mut(), client, shared.port);
    if let Some(protocol) = &upgrade {
        headers::set_upgrade(request.headers_mut(), protocol.clone());
    }
    let asked = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    parts.uri = target;
    parts.version = Version::HTTP_11;
    // What was sent to a unit cannot be taken back, unless it has no body and changes nothing.
    let repeatable = body.is_end_stream()
        && matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let mut body = Some(body);
    let mut failure = "there is none".to_owned();
    for unit in route.units_in_turn() {
        let stream = match timeout(CONNECT, dial(unit.clone(), route.port)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                failure = format!("{unit}: {error}");
                continue;
            }
            Err(_) => {
                failure = format!("{unit}: no connection in {} s", CONNECT.as_secs());
                continue;
            }
        };
        let sent: Passing = match body.take() {
            Some(body) => body.map_err(Into::into).boxed_unsync(),
            None => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        };
        let request = Request::from_parts(parts.clone(), sent);
        match timeout(ANSWER, exchange(stream, request, shared)).await {
            Ok(Ok(response)) => return Ok(pass_back(response, asked, shared)),
            Ok(Err(_)) if repeatable => failure = format!("{unit}: it closed the connection"),
            Ok(Err(_)) => {
                let line = format!("`{unit}` closed the connection before it answered");
                return Err((StatusCode::BAD_GATEWAY, line));
            }
            Err(_) => {
                let line = format!("`{unit}` did not answer in {} s", ANSWER.as_secs());
                return Err((StatusCode::GATEWAY_TIMEOUT, line));
            }
        }
    }
    let line = format!(
        "no unit of `{}` answers on port {} ({failure})",
        route.application, route.port
    );
    Err((StatusCode::BAD_GATEWAY, line))
}

/// The host that the client wants: of the URI when it is absolute, else the header.
fn host(request: &Request<Incoming>) -> String {
    let header = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let authority = request
        .uri()
        .authority()
        .map(hyper::http::uri::Authority::as_str);
    authority.or(header).unwrap_or_default().to_owned()
}

async fn exchange(
    stream: TcpStream,
    request: Request<Passing>,
    shared: &Rc<Shared>,
) -> Result<Response<Incoming>, hyper::Error> {
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    shared.tasks.borrow_mut().spawn_local(async move {
        let _ = connection.with_upgrades().await;
    });
    sender.send_request(request).await
}

fn pass_back(
    mut response: Response<Incoming>,
    asked: Option<hyper::upgrade::OnUpgrade>,
    shared: &Rc<Shared>,
) -> Response<Passing> {
    let upgrade = headers::remove_hop_by_hop(response.headers_mut());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let (Some(asked), Some(protocol)) = (asked, upgrade)
    {
        headers::set_upgrade(response.headers_mut(), protocol);
        let granted = hyper::upgrade::on(&mut response);
        shared.tasks.borrow_mut().spawn_local(async move {
            if let (Ok(asked), Ok(granted)) = (asked.await, granted.await) {
                let (mut near, mut far) = (TokioIo::new(asked), TokioIo::new(granted));
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
    *response.version_mut() = Version::HTTP_11;
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}
