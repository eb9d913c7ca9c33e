//! One HTTP request to a server of this machine.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How much of an answer is read at most, in bytes.
const SIZE: usize = 1 << 20;

/// Sends a request to an absolute `http://` URL; gives status and body.
///
/// # Errors
/// There is no connection, or none that speaks HTTP.
pub(super) async fn send(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Option<String>,
) -> io::Result<(u16, Bytes)> {
    match timeout(LIMIT, exchange(method, url, headers, body)).await {
        Ok(answer) => answer,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn exchange(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Option<String>,
) -> io::Result<(u16, Bytes)> {
    let uri: Uri = url.parse().map_err(io::Error::other)?;
    let authority = uri.authority().ok_or(io::ErrorKind::InvalidInput)?.clone();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority.as_str())
        .header(CONNECTION, "close");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(Bytes::from(body.unwrap_or_default())))
        .map_err(io::Error::other)?;
    let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends with the answer: `Connection: close`.
    tokio::task::spawn_local(async move {
        let _ = connection.await;
    });
    let answer = sender
        .send_request(request)
        .await
        .map_err(io::Error::other)?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), SIZE).collect().await;
    Ok((status, body.map_err(io::Error::other)?.to_bytes()))
}
