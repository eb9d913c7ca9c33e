//! From what was read to what is to be done: a pure function, and nearly all the charm's knowledge.
//!
//! Every event runs the same reconcile. The event only tells whether there is a workload at all, which relation is
//! going away (what reads leaves it out), and what an action asks for.

use super::code::Facts;
use super::decision::{ActionOutcome, Decision, Run, Verdict, Work};
use super::environment::Sources;
use super::integrations::Integrations;
use super::mask::Mask;
use super::observation::{Observation, Workload};
use super::options::{self, Options};
use super::workload::{self, App};
use super::{actions, environment, integrations, log_targets, secret_key};
use crate::frameworks::Generation;
use crate::interfaces::Bag;
use crate::juju::{Event, LifecycleKind};

/// The text of the peer for a container that cannot be reached.
pub const WAITING_FOR_PEBBLE: &str = "Waiting for pebble ready";

/// Whose mistake a status tells of, when it is one in the charm's own code.
pub(super) const CODE: &str = "the charm's code";

/// Decides.
#[must_use]
pub fn decide(observation: &Observation) -> Decision {
    let mut decision = Decision::default();
    if is_over(&observation.event) {
        return decision;
    }
    if let Some(decision) = actions::decide(observation) {
        return decision;
    }
    let options = options::check(observation);
    let key = secret_key::settle(observation, options.as_ref().err(), &mut decision);
    let port = environment::port(observation, options.as_ref().unwrap_or(&Options::default()));
    // A refused action changes nothing; whatever else there is to do is for the next event.
    if let Some(ActionOutcome::Failed(_)) = decision.action {
        return decision;
    }
    // What is asked of providers may depend on the file, and some take no other request afterwards.
    if observation.charm.paas_config.is_ok() {
        decision
            .bags
            .extend(integrations::requests(observation, port));
        decision.own_secrets = integrations::own_secrets(observation, port);
    }
    let problems = observation.assets.problems.iter().cloned();
    decision.remarks.extend(problems);
    // Lines of an app that may not run tell why, too.
    if let Workload::Reachable(container) = &observation.workload {
        decision.log_targets = log_targets::change(observation, container);
    }

    match gates(observation, options, key, port, &mut decision) {
        Ok((run, environment)) => {
            decision.mask = Mask::with_secrets(&environment, observation);
            decision.work = Work::Run(Box::new(run));
            decision.port = Some(port);
            decision.once_open = integrations::once_open(observation, port, &decision.bags);
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

/// The gates of the contract (runtime, section 3) in their order; the first that is shut gives the status. Behind them:
/// how the app is to run, and its environment.
pub(super) fn gates(
    observation: &Observation,
    options: Result<Options, options::Problem>,
    key: Option<String>,
    port: u16,
    decision: &mut Decision,
) -> Result<(Run, Bag), Verdict> {
    let charm = &observation.charm;
    if let Err(message) = &charm.paas_config {
        return Err(Verdict::blocked(message.clone()));
    }
    if let Some(problem) = charm.code.problem() {
        return Err(Verdict::blocked(format!("{CODE}: {problem}")));
    }
    let options = options.map_err(|problem| {
        decision.remarks.extend(problem.reasons);
        Verdict::blocked(problem.message)
    })?;
    let integrations = Integrations::of(observation, port);
    decision
        .remarks
        .extend(integrations.remarks.iter().cloned());
    if let Some(message) = integrations.invalid {
        return Err(Verdict::blocked(message));
    }
    if let Some(message) = integrations.waiting {
        return Err(Verdict::waiting(message));
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
        decision.work = workload::stop(observation, container);
        return Err(Verdict::blocked(format!(
            "missing integrations: {}",
            integrations.missing.join(", ")
        )));
    }
    if let Some(message) = integrations.blocked {
        return Err(Verdict::blocked(message));
    }
    if let Some(message) = integrations.one_too_many {
        return Err(Verdict::blocked(message));
    }
    if let Some(message) = charm
        .runtime
        .needs_database
        .as_ref()
        .filter(|_| integrations.no_database)
    {
        return Err(Verdict::blocked(message.clone()));
    }
    if let Some(message) = integrations.misconfigured {
        return Err(Verdict::blocked(message));
    }
    let sources = Sources {
        options: &options,
        port,
        secret_key: &key,
        provided: &integrations.provided,
        rock: &Bag::new(),
        code: &Bag::new(),
    };
    let code = of_code(observation, &sources).map_err(Verdict::blocked)?;
    let app = App {
        options: &options,
        port,
        secret_key: &key,
        provided: &integrations.provided,
        code: &code,
    };
    workload::run(observation, container, &app)
}

/// The variables that the charm's own code sets, which may look at those of all others.
pub(crate) fn of_code(observation: &Observation, sources: &Sources<'_>) -> Result<Bag, String> {
    let code = &observation.charm.code;
    if !code.has_variables() {
        return Ok(Bag::new());
    }
    let environment = environment::build(observation, sources);
    code.variables(&Facts::new(observation, &environment))
}
