//! What relations were given, kept over restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::request::Request;
use crate::local::provider::server as secret;

/// What a relation's user was given.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::local::provider) struct Grant {
    /// What was asked for first.
    pub request: Request,
    /// The user's password.
    pub password: String,
}

/// The users that the server should have, by name.
pub(in crate::local::provider) type Users<'a> = BTreeMap<String, Wanted<'a>>;

/// A user that the server should have.
pub(in crate::local::provider) struct Wanted<'a> {
    /// What it is given.
    pub grant: &'a Grant,
    /// Whether its password is new, also when the user is there.
    pub renewed: bool,
}

/// The grants of before for the relations that are still there, and new ones (also named apart) for the others.
///
/// # Errors
/// One line.
pub(super) fn remember(
    directory: &Path,
    wanted: BTreeMap<u32, Request>,
) -> Result<(BTreeMap<u32, Grant>, BTreeSet<u32>), String> {
    let path = directory.join("grants.json");
    let cannot =
        |error: &dyn std::fmt::Display| format!("cannot keep `{}`: {error}", path.display());
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    // A file that is damaged costs new passwords, no data.
    let kept: BTreeMap<u32, Grant> = serde_json::from_str(&text).unwrap_or_default();
    let mut grants = BTreeMap::new();
    let mut renewed = BTreeSet::new();
    for (relation, request) in wanted {
        let grant = match kept.get(&relation) {
            Some(grant) => grant.clone(),
            None => {
                renewed.insert(relation);
                let password = secret::random().map_err(|error| cannot(&error))?;
                Grant { request, password }
            }
        };
        grants.insert(relation, grant);
    }
    if grants != kept {
        let text = serde_json::to_string(&grants).map_err(|error| cannot(&error))?;
        secret::write(&path, &text).map_err(|error| cannot(&error))?;
    }
    Ok((grants, renewed))
}

#[cfg(test)]
pub(in crate::local::provider) fn test_grant(database: &str, attributes: &[&str]) -> Grant {
    Grant {
        request: Request {
            database: database.into(),
            attributes: attributes.iter().map(|each| (*each).to_owned()).collect(),
        },
        password: "pw".into(),
    }
}
