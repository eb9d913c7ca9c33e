//! Units of a test's own, with an app that tells what it sees.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use charmwright::local::container::{self, Container, Specification};
use charmwright::local::provider::Dial;

use super::requests::start_app;
use super::{pebble, root};

/// A server that answers a path with that file of the container, `/list/PATH` with the names in a directory, `/id` with
/// its user, `/hostname`, and `/tcp/HOST/PORT` with what is said there; a POST writes the file.
pub const APP: &str = r#"
import http.server, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments): pass
    def reply(self, text, code=200):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        try:
            words = self.path.split("/")
            if words[1] == "id": return self.reply(str(os.getuid()))
            if words[1] == "hostname": return self.reply(socket.gethostname())
            if words[1] == "list": return self.reply(" ".join(sorted(os.listdir("/" + "/".join(words[2:])))))
            if words[1] == "tcp":
                with socket.create_connection((words[2], int(words[3])), 10) as connection:
                    return self.reply(connection.makefile().read())
            with open(self.path) as file: self.reply(file.read())
        except OSError as error: self.reply(type(error).__name__, 500)
    def do_POST(self):
        with open(self.path, "w") as file: file.write("written")
        self.reply("")
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"#;

pub const LAYER: &str = "\
summary: test
services:
  app:
    override: replace
    startup: enabled
    command: /bin/python3 app.py
    working-dir: /app
    user: _daemon_
";

/// A directory that is gone at the end, which the user of the test owns.
pub struct World {
    directory: tempfile::TempDir,
    units: Rc<RefCell<BTreeMap<String, Rc<Container>>>>,
}

impl World {
    pub fn new() -> Self {
        let executable =
            std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
        container::use_executable(executable);
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("images/web");
        let layers = image.join("root/var/lib/pebble/default/layers");
        fs::create_dir_all(&layers).unwrap();
        fs::write(layers.join("001-rockcraft-web.yaml"), LAYER).unwrap();
        fs::create_dir_all(image.join("root/app")).unwrap();
        fs::write(image.join("root/app/app.py"), APP).unwrap();
        let daemon = if root() { 584_792 } else { 0 };
        for name in ["app", "app/app.py"] {
            std::os::unix::fs::chown(image.join("root").join(name), Some(daemon), Some(daemon))
                .unwrap();
        }
        let project = directory.path().join("project");
        fs::write(
            image.join("image.json"),
            format!(r#"{{"project": {project:?}, "python": null}}"#),
        )
        .unwrap();
        Self {
            directory,
            units: Rc::default(),
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn specification(&self, unit: &str) -> Specification {
        let name = unit.replace('/', "-");
        Specification {
            unit: unit.into(),
            container: "app".into(),
            image: self.path().join("images/web"),
            images: self.path().join("images"),
            directory: self.path().join("units").join(&name).join("app"),
            pebble: pebble(),
            fqdn: format!("{name}.web-endpoints.demo.svc.cluster.local"),
            hostname: name,
        }
    }

    pub fn dial(&self) -> Dial {
        let units = self.units.clone();
        Arc::new(move |unit, port| {
            let container = units.borrow().get(&unit).cloned();
            Box::pin(async move {
                let container = container.ok_or(std::io::ErrorKind::NotFound)?;
                container.dial(port).await
            })
        })
    }

    /// A unit with its app answering.
    pub async fn unit(&self, unit: &str) -> Rc<Container> {
        let container = Container::start(self.specification(unit), self.dial()).await;
        let container = Rc::new(container.unwrap_or_else(|error| panic!("{unit}: {error}")));
        start_app(&container).await;
        self.units
            .borrow_mut()
            .insert(unit.into(), container.clone());
        container
    }
}

/// Processes whose arguments or current root name the directory.
pub fn processes(directory: &Path) -> Vec<String> {
    let name = directory.display().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            let mounts = fs::read_to_string(entry.path().join("mountinfo")).unwrap_or_default();
            let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            mounts.contains(&name) || String::from_utf8_lossy(&arguments).contains(&name)
        })
        .map(|entry| {
            String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).unwrap_or_default())
                .replace('\0', " ")
        })
        .collect()
}
