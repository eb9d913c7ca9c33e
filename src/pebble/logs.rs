//! Logs: what services print, which Pebble keeps in memory.

use std::time::Duration;

use hyper::body::Incoming;
use serde::Deserialize;

use super::client::Client;
use super::envelope;
use super::error::Error;
use super::request::Request;
use super::transport::Lease;

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 4 << 20;

/// A line that a service printed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct LogEntry {
    /// When, in RFC 3339.
    pub time: String,
    /// Which service.
    pub service: String,
    /// The line, without its end; bytes that are not UTF-8 are replaced by Pebble.
    pub message: String,
}

/// Lines as they come.
#[derive(Debug)]
pub struct LogStream {
    client: Client,
    incoming: Incoming,
    _lease: Lease,
    lines: Lines,
}

impl Client {
    /// The last `count` lines of these services, or of all when `services` is empty, oldest first.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn logs(&self, services: &[&str], count: u32) -> Result<Vec<LogEntry>, Error> {
        let mut stream = self.open_logs(services, count, false).await?;
        let limit = self.limits.transfer;
        let transport = self.transport.clone();
        transport
            .within(limit, async move {
                let mut entries = Vec::new();
                while let Some(entry) = stream.read().await? {
                    entries.push(entry);
                }
                Ok(entries)
            })
            .await
    }

    /// The last `count` lines as [`Client::logs`], and then every new one until the stream is dropped.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn follow_logs(&self, services: &[&str], count: u32) -> Result<LogStream, Error> {
        self.open_logs(services, count, true).await
    }

    async fn open_logs(
        &self,
        services: &[&str],
        count: u32,
        follow: bool,
    ) -> Result<LogStream, Error> {
        let request = logs_request(services, count, follow);
        let reply = self
            .transport
            .within(self.limits.request, async {
                let reply = self.transport.send(&request).await?;
                if reply.response.status().is_success() {
                    return Ok(reply);
                }
                let refusal = self.transport.read_to_end(reply, MAX_LINE).await?;
                envelope::decode(refusal.status(), refusal.body())?;
                Err(Error::protocol("an error that is none"))
            })
            .await?;
        let (incoming, lease) = reply.into_parts();
        Ok(LogStream {
            client: self.clone(),
            incoming,
            _lease: lease,
            lines: Lines::default(),
        })
    }
}

impl LogStream {
    /// The next line, within `limit`; `None` when there is none in that time or will be none.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the daemon goes away, [`Error::Protocol`].
    pub async fn next(&mut self, limit: Duration) -> Result<Option<LogEntry>, Error> {
        match tokio::time::timeout(limit, self.read()).await {
            Ok(entry) => entry,
            Err(_) => Ok(None),
        }
    }

    async fn read(&mut self) -> Result<Option<LogEntry>, Error> {
        loop {
            if let Some(entry) = self.lines.next()? {
                return Ok(Some(entry));
            }
            match self.client.transport.next_data(&mut self.incoming).await? {
                Some(data) => self.lines.push(&data)?,
                None => return Ok(None),
            }
        }
    }
}

/// Lines out of pieces.
#[derive(Debug, Default)]
struct Lines {
    pending: Vec<u8>,
    read: usize,
}

impl Lines {
    fn push(&mut self, data: &[u8]) -> Result<(), Error> {
        self.pending.drain(..self.read);
        self.read = 0;
        if self.pending.len() + data.len() > MAX_LINE {
            return Err(Error::protocol("a log line without end"));
        }
        self.pending.extend_from_slice(data);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<LogEntry>, Error> {
        let rest = self.pending.get(self.read..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        let line = rest.get(..end).unwrap_or_default();
        let entry = serde_json::from_slice(line)
            .map_err(|_| Error::protocol("a log line that is not JSON"))?;
        self.read += end + 1;
        Ok(Some(entry))
    }
}

fn logs_request(services: &[&str], count: u32, follow: bool) -> Request {
    let count = count.to_string();
    let services = services.iter().map(|name| ("services", *name));
    let options = [
        ("n", count.as_str()),
        ("follow", if follow { "true" } else { "false" }),
    ];
    Request::get("/v1/logs", services.chain(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut lines = Lines::default();
        let whole = b"{\"time\":\"t\",\"service\":\"web\",\"message\":\"a\"}\n{\"time\":\"t\",\"service\":\"web\",\"message\":\"b\"}\n";
        let mut messages = Vec::new();
        for piece in whole.chunks(7) {
            lines.push(piece).unwrap();
            while let Some(entry) = lines.next().unwrap() {
                messages.push(entry.message);
            }
        }
        assert_eq!(messages, ["a", "b"]);
    }

    #[test]
    fn a_line_that_is_no_json_or_never_ends_is_a_protocol_error() {
        let mut lines = Lines::default();
        lines.push(b"nonsense\n").unwrap();
        assert!(matches!(lines.next(), Err(Error::Protocol(_))));
        let mut lines = Lines::default();
        let error = (0..100).find_map(|_| lines.push(&[b'x'; 1 << 20]).err());
        assert!(matches!(error, Some(Error::Protocol(_))));
    }

    #[test]
    fn logs_are_asked_by_service_and_count() {
        assert_eq!(
            logs_request(&["a", "b"], 5, true).target,
            "/v1/logs?services=a&services=b&n=5&follow=true"
        );
    }
}
