//! The built-in applications, for real: servers of this machine, and HTTP over sockets.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod database;
mod declared;
mod front;
mod ingress;
mod mysql;
mod oauth;
mod openfga;
mod postgresql;
mod prometheus;
mod proxy;
mod rabbitmq;
mod receivers;
mod redis;
mod s3;
mod saml;
mod smtp;
mod talk;
mod valkey;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;

use charmwright::local::provider::{RelationView, View};

type Bag = BTreeMap<String, String>;

fn bag(entries: &[(&str, &str)]) -> Bag {
    entries
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}

fn view(application: &str, directory: &Path) -> View {
    View {
        application: application.into(),
        model: "demo".into(),
        model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0".into(),
        config: BTreeMap::new(),
        relations: BTreeMap::new(),
        directory: directory.into(),
        dial: Arc::new(|_, _| Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })),
    }
}

fn relation(endpoint: &str, interface: &str, remote_bag: Bag) -> RelationView {
    RelationView {
        endpoint: endpoint.into(),
        interface: interface.into(),
        remote_application: "web".into(),
        remote_bag,
        remote_units: BTreeMap::new(),
    }
}

/// As the daemon does: one thread, local tasks.
fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}
