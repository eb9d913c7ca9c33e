//! What a daemon that was killed has left, and how it goes.

use std::fs;

use crate::local::container;
use crate::local::process_record;
use crate::local::provider::registry;
use crate::local::store::Directory;

/// Ends dispatches, containers and servers that are left. Harmless when nothing is.
///
/// # Errors
/// One line for the first that cannot be ended.
pub fn clean_up(directory: &Directory) -> Result<(), String> {
    stop_providers(directory)?;
    let units = directory.join("units");
    let Ok(entries) = fs::read_dir(&units) else {
        return Ok(());
    };
    for unit in entries.flatten() {
        process_record::kill(&unit.path().join("dispatch.pid"));
        let Ok(containers) = fs::read_dir(unit.path().join("containers")) else {
            continue;
        };
        for entry in containers.flatten() {
            container::cleanup(&entry.path()).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn stop_providers(directory: &Directory) -> Result<(), String> {
    // A model that cannot be read has none that could be named.
    let Ok(Some(state)) = directory.load() else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        for (name, application) in &state.model.applications {
            if application.runs_charm() || state.stand_ins.contains_key(name) {
                continue;
            }
            if let Ok(mut provider) = registry::create(&application.charm.name) {
                provider.adopt(&directory.provider(name));
                provider.stop(false).await;
            }
        }
    });
    Ok(())
}
