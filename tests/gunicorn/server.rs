//! A gunicorn with a small app, and what stands around it: a statsd server and a collector of spans.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::python_packages;

const LIMIT: Duration = Duration::from_secs(120);

const APP: &str = r#"
import logging


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/boom":
        raise ValueError('no "way"\nout')
    if path == "/span":
        from opentelemetry import trace

        with trace.get_tracer("app").start_as_current_span("span"):
            logging.getLogger("app").warning("hello %s", "there")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Request-Id", "from-the-app")])
    return [b"hello"]
"#;

/// A Python that sees only these packages.
fn interpreter(packages: &[&str]) -> Command {
    let directories = packages.iter().map(|name| python_packages::directory(name));
    let mut command = Command::new("/bin/python3");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PYTHONPATH", std::env::join_paths(directories).unwrap())
        .stdin(Stdio::null());
    command
}

fn ended(output: &Output) -> Result<(), String> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

/// Runs Python code.
pub fn python(packages: &[&str], code: &str) -> Result<(), String> {
    ended(&interpreter(packages).args(["-c", code]).output().unwrap())
}

/// A directory with the app and the config file, in which the app's directory is that one.
fn lay_out(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("app.py"), APP).unwrap();
    let config = directory.path().join("gunicorn.conf.py");
    let own = directory.path().display().to_string();
    fs::write(&config, text.replace("/flask/app", &own)).unwrap();
    (directory, config)
}

/// Has gunicorn check a config file.
pub fn check(packages: &[&str], text: &str) -> Result<(), String> {
    let (directory, config) = lay_out(text);
    let output = interpreter(packages)
        .args(["-m", "gunicorn", "--check-config", "-c"])
        .arg(config)
        .arg("app:app")
        .current_dir(&directory)
        .output();
    ended(&output.unwrap())
}

/// A gunicorn that serves.
pub struct Server {
    directory: tempfile::TempDir,
    child: Child,
    port: u16,
    packets: UdpSocket,
    spans: Receiver<String>,
}

impl Server {
    /// Starts it, with ports of its own, and waits until it answers.
    pub fn start(packages: &[&str], class: &str, text: &str) -> Self {
        let packets = UdpSocket::bind("127.0.0.1:0").unwrap();
        packets.set_read_timeout(Some(LIMIT)).unwrap();
        let (collector, spans) = collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let statsd = packets.local_addr().unwrap().to_string();
        let text = text
            .replace("0.0.0.0:8000", &format!("127.0.0.1:{port}"))
            .replace("localhost:9125", &statsd);
        let (directory, config) = lay_out(&text);
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let child = interpreter(packages)
            .args(["-m", "gunicorn", "-k", class, "-c"])
            .arg(config)
            .arg("app:app")
            .current_dir(&directory)
            // The newest makes a control socket there.
            .env("HOME", directory.path())
            .env("OTEL_SERVICE_NAME", "web")
            .env(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("http://{collector}/"),
            )
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self {
            directory,
            child,
            port,
            packets,
            spans,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < LIMIT, "{}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    /// What it answers to a request.
    pub fn get(&self, target: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        answer
    }

    /// Waits until spans have come.
    pub fn wait_for_spans(&self) {
        let request = self.spans.recv_timeout(LIMIT);
        let request = request.unwrap_or_else(|_| panic!("no spans: {}", self.log()));
        assert!(request.starts_with("POST /v1/traces "), "{request}");
    }

    /// All statsd packets up to one with the text.
    pub fn wait_for_packets(&self, last: &str) -> Vec<String> {
        let mut packets = Vec::new();
        let mut buffer = [0; 2048];
        loop {
            let length = self.packets.recv(&mut buffer);
            let length = length.unwrap_or_else(|_| panic!("{packets:?}: {}", self.log()));
            let packet = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let is_last = packet.contains(last);
            packets.push(packet);
            if is_last {
                return packets;
            }
        }
    }

    /// Stops it and gives all that it has said.
    pub fn stop(&mut self) -> String {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        self.log()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Workers end when their master has; it is gone already unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers every request well and tells its first bytes.
fn collect() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !is_whole(&request) {
                match stream.read(&mut buffer) {
                    Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
                    _ => break,
                }
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let text = String::from_utf8_lossy(&request).into_owned();
            if !text.is_empty() && sender.send(text).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    request
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .is_some_and(|at| request.len() >= at + 4 + length)
}
