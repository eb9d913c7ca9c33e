//! A socket that answers every request with the same bytes, for what no Pebble says.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use charmwright::pebble::{Client, Limits};
use tempfile::TempDir;

pub struct Fake {
    directory: TempDir,
}

impl Fake {
    /// Answers with `bytes` and closes; with no bytes at all, it never answers and never closes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if bytes.is_empty() {
                    silent.push(stream);
                    continue;
                }
                let bytes = bytes.clone();
                std::thread::spawn(move || {
                    let mut request = [0; 64 << 10];
                    let _ = stream.read(&mut request);
                    let _ = stream.write_all(&bytes);
                    // Closing with part of the request unread would cut the answer off as well.
                    let _ = stream.shutdown(Shutdown::Write);
                    let _ = std::io::copy(&mut stream, &mut std::io::sink());
                });
            }
        });
        Self { directory }
    }

    /// Answers with an HTTP head and this body, of the length that `length` says.
    pub fn http(status: &str, kind: &str, body: &str, length: usize) -> Self {
        Self::answering(format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    pub fn client(&self) -> Client {
        self.client_within(Duration::from_secs(20))
    }

    pub fn client_within(&self, limit: Duration) -> Client {
        let limits = Limits {
            request: limit,
            transfer: limit,
            ..Limits::default()
        };
        Client::with_limits(self.socket(), limits)
    }
}
