//! Files that the app finds of what relations give, such as a certificate.
//!
//! When one changes, the environment does, and that restarts the services: a file of the framework's table is made of
//! variables that the app has too, and for others the app is given their digest. The file is there by then, and a hook
//! that was cut off in between is made good by the next.

use super::charm::Charm;
use super::decision::File;
use super::endpoint::Endpoint;
use super::observation::{Container, Observation};
use super::workload::unless_there;
use super::{migration, template};
use crate::interfaces::Provided;

/// Their paths, as far as the charm has endpoints for them.
pub fn paths(charm: &Charm) -> impl Iterator<Item = String> {
    let table = &charm.runtime.integration_files;
    let is_declared = |interface: &str| {
        let mut endpoints = charm.endpoints.iter();
        endpoints.any(|endpoint| endpoint.interface == interface)
    };
    let of_framework = table
        .iter()
        .filter(move |(interface, _)| is_declared(interface))
        .flat_map(|(_, files)| files.iter().map(|file| file.path.clone()));
    let handlers = charm.endpoints.iter().filter_map(Endpoint::handler);
    of_framework.chain(handlers.flat_map(|interface| interface.files()))
}

/// The variable that changes with an endpoint's files, and its value; `None` where there are none.
pub fn digest(provided: &Provided) -> Option<(String, String)> {
    if provided.files.is_empty() {
        return None;
    }
    let name = provided.endpoint.replace('-', "_").to_uppercase();
    let files = provided.files.iter();
    let mut digest = migration::digest(files.flat_map(|(path, text)| [path.as_str(), text]));
    digest.truncate(16);
    Some((format!("{name}_FILES_DIGEST"), digest))
}

/// Those of ready relations that are not as they should be. One that is needed no more stays.
pub fn to_write(
    observation: &Observation,
    container: &Container,
    provided: &[Provided],
) -> Vec<File> {
    let runtime = &observation.charm.runtime;
    let mut files = Vec::new();
    for provided in provided {
        for (path, content) in &provided.files {
            let file = unless_there(runtime, container, path.clone(), content.clone());
            files.extend(file.map(|file| File {
                private: !provided.public.contains(path),
                ..file
            }));
        }
        let table = runtime.integration_files.get(&provided.interface);
        for row in table.into_iter().flatten() {
            let value = |name: &str| provided.variables.get(name).cloned();
            let Some(content) = template::fill(&row.content, value) else {
                continue;
            };
            files.extend(unless_there(runtime, container, row.path.clone(), content));
        }
    }
    files
}
