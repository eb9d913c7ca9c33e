//! What the tests of the databases share.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use charmwright::local::container::Target;
use charmwright::local::provider::{Update, View};

use super::{Bag, bag, relation};

const SECRETS: &str = r#"["username","password","tls","tls-ca","uris","read-only-uris"]"#;

/// The requirer's bag.
pub fn request(database: &str) -> Bag {
    bag(&[("database", database), ("requested-secrets", SECRETS)])
}

pub fn with_relation(mut view: View, interface: &str, id: u32, bag: Bag) -> View {
    view.relations
        .insert(id, relation("database", interface, bag));
    view
}

/// The credentials of a relation.
pub fn user(update: &Update, id: u32) -> &Bag {
    &update.secrets[&format!("database.{id}.user.secret")].content
}

/// The socket of the service that applications reach.
pub fn socket(update: &Update, port: u16) -> &Path {
    let service = &update.services[0];
    assert_eq!(service.port, port);
    match &service.target {
        Target::Unix(socket) => socket,
        other => panic!("no socket: {other:?}"),
    }
}

/// The processes whose working directory is the server's data.
pub fn servers(directory: &Path) -> Vec<i32> {
    let data = directory.canonicalize().unwrap().join("data");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn kill(signal: &str, processes: &[i32]) {
    let status = Command::new("kill")
        .arg(signal)
        .args(processes.iter().map(ToString::to_string))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let _ = status;
}
