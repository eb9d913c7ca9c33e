//! Relations between applications, and their databags.

use super::change::Change;
use super::{Bag, Model, Relation, Role, Side};

/// Why a relation cannot be made or removed. The texts are Juju's, with what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// An application does not exist.
    #[error("application \"{0}\" not found")]
    ApplicationNotFound(String),
    /// An application is going away.
    #[error("application \"{0}\" is being removed")]
    Dying(String),
    /// An application has no such endpoint.
    #[error("application \"{application}\" has no \"{endpoint}\" relation{hint}")]
    NoEndpoint {
        /// The application.
        application: String,
        /// The endpoint asked for.
        endpoint: String,
        /// Which there are.
        hint: String,
    },
    /// No endpoints fit each other.
    #[error("no relations found: {0}")]
    NoMatch(String),
    /// Several do.
    #[error("ambiguous relation: \"{asked}\" could refer to {candidates}")]
    Ambiguous {
        /// What was asked, as `web pg`.
        asked: String,
        /// Quoted, separated by `; `.
        candidates: String,
    },
    /// It is there already.
    #[error("cannot add relation \"{0}\": relation {0} already exists")]
    Exists(String),
    /// The endpoint's `limit`.
    #[error(
        "cannot add relation \"{key}\": establishing a new relation for {endpoint} would exceed its maximum relation limit of {limit}"
    )]
    Limit {
        /// The relation.
        key: String,
        /// As `web:db`.
        endpoint: String,
        /// The limit.
        limit: u32,
    },
    /// There is no such relation.
    #[error("relation \"{0}\" not found")]
    NotFound(String),
    /// Peer relations live as long as their application.
    #[error("cannot remove a peer relation: it lives as long as its application")]
    Peer,
}

/// `app` or `app:endpoint`.
fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(':')
        .map_or((text, None), |(name, endpoint)| (name, Some(endpoint)))
}

impl Model {
    /// Relates two applications, each `APP` or `APP:ENDPOINT`, and answers with the relation's id.
    ///
    /// # Errors
    /// No pair of endpoints fits, or more than one; the relation is there, or a limit is reached.
    pub fn integrate(&mut self, a: &str, b: &str) -> Result<(u32, Vec<Change>), Error> {
        let (interface, sides) = self.choose(a, b)?;
        let key = key_of(&sides);
        if self.relations.values().any(|found| found.sides == sides) {
            return Err(Error::Exists(key));
        }
        for side in &sides {
            let limit = self
                .applications
                .get(&side.application)
                .and_then(|found| found.charm.endpoints.get(&side.endpoint))
                .and_then(|endpoint| endpoint.limit);
            let used = self.relations.values().filter(|relation| {
                !relation.dying
                    && relation.sides.iter().any(|other| {
                        other.application == side.application && other.endpoint == side.endpoint
                    })
            });
            if let Some(limit) = limit
                && used.count() >= limit as usize
            {
                return Err(Error::Limit {
                    key,
                    endpoint: format!("{}:{}", side.application, side.endpoint),
                    limit,
                });
            }
        }
        let relation = self.add_relation(interface, sides);
        Ok((relation, vec![Change::RelationAdded { relation }]))
    }

    fn choose(&self, a: &str, b: &str) -> Result<(String, Vec<Side>), Error> {
        let (a_ends, b_ends) = (self.candidates(a)?, self.candidates(b)?);
        let mut pairs = Vec::new();
        for (a_interface, a_side) in &a_ends {
            for (b_interface, b_side) in &b_ends {
                let fits = matches!(
                    (a_side.role, b_side.role),
                    (Role::Provider, Role::Requirer) | (Role::Requirer, Role::Provider)
                );
                if fits && a_interface == b_interface && a_side.application != b_side.application {
                    let mut sides = vec![a_side.clone(), b_side.clone()];
                    // Juju names a relation by its requirer first.
                    sides.sort_by_key(|side| side.role == Role::Provider);
                    pairs.push((a_interface.clone(), sides));
                }
            }
        }
        if pairs.len() > 1 {
            let mut candidates: Vec<String> = pairs
                .iter()
                .map(|(_, sides)| format!("\"{}\"", key_of(sides)))
                .collect();
            candidates.sort();
            return Err(Error::Ambiguous {
                asked: format!("{a} {b}"),
                candidates: candidates.join("; "),
            });
        }
        pairs.pop().ok_or_else(|| {
            let ends = |text: &str, ends: &[(String, Side)]| {
                let ends: Vec<String> = ends
                    .iter()
                    .filter(|(_, side)| side.role != Role::Peer)
                    .map(|(interface, side)| {
                        let word = match side.role {
                            Role::Provider => "provides",
                            _ => "requires",
                        };
                        format!("{word} {}:{interface}", side.endpoint)
                    })
                    .collect();
                if ends.is_empty() {
                    format!("\"{text}\" has no endpoints")
                } else {
                    format!("\"{text}\" {}", ends.join(", "))
                }
            };
            Error::NoMatch(format!("{}; {}", ends(a, &a_ends), ends(b, &b_ends)))
        })
    }

    fn candidates(&self, text: &str) -> Result<Vec<(String, Side)>, Error> {
        let (name, wanted) = split(text);
        let found = self
            .applications
            .get(name)
            .ok_or_else(|| Error::ApplicationNotFound(name.into()))?;
        if found.dying {
            return Err(Error::Dying(name.into()));
        }
        if let Some(wanted) = wanted
            && !found.charm.endpoints.contains_key(wanted)
        {
            let names: Vec<&str> = found.charm.endpoints.keys().map(String::as_str).collect();
            let hint = if names.is_empty() {
                String::new()
            } else {
                format!("; it has {}", names.join(", "))
            };
            return Err(Error::NoEndpoint {
                application: name.into(),
                endpoint: wanted.into(),
                hint,
            });
        }
        let ends = found.charm.endpoints.iter();
        Ok(ends
            .filter(|(endpoint, _)| wanted.is_none_or(|wanted| wanted == *endpoint))
            .map(|(endpoint, found)| {
                let side = Side {
                    application: name.into(),
                    endpoint: endpoint.clone(),
                    role: found.role,
                };
                (found.interface.clone(), side)
            })
            .collect())
    }

    /// Lets the relation between two applications, each `APP` or `APP:ENDPOINT`, end its life.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub fn remove_relation(&mut self, a: &str, b: &str) -> Result<Vec<Change>, Error> {
        let matches = |side: &Side, text: &str| {
            let (name, endpoint) = split(text);
            side.application == name && endpoint.is_none_or(|endpoint| endpoint == side.endpoint)
        };
        for text in [a, b] {
            let (name, _) = split(text);
            if !self.applications.contains_key(name) {
                return Err(Error::ApplicationNotFound(name.into()));
            }
        }
        let found: Vec<u32> = self
            .relations
            .iter()
            .filter(|(_, relation)| match relation.sides.as_slice() {
                [x, y] => {
                    !relation.dying
                        && ((matches(x, a) && matches(y, b)) || (matches(x, b) && matches(y, a)))
                }
                _ => false,
            })
            .map(|(id, _)| *id)
            .collect();
        match found.as_slice() {
            [] => Err(Error::NotFound(format!("{a} {b}"))),
            [id] => self.remove_relation_by_id(*id),
            several => {
                let keys: Vec<String> = several
                    .iter()
                    .filter_map(|id| self.relations.get(id))
                    .map(|relation| format!("\"{}\"", relation.key()))
                    .collect();
                Err(Error::Ambiguous {
                    asked: format!("{a} {b}"),
                    candidates: keys.join("; "),
                })
            }
        }
    }

    /// Lets a relation end its life.
    ///
    /// # Errors
    /// There is none of that id, or it is between peers.
    pub fn remove_relation_by_id(&mut self, relation: u32) -> Result<Vec<Change>, Error> {
        let found = self
            .relations
            .get_mut(&relation)
            .ok_or_else(|| Error::NotFound(relation.to_string()))?;
        if found.is_peer() {
            return Err(Error::Peer);
        }
        if found.dying {
            return Ok(Vec::new());
        }
        found.dying = true;
        Ok(vec![Change::RelationDying { relation }])
    }

    /// Makes a databag equal to `bag`, for applications that are built in. The bags of a dying relation stay as they
    /// are: `relation-broken` may still read them.
    pub fn set_bag(&mut self, relation: u32, member: &str, bag: Bag) -> Vec<Change> {
        let Some(found) = self.relations.get_mut(&relation).filter(|it| !it.dying) else {
            return Vec::new();
        };
        let old = found.bags.entry(member.into()).or_default();
        if *old == bag {
            return Vec::new();
        }
        *old = bag;
        vec![Change::BagChanged {
            relation,
            member: member.into(),
        }]
    }
}

impl Relation {
    /// The relation's name for people: `web:db pg:database`, the requirer first.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.sides)
    }
}

fn key_of(sides: &[Side]) -> String {
    let ends: Vec<String> = sides
        .iter()
        .map(|side| format!("{}:{}", side.application, side.endpoint))
        .collect();
    ends.join(" ")
}
