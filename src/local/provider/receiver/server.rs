//! A small HTTP/1.1 server.

use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet, spawn_local};

/// The longest body, in bytes: Loki's and the OpenTelemetry collector's limits are below.
const BODY: usize = 32 << 20;
/// How long a client may take for the head of its request.
const HEAD: Duration = Duration::from_secs(60);

/// What a receiver sees of a request.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    /// As it stands behind the `?`.
    pub(super) query: String,
    /// Without parameters, in lower case.
    pub(super) content_type: String,
    pub(super) content_encoding: String,
    pub(super) body: Bytes,
}

impl Request {
    /// The parameter of the query, decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        let (_, value) = pairs.find(|(key, _)| key == name)?;
        Some(value.into_owned())
    }
}

/// An answer.
pub(super) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
}

impl Reply {
    /// Text for a person.
    pub(super) fn text(text: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "text/plain; charset=utf-8",
            body: text.into(),
        }
    }

    /// JSON.
    pub(super) fn json(value: &serde_json::Value) -> Self {
        Self {
            content_type: "application/json",
            ..Self::text(value.to_string())
        }
    }

    /// Nothing, in the type of the request.
    pub(super) fn empty(content_type: &'static str) -> Self {
        Self {
            content_type,
            ..Self::text("")
        }
    }

    /// An answer of another status, with one line.
    pub(super) fn status(status: StatusCode, line: &str) -> Self {
        Self {
            status,
            ..Self::text(format!("{line}\n"))
        }
    }

    /// Nothing is there.
    pub(super) fn not_found() -> Self {
        Self::status(StatusCode::NOT_FOUND, "not found")
    }
}

/// Answers requests; it is called on the server's thread and must not take long.
type Answer = Rc<dyn Fn(&Request) -> Reply>;

/// A running server; it ends when this value is dropped.
pub(super) struct Server {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn start(listener: TcpListener, answer: Answer) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let accepting = spawn_local(accept(listener, answer));
        Ok(Self { port, accepting })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection.
    pub(super) async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, answer: Answer) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn_local(serve(stream, Rc::clone(&answer)));
                }
                // Too many open files, mostly: others must end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, answer: Answer) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let answer = Rc::clone(&answer);
        async move {
            let reply = match read(request).await {
                Some(request) => answer(&request),
                None => Reply::status(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"),
            };
            let mut response = Response::new(Full::new(reply.body));
            *response.status_mut() = reply.status;
            let content_type = HeaderValue::from_static(reply.content_type);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            Ok::<_, Infallible>(response)
        }
    });
    // A client that goes away is no news.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn read(request: hyper::Request<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let header = |name: HeaderName| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.unwrap_or_default().split(';').next();
        value.unwrap_or_default().trim().to_ascii_lowercase()
    };
    let body = Limited::new(body, BODY).collect().await.ok()?.to_bytes();
    Some(Request {
        path: head.uri.path().into(),
        query: head.uri.query().unwrap_or_default().into(),
        content_type: header(CONTENT_TYPE),
        content_encoding: header(CONTENT_ENCODING),
        method: head.method,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        for (query, expected) in [
            ("", None),
            ("other=1", None),
            ("a=1&query=", Some("")),
            (
                "query=%7Bjuju_unit%3D%22web%2F0%22%7D&query=x",
                Some("{juju_unit=\"web/0\"}"),
            ),
            ("query=a+b%", Some("a b%")),
            ("query=%zz%4", Some("%zz%4")),
            ("query=%C3%A9%FF", Some("é\u{fffd}")),
        ] {
            let request = Request {
                method: Method::GET,
                path: "/".into(),
                query: query.into(),
                content_type: String::new(),
                content_encoding: String::new(),
                body: Bytes::new(),
            };
            assert_eq!(request.parameter("query").as_deref(), expected, "{query}");
        }
    }
}
