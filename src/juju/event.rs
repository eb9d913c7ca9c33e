//! The event of a dispatch, from its name and the variables that come with it.

use super::environment::{NotInJuju, Variables};
use super::relation_id::RelationId;

/// Why the charm was started. Names of endpoints, containers, storages and actions are as in the
/// charm's metadata, with their `-`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A step in the unit's life.
    Lifecycle(LifecycleKind),
    /// Something about one relation.
    Relation {
        /// The endpoint in this charm.
        endpoint: String,
        /// What happened.
        kind: RelationKind,
        /// Which of the endpoint's relations.
        id: RelationId,
        /// The application at the other end, where Juju says it.
        remote_app: Option<String>,
        /// The unit concerned; none for created, broken and application-level changed.
        remote_unit: Option<String>,
        /// The unit that leaves, in departed only; may be this unit.
        departing_unit: Option<String>,
    },
    /// Something about the Pebble of one container.
    Workload {
        /// The container's name.
        container: String,
        /// What happened.
        kind: WorkloadKind,
    },
    /// Something about one secret.
    Secret {
        /// What happened.
        kind: SecretKind,
        /// The secret's URI, as Juju gave it.
        id: String,
        /// The label this unit knows the secret by.
        label: Option<String>,
        /// The revision concerned; none in changed.
        revision: Option<u64>,
    },
    /// Something about one storage instance.
    Storage {
        /// The storage's name in the metadata.
        name: String,
        /// What happened.
        kind: StorageKind,
        /// The instance, such as `data/0`, where Juju says it.
        id: Option<String>,
    },
    /// An operator's action.
    Action {
        /// The action's name.
        name: String,
        /// The task's identifier; empty when Juju gave none.
        uuid: String,
    },
    /// An event never heard of, by its name in `JUJU_DISPATCH_PATH`. A charm exits 0 on it.
    Unknown(String),
}

/// The steps of a unit's life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LifecycleKind {
    /// `install`
    Install,
    /// `start`
    Start,
    /// `stop`
    Stop,
    /// `remove`
    Remove,
    /// `config-changed`
    ConfigChanged,
    /// `update-status`
    UpdateStatus,
    /// `upgrade-charm`
    UpgradeCharm,
    /// `leader-elected`
    LeaderElected,
    /// `leader-settings-changed`, of old controllers
    LeaderSettingsChanged,
    /// `collect-metrics`, gone in 3.6.11
    CollectMetrics,
    /// `pre-series-upgrade`, gone in 4.0
    PreSeriesUpgrade,
    /// `post-series-upgrade`, gone in 4.0
    PostSeriesUpgrade,
}

/// What can happen to a relation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RelationKind {
    /// `created`: once, before any unit is seen.
    Created,
    /// `joined`: a remote unit appeared.
    Joined,
    /// `changed`: data of a remote unit or application changed.
    Changed,
    /// `departed`: a remote unit left.
    Departed,
    /// `broken`: the relation is gone.
    Broken,
}

/// What can happen to a container's Pebble.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WorkloadKind {
    /// `pebble-ready`: Pebble answers; once per Pebble start and per agent start.
    PebbleReady,
    /// `pebble-custom-notice` (Juju 3.4)
    CustomNotice {
        /// The notice's identifier in Pebble.
        id: String,
        /// The notice's type, `custom`.
        notice_type: String,
        /// The notice's key, such as `example.com/backup`.
        key: String,
    },
    /// `pebble-check-failed` (Juju 3.6)
    CheckFailed {
        /// The check's name in the plan.
        name: String,
    },
    /// `pebble-check-recovered` (Juju 3.6)
    CheckRecovered {
        /// The check's name in the plan.
        name: String,
    },
}

/// What can happen to a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretKind {
    /// `secret-changed`: a tracked secret has a new revision.
    Changed,
    /// `secret-rotate`: an owned secret is due for rotation.
    Rotate,
    /// `secret-expired`: a revision of an owned secret has expired.
    Expired,
    /// `secret-remove`: nobody tracks a revision of an owned secret any longer.
    Remove,
}

/// What can happen to a storage instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StorageKind {
    /// `storage-attached`
    Attached,
    /// `storage-detaching`
    Detaching,
}

const LIFECYCLE: &[(&str, LifecycleKind)] = &[
    ("collect-metrics", LifecycleKind::CollectMetrics),
    ("config-changed", LifecycleKind::ConfigChanged),
    ("install", LifecycleKind::Install),
    ("leader-elected", LifecycleKind::LeaderElected),
    (
        "leader-settings-changed",
        LifecycleKind::LeaderSettingsChanged,
    ),
    ("post-series-upgrade", LifecycleKind::PostSeriesUpgrade),
    ("pre-series-upgrade", LifecycleKind::PreSeriesUpgrade),
    ("remove", LifecycleKind::Remove),
    ("start", LifecycleKind::Start),
    ("stop", LifecycleKind::Stop),
    ("update-status", LifecycleKind::UpdateStatus),
    ("upgrade-charm", LifecycleKind::UpgradeCharm),
];

const SECRET: &[(&str, SecretKind)] = &[
    ("secret-changed", SecretKind::Changed),
    ("secret-expired", SecretKind::Expired),
    ("secret-remove", SecretKind::Remove),
    ("secret-rotate", SecretKind::Rotate),
];

const RELATION: &[(&str, RelationKind)] = &[
    ("-relation-broken", RelationKind::Broken),
    ("-relation-changed", RelationKind::Changed),
    ("-relation-created", RelationKind::Created),
    ("-relation-departed", RelationKind::Departed),
    ("-relation-joined", RelationKind::Joined),
];

const STORAGE: &[(&str, StorageKind)] = &[
    ("-storage-attached", StorageKind::Attached),
    ("-storage-detaching", StorageKind::Detaching),
];

impl Event {
    /// Reads the event from `JUJU_DISPATCH_PATH` and the variables of its kind.
    ///
    /// # Errors
    /// A known kind of event without the variables that say what it is about.
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, NotInJuju> {
        let path = variables.needed("JUJU_DISPATCH_PATH")?;
        let (directory, name) = match path.trim_end_matches('/').rsplit_once('/') {
            Some((directory, name)) => (directory, name),
            None => ("", path),
        };
        if directory == "actions" || directory.ends_with("/actions") {
            return Ok(Self::Action {
                name: name.to_owned(),
                uuid: variables.given("JUJU_ACTION_UUID").unwrap_or_default(),
            });
        }
        if let Some(kind) = exactly(LIFECYCLE, name) {
            return Ok(Self::Lifecycle(kind));
        }
        if let Some(kind) = exactly(SECRET, name) {
            return Self::secret(kind, variables);
        }
        if let Some((endpoint, kind)) = behind(RELATION, name) {
            return Self::relation(endpoint, kind, variables);
        }
        if let Some((storage, kind)) = behind(STORAGE, name) {
            return Ok(Self::Storage {
                name: storage.to_owned(),
                kind,
                id: variables.given("JUJU_STORAGE_ID"),
            });
        }
        Self::workload(name, variables)
    }

    fn secret(kind: SecretKind, variables: &Variables) -> Result<Self, NotInJuju> {
        Ok(Self::Secret {
            kind,
            id: variables.needed("JUJU_SECRET_ID")?.to_owned(),
            label: variables.given("JUJU_SECRET_LABEL"),
            revision: variables
                .given("JUJU_SECRET_REVISION")
                .map(|text| {
                    text.parse()
                        .map_err(|_| NotInJuju::malformed("JUJU_SECRET_REVISION", &text))
                })
                .transpose()?,
        })
    }

    fn relation(
        endpoint: &str,
        kind: RelationKind,
        variables: &Variables,
    ) -> Result<Self, NotInJuju> {
        let id = variables.needed("JUJU_RELATION_ID")?;
        let remote_unit = variables.given("JUJU_REMOTE_UNIT");
        Ok(Self::Relation {
            endpoint: endpoint.to_owned(),
            kind,
            id: id
                .parse()
                .map_err(|()| NotInJuju::malformed("JUJU_RELATION_ID", id))?,
            remote_app: variables.given("JUJU_REMOTE_APP").or_else(|| {
                let (app, _) = remote_unit.as_deref()?.split_once('/')?;
                Some(app.to_owned())
            }),
            remote_unit,
            departing_unit: variables
                .given("JUJU_DEPARTING_UNIT")
                .filter(|_| kind == RelationKind::Departed),
        })
    }

    fn workload(name: &str, variables: &Variables) -> Result<Self, NotInJuju> {
        let container = |suffix| name.strip_suffix(suffix).filter(|name| !name.is_empty());
        let (container, kind) = if let Some(container) = container("-pebble-ready") {
            (container, WorkloadKind::PebbleReady)
        } else if let Some(container) = container("-pebble-custom-notice") {
            let kind = WorkloadKind::CustomNotice {
                id: variables.needed("JUJU_NOTICE_ID")?.to_owned(),
                notice_type: variables.needed("JUJU_NOTICE_TYPE")?.to_owned(),
                key: variables.needed("JUJU_NOTICE_KEY")?.to_owned(),
            };
            (container, kind)
        } else if let Some(container) = container("-pebble-check-failed") {
            let name = variables.needed("JUJU_PEBBLE_CHECK_NAME")?.to_owned();
            (container, WorkloadKind::CheckFailed { name })
        } else if let Some(container) = container("-pebble-check-recovered") {
            let name = variables.needed("JUJU_PEBBLE_CHECK_NAME")?.to_owned();
            (container, WorkloadKind::CheckRecovered { name })
        } else {
            return Ok(Self::Unknown(name.to_owned()));
        };
        Ok(Self::Workload {
            container: container.to_owned(),
            kind,
        })
    }
}

fn exactly<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
}

fn behind<'a, T: Copy>(table: &[(&str, T)], name: &'a str) -> Option<(&'a str, T)> {
    table.iter().find_map(|(suffix, kind)| {
        let rest = name.strip_suffix(suffix)?;
        (!rest.is_empty()).then_some((rest, *kind))
    })
}
