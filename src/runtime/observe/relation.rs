//! Reads relations: what each interface asks for, and the peer relation.

use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join_all};

use crate::interfaces::{Bag, Interface, Relation};
use crate::juju::{self, Environment, Event, RelationId, RelationKind, Revision, SecretRef, Tools};
use crate::runtime::observation::Peer;
use crate::runtime::secret_key::URI_KEY;

/// An endpoint's relations but the one that is just being broken, which Juju before 3.5 still lists.
pub(super) async fn relation_ids(
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
pub(super) async fn relation(
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
pub(super) fn or_gone<T>(result: Result<T, juju::Error>) -> Result<Option<T>, juju::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The peer relation, or `None` when it is not there yet.
pub(super) async fn peer(
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

/// The number of `web/0`.
pub(super) fn number(unit: &str) -> Option<u64> {
    unit.rsplit('/').next()?.parse().ok()
}
