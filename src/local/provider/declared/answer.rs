//! What a provider publishes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Map, Value};

use super::description::{Description, Published};
use super::requests::Request;
use super::template;
use crate::local::container::{Service, Target};
use crate::local::model::{Bag, Status};
use crate::local::provider::server::Files;
use crate::local::provider::{ProviderSecret, SECRET_SCHEME, Update, View};

/// Bags, secrets, services and status, for requests that were met, with what templates see of each.
///
/// # Errors
/// A template is wrong: one line.
pub(super) fn compose(
    description: &Description,
    files: &Files,
    view: &View,
    scope: &Value,
    met: Vec<(Request, Value)>,
) -> Result<Update, String> {
    let mut update = Update {
        status: Status::active(template::text(&description.status, scope)?),
        ..Update::default()
    };
    let mut by_relation: BTreeMap<u32, Vec<(Request, Value)>> = BTreeMap::new();
    for (request, mut scope) in met {
        let Some(endpoint) = description.endpoints.get(&request.endpoint) else {
            continue;
        };
        let mut uris = Map::new();
        for (group, fields) in &endpoint.secrets {
            let mut secret = ProviderSecret {
                relation: request.relation,
                ..ProviderSecret::default()
            };
            for (field, value) in fields {
                let value = template::text(value, &scope)?;
                secret.content.insert(field.clone(), value);
            }
            let label = request.label(group);
            uris.insert(group.clone(), format!("{SECRET_SCHEME}{label}").into());
            update.secrets.insert(label, secret);
        }
        scope["secrets"] = Value::Object(uris);
        let requests = by_relation.entry(request.relation).or_default();
        requests.push((request, scope));
    }
    for (id, requests) in by_relation {
        let Some((first, own)) = requests.first() else {
            continue;
        };
        let Some(endpoint) = description.endpoints.get(&first.endpoint) else {
            continue;
        };
        let own = own.clone();
        let requests = requests.into_iter().map(|(request, own)| (request.id, own));
        let requests: Vec<(String, Value)> = requests.collect();
        let application = bag(&endpoint.application, &own, &requests)?;
        update.application_bags.insert(id, application);
        let unit = bag(&endpoint.unit, &own, &requests)?;
        update.unit_bags.insert(id, unit);
    }
    for published in &description.services {
        update
            .services
            .push(service(published, files, view, scope)?);
    }
    for address in &description.addresses {
        update.addresses.push(template::text(address, scope)?);
    }
    Ok(update)
}

fn bag(
    templates: &BTreeMap<String, Value>,
    scope: &Value,
    requests: &[(String, Value)],
) -> Result<Bag, String> {
    let mut bag = Bag::new();
    for (key, template) in templates {
        let value = template::structure(template, scope, requests)?;
        if !value.is_null() {
            bag.insert(key.clone(), template::plain(&value));
        }
    }
    Ok(bag)
}

/// The names are those that a pod's service has in Kubernetes.
fn service(
    published: &Published,
    files: &Files,
    view: &View,
    scope: &Value,
) -> Result<Service, String> {
    let (application, model) = (&view.application, &view.model);
    let mut hostnames = Vec::new();
    if published.here {
        hostnames.push(Ipv4Addr::LOCALHOST.to_string());
    }
    for host in [
        application.clone(),
        format!("{application}-endpoints"),
        format!("{application}-0.{application}-endpoints"),
    ]
    .into_iter()
    .filter(|_| !published.here)
    {
        hostnames.push(format!("{host}.{model}.svc.cluster.local"));
        hostnames.push(format!("{host}.{model}"));
        hostnames.push(host);
    }
    for name in &published.names {
        let name = template::text(name, scope)?;
        if !name.is_empty() && !hostnames.contains(&name) {
            hostnames.push(name);
        }
    }
    let number = |template: &Value| -> Result<u16, String> {
        let value = template::plain(&template::structure(template, scope, &[])?);
        value.parse().map_err(|_| format!("`{value}` is no port"))
    };
    let target = match (&published.to, &published.socket) {
        (Some(port), _) => {
            let port = number(&format!("{{port.{port}}}").into())?;
            Target::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
        (None, Some(socket)) => Target::Unix(files.socket.join(socket)),
        (None, None) => return Err("a service goes nowhere".into()),
    };
    Ok(Service {
        hostnames,
        port: number(&published.port)?,
        target,
    })
}
