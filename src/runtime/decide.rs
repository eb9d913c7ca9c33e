//! From what was read to what is to be done: a pure function, and nearly all the charm's knowledge.
//!
//! Every event runs the same reconcile. The event only tells whether there is a workload at all, which relation is
//! going away (what reads leaves it out), and what an action asks for.

use std::collections::BTreeSet;

use super::charm::{Endpoint, Role};
use super::decision::{ActionOutcome, BagWrite, Decision, File, Run, Verdict, Work};
use super::layer::{self, Kind};
use super::mask::Mask;
use super::observation::{Container, Observation, Workload};
use super::options::{self, Options};
use super::{environment, migration, secret_key};
use crate::frameworks::runtime::{Generation, json_logging_file};
use crate::interfaces::{Bag, Context, Outcome, Provided, Relation, handler, table};
use crate::juju::{Event, LifecycleKind};
use crate::yaml::{self, Mapping, Value};

/// The text of the peer for a container that cannot be reached.
pub const WAITING_FOR_PEBBLE: &str = "Waiting for pebble ready";

/// Decides.
#[must_use]
pub fn decide(observation: &Observation) -> Decision {
    let mut decision = Decision::default();
    if is_over(&observation.event) {
        return decision;
    }
    let options = options::check(observation);
    let key = secret_key(observation, options.as_ref().err(), &mut decision);
    let port = environment::port(observation, options.as_ref().unwrap_or(&Options::default()));
    // A refused action changes nothing; whatever else there is to do is for the next event.
    if let Some(ActionOutcome::Failed(_)) = decision.action {
        return decision;
    }
    requests(observation, port, &mut decision);

    match gates(observation, options, key, port, &mut decision) {
        Ok(run) => {
            decision.work = Work::Run(Box::new(run));
            decision.port = Some(port);
            decision.verdict = Some(Verdict::active());
        }
        Err(verdict) => decision.verdict = Some(verdict),
    }
    decision
}

/// Events after which there is nothing to reconcile, or in which Juju lets a charm do next to nothing.
#[must_use]
pub fn is_over(event: &Event) -> bool {
    use LifecycleKind::{CollectMetrics, PostSeriesUpgrade, PreSeriesUpgrade, Remove, Stop};
    matches!(
        event,
        Event::Lifecycle(Stop | Remove | CollectMetrics | PreSeriesUpgrade | PostSeriesUpgrade)
    )
}

/// The key that the app gets, and what the action `rotate-secret-key` does to it.
fn secret_key(
    observation: &Observation,
    problem: Option<&options::Problem>,
    decision: &mut Decision,
) -> Option<String> {
    let current = secret_key::current(observation).map(str::to_owned);
    let action = match &observation.event {
        Event::Action { name, .. } => Some(name.as_str()),
        _ => None,
    };
    let refused = match (action, &current) {
        (None, _) => None,
        (Some("rotate-secret-key"), _) if !observation.leader => {
            Some("only leader unit can rotate secret key".to_owned())
        }
        (Some("rotate-secret-key"), None) => Some("charm is still initializing".to_owned()),
        (Some("rotate-secret-key"), Some(_)) => problem.map(|problem| problem.message.clone()).or_else(|| {
            let option = &observation.charm.runtime.secret_key.option;
            let id_option = observation.charm.secret_key_id_option();
            let set = [option, &id_option].into_iter().find(|name| observation.config.contains_key(*name))?;
            Some(format!("the option {set} gives the secret key: change that, or reset it and run this again"))
        }),
        (Some(name), _) => Some(format!("there is no action `{name}`")),
    };
    if let Some(refusal) = refused {
        decision.action = Some(ActionOutcome::Failed(refusal));
        return current;
    }
    if let Some(peer) = observation.peer.as_ref().filter(|_| action.is_some()) {
        let (bag, secret) = secret_key::rotate(observation, peer);
        decision.bags.push(bag);
        decision.secret = secret;
        decision.action = Some(ActionOutcome::Done(
            [("status".to_owned(), "success".to_owned())].into(),
        ));
        return Some(observation.fresh_key.clone());
    }
    if let Some(bag) = secret_key::create(observation) {
        decision.bags.push(bag);
        return Some(observation.fresh_key.clone());
    }
    current
}

/// What we ask providers for: keys that are not there yet or not as they should be.
fn requests(observation: &Observation, port: u16, decision: &mut Decision) {
    let fqdn = observation.identity.fqdn(observation.identity.number);
    let context = context(observation, &fqdn, port);
    for relation in &observation.relations {
        let interface = endpoint(observation, &relation.endpoint)
            .and_then(|endpoint| table::find(&endpoint.interface))
            .and_then(|row| handler(&row));
        let Some(interface) = interface else { continue };
        let request = interface.request(&context, relation);
        let app = observation
            .leader
            .then_some((true, request.app, &relation.local_app));
        let unit = Some((false, request.unit, &relation.local_unit));
        for (app, wanted, there) in [app, unit].into_iter().flatten() {
            let changes: std::collections::BTreeMap<String, Option<String>> = wanted
                .into_iter()
                .filter(|(key, value)| there.get(key) != Some(value))
                .map(|(key, value)| (key, Some(value)))
                .collect();
            if !changes.is_empty() {
                let endpoint = relation.endpoint.clone();
                decision.bags.push(BagWrite {
                    endpoint,
                    relation: relation.id,
                    app,
                    changes,
                });
            }
        }
    }
}

fn context<'a>(observation: &'a Observation, fqdn: &'a str, port: u16) -> Context<'a> {
    Context {
        app: &observation.identity.app,
        unit: &observation.identity.unit,
        model: &observation.identity.model,
        leader: observation.leader,
        fqdn,
        port,
        port_open: observation.opened_ports.contains(&format!("{port}/tcp")),
        juju: observation.identity.juju,
    }
}

fn endpoint<'a>(observation: &'a Observation, name: &str) -> Option<&'a Endpoint> {
    observation
        .charm
        .endpoints
        .iter()
        .find(|endpoint| endpoint.name == name)
}

/// The gates of the contract (runtime, section 3) in their order; the first that is shut gives the status.
fn gates(
    observation: &Observation,
    options: Result<Options, options::Problem>,
    key: Option<String>,
    port: u16,
    decision: &mut Decision,
) -> Result<Run, Verdict> {
    let charm = &observation.charm;
    if let Err(message) = &charm.paas_config {
        return Err(Verdict::blocked(message.clone()));
    }
    let options = options.map_err(|problem| {
        decision.remarks.extend(problem.reasons);
        Verdict::blocked(problem.message)
    })?;
    let integrations = Integrations::of(observation, port);
    decision
        .remarks
        .extend(integrations.remarks.iter().cloned());
    if let Some(endpoint) = &integrations.invalid {
        return Err(Verdict::blocked(format!(
            "Invalid {endpoint} relation data."
        )));
    }
    let container = match &observation.workload {
        Workload::Reachable(container) => container,
        Workload::Unreachable => return Err(Verdict::waiting(WAITING_FOR_PEBBLE)),
        Workload::Refused(reason) => return Err(Verdict::blocked(reason.clone())),
    };
    let key = key.ok_or_else(|| {
        Verdict::waiting(match charm.generation {
            Generation::V1 => "Waiting for peer integration",
            Generation::V2 => "Waiting for secret key creation",
        })
    })?;
    if !integrations.missing.is_empty() {
        decision.work = stop(observation, container);
        return Err(Verdict::blocked(format!(
            "missing integrations: {}",
            integrations.missing.join(", ")
        )));
    }
    if let Some(message) = integrations.one_too_many {
        return Err(Verdict::blocked(message));
    }
    run(
        observation,
        container,
        &options,
        &key,
        port,
        &integrations.provided,
        &mut decision.mask,
    )
}

/// What came of all relations.
#[derive(Default)]
struct Integrations {
    /// Endpoints that must be there and are not, in the order of the status.
    missing: Vec<String>,
    /// The first endpoint whose data cannot be used.
    invalid: Option<String>,
    /// The status for a second endpoint of an interface that can have one only.
    one_too_many: Option<String>,
    /// What the others give, in the order of metadata.
    provided: Vec<Provided>,
    remarks: Vec<String>,
}

impl Integrations {
    fn of(observation: &Observation, port: u16) -> Self {
        let fqdn = observation.identity.fqdn(observation.identity.number);
        let context = context(observation, &fqdn, port);
        let mut found = Self::default();
        let mut missing: Vec<(u32, String)> = Vec::new();
        let mut interfaces = BTreeSet::new();
        for endpoint in observation
            .charm
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.role == Role::Requires)
        {
            let Some(row) = table::find(&endpoint.interface) else {
                continue;
            };
            if !interfaces.insert(endpoint.interface.as_str()) {
                found.one_too_many = found.one_too_many.or_else(|| row.only_one.clone());
            }
            let relation = observation
                .relations
                .iter()
                .find(|relation| relation.endpoint == endpoint.name);
            let outcome = match (handler(&row), relation) {
                (Some(interface), Some(relation)) => interface.outcome(&context, relation),
                _ => Outcome::Incomplete,
            };
            match outcome {
                Outcome::Ready(provided) => found.provided.push(provided),
                Outcome::Invalid(reason) => {
                    found.remarks.push(remark(endpoint, relation, &reason));
                    // A relation that never blocks is left out; its data may be mended any time.
                    if row.gate.is_some() && found.invalid.is_none() {
                        found.invalid = Some(endpoint.name.clone());
                    }
                }
                Outcome::Incomplete => {
                    if let Some(gate) = row.gate.filter(|_| !endpoint.optional) {
                        missing.push((gate, endpoint.name.clone()));
                    }
                }
            }
        }
        missing.sort_by_key(|(gate, _)| *gate);
        found.missing = missing.into_iter().map(|(_, name)| name).collect();
        found
    }
}

fn remark(endpoint: &Endpoint, relation: Option<&Relation>, reason: &str) -> String {
    let provider = relation.map_or("the provider", |relation| {
        relation.remote_application.as_str()
    });
    format!(
        "the data of {provider} on `{}` cannot be used: {reason}",
        endpoint.name
    )
}

/// Only the app's own services stop; what else the rock runs is the rock's business (decision 59).
fn stop(observation: &Observation, container: &Container) -> Work {
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

fn run(
    observation: &Observation,
    container: &Container,
    options: &Options,
    key: &str,
    port: u16,
    provided: &[Provided],
    mask: &mut Mask,
) -> Result<Run, Verdict> {
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
    let sources = environment::Sources {
        options,
        port,
        secret_key: key,
        provided,
        rock: &rock,
    };
    let environment = environment::build(observation, &sources);
    *mask = Mask::of(&environment);
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
        });
    }
    run.files.extend(framework_files(observation, container));
    match migration::plan(observation, container, &environment, &in_plan, provided) {
        migration::Plan::Nothing(record) => run.files.extend(record),
        migration::Plan::Run(migration) => run.migration = Some(*migration),
        migration::Plan::Failed(message) => return Err(Verdict::blocked(message)),
    }
    let here = schedules(observation);
    let desired = layer::desired(originals, main, &environment, here);
    run.layer = layer::difference(&desired, &container.services);
    run.changed_variables = environment::changed(&in_plan, &environment);
    let state = |name: &str| {
        container
            .states
            .get(name)
            .map_or("inactive", String::as_str)
    };
    for (name, service) in desired
        .iter()
        .filter_map(|(name, service)| Some((name.as_str()?, service)))
    {
        // Pebble's replan leaves a disabled service running (known defect 86).
        if !layer::is_enabled(service)
            && Kind::of(name, main) == Kind::Scheduler
            && state(name) != "inactive"
        {
            run.stop.push(name.to_owned());
        }
    }
    let own = desired
        .iter()
        .filter_map(|(name, service)| Some((name.as_str()?, service)));
    let down = own.filter(|(name, service)| layer::is_enabled(service) && state(name) != "active");
    run.start = down.map(|(name, _)| name.to_owned()).collect();
    run.replan = run.layer.is_some() || container.layer_pending || !run.start.is_empty();
    if run.replan {
        // Pebble does not tell whether what runs is what the plan says: a hook cut off after its layer leaves this.
        let path = pending_path(&runtime.state_directory);
        if run.layer.is_some() {
            run.files.push(File {
                path: path.clone(),
                content: String::new(),
                owner: None,
            });
        }
        run.pending = Some(path);
    }
    Ok(run)
}

/// Where the snapshot of the rock's services is kept.
#[must_use]
pub fn snapshot_path(state_directory: &str) -> String {
    format!("{state_directory}/original-services.json")
}

/// The file that is there while a layer waits for its replan.
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
    let asked = observation
        .charm
        .paas_config
        .as_ref()
        .is_ok_and(super::paas_config::PaasConfig::json_logging);
    let Some(logging) = runtime.json_logging.as_ref().filter(|_| asked) else {
        return Vec::new();
    };
    let owner = || Some((runtime.user.clone(), runtime.group.clone()));
    let file = |name: &String| {
        let path = format!("{}/{name}", logging.directory);
        let content = json_logging_file(name)?;
        let same = container
            .files
            .get(&path)
            .is_some_and(|there| there == content.as_bytes());
        (!same).then(|| File {
            path,
            content: content.to_owned(),
            owner: owner(),
        })
    };
    logging.files.iter().filter_map(file).collect()
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
