//! Reads relations: what each interface asks for, and the peer relation.

use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join_all};

use crate::interfaces::{Bag, Interface, Relation, SecretRequest, own_secret_label};
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
    let units_of = async {
        match reads.remote_units {
            true => units(tools, &id).await,
            false => Ok(BTreeMap::new()),
        }
    };
    let own_secret = async {
        if !reads.own_secret || !environment.version.has_secrets() {
            return Ok(None);
        }
        let label = own_secret_label(id.endpoint());
        or_gone(
            tools
                .secret_get(SecretRef::Label(&label), Revision::Peek)
                .await,
        )
    };
    let (remote_app, local_app, local_unit, address, remote_units, own_secret) = tokio::join!(
        bag(reads.remote_app, remote.clone(), true),
        bag(reads.local_app && leader, environment.app.clone(), true),
        bag(reads.local_unit, environment.unit.clone(), false),
        address,
        units_of,
        own_secret,
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
        own_secret: own_secret?,
    };
    if !reads.remote_units && interface.reads_units(&relation.remote_app) {
        relation.remote_units = units(tools, &id).await?;
    }
    let mut requests = interface.secrets(&relation);
    requests.retain(|request| is_secret_uri(&request.uri));
    let contents = requests.iter().map(|request| secret(tools, request));
    for (request, content) in requests.iter().zip(join_all(contents).await) {
        if let Some(content) = or_gone(content)? {
            relation.secrets.insert(request.uri.clone(), content);
        }
    }
    Ok(Some(relation))
}

/// The bags of the provider's units.
async fn units(tools: &Tools, id: &RelationId) -> Result<BTreeMap<String, Bag>, juju::Error> {
    let units = or_gone(tools.relation_list(id).await)?.unwrap_or_default();
    let bags = units.into_iter().map(|unit| async {
        let bag = or_gone(tools.relation_get(id, &unit, false).await)?;
        Ok::<_, juju::Error>((unit, bag.unwrap_or_default()))
    });
    Ok(try_join_all(bags).await?.into_iter().collect())
}

/// The newest content of a secret, which is known by its label from then on.
async fn secret(tools: &Tools, request: &SecretRequest) -> Result<Bag, juju::Error> {
    let by_uri = SecretRef::Uri(&request.uri);
    let Some(label) = &request.label else {
        return tools.secret_get(by_uri, Revision::Refresh).await;
    };
    let labelled = SecretRef::UriAndLabel(&request.uri, label);
    match tools.secret_get(labelled, Revision::Refresh).await {
        // A label stays with its first secret, and a provider may make another: the bag knows better than the label.
        Err(juju::Error::Failed { .. }) => tools.secret_get(by_uri, Revision::Refresh).await,
        result => result,
    }
}

/// Whether it can be a secret's URI: a provider may write anything, and what is none must reach no argument list.
fn is_secret_uri(text: &str) -> bool {
    let rest = text.strip_prefix("secret:").unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && rest
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/-._".contains(c))
}

/// What is absent or not ours to see is no failure: relation, units and secrets go at different times.
pub(super) fn or_gone<T>(result: Result<T, juju::Error>) -> Result<Option<T>, juju::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() || error.is_refused() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The peer relation, or `None` when it is not there yet. A unit that is `alone` has no others to ask for.
pub(super) async fn peer(
    tools: &Tools,
    environment: &Environment,
    id: RelationId,
    alone: bool,
) -> Result<Option<Peer>, juju::Error> {
    let units = async {
        if alone {
            return Ok(Vec::new());
        }
        tools.relation_list(&id).await
    };
    let (app, units) = tokio::join!(tools.relation_get(&id, &environment.app, true), units);
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
