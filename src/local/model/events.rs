//! Events: what changed in the model, who hears of it, and what a dispatch finds in its environment.
//!
//! The forms and the order are Juju's uniter's (contract "Juju", sections 1 and 2).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Model, Relation};

/// Something that changed in the model.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// An action was asked for.
    ActionQueued {
        /// Its id.
        action: u32,
    },
    /// The unit's address is another.
    AddressChanged {
        /// The unit.
        unit: String,
    },
    /// An application is gone, and all that was its own.
    ApplicationRemoved {
        /// Its name.
        application: String,
    },
    /// A databag is not as it was.
    BagChanged {
        /// The relation.
        relation: u32,
        /// Whose bag: an application's name or a unit's.
        member: String,
    },
    /// An option has another value.
    ConfigChanged {
        /// The application.
        application: String,
    },
    /// Another unit leads.
    LeaderElected {
        /// The application.
        application: String,
    },
    /// Ports opened or closed.
    PortsChanged {
        /// The unit.
        unit: String,
    },
    /// The charm is of a new revision.
    Refreshed {
        /// The application.
        application: String,
    },
    /// A relation was made.
    RelationAdded {
        /// Its id.
        relation: u32,
    },
    /// A relation is going away.
    RelationDying {
        /// Its id.
        relation: u32,
    },
    /// A relation is gone.
    RelationRemoved {
        /// Its id.
        relation: u32,
    },
    /// A unit is in a relation's scope: the other side sees it.
    ScopeEntered {
        /// The relation.
        relation: u32,
        /// The unit.
        unit: String,
    },
    /// A unit has left a relation's scope.
    ScopeLeft {
        /// The relation.
        relation: u32,
        /// The unit.
        unit: String,
    },
    /// No unit tracks that revision any more.
    SecretObsolete {
        /// The secret's bare id.
        secret: String,
        /// The revision.
        revision: u32,
    },
    /// A secret is gone.
    SecretRemoved {
        /// Its bare id.
        secret: String,
    },
    /// A secret has a new revision.
    SecretRevised {
        /// Its bare id.
        secret: String,
    },
    /// A unit is to start its life.
    UnitAdded {
        /// Its name.
        unit: String,
    },
    /// A unit is to end its life.
    UnitDying {
        /// Its name.
        unit: String,
    },
    /// A unit is gone.
    UnitRemoved {
        /// Its name.
        unit: String,
    },
}

/// What a relation's event says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationHook {
    /// Once, before all others.
    Created,
    /// Per remote unit.
    Joined,
    /// With a unit, or without for the application's bag.
    Changed,
    /// Per remote unit.
    Departed,
    /// Once, after all others.
    Broken,
}

impl RelationHook {
    const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Joined => "joined",
            Self::Changed => "changed",
            Self::Departed => "departed",
            Self::Broken => "broken",
        }
    }
}

/// What a secret's event says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretHook {
    /// To units that track it: there is a newer revision.
    Changed,
    /// To the owner.
    Rotate,
    /// To the owner, with a revision.
    Expired,
    /// To the owner, with a revision that nobody tracks.
    Remove,
}

impl SecretHook {
    const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Rotate => "rotate",
            Self::Expired => "expired",
            Self::Remove => "remove",
        }
    }
}

/// One event for one unit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueuedEvent {
    /// An action.
    Action {
        /// Its id in the model.
        action: u32,
    },
    /// `config-changed`
    ConfigChanged,
    /// `install`
    Install,
    /// `leader-elected`
    LeaderElected,
    /// `<container>-pebble-check-failed` or `-recovered`
    PebbleCheck {
        /// The container.
        container: String,
        /// The check.
        check: String,
        /// Recovered, not failed.
        recovered: bool,
    },
    /// `<container>-pebble-custom-notice`
    PebbleNotice {
        /// The container.
        container: String,
        /// The notice's id.
        id: String,
        /// Its key.
        key: String,
    },
    /// `<container>-pebble-ready`
    PebbleReady {
        /// The container.
        container: String,
    },
    /// `<endpoint>-relation-…`
    Relation {
        /// What happened.
        hook: RelationHook,
        /// The relation.
        relation: u32,
        /// The unit's own endpoint.
        endpoint: String,
        /// The application at the other side; its own for peers.
        remote_application: String,
        /// The unit at the other side.
        remote_unit: Option<String>,
        /// `departed` only: the unit that goes, which may be the one that hears of it.
        departing_unit: Option<String>,
    },
    /// `remove`
    Remove,
    /// `secret-…`
    Secret {
        /// What happened.
        hook: SecretHook,
        /// The secret's bare id.
        secret: String,
        /// The revision, where the event has one.
        revision: Option<u32>,
    },
    /// `start`
    Start,
    /// `stop`
    Stop,
    /// `update-status`
    UpdateStatus,
    /// `upgrade-charm`
    UpgradeCharm,
}

/// What only the agent knows of a dispatch.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// The charm's directory as the dispatch sees it.
    pub charm_directory: PathBuf,
    /// Names the dispatch to hook tools.
    pub context_id: String,
    /// The Unix socket of the hook tools as the dispatch sees it.
    pub socket: PathBuf,
    /// The directory of resources as the dispatch sees it: `NAME/content.yaml` below it.
    pub resources: PathBuf,
}

impl QueuedEvent {
    /// The event's name: `config-changed`, `db-relation-joined`, or the action's name.
    #[must_use]
    pub fn name(&self, model: &Model) -> String {
        match self {
            Self::Action { action } => model
                .actions
                .get(action)
                .map_or_else(String::new, |action| action.name.clone()),
            Self::ConfigChanged => "config-changed".into(),
            Self::Install => "install".into(),
            Self::LeaderElected => "leader-elected".into(),
            Self::PebbleCheck {
                container,
                recovered,
                ..
            } => {
                let word = if *recovered { "recovered" } else { "failed" };
                format!("{container}-pebble-check-{word}")
            }
            Self::PebbleNotice { container, .. } => format!("{container}-pebble-custom-notice"),
            Self::PebbleReady { container } => format!("{container}-pebble-ready"),
            Self::Relation { hook, endpoint, .. } => {
                format!("{endpoint}-relation-{}", hook.word())
            }
            Self::Remove => "remove".into(),
            Self::Secret { hook, .. } => format!("secret-{}", hook.word()),
            Self::Start => "start".into(),
            Self::Stop => "stop".into(),
            Self::UpdateStatus => "update-status".into(),
            Self::UpgradeCharm => "upgrade-charm".into(),
        }
    }

    /// `JUJU_DISPATCH_PATH`.
    #[must_use]
    pub fn path(&self, model: &Model) -> String {
        let directory = if matches!(self, Self::Action { .. }) {
            "actions"
        } else {
            "hooks"
        };
        format!("{directory}/{}", self.name(model))
    }

    /// The relation that the event is about.
    #[must_use]
    pub const fn relation(&self) -> Option<u32> {
        match self {
            Self::Relation { relation, .. } => Some(*relation),
            _ => None,
        }
    }

    /// The environment of a dispatch of this event, as Juju's uniter makes it, without `PATH` and `HOME`.
    #[must_use]
    pub fn environment(&self, model: &Model, unit: &str, agent: &Agent) -> Vec<(String, String)> {
        let directory = agent.charm_directory.display().to_string();
        let hook_name = match self {
            Self::Action { .. } => String::new(),
            _ => self.name(model),
        };
        let mut variables: Vec<(&str, String)> = vec![
            ("JUJU_DISPATCH_PATH", self.path(model)),
            ("JUJU_HOOK_NAME", hook_name),
            ("CHARM_DIR", directory.clone()),
            ("JUJU_CHARM_DIR", directory),
            ("JUJU_CONTEXT_ID", agent.context_id.clone()),
            (
                "JUJU_AGENT_SOCKET_ADDRESS",
                agent.socket.display().to_string(),
            ),
            ("JUJU_AGENT_SOCKET_NETWORK", "unix".into()),
            ("JUJU_UNIT_NAME", unit.into()),
            ("JUJU_MODEL_NAME", model.name.clone()),
            ("JUJU_MODEL_UUID", model.uuid.clone()),
            ("JUJU_VERSION", model.juju_version.to_string()),
            ("JUJU_API_ADDRESSES", String::new()),
            ("JUJU_MACHINE_ID", String::new()),
            ("JUJU_PRINCIPAL_UNIT", String::new()),
            ("JUJU_AVAILABILITY_ZONE", String::new()),
            ("CLOUD_API_VERSION", String::new()),
            ("JUJU_CHARM_HTTP_PROXY", String::new()),
            ("JUJU_CHARM_HTTPS_PROXY", String::new()),
            ("JUJU_CHARM_FTP_PROXY", String::new()),
            ("JUJU_CHARM_NO_PROXY", String::new()),
        ];
        self.own_variables(model, unit, &mut variables);
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn own_variables(
        &self,
        model: &Model,
        unit: &str,
        variables: &mut Vec<(&'static str, String)>,
    ) {
        match self {
            Self::Relation {
                hook,
                relation,
                endpoint,
                remote_application,
                remote_unit,
                departing_unit,
            } => {
                variables.extend([
                    ("JUJU_RELATION", endpoint.clone()),
                    ("JUJU_RELATION_ID", format!("{endpoint}:{relation}")),
                    ("JUJU_REMOTE_APP", remote_application.clone()),
                    ("JUJU_REMOTE_UNIT", remote_unit.clone().unwrap_or_default()),
                ]);
                if *hook == RelationHook::Departed {
                    let departing = departing_unit.clone().unwrap_or_default();
                    variables.push(("JUJU_DEPARTING_UNIT", departing));
                }
            }
            Self::PebbleReady { container } => {
                variables.push(("JUJU_WORKLOAD_NAME", container.clone()));
            }
            Self::PebbleNotice { container, id, key } => variables.extend([
                ("JUJU_WORKLOAD_NAME", container.clone()),
                ("JUJU_NOTICE_ID", id.clone()),
                ("JUJU_NOTICE_TYPE", "custom".into()),
                ("JUJU_NOTICE_KEY", key.clone()),
            ]),
            Self::PebbleCheck {
                container, check, ..
            } => variables.extend([
                ("JUJU_WORKLOAD_NAME", container.clone()),
                ("JUJU_PEBBLE_CHECK_NAME", check.clone()),
            ]),
            Self::Secret {
                secret, revision, ..
            } => {
                variables.extend([
                    ("JUJU_SECRET_ID", format!("secret:{secret}")),
                    ("JUJU_SECRET_LABEL", model.secret_label_for(secret, unit)),
                ]);
                if let Some(revision) = revision {
                    variables.push(("JUJU_SECRET_REVISION", revision.to_string()));
                }
            }
            Self::Action { action } => variables.extend([
                ("JUJU_ACTION_NAME", self.name(model)),
                ("JUJU_ACTION_UUID", action.to_string()),
                ("JUJU_ACTION_TAG", format!("action-{action}")),
            ]),
            _ => {}
        }
    }
}

/// Which units get which events for `changes`, in Juju's order. Units of applications that are built in get none.
///
/// The model is the one after the changes; what goes away must still be in it, as dying.
#[must_use]
pub fn after(model: &Model, changes: &[Change]) -> Vec<(String, QueuedEvent)> {
    let mut events = Vec::new();
    for change in changes {
        one(model, change, &mut events);
    }
    events.retain(|(unit, _)| model.runs_charm(unit));
    events
}

type Events = Vec<(String, QueuedEvent)>;

fn one(model: &Model, change: &Change, events: &mut Events) {
    match change {
        Change::ActionQueued { action } => {
            if let Some(found) = model.actions.get(action) {
                let event = QueuedEvent::Action { action: *action };
                events.push((found.unit.clone(), event));
            }
        }
        Change::AddressChanged { unit } => {
            events.push((unit.clone(), QueuedEvent::ConfigChanged));
        }
        Change::BagChanged { relation, member } => bag_changed(model, *relation, member, events),
        Change::ConfigChanged { application } => {
            for unit in model.living_units(application) {
                events.push((unit, QueuedEvent::ConfigChanged));
            }
        }
        Change::LeaderElected { application } => {
            if let Some(unit) = model.leader_of(application) {
                events.push((unit, QueuedEvent::LeaderElected));
            }
        }
        Change::Refreshed { application } => {
            for unit in model.living_units(application) {
                events.push((unit.clone(), QueuedEvent::UpgradeCharm));
                events.push((unit, QueuedEvent::ConfigChanged));
            }
        }
        Change::RelationAdded { relation } => created(model, *relation, events),
        Change::RelationDying { relation } => {
            if let Some(found) = model.relations.get(relation) {
                for unit in &found.members {
                    breaking(*relation, found, unit, None, events);
                }
            }
        }
        Change::ScopeEntered { relation, unit } => entered(model, *relation, unit, events),
        Change::ScopeLeft { relation, unit } => {
            let Some(found) = model.relations.get(relation).filter(|found| !found.dying) else {
                return;
            };
            // A unit that goes too has its own `departed` for everybody.
            for other in found.seen_by_others(unit) {
                if is_alive(model, &other) {
                    let hook = RelationHook::Departed;
                    push_relation(*relation, found, &other, hook, Some(unit), events);
                }
            }
        }
        Change::SecretObsolete { secret, revision } => {
            if let Some(unit) = model.secret_keeper(secret) {
                let event = QueuedEvent::Secret {
                    hook: SecretHook::Remove,
                    secret: secret.clone(),
                    revision: Some(*revision),
                };
                events.push((unit, event));
            }
        }
        Change::SecretRevised { secret } => {
            for unit in model.units_behind(secret) {
                let event = QueuedEvent::Secret {
                    hook: SecretHook::Changed,
                    secret: secret.clone(),
                    revision: None,
                };
                events.push((unit, event));
            }
        }
        Change::UnitAdded { unit } => unit_added(model, unit, events),
        Change::UnitDying { unit } => unit_dying(model, unit, events),
        Change::ApplicationRemoved { .. }
        | Change::PortsChanged { .. }
        | Change::RelationRemoved { .. }
        | Change::SecretRemoved { .. }
        | Change::UnitRemoved { .. } => {}
    }
}

fn unit_added(model: &Model, unit: &str, events: &mut Events) {
    let application = super::application_of(unit);
    events.push((unit.into(), QueuedEvent::Install));
    for (id, relation) in &model.relations {
        if !relation.dying && relation.side_of(application).is_some() {
            push_relation(*id, relation, unit, RelationHook::Created, None, events);
        }
    }
    if model.is_leader(unit) {
        events.push((unit.into(), QueuedEvent::LeaderElected));
    }
    events.push((unit.into(), QueuedEvent::ConfigChanged));
    events.push((unit.into(), QueuedEvent::Start));
}

fn unit_dying(model: &Model, unit: &str, events: &mut Events) {
    for (id, relation) in &model.relations {
        // A relation that goes anyway has queued its own end already.
        if relation.members.contains(unit) && !relation.dying {
            breaking(*id, relation, unit, Some(unit), events);
        }
    }
    events.push((unit.into(), QueuedEvent::Stop));
    events.push((unit.into(), QueuedEvent::Remove));
}

fn created(model: &Model, id: u32, events: &mut Events) {
    let Some(relation) = model.relations.get(&id) else {
        return;
    };
    for side in &relation.sides {
        for unit in model.living_units(&side.application) {
            push_relation(id, relation, &unit, RelationHook::Created, None, events);
        }
    }
}

fn entered(model: &Model, id: u32, unit: &str, events: &mut Events) {
    let Some(relation) = model.relations.get(&id) else {
        return;
    };
    if relation.dying {
        push_relation(id, relation, unit, RelationHook::Broken, None, events);
        return;
    }
    let others = relation.seen_by_others(unit);
    for other in &others {
        if is_alive(model, other) {
            joined(id, relation, other, unit, events);
        }
    }
    let remote = relation
        .remote_application(super::application_of(unit))
        .unwrap_or_default();
    let news = relation.bags.get(remote).is_some_and(|bag| !bag.is_empty());
    if news && !(relation.is_peer() && model.is_leader(unit)) {
        push_relation(id, relation, unit, RelationHook::Changed, None, events);
    }
    for other in &others {
        joined(id, relation, unit, other, events);
    }
}

fn joined(id: u32, relation: &Relation, hearer: &str, of: &str, events: &mut Events) {
    for hook in [RelationHook::Joined, RelationHook::Changed] {
        push_relation(id, relation, hearer, hook, Some(of), events);
    }
}

/// A unit that goes has queued its own end of every relation.
fn is_alive(model: &Model, unit: &str) -> bool {
    model.unit(unit).is_some_and(|unit| !unit.dying)
}

fn bag_changed(model: &Model, id: u32, member: &str, events: &mut Events) {
    let Some(relation) = model.relations.get(&id).filter(|found| !found.dying) else {
        return;
    };
    let hook = RelationHook::Changed;
    if member.contains('/') {
        if relation.members.contains(member) {
            for other in relation.seen_by_others(member) {
                if is_alive(model, &other) {
                    push_relation(id, relation, &other, hook, Some(member), events);
                }
            }
        }
        return;
    }
    for unit in &relation.members {
        let own = super::application_of(unit) == member;
        let hears = if relation.is_peer() {
            !model.is_leader(unit)
        } else {
            !own
        };
        if hears && is_alive(model, unit) {
            push_relation(id, relation, unit, hook, None, events);
        }
    }
}

/// `departed` for each unit that `unit` sees, then `broken`, which peers do not get.
fn breaking(
    id: u32,
    relation: &Relation,
    unit: &str,
    departing: Option<&str>,
    events: &mut Events,
) {
    for other in relation.seen_by_others(unit) {
        let Some(mut event) = relation_event(id, relation, unit, RelationHook::Departed) else {
            return;
        };
        if let QueuedEvent::Relation {
            remote_unit,
            departing_unit,
            ..
        } = &mut event
        {
            *departing_unit = Some(departing.unwrap_or(&other).to_owned());
            *remote_unit = Some(other);
        }
        events.push((unit.into(), event));
    }
    if !relation.is_peer() {
        push_relation(id, relation, unit, RelationHook::Broken, None, events);
    }
}

fn relation_event(
    id: u32,
    relation: &Relation,
    unit: &str,
    hook: RelationHook,
) -> Option<QueuedEvent> {
    let application = super::application_of(unit);
    Some(QueuedEvent::Relation {
        hook,
        relation: id,
        endpoint: relation.side_of(application)?.endpoint.clone(),
        remote_application: relation.remote_application(application)?.to_owned(),
        remote_unit: None,
        departing_unit: None,
    })
}

fn push_relation(
    id: u32,
    relation: &Relation,
    unit: &str,
    hook: RelationHook,
    remote: Option<&str>,
    events: &mut Events,
) {
    let Some(mut event) = relation_event(id, relation, unit, hook) else {
        return;
    };
    if let QueuedEvent::Relation {
        remote_unit,
        departing_unit,
        ..
    } = &mut event
    {
        *remote_unit = remote.map(str::to_owned);
        if hook == RelationHook::Departed {
            departing_unit.clone_from(remote_unit);
        }
    }
    events.push((unit.into(), event));
}
