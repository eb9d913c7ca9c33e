//! `nginx-ingress-integrator`: a real reverse proxy on 127.0.0.1 that takes the charm's options.
//!
//! The URL that it publishes is the charm's plus the port, since it cannot listen on port 80: it really works on this
//! machine for a client that resolves the host name to 127.0.0.1, and in containers.

mod headers;
mod proxy;
mod request;
mod route;
mod settings;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use self::proxy::Proxy;
use self::request::Reading;
use self::route::{Route, Table};
use self::settings::Settings;
use super::{BoxFuture, Provider, Update, View, listen};
use crate::local::container::{Service, Target};
use crate::local::model::{Bag, Charm, Endpoint, Role, Status};

/// The charm that this stands in for.
pub const NAME: &str = "nginx-ingress-integrator";
/// The endpoint that applications relate to.
const ENDPOINT: &str = "ingress";

/// The provider; nothing listens before its first `reconcile`.
#[derive(Default)]
pub struct NginxIngressIntegrator {
    running: Option<Running>,
}

struct Running {
    directory: PathBuf,
    proxy: Proxy,
}

impl Provider for NginxIngressIntegrator {
    fn charm(&self) -> Charm {
        let endpoint = Endpoint {
            interface: "ingress".into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        Charm {
            name: NAME.into(),
            endpoints: BTreeMap::from([(ENDPOINT.into(), endpoint)]),
            options: settings::options(),
            ..Charm::default()
        }
    }

    fn reconcile<'a>(&'a mut self, view: &'a View) -> BoxFuture<'a, Result<Update, String>> {
        Box::pin(async move {
            let proxy = self.start(view).await?;
            let (table, update) = decide(view, proxy.port());
            proxy.set(table, view.dial.clone());
            Ok(update)
        })
    }

    fn stop<'a>(&'a mut self, remove_data: bool) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(running) = self.running.take() else {
                return;
            };
            running.proxy.stop().await;
            if remove_data {
                let _ = std::fs::remove_dir_all(running.directory);
            }
        })
    }
}

impl NginxIngressIntegrator {
    async fn start(&mut self, view: &View) -> Result<&Proxy, String> {
        let running = match self.running.take() {
            Some(running) => running,
            None => {
                let listener = listen(&view.directory)
                    .await
                    .map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?;
                let proxy = Proxy::start(listener, view.dial.clone())
                    .map_err(|error| format!("cannot serve on 127.0.0.1: {error}"))?;
                Running {
                    directory: view.directory.clone(),
                    proxy,
                }
            }
        };
        Ok(&self.running.insert(running).proxy)
    }
}

/// The routes and what is published. Pure.
fn decide(view: &View, port: u16) -> (Table, Update) {
    let mut table = Table::default();
    let mut update = Update {
        addresses: vec![format!("http://127.0.0.1:{port}")],
        ..Update::default()
    };
    update.status = if has_requests(view) {
        match Settings::read(&view.application, &view.config) {
            Ok(settings) => fill(view, port, settings, &mut table, &mut update),
            Err(error) => Status::blocked(error),
        }
    } else {
        // The charm does not look at its options before.
        Status::waiting("waiting for relation")
    };
    table.reason = format!("{}: {}", view.application, update.status.message);
    (table, update)
}

fn has_requests(view: &View) -> bool {
    view.relations
        .values()
        .any(|relation| relation.endpoint == ENDPOINT && !relation.remote_bag.is_empty())
}

/// Fills in the routes, bags and addresses; gives the status.
fn fill(
    view: &View,
    port: u16,
    settings: Settings,
    table: &mut Table,
    update: &mut Update,
) -> Status {
    let mut waiting = None;
    let mut blocked = None;
    let mut urls = Vec::new();
    for (id, relation) in &view.relations {
        if relation.endpoint != ENDPOINT {
            continue;
        }
        let application = &relation.remote_application;
        let request = match request::read(relation) {
            Ok(Reading::Complete(request)) => request,
            Ok(Reading::Silent) => continue,
            Ok(Reading::Incomplete(what)) => {
                waiting.get_or_insert(format!("waiting for {application}: {what}"));
                continue;
            }
            Err(error) => {
                blocked.get_or_insert(format!("{application} (relation {id}): {error}"));
                continue;
            }
        };
        let (pattern, rewrite) = settings.route(&request);
        if let Some(other) = table
            .routes
            .iter()
            .find(|route| route.pattern.path() == pattern.path())
        {
            blocked.get_or_insert(format!(
                "{} and {application} would have the same path; unset `path-routes`",
                other.application
            ));
            continue;
        }
        let path = match pattern.path() {
            "" => "/",
            path => path,
        };
        let url = format!("http://{}:{port}{path}", settings.hostname);
        let answer = serde_json::json!({ "url": url }).to_string();
        update
            .application_bags
            .insert(*id, Bag::from([("ingress".into(), answer)]));
        urls.push(url);
        table.routes.push(Route {
            pattern,
            rewrite,
            application: application.clone(),
            units: request.units,
            port: request.port,
            turn: Cell::new(0),
        });
    }
    table.hostname = settings.hostname;
    let status = match (blocked, waiting) {
        (Some(blocked), _) => Status::blocked(blocked),
        (None, Some(waiting)) => Status::waiting(waiting),
        (None, None) if urls.is_empty() => Status::waiting("waiting for relation"),
        (None, None) => Status::active(urls.join(", ")),
    };
    if !urls.is_empty() {
        update.addresses = urls;
        // Applications call themselves by their public URL, to check a token for instance.
        update.services.push(Service {
            hostnames: vec![table.hostname.clone()],
            port,
            target: Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        });
    }
    status
}
