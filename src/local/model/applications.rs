//! Applications and their units.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::change::Change;
use super::{Application, Charm, Model, Relation, Role, Side, Status, Unit};

/// Why an application or unit cannot be what was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The name is taken.
    #[error(
        "cannot add application \"{0}\": application already exists; choose another name, or use `refresh`"
    )]
    Exists(String),
    /// Not a name as Juju has them.
    #[error(
        "\"{0}\" is not an application name: lower-case letters, digits and `-`, starting with a letter; no part of digits only"
    )]
    Name(String),
    /// There is none of that name.
    #[error("application \"{0}\" not found")]
    NotFound(String),
    /// There is none of that name.
    #[error("unit \"{0}\" not found")]
    UnitNotFound(String),
    /// It is going away.
    #[error("application \"{0}\" is being removed")]
    Dying(String),
    /// A relation needs an endpoint that the new charm does not have.
    #[error(
        "cannot refresh application \"{application}\": would break relation \"{relation}\"; remove it first"
    )]
    WouldBreak {
        /// The application.
        application: String,
        /// The relation, as `web:db pg:database`.
        relation: String,
    },
}

impl Model {
    /// Adds an application with `units` units and its peer relations.
    ///
    /// # Errors
    /// The name is taken or malformed.
    pub fn deploy(
        &mut self,
        name: &str,
        charm: Charm,
        resources: BTreeMap<String, PathBuf>,
        units: u32,
    ) -> Result<Vec<Change>, Error> {
        if !is_application_name(name) {
            return Err(Error::Name(name.into()));
        }
        if self.applications.contains_key(name) {
            return Err(Error::Exists(name.into()));
        }
        let application = Application {
            charm,
            config: BTreeMap::new(),
            resources,
            units: BTreeMap::new(),
            next_unit: 0,
            leader: None,
            status: Status::default(),
            workload_version: String::new(),
            dying: false,
        };
        self.applications.insert(name.into(), application);
        self.add_peers(name);
        let mut changes = Vec::new();
        for _ in 0..units {
            changes.extend(self.add_unit(name)?.1);
        }
        Ok(changes)
    }

    fn add_peers(&mut self, name: &str) -> Vec<u32> {
        let Some(application) = self.applications.get(name) else {
            return Vec::new();
        };
        let missing: Vec<(String, String)> = application
            .charm
            .endpoints
            .iter()
            .filter(|(endpoint, found)| {
                found.role == Role::Peer
                    && !self.relations.values().any(|relation| {
                        relation.is_peer()
                            && relation
                                .side_of(name)
                                .is_some_and(|side| side.endpoint == **endpoint)
                    })
            })
            .map(|(endpoint, found)| (endpoint.clone(), found.interface.clone()))
            .collect();
        let mut ids = Vec::new();
        for (endpoint, interface) in missing {
            let side = Side {
                application: name.into(),
                endpoint,
                role: Role::Peer,
            };
            ids.push(self.add_relation(interface, vec![side]));
        }
        ids
    }

    pub(super) fn add_relation(&mut self, interface: String, sides: Vec<Side>) -> u32 {
        let id = self.next_relation;
        self.next_relation += 1;
        let bags = sides
            .iter()
            .map(|side| (side.application.clone(), BTreeMap::new()))
            .collect();
        let relation = Relation {
            interface,
            sides,
            bags,
            members: Default::default(),
            dying: false,
        };
        self.relations.insert(id, relation);
        id
    }

    /// Adds one unit and answers with its name.
    ///
    /// # Errors
    /// There is no such application, or it is going away.
    pub fn add_unit(&mut self, application: &str) -> Result<(String, Vec<Change>), Error> {
        let found = self.application_mut(application)?;
        if found.dying {
            return Err(Error::Dying(application.into()));
        }
        let number = found.next_unit;
        found.next_unit += 1;
        let mut unit = Unit {
            agent: "allocating".into(),
            ..Unit::default()
        };
        if found.runs_charm() {
            unit.status = Status {
                status: "waiting".into(),
                message: "installing agent".into(),
            };
        }
        found.units.insert(number, unit);
        found.leader = found.leader.or(Some(number));
        let unit = format!("{application}/{number}");
        let changes = vec![Change::UnitAdded { unit: unit.clone() }];
        Ok((unit, changes))
    }

    /// Lets a unit end its life; another one leads when it led.
    ///
    /// # Errors
    /// There is no such unit.
    pub fn remove_unit(&mut self, unit: &str) -> Result<Vec<Change>, Error> {
        let found = self
            .unit_mut(unit)
            .ok_or_else(|| Error::UnitNotFound(unit.into()))?;
        if found.dying {
            return Ok(Vec::new());
        }
        found.dying = true;
        let mut changes = vec![Change::UnitDying { unit: unit.into() }];
        let application = super::application_of(unit);
        if self.is_leader(unit) {
            let next = self
                .living_units(application)
                .first()
                .and_then(|name| name.split_once('/')?.1.parse().ok());
            if let Some(found) = self.applications.get_mut(application) {
                // The last unit keeps leading while it goes, as with Juju's lease.
                if next.is_some() {
                    found.leader = next;
                    changes.push(Change::LeaderElected {
                        application: application.into(),
                    });
                }
            }
        }
        Ok(changes)
    }

    /// Lets units end their lives, the highest numbers first, until `units` remain, or adds some.
    ///
    /// # Errors
    /// There is no such application.
    pub fn scale(&mut self, application: &str, units: usize) -> Result<Vec<Change>, Error> {
        self.application_mut(application)?;
        let living = self.living_units(application);
        let mut changes = Vec::new();
        for unit in living.iter().skip(units).rev() {
            changes.extend(self.remove_unit(unit)?);
        }
        for _ in living.len()..units {
            changes.extend(self.add_unit(application)?.1);
        }
        Ok(changes)
    }

    /// Lets an application end its life: its relations, then its units.
    ///
    /// # Errors
    /// There is no such application.
    pub fn remove_application(&mut self, application: &str) -> Result<Vec<Change>, Error> {
        let found = self.application_mut(application)?;
        if found.dying {
            return Ok(Vec::new());
        }
        found.dying = true;
        let mut changes = Vec::new();
        for (id, relation) in &mut self.relations {
            let concerned = relation.side_of(application).is_some() && !relation.is_peer();
            if concerned && !relation.dying {
                relation.dying = true;
                changes.push(Change::RelationDying { relation: *id });
            }
        }
        let units = self.living_units(application);
        for unit in &units {
            if let Some(unit) = self.unit_mut(unit) {
                unit.dying = true;
            }
        }
        changes.extend(units.into_iter().map(|unit| Change::UnitDying { unit }));
        // Without units nothing else would end it.
        changes.extend(self.sweep());
        Ok(changes)
    }

    /// Gives an application a new revision of its charm. Options that the charm no longer has, or has with another
    /// type, go back to their defaults; resources that are not named stay.
    ///
    /// # Errors
    /// There is no such application, or a relation uses an endpoint that is gone.
    pub fn refresh(
        &mut self,
        application: &str,
        mut charm: Charm,
        resources: BTreeMap<String, PathBuf>,
    ) -> Result<Vec<Change>, Error> {
        self.application_mut(application)?;
        for relation in self.relations.values().filter(|found| !found.dying) {
            let Some(side) = relation.side_of(application) else {
                continue;
            };
            let kept = charm
                .endpoints
                .get(&side.endpoint)
                .is_some_and(|new| new.interface == relation.interface && new.role == side.role);
            if !kept {
                return Err(Error::WouldBreak {
                    application: application.into(),
                    relation: relation.key(),
                });
            }
        }
        let found = self.application_mut(application)?;
        charm.revision = found.charm.revision + 1;
        found.config.retain(|name, _| {
            let new = charm.options.get(name).map(|option| &option.kind);
            new.is_some() && new == found.charm.options.get(name).map(|option| &option.kind)
        });
        found.charm = charm;
        found.resources.extend(resources);
        let mut changes = vec![Change::Refreshed {
            application: application.into(),
        }];
        for relation in self.add_peers(application) {
            changes.push(Change::RelationAdded { relation });
        }
        Ok(changes)
    }

    pub(super) fn application_mut(&mut self, name: &str) -> Result<&mut Application, Error> {
        self.applications
            .get_mut(name)
            .ok_or_else(|| Error::NotFound(name.into()))
    }
}

fn is_application_name(name: &str) -> bool {
    let starts = name
        .chars()
        .next()
        .is_some_and(|first| first.is_ascii_lowercase());
    let parts = name.split('-').all(|part| {
        part.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.chars().any(|c| c.is_ascii_lowercase())
    });
    starts && parts
}
