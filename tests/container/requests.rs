//! What a test asks of the app in a container, and of its Pebble.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use charmwright::local::container::Container;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::LIMIT;

pub async fn say(stream: &mut TcpStream, method: &str, path: &str) -> std::io::Result<String> {
    let request = format!("{method} {path} HTTP/1.0\r\nHost: web\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer
        .split_once("\r\n\r\n")
        .map_or(String::new(), |(_, body)| body.to_owned()))
}

pub async fn get(container: &Container, path: &str) -> String {
    say(&mut container.dial(8080).await.unwrap(), "GET", path)
        .await
        .unwrap()
}

pub async fn post(container: &Container, path: &str) {
    say(&mut container.dial(8080).await.unwrap(), "POST", path)
        .await
        .unwrap();
}

/// One request to Pebble, with the answer's body.
pub async fn ask_pebble(socket: &Path, method: &str, path: &str, body: &str) -> String {
    let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

pub async fn start_app(container: &Container) {
    let answer = ask_pebble(
        &container.socket(),
        "POST",
        "/v1/services",
        r#"{"action":"autostart"}"#,
    )
    .await;
    assert!(answer.contains("202"), "{answer}");
    let limit = Instant::now() + LIMIT;
    while container.dial(8080).await.is_err() {
        assert!(
            Instant::now() < limit,
            "the app does not answer: {}",
            fs::read_to_string(container.log()).unwrap()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn boot_id(container: &Container) -> String {
    let answer = ask_pebble(&container.socket(), "GET", "/v1/system-info", "").await;
    let (_, rest) = answer.split_once("boot-id\":\"").expect(&answer);
    rest[..36].to_owned()
}
