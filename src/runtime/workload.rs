//! The app's services in the container: from what they are to what they should be.

use super::decision::{File, Run, Verdict, Work};
use super::layer::{self, Kind};
use super::observation::{Container, Observation};
use super::options::Options;
use super::{environment, integration_files, migration, webserver};
use crate::frameworks::runtime::Runtime;
use crate::interfaces::{Bag, Provided};
use crate::yaml::{self, Mapping, Value};

/// Only the app's own services stop; what else the rock runs is the rock's business (decision 59).
#[must_use]
pub fn stop(observation: &Observation, container: &Container) -> Work {
    let main = &observation.charm.runtime.service;
    let running = container
        .states
        .iter()
        .filter(|(_, state)| *state != "inactive");
    let services: Vec<String> = running
        .filter(|(name, _)| Kind::of(name, main) != Kind::Other)
        .map(|(name, _)| name.clone())
        .collect();
    let files: Vec<File> = migration::pending(observation, container)
        .into_iter()
        .collect();
    if services.is_empty() && files.is_empty() {
        Work::Nothing
    } else {
        Work::Stop { services, files }
    }
}

/// What the app is to run with.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Checked options.
    pub options: &'a Options,
    /// The port it listens on.
    pub port: u16,
    /// The secret key.
    pub secret_key: &'a str,
    /// What ready relations give.
    pub provided: &'a [Provided],
    /// Variables that the charm's own code sets.
    pub code: &'a Bag,
}

/// How the app is to run, and its environment.
///
/// # Errors
/// The status when it cannot run: the rock has no such service, or the migration has failed.
pub fn run(
    observation: &Observation,
    container: &Container,
    app: &App<'_>,
) -> Result<(Run, Bag), Verdict> {
    let runtime = &observation.charm.runtime;
    let main = &runtime.service;
    let snapshot: Option<Mapping> = container
        .snapshot
        .as_deref()
        .and_then(|text| yaml::from_str(text).ok());
    let originals = snapshot.as_ref().unwrap_or(&container.services);
    let Some(Value::Mapping(original)) = originals.get(main.as_str()) else {
        return Err(Verdict::blocked(no_service(main, originals)));
    };
    let rock = layer::environment_of(original);
    let upon = |rock: &Bag| {
        environment::build(
            observation,
            &environment::Sources {
                options: app.options,
                port: app.port,
                secret_key: app.secret_key,
                provided: app.provided,
                rock,
                code: app.code,
            },
        )
    };
    let environment = upon(&rock);
    let in_plan = match container.services.get(main.as_str()) {
        Some(Value::Mapping(service)) => layer::environment_of(service),
        _ => Bag::new(),
    };

    let mut run = Run::default();
    if snapshot.is_none() {
        run.files.push(File {
            path: snapshot_path(&runtime.state_directory),
            content: serde_json::to_string(originals).unwrap_or_default(),
            owner: None,
            private: false,
        });
    }
    run.files.extend(framework_files(observation, container));
    let files = integration_files::to_write(observation, container, app.provided);
    run.files.extend(files);
    let mut desired = layer::desired(originals, main, upon, schedules(observation));
    webserver::set_worker_class(runtime, app.options, &mut desired)?;
    match migration::plan(observation, container, &environment, &in_plan, app.provided) {
        migration::Plan::Nothing(record) => run.files.extend(record),
        migration::Plan::Run(migration) => run.migration = Some(*migration),
        migration::Plan::Failed(message) => return Err(Verdict::blocked(message)),
    }
    run.layer = layer::difference(&desired, &container.services);
    run.changed_variables = environment::changed(&in_plan, &environment);
    services(&mut run, &desired, container, main);
    let wanted = webserver::Wanted {
        options: app.options,
        port: app.port,
        provided: app.provided,
        environment: &environment,
        services: &desired,
    };
    webserver::plan(observation, container, &wanted, &mut run);
    if run.layer.is_some() || container.layer_pending || !run.start.is_empty() {
        run.replan = Some(pending_path(&runtime.state_directory));
    }
    Ok((run, environment))
}

/// Which of the app's services are to be started, and which to be stopped.
fn services(run: &mut Run, desired: &Mapping, container: &Container, main: &str) {
    for (name, service) in desired {
        let Some(name) = name.as_str() else { continue };
        let state = container
            .states
            .get(name)
            .map_or("inactive", String::as_str);
        if layer::is_enabled(service) {
            if state != "active" {
                run.start.push(name.to_owned());
            }
            if state == "backoff" {
                run.crashing.push(name.to_owned());
            }
        } else if Kind::of(name, main) == Kind::Scheduler && state != "inactive" {
            // Pebble's replan leaves a disabled service running (known defect 86).
            run.stop.push(name.to_owned());
        }
    }
}

/// Where the snapshot of the rock's services is kept.
#[must_use]
pub fn snapshot_path(state_directory: &str) -> String {
    format!("{state_directory}/original-services.json")
}

/// The file that is there while a layer waits for its replan: Pebble does not tell whether what runs is what the plan
/// says, so a hook that was cut off in between leaves this.
#[must_use]
pub fn pending_path(state_directory: &str) -> String {
    format!("{state_directory}/layer-pending")
}

fn no_service(main: &str, originals: &Mapping) -> String {
    let mut names: Vec<&str> = originals.keys().filter_map(Value::as_str).collect();
    names.sort_unstable();
    let has = if names.is_empty() {
        "no services".to_owned()
    } else {
        names.join(", ")
    };
    format!(
        "the rock has no service `{main}`, it has: {has}; name the app's service `{main}` in rockcraft.yaml"
    )
}

/// Files that the framework needs and that are not as they should be.
fn framework_files(observation: &Observation, container: &Container) -> Vec<File> {
    let runtime = &observation.charm.runtime;
    let Some(logging) = observation.charm.json_logging() else {
        return Vec::new();
    };
    let file = |name: &String| {
        let path = format!("{}/{name}", logging.directory);
        let content = observation.charm.framework_file(name)?;
        unless_there(runtime, container, path, content.to_owned())
    };
    logging.files.iter().filter_map(file).collect()
}

/// A file of the app's user, unless the container has it as it should be.
pub(super) fn unless_there(
    runtime: &Runtime,
    container: &Container,
    path: String,
    content: String,
) -> Option<File> {
    let there = container.files.get(&path);
    if there.is_some_and(|there| there == content.as_bytes()) {
        return None;
    }
    Some(File {
        path,
        content,
        owner: Some((runtime.user.clone(), runtime.group.clone())),
        private: false,
    })
}

/// Whether schedulers run on this unit: unit 0 while it is planned, else the lowest that is (decision 87).
fn schedules(observation: &Observation) -> bool {
    let own = observation.identity.number;
    let others = observation.peer.iter().flat_map(|peer| &peer.others);
    let lowest_there = others.min().is_none_or(|lowest| own < *lowest);
    let lowest_planned = observation
        .planned_units
        .iter()
        .flatten()
        .min()
        .is_none_or(|lowest| own <= *lowest);
    own == 0 || (lowest_there && lowest_planned)
}
