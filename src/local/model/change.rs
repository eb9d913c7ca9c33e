//! What changed in the model, said so that it can be told to those concerned.

use serde::{Deserialize, Serialize};

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
