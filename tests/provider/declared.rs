//! What the tests of the providers that are data share: each has a real server.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use charmwright::local::container::Target;
use charmwright::local::provider::{Provider, Update, View, registry};

use super::{bag, relation, view};

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
