//! A running container, and what its app and its Pebble answer.

use std::fs;
use std::time::{Duration, Instant};

use charmwright::local::container::Container;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long an app may take to answer: Java's on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(90);

pub struct Unit(pub Container);

impl Unit {
    /// The answer to a GET, once there is one with status 200.
    pub async fn get(&self, port: u16, path: &str) -> String {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Ok(answer) = self.ask(port, path).await
                && answer.split(' ').nth(1) == Some("200")
            {
                return answer.split_once("\r\n\r\n").unwrap().1.to_owned();
            }
            assert!(
                Instant::now() < limit,
                "no answer from {port}{path}: {}",
                fs::read_to_string(self.0.log()).unwrap()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn ask(&self, port: u16, path: &str) -> std::io::Result<String> {
        let mut stream = self.0.dial(port).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: web\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    pub async fn pebble(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = tokio::net::UnixStream::connect(self.0.socket())
            .await
            .unwrap();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Stops it, and gives what the services printed.
    pub async fn stop(self) -> String {
        let log = fs::read_to_string(self.0.log()).unwrap();
        self.0.stop().await.unwrap();
        log
    }
}
