//! An ingress in front of units that answer, die, upgrade or are slow.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use charmwright::local::provider::nginx_ingress_integrator::NginxIngressIntegrator;
use charmwright::local::provider::{Dial, Provider, Update, View};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{bag, relation, view};

/// The tutorial's name of the ingress.
pub const HOST: &str = "fastapi-hello-world";

/// The units of a model: where each listens, or a refusal.
pub type Units = Rc<RefCell<BTreeMap<String, SocketAddr>>>;

/// What a unit does with a connection.
#[derive(Clone, Copy)]
pub enum Conduct {
    /// Answers each request with its name and the request as it came.
    Echo,
    /// Reads the request and closes.
    Die,
    /// Takes a WebSocket-like upgrade and echoes bytes.
    Upgrade,
    /// Sends half of the announced body, waits for one more byte, sends the rest.
    Slow,
}

/// Reads one request's head, and its body when it has a length.
pub async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            return String::new();
        }
        text.push(byte[0]);
    }
    let head = String::from_utf8(text).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

async fn serve_unit(unit: String, listener: TcpListener, conduct: Conduct) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let unit = unit.clone();
        tokio::task::spawn_local(async move {
            let request = read_request(&mut stream).await;
            match conduct {
                Conduct::Echo => {
                    let body = format!("{unit}\n{request}");
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nKeep-Alive: 5\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all((head + &body).as_bytes()).await;
                }
                Conduct::Die => {}
                Conduct::Upgrade => {
                    assert!(
                        request.to_ascii_lowercase().contains("upgrade: websocket"),
                        "{request}"
                    );
                    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
                    stream.write_all(head.as_bytes()).await.unwrap();
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                }
                Conduct::Slow => {
                    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf";
                    stream.write_all(head).await.unwrap();
                    // The rest comes only after the client got the first half and said so.
                    let mut more = [0; 4];
                    stream.read_exact(&mut more).await.unwrap();
                    stream.write_all(b"done").await.unwrap();
                }
            }
        });
    }
}

pub async fn start_unit(units: &Units, unit: &str, conduct: Conduct) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    units
        .borrow_mut()
        .insert(unit.into(), listener.local_addr().unwrap());
    tokio::task::spawn_local(serve_unit(unit.into(), listener, conduct));
}

/// A model with one ingress, the tutorial's options and the application `web` with these units.
pub fn model(directory: &Path, units: &Units, names: &[&str]) -> View {
    let mut view = view("nginx-ingress-integrator", directory);
    let units = Rc::clone(units);
    #[allow(clippy::arc_with_non_send_sync)] // Everything stays on one thread, as in the daemon.
    let dial: Dial = Arc::new(move |unit, port| {
        assert_eq!(port, 8080);
        let address = units.borrow().get(&unit).copied();
        Box::pin(async move {
            match address {
                Some(address) => TcpStream::connect(address).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    });
    view.dial = dial;
    set(&mut view, "service-hostname", json!("fastapi-hello-world"));
    set(&mut view, "path-routes", json!("/"));
    set(&mut view, "rewrite-enabled", json!(false));
    relate(&mut view, 2, "web", names);
    view
}

/// An ingress in front of the application `web`.
pub struct Front {
    pub units: Units,
    pub ingress: NginxIngressIntegrator,
    pub update: Update,
    pub port: u16,
    /// Gone last.
    _directory: tempfile::TempDir,
}

impl Front {
    /// Over these units, which all do the same.
    pub async fn over(names: &[&str], conduct: Conduct) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let units = Units::default();
        for unit in names {
            start_unit(&units, unit, conduct).await;
        }
        let mut ingress = NginxIngressIntegrator::default();
        let view = model(directory.path(), &units, names);
        let update = ingress.reconcile(&view).await.unwrap();
        Self {
            units,
            ingress,
            port: port(&url(&update, 2)),
            update,
            _directory: directory,
        }
    }

    pub async fn get(&self, path: &str) -> String {
        get(self.port, HOST, path).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }
}

pub fn set(view: &mut View, option: &str, value: Value) {
    view.config.insert(option.into(), value);
}

pub fn relate(view: &mut View, id: u32, application: &str, units: &[&str]) {
    let data = bag(&[
        ("model", "\"demo\""),
        ("name", &json!(application).to_string()),
        ("port", "8080"),
        ("strip-prefix", "true"),
    ]);
    let mut relation = relation("ingress", "ingress", data);
    relation.remote_application = application.into();
    for unit in units {
        relation
            .remote_units
            .insert((*unit).into(), bag(&[("ip", "\"10.1.0.5\"")]));
    }
    view.relations.insert(id, relation);
}

pub fn url(update: &Update, id: u32) -> String {
    let answer: Value = serde_json::from_str(&update.application_bags[&id]["ingress"]).unwrap();
    answer["url"].as_str().unwrap().to_owned()
}

pub fn port(url: &str) -> u16 {
    let authority = url
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    authority.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Sends a request as it stands, gives the whole answer.
pub async fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), reading)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

pub async fn get(port: u16, host: &str, path: &str) -> String {
    send(
        port,
        &format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"),
    )
    .await
}
