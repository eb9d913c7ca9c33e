//! The observation of a hook that never ran: the leader of an application that is in order but for what is told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::relation::SECRET_SCHEME;
use super::{Error, Supposed};
use crate::cos::Assets;
use crate::interfaces::Bag;
use crate::juju::{Event, JujuVersion, LifecycleKind, Proxies};
use crate::runtime::charm::Charm;
use crate::runtime::observation::{
    Container, Identity, Observation, Peer, SecretProblem, Workload,
};
use crate::runtime::observe::fresh_key;
use crate::yaml::Mapping;

/// The Juju that the charm is supposed to be on: one that has all that a charm may ask for.
const JUJU: JujuVersion = JujuVersion::new(3, 6, 0);

pub(super) fn observation(
    supposed: &Supposed,
    charm: Charm,
    services: &Mapping,
    assets: Assets,
    config: BTreeMap<String, Value>,
) -> Result<Observation, Error> {
    let app = supposed.application.clone();
    let app = app.unwrap_or_else(|| charm.name.clone());
    let number = supposed.unit;
    let others: BTreeSet<u64> = (0..supposed.units)
        .filter(|other| *other != number)
        .collect();
    let peer = charm.peer_endpoint().map(|endpoint| Peer {
        endpoint: endpoint.name.clone(),
        others,
        ..Peer::default()
    });
    let names = services.keys().filter_map(|name| name.as_str());
    let container = Container {
        states: names
            .map(|name| (name.to_owned(), "inactive".to_owned()))
            .collect(),
        services: services.clone(),
        ..Container::default()
    };
    Ok(Observation {
        identity: Identity {
            unit: format!("{app}/{number}"),
            number,
            app,
            model: supposed.model.clone(),
            model_uuid: "00000000-0000-4000-8000-000000000000".into(),
            juju: JUJU,
            proxies: proxies(&supposed.model_config)?,
        },
        event: Event::Lifecycle(LifecycleKind::ConfigChanged),
        parameters: BTreeMap::new(),
        leader: true,
        config_secrets: config_secrets(&charm, &config, &supposed.secrets),
        charm,
        config,
        peer,
        assets,
        relations: Vec::new(),
        workload: Workload::Reachable(Box::new(container)),
        opened_ports: BTreeSet::new(),
        unit_status: None,
        app_status: None,
        planned_units: None,
        fresh_key: fresh_key(),
        // The same ids every time, so that a file can name them.
        random: [0; 32],
        key_seed: Some([0; 32]),
        now: 0,
    })
}

/// An option that names a secret of which nothing is told has one that is not there.
fn config_secrets(
    charm: &Charm,
    config: &BTreeMap<String, Value>,
    secrets: &BTreeMap<String, Bag>,
) -> BTreeMap<String, Result<Bag, SecretProblem>> {
    let declared = charm.options.iter();
    let options = declared.filter(|option| option.kind == "secret");
    let content = |uri: &str| {
        let content = uri.strip_prefix(SECRET_SCHEME);
        let content = content.and_then(|label| secrets.get(label));
        content.cloned().ok_or(SecretProblem::NotFound)
    };
    options
        .filter_map(|option| {
            let uri = config.get(&option.name)?.as_str()?;
            (!uri.is_empty()).then(|| (option.name.clone(), content(uri)))
        })
        .collect()
}

fn proxies(config: &BTreeMap<String, String>) -> Result<Proxies, Error> {
    let mut proxies = Proxies::default();
    for (key, value) in config {
        let place = match key.as_str() {
            "juju-http-proxy" => &mut proxies.http,
            "juju-https-proxy" => &mut proxies.https,
            "juju-no-proxy" => &mut proxies.no_proxy,
            _ => {
                return Err(Error::Asked(format!(
                    "the model's `{key}` does not reach the app; `juju-http-proxy`, `juju-https-proxy` and \
                     `juju-no-proxy` do"
                )));
            }
        };
        *place = Some(value.clone());
    }
    Ok(proxies)
}
