//! Receivers: providers that keep what applications send them, where there is no real server that builds in a minute.
//!
//! What came is in a file of JSON lines in the provider's directory, and can be asked for as one would ask the real
//! server.

mod log_push;
mod otlp;
mod selector;
mod server;
mod span_push;
mod store;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;

use self::server::{Reply, Request, Server};
use self::store::Store;
use super::{BoxFuture, Provider, RelationView, Update, View, listen};
use crate::local::container::{Service, Target};
use crate::local::model::{Bag, Charm, Endpoint, Role, Status};

/// One kind of receiver.
pub(super) struct Kind {
    /// The charm that it stands in for.
    pub name: &'static str,
    /// The endpoint that applications relate to.
    endpoint: &'static str,
    /// Its interface.
    interface: &'static str,
    /// The port in applications' URLs.
    port: u16,
    /// The name of the file of what came.
    file: &'static str,
    /// What a relation is told, given the host names of the application and of its unit: the bags of both.
    tell: fn(&RelationView, &str, &str) -> (Bag, Bag),
    /// Answers a request.
    answer: fn(&Request, &Store) -> Reply,
}

/// Loki, as far as it takes what is pushed.
pub(super) static LOKI: Kind = Kind {
    name: "loki-k8s",
    endpoint: "logging",
    interface: "loki_push_api",
    port: 3100,
    file: "logs.jsonl",
    tell: log_push::tell,
    answer: log_push::answer,
};

/// Tempo, as far as it takes OTLP over HTTP.
pub(super) static TEMPO: Kind = Kind {
    name: "tempo-coordinator-k8s",
    endpoint: "tracing",
    interface: "tracing",
    port: 4318,
    file: "traces.jsonl",
    tell: span_push::tell,
    answer: span_push::answer,
};

/// A receiver; nothing listens before its first `reconcile`.
pub struct Receiver {
    kind: &'static Kind,
    running: Option<(PathBuf, Server)>,
}

impl Receiver {
    /// One of that kind.
    pub(super) fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            running: None,
        }
    }

    async fn start(&mut self, view: &View) -> Result<u16, String> {
        if let Some((_, server)) = &self.running {
            return Ok(server.port());
        }
        let cannot = |error| format!("cannot listen on 127.0.0.1: {error}");
        let listener = listen(&view.directory).await.map_err(cannot)?;
        let store = Store::new(view.directory.join(self.kind.file));
        let answer = self.kind.answer;
        let server = Server::start(listener, Rc::new(move |request| answer(request, &store)))
            .map_err(cannot)?;
        let port = server.port();
        self.running = Some((view.directory.clone(), server));
        Ok(port)
    }

    /// What is published. Pure.
    fn decide(&self, view: &View, port: u16) -> Update {
        let kind = self.kind;
        let domain = format!("{}.svc.cluster.local", view.model);
        let host = format!("{}.{domain}", view.application);
        let unit_host = format!("{0}-0.{0}-endpoints.{domain}", view.application);
        let mut update = Update {
            status: Status::active(format!("what comes is kept in `{}`", kind.file)),
            addresses: vec![format!("http://127.0.0.1:{port}")],
            ..Update::default()
        };
        for (id, relation) in &view.relations {
            if relation.endpoint == kind.endpoint {
                let (application, unit) = (kind.tell)(relation, &host, &unit_host);
                update.application_bags.insert(*id, application);
                update.unit_bags.insert(*id, unit);
            }
        }
        update.services.push(Service {
            hostnames: vec![
                host,
                unit_host,
                format!("{}.{}.svc", view.application, view.model),
                format!("{}.{}", view.application, view.model),
                view.application.clone(),
            ],
            port: kind.port,
            target: Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        });
        update
    }
}

impl Provider for Receiver {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: self.kind.interface.into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        Charm {
            name: self.kind.name.into(),
            endpoints: BTreeMap::from([(self.kind.endpoint.into(), endpoint)]),
            ..Charm::default()
        }
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(async move {
            let port = self.start(view).await?;
            Ok(self.decide(view, port))
        })
    }

    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some((directory, server)) = self.running.take() else {
                return;
            };
            server.stop().await;
            if remove_data {
                let _ = std::fs::remove_dir_all(directory);
            }
        })
    }
}
