//! The web sockets of a command (RFC 6455, over connections of their own).

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{SplitSink, SplitStream};
use hyper::StatusCode;
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::pebble::client::Client;
use crate::pebble::envelope;
use crate::pebble::error::Error;
use crate::percent::percent_encode;

/// A connected socket.
pub(super) type Socket = WebSocketStream<UnixStream>;
/// Its sending half.
pub(super) type Sender = SplitSink<Socket, Message>;
/// Its receiving half.
pub(super) type Receiver = SplitStream<Socket>;

/// The largest message that is taken, in bytes: Pebble sends at most 128 KiB.
const MAX_MESSAGE: usize = 16 << 20;

/// The text that ends a stream, in either direction.
pub(super) const END: &str = r#"{"command":"end"}"#;

/// Connects one of the sockets of a task, within the limit for a request.
pub(super) async fn connect(client: &Client, task: &str, name: &str) -> Result<Socket, Error> {
    let url = format!(
        "ws://localhost/v1/tasks/{}/websocket/{name}",
        percent_encode(task)
    );
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    client
        .transport
        .within(client.limits.request, async {
            let stream = client.transport.connect().await?;
            match client_async_with_config(url, stream, Some(config)).await {
                Ok((socket, _)) => Ok(socket),
                Err(error) => Err(failure(client, error)),
            }
        })
        .await
}

/// What a socket's error means.
pub(super) fn failure(client: &Client, error: SocketError) -> Error {
    match error {
        SocketError::Http(response) => {
            let status =
                StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
            let body = response.into_body().unwrap_or_default();
            match envelope::decode(status, &body) {
                Err(error) => error,
                Ok(_) => Error::protocol("no web socket was opened"),
            }
        }
        SocketError::Io(_)
        | SocketError::ConnectionClosed
        | SocketError::AlreadyClosed
        | SocketError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::HandshakeIncomplete
            | tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => client.transport.cut(),
        other => Error::protocol(format!("not a web socket: {other}")),
    }
}

/// What a receiving half brings.
pub(super) enum Received {
    /// Some output.
    Data(Bytes),
    /// The end of it.
    End,
}

/// The next output; [`Error::Unreachable`] when the socket closes before the end was said.
pub(super) async fn receive(client: &Client, receiver: &mut Receiver) -> Result<Received, Error> {
    loop {
        match receiver.next().await {
            Some(Ok(Message::Binary(data))) => return Ok(Received::Data(data)),
            Some(Ok(Message::Text(text))) if is_end(&text) => return Ok(Received::End),
            Some(Ok(Message::Close(_))) | None => return Err(client.transport.cut()),
            // Other commands may come one day; pings are answered below this.
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(failure(client, error)),
        }
    }
}

fn is_end(text: &str) -> bool {
    text == END
        || serde_json::from_str::<serde_json::Value>(text)
            .is_ok_and(|command| command["command"] == "end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_recognised_however_it_is_spaced() {
        assert!(is_end(END));
        assert!(is_end(r#"{ "command" : "end" }"#));
        for text in ["", "end", "{}", "[]", r#"{"command":"signal"}"#] {
            assert!(!is_end(text), "{text}");
        }
    }
}
