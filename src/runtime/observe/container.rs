//! Reads the workload container: plan, states, and the files that hooks leave there.

use std::collections::BTreeMap;

use crate::pebble;
use crate::runtime::charm::Charm;
use crate::runtime::integration_files;
use crate::runtime::migration;
use crate::runtime::observation::{Container, Workload};
use crate::runtime::webserver;
use crate::runtime::workload::{pending_path, snapshot_path};

/// What the container is, also when it cannot be read.
pub(super) async fn workload(charm: &Charm, pebble: &pebble::Client) -> Workload {
    match container(charm, pebble).await {
        Ok(container) => Workload::Reachable(Box::new(container)),
        Err(error) => unusable(&error),
    }
}

/// What an error of Pebble means for the workload.
#[must_use]
pub fn unusable(error: &pebble::Error) -> Workload {
    match error {
        pebble::Error::Timeout { .. } => Workload::Unreachable,
        error if error.is_unreachable() => Workload::Unreachable,
        error => Workload::Refused(error.to_string()),
    }
}

async fn container(charm: &Charm, pebble: &pebble::Client) -> Result<Container, pebble::Error> {
    let runtime = &charm.runtime;
    let framework_files = charm.json_logging().into_iter().flat_map(|logging| {
        logging
            .files
            .iter()
            .map(move |name| format!("{}/{name}", logging.directory))
    });
    let mut paths = vec![
        snapshot_path(&runtime.state_directory),
        migration::status_path(&charm.framework),
        migration::record_path(&charm.framework),
        pending_path(&runtime.state_directory),
    ];
    let at_the_peers = runtime.peer_state_directory.as_deref().map(snapshot_path);
    paths.extend(at_the_peers.iter().cloned());
    paths.extend(framework_files);
    paths.extend(integration_files::paths(charm));
    paths.extend(webserver::paths(runtime));
    let wanted: Vec<&str> = paths.iter().map(String::as_str).collect();
    let scripts = async {
        // `migrate`, `migrate.sh`, `migrate.py` and `manage.py`.
        match pebble
            .list_files(&runtime.app_directory, Some("m*"), false)
            .await
        {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            listed => listed,
        }
    };
    let (plan, services, files, scripts) = tokio::try_join!(
        pebble.plan(),
        pebble.services(&[]),
        pebble.read_files(&wanted),
        scripts
    )?;
    let mut files: BTreeMap<String, Vec<u8>> = files
        .into_iter()
        .filter_map(|(path, content)| Some((path, content.ok()?)))
        .collect();
    let mut text = |path: &str| {
        let content = files.remove(path)?;
        String::from_utf8(content).ok()
    };
    let mut file = |at: usize| wanted.get(at).and_then(|path| text(path));
    let (snapshot, migration_status, migration_record) = (file(0), file(1), file(2));
    let layer_pending = file(3).is_some();
    // With the peer's layer in the plan, only its own snapshot tells what the rock itself has.
    let snapshot = snapshot.or_else(|| text(at_the_peers.as_ref()?));
    Ok(Container {
        services: plan.services,
        log_targets: plan.log_targets,
        states: services
            .into_iter()
            .map(|service| (service.name, service.current.to_string()))
            .collect(),
        snapshot,
        migration_status,
        migration_record,
        layer_pending,
        scripts: scripts.into_iter().map(|file| file.name).collect(),
        files,
    })
}
