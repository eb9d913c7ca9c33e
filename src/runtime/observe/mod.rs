//! Reads what a hook needs, each thing at most once, independent ones at the same time.

mod container;
mod relation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;

pub use container::unusable;

use super::charm::Charm;
use super::layer::Kind;
use super::observation::{Identity, Observation, Peer, SecretProblem, Workload};
use crate::cos::Assets;
use crate::interfaces::{Bag, Interface, Relation};
use crate::juju::{self, Environment, Revision, SecretRef, Tools};
use crate::pebble;
use crate::yaml::{self, Mapping, Value};

/// Where Juju puts the sockets of a unit's containers (contract: pebble, section 1).
const CONTAINERS: &str = "/charm/containers";

/// The socket of the charm's container.
#[must_use]
pub fn socket(charm: &Charm) -> PathBuf {
    PathBuf::from(CONTAINERS)
        .join(&charm.container)
        .join("pebble.socket")
}

/// Reads.
///
/// # Errors
/// A hook tool failed for a reason that nobody can act on: Juju is to try the hook again.
pub async fn observe(
    environment: Environment,
    charm: Charm,
    tools: &Tools,
    pebble: &pebble::Client,
) -> Result<Observation, juju::Error> {
    let endpoints: Vec<(&str, Box<dyn Interface>)> = charm
        .endpoints
        .iter()
        .filter_map(|endpoint| Some((endpoint.name.as_str(), endpoint.handler()?)))
        .collect();
    let ids = |endpoint| relation::relation_ids(tools, &environment.event, endpoint);
    let peer_endpoint = charm.peer_endpoint().map(|endpoint| endpoint.name.as_str());
    let peer_ids = async {
        match peer_endpoint {
            Some(endpoint) => ids(endpoint).await,
            None => Ok(Vec::new()),
        }
    };
    let (config, standing, opened_ports, peer_ids, relation_ids, workload, parameters) = tokio::join!(
        tools.config_get(),
        standing(tools, &environment.unit),
        tools.opened_ports(),
        peer_ids,
        try_join_all(endpoints.iter().map(|(endpoint, _)| ids(endpoint))),
        container::workload(&charm, pebble),
        parameters(tools, &environment, &charm),
    );
    let (config, standing) = (config?, standing?);
    let opened_ports = match opened_ports {
        Ok(ports) => ports.iter().map(ToString::to_string).collect(),
        // Opening a port that is open does no harm.
        Err(juju::Error::ToolMissing { .. }) => BTreeSet::new(),
        Err(error) => return Err(error),
    };
    let config: BTreeMap<String, serde_json::Value> = config.into_iter().collect();

    let reads = endpoints
        .iter()
        .zip(relation_ids?)
        .flat_map(|((_, interface), ids)| ids.into_iter().map(move |id| (interface, id)))
        .map(|(interface, id)| {
            relation::relation(tools, &environment, standing.leader, interface.as_ref(), id)
        });
    let peer = async {
        match peer_ids?.into_iter().next() {
            Some(id) => relation::peer(tools, &environment, id, standing.alone).await,
            None => Ok(None),
        }
    };
    let (relations, peer, config_secrets) = tokio::join!(
        try_join_all(reads),
        peer,
        config_secrets(tools, &charm, &config)
    );
    let (peer, relations) = (peer?, relations?);
    let relations: Vec<Relation> = relations.into_iter().flatten().collect();
    let assets = assets(&endpoints, &relations, &standing, &charm, &environment);
    let planned_units =
        planned_units(tools, &environment, &charm, &workload, peer.as_ref()).await?;
    Ok(Observation {
        identity: Identity {
            number: environment.unit_number,
            unit: environment.unit,
            app: environment.app,
            model: environment.model,
            model_uuid: environment.model_uuid,
            juju: environment.version,
            proxies: environment.proxies,
        },
        charm,
        event: environment.event,
        parameters: parameters?,
        leader: standing.leader,
        config,
        config_secrets: config_secrets?,
        peer,
        relations,
        assets,
        workload,
        opened_ports,
        unit_status: standing.unit,
        app_status: standing.app,
        planned_units,
        fresh_key: fresh_key(),
        random: random(),
        key_seed: key_seed(),
        now: now(),
    })
}

/// Dashboards and alert rules, where an endpoint that wants them is related and this unit is the one to publish them.
fn assets(
    endpoints: &[(&str, Box<dyn Interface>)],
    relations: &[Relation],
    standing: &Standing,
    charm: &Charm,
    environment: &Environment,
) -> Assets {
    let wanted = endpoints.iter().any(|(name, interface)| {
        interface.reads().assets && relations.iter().any(|relation| relation.endpoint == *name)
    });
    if !wanted || !standing.leader {
        return Assets::default();
    }
    Assets::load(&charm.framework, &environment.charm_dir)
}

/// 64 random bytes as the peer writes them: 86 characters.
#[must_use]
pub fn fresh_key() -> String {
    let mut bytes = [0u8; 64];
    // Without randomness there is no key worth having; an empty one is never used.
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

/// Ids are made of it: they have to differ, and tell nothing, so that a machine without randomness does no harm.
fn random() -> [u8; 32] {
    let mut bytes = [0u8; 32];
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// Without randomness there is no private key worth having.
fn key_seed() -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// What the user gave to an action that runs a command.
async fn parameters(
    tools: &Tools,
    environment: &Environment,
    charm: &Charm,
) -> Result<BTreeMap<String, serde_json::Value>, juju::Error> {
    match &environment.event {
        juju::Event::Action { name, .. }
            if charm.runtime.actions.contains_key(name) || charm.code.has_action(name) =>
        {
            Ok(tools.action_get().await?.into_iter().collect())
        }
        _ => Ok(BTreeMap::new()),
    }
}

struct Standing {
    leader: bool,
    unit: Option<(String, String)>,
    app: Option<(String, String)>,
    /// Whether this is known to be the application's only unit.
    alone: bool,
}

/// The application's status with its units' is the leader's to read: one call tells leadership and both statuses.
async fn standing(tools: &Tools, unit: &str) -> Result<Standing, juju::Error> {
    let pair = |status: &juju::UnitStatus| (status.status.clone(), status.message.clone());
    match tools.status_get(true).await {
        Ok(report) => {
            let own = match report.units.get(unit) {
                Some(status) => Some(pair(status)),
                None => tools
                    .status_get(false)
                    .await
                    .ok()
                    .map(|report| pair(&report.own)),
            };
            Ok(Standing {
                leader: true,
                alone: report.units.len() == 1 && report.units.contains_key(unit),
                unit: own,
                app: Some(pair(&report.own)),
            })
        }
        Err(error) => {
            let leader = match error {
                juju::Error::NotLeader { .. } => false,
                _ => tools.is_leader().await?,
            };
            let own = tools.status_get(false).await.ok();
            Ok(Standing {
                leader,
                alone: false,
                unit: own.map(|report| pair(&report.own)),
                app: None,
            })
        }
    }
}

async fn config_secrets(
    tools: &Tools,
    charm: &Charm,
    config: &BTreeMap<String, serde_json::Value>,
) -> Result<BTreeMap<String, Result<Bag, SecretProblem>>, juju::Error> {
    let options = charm
        .options
        .iter()
        .filter(|option| option.kind == "secret")
        .filter_map(|option| Some((&option.name, config.get(&option.name)?.as_str()?)))
        .filter(|(_, uri)| !uri.is_empty());
    let reads = options.map(|(name, uri)| async move {
        let content = match tools
            .secret_get(SecretRef::Uri(uri), Revision::Refresh)
            .await
        {
            Ok(content) => Ok(content),
            Err(juju::Error::SecretNotFound { .. }) => Err(SecretProblem::NotFound),
            Err(error) if error.is_refused() => Err(SecretProblem::NotGranted),
            Err(error) => return Err(error),
        };
        Ok((name.clone(), content))
    });
    Ok(try_join_all(reads).await?.into_iter().collect())
}

/// Numbers of the units that Juju means to keep, asked only where a scheduler may have to run here instead of on unit 0.
async fn planned_units(
    tools: &Tools,
    environment: &Environment,
    charm: &Charm,
    workload: &Workload,
    peer: Option<&Peer>,
) -> Result<Option<BTreeSet<u64>>, juju::Error> {
    let Workload::Reachable(container) = workload else {
        return Ok(None);
    };
    let snapshot: Option<Mapping> = container
        .snapshot
        .as_deref()
        .and_then(|text| yaml::from_str(text).ok());
    let services = snapshot.as_ref().unwrap_or(&container.services);
    let is_scheduler = |name: &Value| {
        name.as_str()
            .is_some_and(|name| Kind::of(name, &charm.runtime.service) == Kind::Scheduler)
    };
    let unit_0_is_there =
        environment.unit_number == 0 || peer.is_some_and(|peer| peer.others.contains(&0));
    if unit_0_is_there || !services.keys().any(is_scheduler) {
        return Ok(None);
    }
    let goal = tools.goal_state().await?;
    Ok(Some(
        goal.planned_units().filter_map(relation::number).collect(),
    ))
}
