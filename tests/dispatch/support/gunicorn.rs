//! A small app behind gunicorn, as in a rock of Flask, and what can be seen of it from within its container.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use charmwright::pebble::{Exec, Output};
use serde::Deserialize;

use super::World;
use super::world::LIMIT;
use crate::python_packages;

/// The layer of such a rock, with an exporter that notes what it hears.
pub const LAYER: &str = "\
summary: web
services:
  flask:
    override: replace
    startup: enabled
    command: /bin/python3 -m gunicorn -c /flask/gunicorn.conf.py 'app:app' -k [ sync ]
    after: [statsd-exporter]
    user: _daemon_
    environment: {PYTHONPATH: '/packages/gunicorn-23:/packages/gevent:/packages/opentelemetry'}
  statsd-exporter:
    override: merge
    startup: enabled
    command: /bin/python3 /exporter.py
    user: _daemon_
";

const APP: &str = r#"
import os

GREETING = os.environ["FLASK_GREETING"]
if GREETING == "broken":
    raise RuntimeError("cannot greet with " + os.environ["FLASK_SECRET_KEY"])


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getppid()} {GREETING}".encode()]
"#;

const EXPORTER: &str = r#"
import socket

with open("/tmp/exporter-starts", "a") as starts:
    starts.write("start\n")
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("localhost", 9125))
while True:
    packet = server.recv(2048)
    with open("/tmp/packets", "ab") as packets:
        packets.write(packet + b"\n")
"#;

/// Asks the app, and looks for the processes of its gunicorn.
const LOOK: &str = r#"
import json, os, urllib.request

answer = urllib.request.urlopen("http://localhost:8000/", timeout=30).read().decode()
master, greeting = answer.split(" ", 1)
workers = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            state, parent = stat.read().rpartition(")")[2].split()[:2]
    except OSError:
        continue
    if parent == master and state != "Z":
        workers.append(int(pid))
print(json.dumps({"master": int(master), "greeting": greeting, "workers": workers}))
"#;

/// What is seen of the app.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Seen {
    /// The process of the service.
    pub master: u32,
    /// Those that answer.
    pub workers: BTreeSet<u32>,
    /// What the app was given.
    pub greeting: String,
}

/// Adds app and packages to an image.
pub fn add(root: &Path, packages: &[&str]) {
    let app = root.join("flask/app");
    fs::create_dir_all(&app).unwrap();
    fs::write(app.join("app.py"), APP).unwrap();
    fs::write(root.join("exporter.py"), EXPORTER).unwrap();
    let all = root.join("packages");
    fs::create_dir_all(&all).unwrap();
    for directory in [&all, &root.join("flask"), &app] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for name in packages {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(python_packages::directory(name))
            .arg(all.join(name))
            .status();
        assert!(copied.unwrap().success());
    }
}

impl World {
    /// Runs a command in the unit's container.
    pub async fn exec(&self, unit: &str, command: &[&str]) -> Output {
        let mut exec = Exec::new(command.iter().copied());
        exec.timeout = Some(LIMIT);
        self.pebble(unit).exec(exec).await.unwrap()
    }

    /// Looks until what is seen is as it should be.
    pub async fn look(&self, unit: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let started = Instant::now();
        loop {
            let output = self.exec(unit, &["/bin/python3", "-c", LOOK]).await;
            let seen: Option<Seen> = serde_json::from_slice(&output.stdout).ok();
            if let Some(seen) = seen.clone().filter(&wanted) {
                return seen;
            }
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(started.elapsed() < LIMIT, "{seen:?} {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A file of the container.
    pub async fn file(&self, unit: &str, path: &str) -> Option<String> {
        let content = self.pebble(unit).read_file(path).await.ok()?;
        Some(String::from_utf8(content).unwrap())
    }
}
