//! What the tests of the providers that are data share: each has a real server.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use charmwright::local::container::Target;
use charmwright::local::provider::{Provider, Update, View, registry};

use super::database::{servers, wait_until};
use super::{bag, relation, run, view};

pub fn provider(name: &str) -> Box<dyn Provider> {
    registry::create(name).unwrap()
}

/// The view as the daemon gives it: options with their defaults.
pub fn view_of(name: &str, directory: &Path) -> View {
    let mut view = view(name, directory);
    for (option, declared) in provider(name).charm().options {
        if let Some(default) = declared.default {
            view.config.insert(option, default);
        }
    }
    view
}

pub fn related(name: &str, directory: &Path, id: u32, data: &[(&str, &str)]) -> View {
    with(view_of(name, directory), name, id, data)
}

/// One more relation, to the only endpoint.
pub fn with(mut view: View, name: &str, id: u32, data: &[(&str, &str)]) -> View {
    let charm = provider(name).charm();
    let (endpoint, about) = charm.endpoints.iter().next().unwrap();
    let relation = relation(endpoint, &about.interface, bag(data));
    view.relations.insert(id, relation);
    view
}

/// Where the service of that port goes on this machine, `127.0.0.1:40001`.
pub fn address(update: &Update, port: u16) -> String {
    let found = update.services.iter().find(|service| service.port == port);
    match &found.unwrap().target {
        Target::Tcp(address) => address.to_string(),
        other => panic!("no address: {other:?}"),
    }
}

/// All names that applications resolve.
pub fn names(update: &Update) -> Vec<&str> {
    let services = update.services.iter();
    services
        .flat_map(|service| service.hostnames.iter().map(String::as_str))
        .collect()
}

#[track_caller]
pub fn output(command: &mut Command, input: &str, install: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}: apt-get install --yes {install}"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// A directory whose path is long and needs quotes everywhere.
pub fn odd(root: &tempfile::TempDir) -> PathBuf {
    root.path()
        .join("a directory's name, with \"all\" of it".repeat(4))
}

/// No argument of a server's has a secret, and nobody else can read the provider's files.
#[track_caller]
pub fn keeps_secrets(directory: &Path, secrets: &[&str]) {
    let kept = std::fs::read_to_string(directory.join("kept.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let generated = kept["generated"].as_object().unwrap();
    let mut all: Vec<&str> = generated.values().map(|it| it.as_str().unwrap()).collect();
    all.extend(secrets);
    let servers = servers(directory);
    assert!(!servers.is_empty());
    for server in servers {
        let line = std::fs::read(format!("/proc/{server}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        assert!(!all.iter().any(|secret| line.contains(secret)), "{line}");
    }
    assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().mode() & 0o077;
        assert_eq!(mode, 0, "{}", entry.path().display());
    }
}

/// Runs an ignored test of these in a process of its own.
fn alone(test: &str, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("PROVIDER", name);
    command
}

#[test]
#[ignore = "started by the next test"]
fn daemon() {
    let directory = PathBuf::from(std::env::var_os("DAEMON_DIRECTORY").unwrap());
    let name = std::env::var("PROVIDER").unwrap();
    run(async {
        let mut running = provider(&name);
        let view = view_of(&name, &directory);
        running.reconcile(&view).await.unwrap();
        std::fs::write(directory.join("ready"), "").unwrap();
        std::future::pending::<()>().await;
    });
}

#[test]
fn a_killed_daemon_takes_all_servers_with_it_and_the_next_one_starts_them() {
    for name in ["rabbitmq-k8s", "valkey"] {
        let directory = tempfile::tempdir().unwrap();
        let mut daemon = alone("declared::daemon", name)
            .env("DAEMON_DIRECTORY", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the daemon is ready", || {
            directory.path().join("ready").exists()
        });
        assert!(!servers(directory.path()).is_empty(), "{name}");
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        wait_until("the servers end with the daemon", || {
            servers(directory.path()).is_empty()
        });
        run(async {
            let mut next = provider(name);
            let update = next.reconcile(&view_of(name, directory.path())).await;
            assert_eq!(update.unwrap().status.status, "active");
            next.stop(false).await;
            // What `destroy` does after a daemon was killed.
            let mut heir = provider(name);
            heir.adopt(directory.path());
            heir.stop(true).await;
        });
        assert!(!directory.path().exists());
    }
}

#[test]
#[ignore = "started by the next test"]
fn bare() {
    let directory = tempfile::tempdir().unwrap();
    let name = std::env::var("PROVIDER").unwrap();
    run(async {
        let view = view_of(&name, directory.path());
        let error = provider(&name).reconcile(&view).await.err().unwrap();
        println!("{error}");
    });
}

#[test]
fn a_machine_without_the_server_gets_the_command_that_installs_it() {
    for (name, expected) in [
        (
            "openfga-k8s",
            "OpenFGA is not installed on this machine (`openfga` is missing); \
             run `go install github.com/openfga/openfga/cmd/openfga@",
        ),
        ("redis-k8s", "apt-get install --yes redis-server`"),
        (
            "squid-forward-proxy",
            "apt-get install --yes tinyproxy-bin`",
        ),
    ] {
        let mut bare = alone("declared::bare", name);
        for variable in ["PATH", "HOME", "GOPATH", "GOBIN"] {
            bare.env(variable, "/nonexistent");
        }
        let output = bare.stderr(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(expected), "{name}: {text}");
    }
}
