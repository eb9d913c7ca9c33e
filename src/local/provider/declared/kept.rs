//! What a provider keeps over restarts: ports, passwords, and what it did for whom.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::description::Description;
use super::requests::Request;
use crate::local::model::Bag;
use crate::local::provider::server::{random, write};

/// The file in the provider's directory.
const FILE: &str = "kept.json";

/// Everything that is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Kept {
    /// Ports by name.
    pub ports: BTreeMap<String, u16>,
    /// Random texts of the provider's own.
    pub generated: Bag,
    /// By [`Request::key`].
    pub grants: BTreeMap<String, Grant>,
}

/// What was done for a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Grant {
    /// The request as it was met.
    pub request: Request,
    /// Random texts, and what the server answered.
    pub values: Bag,
    /// Whether all was done.
    pub made: bool,
}

impl Kept {
    /// Reads what is there. A file that is damaged costs new passwords.
    pub(super) fn open(directory: &Path) -> Self {
        let text = std::fs::read_to_string(directory.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes it, readable by us only.
    ///
    /// # Errors
    /// One line.
    pub(super) fn save(&self, directory: &Path) -> Result<(), String> {
        let path = directory.join(FILE);
        let text = serde_json::to_string(self).map_err(io::Error::other);
        text.and_then(|text| write(&path, &text))
            .map_err(|error| format!("cannot keep `{}`: {error}", path.display()))
    }

    /// Chooses what is missing before the servers start: ports that can be had, and random texts.
    ///
    /// # Errors
    /// One line.
    pub(super) fn complete(&mut self, description: &Description) -> Result<(), String> {
        fill(&mut self.generated, &description.generate)?;
        // Held until all are chosen, so that no two are the same.
        let mut held = Vec::new();
        for name in &description.ports {
            let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
            let before = self.ports.get(name).copied().unwrap_or_default();
            let listener = listen(before).or_else(|_| listen(0));
            let chosen = listener.and_then(|listener| {
                let port = listener.local_addr()?.port();
                held.push(listener);
                Ok(port)
            });
            let chosen = chosen.map_err(|error| format!("cannot listen on 127.0.0.1: {error}"))?;
            self.ports.insert(name.clone(), chosen);
        }
        Ok(())
    }
}

/// Makes those of the random texts that are missing.
///
/// # Errors
/// One line.
pub(super) fn fill(values: &mut Bag, names: &[String]) -> Result<(), String> {
    for name in names {
        if !values.contains_key(name) {
            let text = random().map_err(|error| format!("cannot make a password: {error}"))?;
            values.insert(name.clone(), text);
        }
    }
    Ok(())
}
