//! The charm's side of Juju: what a dispatch is told ([`Environment`], [`Event`]) and the hook
//! tools it may call ([`Tools`]). Nothing here knows of charms, and nothing else starts a hook tool.

mod environment;
mod error;
mod event;
mod goal_state;
mod mapping;
mod network;
mod port;
mod private_files;
mod redact;
mod relation_id;
mod status;
mod terminate;
mod tools;
mod version;

pub use environment::{Environment, NotInJuju, Proxies};
pub use error::Error;
pub use event::{Event, LifecycleKind, RelationKind, SecretKind, StorageKind, WorkloadKind};
pub use goal_state::GoalState;
pub use network::Network;
pub use port::{Port, Protocol};
pub use relation_id::RelationId;
pub use status::{Status, StatusReport, UnitStatus};
pub use terminate::{Terminated, unless_terminated};
pub use tools::{
    LONGEST_RESULT, LogLevel, Owner, Revision, SecretInfo, SecretRef, Tools, is_result_key,
};
pub use version::JujuVersion;

use std::collections::BTreeMap;

/// One databag of a relation: strings only, as Juju stores them.
pub type Bag = BTreeMap<String, String>;

/// The bare identifier of a secret: `secret:ID` and `secret://MODEL/ID` without what comes before
/// `ID`. `secret-ids` and `secret-info-get` answer with bare identifiers, everything else with URIs.
#[must_use]
pub fn secret_id(uri: &str) -> &str {
    let rest = uri.strip_prefix("secret:").unwrap_or(uri);
    rest.rsplit_once('/').map_or(rest, |(_, id)| id)
}

#[cfg(test)]
mod properties;
