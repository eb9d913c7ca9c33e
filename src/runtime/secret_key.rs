//! The app's secret key, shared by all units (contract: interfaces, section 16; decision 103).
//!
//! It begins in the peer relation's application bag, where the peer keeps it. The first rotation moves it into a Juju
//! secret, where Juju has secrets; the bag then holds the secret's URI, and a count that tells the other units.

use std::collections::BTreeMap;

use super::decision::{ActionOutcome, BagWrite, Decision, SecretWrite};
use super::observation::{Observation, Peer};
use super::options::Problem;
use crate::juju::Event;

/// The bag's key for the secret's URI.
pub const URI_KEY: &str = "secret-key-id";
/// The bag's key for the count of rotations.
pub const REVISION_KEY: &str = "secret-key-revision";

/// The key that there is.
#[must_use]
pub fn current(observation: &Observation) -> Option<&str> {
    let peer = observation.peer.as_ref()?;
    let in_bag = peer.app.get(&observation.charm.runtime.secret_key.bag_key);
    let in_secret = || {
        peer.secret
            .as_ref()
            .and_then(|content| content.get("value"))
    };
    in_bag
        .filter(|key| !key.is_empty())
        .or_else(in_secret)
        .map(String::as_str)
}

/// The key that the app gets: the current one, a fresh one where there is none, or what the action `rotate-secret-key`
/// makes of it. `problem` is what is wrong with the config, which makes the action fail (known defect 105).
#[must_use]
pub fn settle(
    observation: &Observation,
    problem: Option<&Problem>,
    decision: &mut Decision,
) -> Option<String> {
    let current = current(observation).map(str::to_owned);
    let action = match &observation.event {
        Event::Action { name, .. } => Some(name.as_str()),
        _ => None,
    };
    let refused = match (action, &current) {
        (None, _) => None,
        (Some("rotate-secret-key"), _) if !observation.leader => {
            Some("only leader unit can rotate secret key".to_owned())
        }
        (Some("rotate-secret-key"), None) => Some("charm is still initializing".to_owned()),
        (Some("rotate-secret-key"), Some(_)) => problem.map(|problem| problem.message.clone()).or_else(|| {
            let mut options = observation.charm.runtime.secret_key.all_options();
            let set = options.find(|name| observation.config.contains_key(name))?;
            Some(format!("the option {set} gives the secret key: change that, or reset it and run this again"))
        }),
        (Some(name), _) => Some(format!("there is no action `{name}`")),
    };
    if let Some(refusal) = refused {
        decision.action = Some(ActionOutcome::Failed(refusal));
        return current;
    }
    if let Some(peer) = observation.peer.as_ref().filter(|_| action.is_some()) {
        let (bag, secret) = rotate(observation, peer);
        decision.bags.push(bag);
        decision.secret = secret;
        decision.action = Some(ActionOutcome::Done(
            [("status".to_owned(), "success".to_owned())].into(),
        ));
        return Some(observation.fresh_key.clone());
    }
    if let Some(bag) = create(observation) {
        decision.bags.push(bag);
        return Some(observation.fresh_key.clone());
    }
    current
}

/// What makes the fresh key the first one; only the leader can, and any event will do (known defect 52).
#[must_use]
pub fn create(observation: &Observation) -> Option<BagWrite> {
    let peer = observation
        .peer
        .as_ref()
        .filter(|_| observation.leader && current(observation).is_none())?;
    let mut changes = BTreeMap::new();
    changes.insert(
        observation.charm.runtime.secret_key.bag_key.clone(),
        Some(observation.fresh_key.clone()),
    );
    // A secret that is gone is no use to anybody.
    if peer.app.contains_key(URI_KEY) {
        changes.insert(URI_KEY.into(), None);
    }
    Some(write(peer, changes))
}

/// What makes the fresh key take the place of the current one.
#[must_use]
pub fn rotate(observation: &Observation, peer: &Peer) -> (BagWrite, Option<SecretWrite>) {
    let bag_key = observation.charm.runtime.secret_key.bag_key.clone();
    if !observation.identity.juju.has_secrets() {
        let changes = [(bag_key, Some(observation.fresh_key.clone()))].into();
        return (write(peer, changes), None);
    }
    let count = peer
        .app
        .get(REVISION_KEY)
        .and_then(|count| count.parse::<u64>().ok())
        .unwrap_or(0);
    let mut changes = BTreeMap::from([(
        REVISION_KEY.to_owned(),
        Some(count.saturating_add(1).to_string()),
    )]);
    if peer.app.contains_key(&bag_key) {
        changes.insert(bag_key, None);
    }
    let secret = SecretWrite {
        uri: peer
            .secret
            .as_ref()
            .and_then(|_| peer.app.get(URI_KEY).cloned()),
        label: format!("{}-secret-key", observation.charm.framework),
        value: observation.fresh_key.clone(),
        peer: (peer.endpoint.clone(), peer.id),
    };
    (write(peer, changes), Some(secret))
}

fn write(peer: &Peer, changes: BTreeMap<String, Option<String>>) -> BagWrite {
    BagWrite {
        endpoint: peer.endpoint.clone(),
        relation: peer.id,
        app: true,
        changes,
    }
}
