//! Secrets: owners, revisions, grants and who reads what.

use std::collections::BTreeMap;

use super::change::Change;
use super::{Bag, Grant, Model, Secret, application_of};

/// Why a secret cannot be what was asked. The texts are Juju's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is none, or the label names none.
    #[error("secret \"{0}\" not found")]
    NotFound(String),
    /// A label is unique for its owner.
    #[error("secret with label \"{0}\" already exists")]
    LabelTaken(String),
    /// `^[a-z](?:-?[a-z0-9]){2,}$`
    #[error("key \"{0}\" not valid")]
    Key(String),
    /// Juju keeps no empty secrets.
    #[error("missing secret value")]
    Empty,
    /// No randomness from the operating system.
    #[error("cannot make a secret's id: {0}")]
    Random(String),
}

/// What to change of a secret; `None` leaves it as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SecretUpdate {
    /// The owner's label.
    pub label: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// `never`, `hourly`, …
    pub rotate: Option<String>,
    /// A new revision.
    pub content: Option<Bag>,
}

/// Whether a text has the form of a bare id: 20 characters of `0-9a-v`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 20
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte))
}

/// A new bare id, in the form of Juju's (an `xid`).
///
/// # Errors
/// The operating system gives no randomness.
pub fn new_id() -> Result<String, Error> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    Ok(bytes
        .iter()
        .map(|byte| char::from(*DIGITS.get(usize::from(byte % 32)).unwrap_or(&b'0')))
        .collect())
}

/// Checks the keys of a secret's content.
///
/// # Errors
/// A key does not match Juju's `^[a-z](?:-?[a-z0-9]){2,}$`, or there is none.
pub fn check_content(content: &Bag) -> Result<(), Error> {
    if content.is_empty() {
        return Err(Error::Empty);
    }
    for key in content.keys() {
        let mut solid = 0;
        let mut dash = false;
        let good = key.bytes().enumerate().all(|(at, byte)| {
            let fine = match byte {
                b'a'..=b'z' => true,
                b'0'..=b'9' => at > 0,
                b'-' => at > 0 && !dash,
                _ => false,
            };
            dash = byte == b'-';
            solid += usize::from(!dash);
            fine
        });
        if !good || dash || solid < 3 {
            return Err(Error::Key(key.clone()));
        }
    }
    Ok(())
}

impl Secret {
    /// The newest revision's number; 0 when there is none.
    #[must_use]
    pub fn latest(&self) -> u32 {
        self.revisions.keys().next_back().copied().unwrap_or(0)
    }

    /// Whether `unit` is the owner, or one of the units of the application that is.
    #[must_use]
    pub fn is_owned_by(&self, unit: &str) -> bool {
        self.owner
            .as_deref()
            .is_some_and(|owner| owner == unit || owner == application_of(unit))
    }
}

impl Model {
    /// The unit that keeps a secret for its owner: the unit itself, or the application's leader.
    #[must_use]
    pub fn secret_keeper(&self, secret: &str) -> Option<String> {
        let owner = self.secrets.get(secret)?.owner.as_deref()?;
        if owner.contains('/') {
            Some(owner.into())
        } else {
            self.leader_of(owner)
        }
    }

    /// Whether `unit` may read the content: as an owner, or by a grant to it or its application whose relation
    /// still exists.
    #[must_use]
    pub fn may_read(&self, secret: &Secret, unit: &str) -> bool {
        secret.is_owned_by(unit)
            || secret.grants.iter().any(|grant| {
                (grant.to == unit || grant.to == application_of(unit))
                    && grant
                        .relation
                        .is_none_or(|relation| self.relations.contains_key(&relation))
            })
    }

    /// The label by which `unit` knows a secret: its owner's for owners, its own for others, or nothing.
    #[must_use]
    pub fn secret_label_for(&self, secret: &str, unit: &str) -> String {
        let Some(secret) = self.secrets.get(secret) else {
            return String::new();
        };
        let own = secret.consumers.get(unit);
        let label = if secret.is_owned_by(unit) {
            secret.label.as_ref()
        } else {
            own.and_then(|consumer| consumer.label.as_ref())
        };
        label.cloned().unwrap_or_default()
    }

    /// The units that track an older revision than the newest, without the one that keeps the secret.
    #[must_use]
    pub fn units_behind(&self, secret: &str) -> Vec<String> {
        let keeper = self.secret_keeper(secret);
        let Some(secret) = self.secrets.get(secret) else {
            return Vec::new();
        };
        secret
            .consumers
            .iter()
            .filter(|(unit, consumer)| {
                consumer.revision < secret.latest() && Some(*unit) != keeper.as_ref()
            })
            .map(|(unit, _)| unit.clone())
            .collect()
    }

    /// Adds a secret under a new id and answers with the id. `owner` is an application's name, a unit's, or `None`
    /// for a user's secret.
    ///
    /// # Errors
    /// The label is taken, or a key of the content is not as Juju wants it.
    pub fn add_secret(
        &mut self,
        owner: Option<&str>,
        update: SecretUpdate,
    ) -> Result<(String, Vec<Change>), Error> {
        let id = new_id()?;
        self.insert_secret(&id, owner, update)?;
        Ok((id, Vec::new()))
    }

    pub(crate) fn insert_secret(
        &mut self,
        id: &str,
        owner: Option<&str>,
        update: SecretUpdate,
    ) -> Result<(), Error> {
        let content = update.content.unwrap_or_default();
        check_content(&content)?;
        self.check_label(owner, update.label.as_deref(), id)?;
        let secret = Secret {
            owner: owner.map(str::to_owned),
            label: update.label.filter(|label| !label.is_empty()),
            description: update.description.unwrap_or_default(),
            rotate: update.rotate.unwrap_or_else(|| "never".into()),
            revisions: BTreeMap::from([(1, content)]),
            grants: Vec::new(),
            consumers: BTreeMap::new(),
        };
        self.secrets.insert(id.into(), secret);
        Ok(())
    }

    fn check_label(
        &self,
        owner: Option<&str>,
        label: Option<&str>,
        but: &str,
    ) -> Result<(), Error> {
        let Some(label) = label.filter(|label| !label.is_empty()) else {
            return Ok(());
        };
        let taken = self.secrets.iter().any(|(id, secret)| {
            id != but && secret.owner.as_deref() == owner && secret.label.as_deref() == Some(label)
        });
        if taken {
            return Err(Error::LabelTaken(label.into()));
        }
        Ok(())
    }

    /// Changes a secret. Content that equals the newest revision's makes no new revision.
    ///
    /// # Errors
    /// There is no such secret, the label is taken, or a key is not as Juju wants it.
    pub fn update_secret(
        &mut self,
        secret: &str,
        update: SecretUpdate,
    ) -> Result<Vec<Change>, Error> {
        let missing = || Error::NotFound(secret.into());
        let owner = self.secrets.get(secret).ok_or_else(missing)?.owner.clone();
        self.check_label(owner.as_deref(), update.label.as_deref(), secret)?;
        if let Some(content) = &update.content {
            check_content(content)?;
        }
        let found = self.secrets.get_mut(secret).ok_or_else(missing)?;
        if let Some(label) = update.label {
            found.label = Some(label).filter(|label| !label.is_empty());
        }
        if let Some(description) = update.description {
            found.description = description;
        }
        if let Some(rotate) = update.rotate {
            found.rotate = rotate;
        }
        let newest = found.revisions.values().next_back();
        let Some(content) = update.content.filter(|content| Some(content) != newest) else {
            return Ok(Vec::new());
        };
        let before = found.latest();
        found.revisions.insert(before + 1, content);
        let mut changes = vec![Change::SecretRevised {
            secret: secret.into(),
        }];
        changes.extend(self.obsolete(secret, before));
        Ok(changes)
    }

    /// `SecretObsolete` when nobody tracks `revision` any more and a newer one exists.
    pub(crate) fn obsolete(&self, secret: &str, revision: u32) -> Option<Change> {
        let found = self.secrets.get(secret)?;
        let over = revision > 0
            && revision < found.latest()
            && found.revisions.contains_key(&revision)
            && !found
                .consumers
                .values()
                .any(|consumer| consumer.revision == revision);
        over.then(|| Change::SecretObsolete {
            secret: secret.into(),
            revision,
        })
    }

    /// Makes the owner's secret of that label have `content`, adding it when there is none: for applications that are
    /// built in, and for users' secrets by name.
    ///
    /// # Errors
    /// A key of the content is not as Juju wants it.
    pub fn put_secret(
        &mut self,
        owner: Option<&str>,
        label: &str,
        content: Bag,
    ) -> Result<(String, Vec<Change>), Error> {
        let found = self
            .secrets
            .iter()
            .find(|(_, secret)| {
                secret.owner.as_deref() == owner && secret.label.as_deref() == Some(label)
            })
            .map(|(id, _)| id.clone());
        let update = SecretUpdate {
            content: Some(content),
            ..SecretUpdate::default()
        };
        match found {
            Some(id) => {
                let changes = self.update_secret(&id, update)?;
                Ok((id, changes))
            }
            None => self.add_secret(
                owner,
                SecretUpdate {
                    label: Some(label.into()),
                    ..update
                },
            ),
        }
    }

    fn known_secret(&mut self, secret: &str) -> Result<&mut Secret, Error> {
        let found = self.secrets.get_mut(secret);
        found.ok_or_else(|| Error::NotFound(secret.into()))
    }

    /// Lets an application or unit read a secret, for as long as the relation lives where one is given.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn grant_secret(
        &mut self,
        secret: &str,
        to: &str,
        relation: Option<u32>,
    ) -> Result<(), Error> {
        let found = self.known_secret(secret)?;
        let grant = Grant {
            to: to.into(),
            relation,
        };
        if !found.grants.contains(&grant) {
            found.grants.push(grant);
        }
        Ok(())
    }

    /// Takes grants back: of `to`, by `relation`, or both; with neither, all.
    ///
    /// # Errors
    /// There is no such secret.
    pub fn revoke_secret(
        &mut self,
        secret: &str,
        to: Option<&str>,
        relation: Option<u32>,
    ) -> Result<(), Error> {
        let found = self.known_secret(secret)?;
        found.grants.retain(|grant| {
            to.is_some_and(|to| grant.to != to)
                || relation.is_some_and(|relation| grant.relation != Some(relation))
        });
        Ok(())
    }

    /// Removes a secret, or one revision of it; the last revision takes the secret with it.
    ///
    /// # Errors
    /// There is no such secret or revision.
    pub fn remove_secret(
        &mut self,
        secret: &str,
        revision: Option<u32>,
    ) -> Result<Vec<Change>, Error> {
        let found = self.known_secret(secret)?;
        if let Some(revision) = revision {
            found
                .revisions
                .remove(&revision)
                .ok_or_else(|| Error::NotFound(format!("{secret}/{revision}")))?;
            if !found.revisions.is_empty() {
                return Ok(Vec::new());
            }
        }
        self.secrets.remove(secret);
        Ok(vec![Change::SecretRemoved {
            secret: secret.into(),
        }])
    }

    pub(super) fn drop_secrets_of(&mut self, owner: &str) -> Vec<Change> {
        let owned: Vec<String> = self
            .secrets
            .iter()
            .filter(|(_, secret)| secret.owner.as_deref() == Some(owner))
            .map(|(id, _)| id.clone())
            .collect();
        owned
            .into_iter()
            .map(|secret| {
                self.secrets.remove(&secret);
                Change::SecretRemoved { secret }
            })
            .collect()
    }
}
