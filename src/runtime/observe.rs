//! Reads what a hook needs, each thing at most once, independent ones at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::{join_all, try_join_all};

use super::charm::{Charm, Role};
use super::layer::Kind;
use super::migration;
use super::observation::{Container, Identity, Observation, Peer, SecretProblem, Workload};
use super::secret_key::URI_KEY;
use super::workload::{pending_path, snapshot_path};
use crate::interfaces::{Bag, Interface, Relation, handler, table};
use crate::juju::{self, Environment, Event, RelationId, RelationKind, Revision, SecretRef, Tools};
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
        .filter(|endpoint| endpoint.role == Role::Requires)
        .filter_map(|endpoint| {
            let row = table::find(&endpoint.interface)?;
            Some((endpoint.name.as_str(), handler(&row)?))
        })
        .collect();
    let ids = |endpoint| relation_ids(tools, &environment.event, endpoint);
    let peer_endpoint = charm.peer_endpoint().map(|endpoint| endpoint.name.as_str());
    let peer_ids = async {
        match peer_endpoint {
            Some(endpoint) => ids(endpoint).await,
            None => Ok(Vec::new()),
        }
    };
    let (config, standing, opened_ports, peer_ids, relation_ids, workload) = tokio::join!(
        tools.config_get(),
        standing(tools, &environment.unit),
        tools.opened_ports(),
        peer_ids,
        try_join_all(endpoints.iter().map(|(endpoint, _)| ids(endpoint))),
        workload(&charm, pebble),
    );
    let (config, standing) = (config?, standing?);
    let opened_ports = opened_ports?.iter().map(ToString::to_string).collect();
    let config: BTreeMap<String, serde_json::Value> = config.into_iter().collect();

    let reads = endpoints
        .iter()
        .zip(relation_ids?)
        .flat_map(|((_, interface), ids)| ids.into_iter().map(move |id| (interface, id)))
        .map(|(interface, id)| {
            relation(tools, &environment, standing.leader, interface.as_ref(), id)
        });
    let peer = async {
        match peer_ids?.into_iter().next() {
            Some(id) => peer(tools, &environment, id).await,
            None => Ok(None),
        }
    };
    let (relations, peer, config_secrets) = tokio::join!(
        try_join_all(reads),
        peer,
        config_secrets(tools, &charm, &config)
    );
    let peer = peer?;
    let planned_units =
        planned_units(tools, &environment, &charm, &workload, peer.as_ref()).await?;
    Ok(Observation {
        identity: Identity {
            number: environment.unit_number,
            unit: environment.unit,
            app: environment.app,
            model: environment.model,
            juju: environment.version,
            proxies: environment.proxies,
        },
        charm,
        event: environment.event,
        leader: standing.leader,
        config,
        config_secrets: config_secrets?,
        peer,
        relations: relations?.into_iter().flatten().collect(),
        workload,
        opened_ports,
        unit_status: standing.unit,
        app_status: standing.app,
        planned_units,
        fresh_key: fresh_key(),
    })
}

/// 64 random bytes as the peer writes them: 86 characters.
fn fresh_key() -> String {
    let mut bytes = [0u8; 64];
    // Without randomness there is no key worth having; an empty one is never used.
    match getrandom::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

struct Standing {
    leader: bool,
    unit: Option<(String, String)>,
    app: Option<(String, String)>,
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
                unit: own.map(|report| pair(&report.own)),
                app: None,
            })
        }
    }
}

/// An endpoint's relations but the one that is just being broken, which Juju before 3.5 still lists.
async fn relation_ids(
    tools: &Tools,
    event: &Event,
    endpoint: &str,
) -> Result<Vec<RelationId>, juju::Error> {
    let broken = match event {
        Event::Relation {
            kind: RelationKind::Broken,
            id,
            ..
        } => Some(id.number()),
        _ => None,
    };
    let mut ids = tools.relation_ids(endpoint).await?;
    ids.retain(|id| Some(id.number()) != broken);
    ids.sort_by_key(RelationId::number);
    Ok(ids)
}

/// A relation, or `None` when it went away while it was read.
async fn relation(
    tools: &Tools,
    environment: &Environment,
    leader: bool,
    interface: &dyn Interface,
    id: RelationId,
) -> Result<Option<Relation>, juju::Error> {
    let known = match &environment.event {
        Event::Relation {
            id: own,
            remote_app: Some(app),
            ..
        } if own.number() == id.number() => Some(app.clone()),
        _ => None,
    };
    let remote = match known {
        Some(app) => Some(app),
        None => or_gone(tools.relation_remote_app(&id).await)?.flatten(),
    };
    let Some(remote) = remote else {
        return Ok(None);
    };
    let reads = interface.reads();
    let bag = |wanted: bool, member: String, app: bool| {
        let id = &id;
        async move {
            if wanted {
                tools.relation_get(id, &member, app).await
            } else {
                Ok(Bag::new())
            }
        }
    };
    let address = async {
        if !reads.address {
            return Ok(None);
        }
        let network = tools.network_get(id.endpoint(), Some(&id)).await;
        let address = |network: juju::Network| network.bind_address().map(str::to_owned);
        Ok(or_gone(network)?.and_then(address))
    };
    let units = async {
        if !reads.remote_units {
            return Ok(BTreeMap::new());
        }
        let units = or_gone(tools.relation_list(&id).await)?.unwrap_or_default();
        let bags = units.into_iter().map(|unit| async {
            let bag = or_gone(tools.relation_get(&id, &unit, false).await)?;
            Ok::<_, juju::Error>((unit, bag.unwrap_or_default()))
        });
        Ok(try_join_all(bags).await?.into_iter().collect())
    };
    let (remote_app, local_app, local_unit, address, remote_units) = tokio::join!(
        bag(reads.remote_app, remote.clone(), true),
        bag(reads.local_app && leader, environment.app.clone(), true),
        bag(reads.local_unit, environment.unit.clone(), false),
        address,
        units,
    );
    let (Some(remote_app), Some(local_unit)) = (or_gone(remote_app)?, or_gone(local_unit)?) else {
        return Ok(None);
    };
    let mut relation = Relation {
        endpoint: id.endpoint().to_owned(),
        id: id.number(),
        remote_application: remote,
        remote_app,
        remote_units: remote_units?,
        // Leadership may have gone since it was asked for; the new leader will write.
        local_app: or_gone(local_app)?.unwrap_or_default(),
        local_unit,
        address: address?,
        secrets: BTreeMap::new(),
    };
    let requests = interface.secrets(&relation);
    let contents = requests.iter().map(|request| {
        let secret = match &request.label {
            Some(label) => SecretRef::UriAndLabel(&request.uri, label),
            None => SecretRef::Uri(&request.uri),
        };
        tools.secret_get(secret, Revision::Refresh)
    });
    for (request, content) in requests.iter().zip(join_all(contents).await) {
        if let Some(content) = or_gone(content)? {
            relation.secrets.insert(request.uri.clone(), content);
        }
    }
    Ok(Some(relation))
}

/// What is absent or not ours to see is no failure: relation, units and secrets go at different times.
fn or_gone<T>(result: Result<T, juju::Error>) -> Result<Option<T>, juju::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn peer(
    tools: &Tools,
    environment: &Environment,
    id: RelationId,
) -> Result<Option<Peer>, juju::Error> {
    let (app, units) = tokio::join!(
        tools.relation_get(&id, &environment.app, true),
        tools.relation_list(&id)
    );
    let (Some(app), Some(units)) = (or_gone(app)?, or_gone(units)?) else {
        return Ok(None);
    };
    let secret = match app.get(URI_KEY) {
        // The owner may not refresh, and must not track: peeking is right for every unit.
        Some(uri) => or_gone(tools.secret_get(SecretRef::Uri(uri), Revision::Peek).await)?,
        None => None,
    };
    Ok(Some(Peer {
        endpoint: id.endpoint().to_owned(),
        id: id.number(),
        app,
        others: units.iter().filter_map(|unit| number(unit)).collect(),
        secret,
    }))
}

fn number(unit: &str) -> Option<u64> {
    unit.rsplit('/').next()?.parse().ok()
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

async fn workload(charm: &Charm, pebble: &pebble::Client) -> Workload {
    match container(charm, pebble).await {
        Ok(container) => Workload::Reachable(Box::new(container)),
        Err(error) => unusable(&error),
    }
}

/// What an error of Pebble means for the workload.
#[must_use]
pub fn unusable(error: &pebble::Error) -> Workload {
    match error {
        pebble::Error::Timeout { .. } => Workload::Unreachable,
        error if error.is_unreachable() => Workload::Unreachable,
        error => Workload::Refused(error.to_string()),
    }
}

async fn container(charm: &Charm, pebble: &pebble::Client) -> Result<Container, pebble::Error> {
    let runtime = &charm.runtime;
    let asked = charm
        .paas_config
        .as_ref()
        .is_ok_and(super::paas_config::PaasConfig::json_logging);
    let logging = runtime.json_logging.iter().filter(|_| asked);
    let framework_files = logging.flat_map(|logging| {
        logging
            .files
            .iter()
            .map(move |name| format!("{}/{name}", logging.directory))
    });
    let mut paths = vec![
        snapshot_path(&runtime.state_directory),
        migration::status_path(&charm.framework),
        migration::record_path(&charm.framework),
        pending_path(&runtime.state_directory),
    ];
    paths.extend(framework_files);
    let wanted: Vec<&str> = paths.iter().map(String::as_str).collect();
    let scripts = async {
        // `migrate`, `migrate.sh`, `migrate.py` and `manage.py`.
        match pebble
            .list_files(&runtime.app_directory, Some("m*"), false)
            .await
        {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            listed => listed,
        }
    };
    let (plan, services, files, scripts) = tokio::try_join!(
        pebble.plan(),
        pebble.services(&[]),
        pebble.read_files(&wanted),
        scripts
    )?;
    let mut files: BTreeMap<String, Vec<u8>> = files
        .into_iter()
        .filter_map(|(path, content)| Some((path, content.ok()?)))
        .collect();
    let mut text = |path: &str| {
        let content = files.remove(path)?;
        String::from_utf8(content).ok()
    };
    let mut file = |at: usize| wanted.get(at).and_then(|path| text(path));
    let (snapshot, migration_status, migration_record) = (file(0), file(1), file(2));
    let layer_pending = file(3).is_some();
    Ok(Container {
        services: plan.services,
        states: services
            .into_iter()
            .map(|service| (service.name, service.current.to_string()))
            .collect(),
        snapshot,
        migration_status,
        migration_record,
        layer_pending,
        scripts: scripts.into_iter().map(|file| file.name).collect(),
        files,
    })
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
    Ok(Some(goal.planned_units().filter_map(number).collect()))
}
