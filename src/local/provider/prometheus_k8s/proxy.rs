//! A forward proxy into units' networks, for Prometheus alone: one request for each connection.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet, spawn_local};
use tokio::time::timeout;

use crate::local::provider::Dial;

/// How long the head of a request may be, in bytes.
const HEAD: usize = 64 * 1024;
/// How long it may take, and how long connecting may.
const PATIENCE: Duration = Duration::from_secs(10);

/// Units by the host names and addresses that they have in targets.
pub(super) type Hosts = BTreeMap<String, String>;

/// What is to be reached: units through `dial`, everything else as this machine reaches it.
type Shared = Rc<RefCell<(Hosts, Option<Dial>)>>;

/// A running proxy; it ends when this value is dropped.
pub(super) struct Proxy {
    port: u16,
    shared: Shared,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts to serve.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn start(listener: TcpListener) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let shared = Shared::default();
        let accepting = spawn_local(accept(listener, Rc::clone(&shared)));
        Ok(Self {
            port,
            shared,
            accepting,
        })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Serves this from the next request on.
    pub(super) fn set(&self, hosts: Hosts, dial: Dial) {
        *self.shared.borrow_mut() = (hosts, Some(dial));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn_local(serve(stream, Rc::clone(&shared)));
                }
                // Too many open files, mostly: others must end first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut near: TcpStream, shared: Shared) {
    let Ok(Ok((head, rest))) = timeout(PATIENCE, read_head(&mut near)).await else {
        return;
    };
    let Some(request) = Request::read(&head) else {
        let _ = near
            .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            .await;
        return;
    };
    let far = timeout(PATIENCE, connect(&shared, &request.host, request.port)).await;
    let Ok(Ok(mut far)) = far else {
        let _ = near
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")
            .await;
        return;
    };
    let begun = match &request.head {
        Some(head) => far.write_all(head.as_bytes()).await,
        None => near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await,
    };
    if begun.is_ok() && far.write_all(&rest).await.is_ok() {
        // Either end may go away at any time.
        let _ = copy_bidirectional(&mut near, &mut far).await;
    }
}

async fn connect(shared: &Shared, host: &str, port: u16) -> io::Result<TcpStream> {
    let dialled = {
        let shared = shared.borrow();
        match (shared.0.get(host), &shared.1) {
            (Some(unit), Some(dial)) => Some(dial(unit.clone(), port)),
            _ => None,
        }
    };
    match dialled {
        Some(dialled) => dialled.await,
        None => TcpStream::connect((host, port)).await,
    }
}

/// Reads up to the empty line; gives the head and what followed it.
async fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 || bytes.len() > HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        if let Some(end) = end {
            let rest = bytes.split_off(end + 4);
            let head = String::from_utf8(bytes).map_err(io::Error::other)?;
            return Ok((head, rest));
        }
    }
}

/// A request to a proxy.
#[derive(Debug, PartialEq)]
struct Request {
    host: String,
    port: u16,
    /// The head for the target; none for a tunnel.
    head: Option<String>,
}

impl Request {
    /// Reads `GET http://HOST[:PORT]/PATH HTTP/1.1` or `CONNECT HOST:PORT HTTP/1.1`, with headers. The target is told to
    /// close the connection, which Prometheus then does not use for another one.
    fn read(head: &str) -> Option<Self> {
        let (first, headers) = head.split_once("\r\n")?;
        let mut words = first.split(' ');
        let (method, url, version) = (words.next()?, words.next()?, words.next()?);
        if method == "CONNECT" {
            let (host, port) = authority(url)?;
            return Some(Self {
                host,
                port,
                head: None,
            });
        }
        let rest = url.strip_prefix("http://")?;
        let (authority_part, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = authority(authority_part)?;
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut text = format!("{method} {slash}{path} {version}\r\nConnection: close\r\n");
        for header in headers.split("\r\n").filter(|header| !header.is_empty()) {
            let name = header.split(':').next()?.to_ascii_lowercase();
            if name != "connection" && name != "proxy-connection" {
                text.push_str(header);
                text.push_str("\r\n");
            }
        }
        text.push_str("\r\n");
        Some(Self {
            host,
            port,
            head: Some(text),
        })
    }
}

/// Host and port; 80 when there is none.
fn authority(text: &str) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (text, 80),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_become_those_of_the_target() {
        let read = |text: &str| {
            let request = Request::read(text)?;
            Some((request.host, request.port, request.head.unwrap_or_default()))
        };
        assert_eq!(
            read(
                "GET http://10.1.0.5:9102/metrics?a=1 HTTP/1.1\r\nHost: 10.1.0.5:9102\r\n\
                 Proxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n"
            ),
            Some((
                "10.1.0.5".into(),
                9102,
                "GET /metrics?a=1 HTTP/1.1\r\nConnection: close\r\nHost: 10.1.0.5:9102\r\nAccept: */*\r\n\r\n"
                    .into()
            ))
        );
        assert_eq!(
            read("GET http://web.demo HTTP/1.1\r\n\r\n"),
            Some((
                "web.demo".into(),
                80,
                "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".into()
            ))
        );
        assert_eq!(
            read("CONNECT [::1]:443 HTTP/1.1\r\n\r\n"),
            Some(("::1".into(), 443, String::new()))
        );
        for wrong in [
            "",
            "GET\r\n\r\n",
            "GET /metrics HTTP/1.1\r\n\r\n",
            "GET http://:80/ HTTP/1.1\r\n\r\n",
            "GET http://a:b/ HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
