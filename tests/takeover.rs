//! From the peer to ours in place, on paper: what the peer left in every recorded case that ended well, met by ours.
//!
//! What ours changes then is what `tests/golden.yaml` says it does better, and nothing else: where the environment and
//! the command stay as they are, nothing restarts.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

#[allow(dead_code, reason = "the other test of recorded cases uses the rest")]
mod golden_support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use charmwright::juju::LifecycleKind;
use charmwright::runtime::decision::{Decision, Work};
use charmwright::runtime::observation::{Observation, Workload};
use charmwright::runtime::webserver::Refresh;
use charmwright::yaml;
use golden_support::exceptions::Exceptions;
use golden_support::peer::{hook, is_plain_gunicorn, run_of};
use golden_support::{Case, Outcome, cases};
use serde_json::Value;

/// The cases to be looked at: all that the peer brought to a good end.
fn each(mut look: impl FnMut(&Case, &Outcome, &mut Vec<String>)) {
    static CASES: LazyLock<(Exceptions, Vec<Case>)> =
        LazyLock::new(|| (Exceptions::read(), cases()));
    let (exceptions, cases) = &*CASES;
    let mut failures = Vec::new();
    let mut frameworks = BTreeSet::new();
    for case in cases {
        if !case.peer_is_active() {
            continue;
        }
        let expected = exceptions.expected(case);
        if expected
            .get("/action_failed")
            .is_some_and(|message| !message.is_null())
        {
            // Ours refuses the action: what is expected is the state before it, not one that the peer left.
            continue;
        }
        frameworks.insert(case.framework.clone());
        let mut problems = Vec::new();
        look(case, &expected, &mut problems);
        if !problems.is_empty() {
            failures.push(format!("{}:\n  {}", case.name(), problems.join("\n  ")));
        }
    }
    assert_eq!(frameworks.len(), 6, "{frameworks:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn services(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The services of which ours is to differ from what the peer left.
fn to_change(case: &Case, expected: &Outcome) -> BTreeSet<String> {
    let (peers, ours) = (case.peers_plan(), expected.get("/services").unwrap());
    services(&ours)
        .filter(|(name, service)| peers.get(*name) != Some(service))
        .map(|(name, _)| name.clone())
        .collect()
}

/// The services that the decision changes.
fn changed(decision: &Decision) -> BTreeSet<String> {
    let layer = run_of(decision).and_then(|run| run.layer.as_deref());
    let layer: Value = layer.map_or(Value::Null, |layer| yaml::from_str(layer).unwrap());
    services(&layer["services"])
        .map(|(name, _)| name.clone())
        .collect()
}

/// What a hook that finds all as it should be must not do.
fn disturbs(decision: &Decision) -> Vec<String> {
    let mut does = Vec::new();
    for write in &decision.bags {
        does.push(format!(
            "writes {:?} of {}",
            write.changes.keys(),
            write.endpoint
        ));
    }
    match &decision.work {
        Work::Nothing => {}
        Work::Stop { services, .. } => does.push(format!("stops {services:?}")),
        Work::Run(run) if run.is_idle() && run.files.is_empty() => {}
        Work::Run(run) => does.push(format!("does {run:?}")),
    }
    does
}

fn peer_bag(observation: &Observation) -> Option<&charmwright::interfaces::Bag> {
    observation.peer.as_ref().map(|peer| &peer.app)
}

#[test]
fn the_secret_key_is_the_peers() {
    each(|case, _, problems| {
        let before = case.after_the_peer();
        let (decision, after) = hook(&before, LifecycleKind::UpgradeCharm);
        if decision.secret.is_some() || peer_bag(&before) != peer_bag(&after) {
            problems.push("the peer relation's bag has changed".into());
        }
    });
}

#[test]
fn no_migration_runs_again() {
    each(|case, _, problems| {
        let recorded = case.after_the_peer();
        // Few cases have a script: here all have one, which the peer ran.
        let mut with_script = recorded.clone();
        if let Workload::Reachable(container) = &mut with_script.workload {
            container.scripts = ["migrate.sh".to_owned()].into();
            container.migration_status = Some("COMPLETED".into());
        }
        for before in [recorded, with_script] {
            let (decision, _) = hook(&before, LifecycleKind::UpgradeCharm);
            if run_of(&decision).is_some_and(|run| run.migration.is_some()) {
                problems.push("the migration runs".into());
            }
        }
    });
}

#[test]
fn only_services_restart_that_a_known_defect_changes() {
    let mut undisturbed = 0;
    each(|case, expected, problems| {
        let (decision, _) = hook(&case.after_the_peer(), LifecycleKind::UpgradeCharm);
        let Some(run) = run_of(&decision) else {
            return;
        };
        let (found, wanted) = (changed(&decision), to_change(case, expected));
        if found != wanted {
            problems.push(format!("changes {found:?} instead of {wanted:?}"));
        }
        if wanted.is_empty() {
            undisturbed += 1;
            if run.replan.is_some() || !run.start.is_empty() || !run.stop.is_empty() {
                problems.push(format!("nothing is to change, and still: {run:?}"));
            }
        }
    });
    // The rule is that nothing restarts.
    println!("{undisturbed} cases in which nothing restarts");
    assert!(undisturbed > 80, "{undisturbed}");
}

#[test]
fn gunicorn_reads_its_new_config_file_by_a_reload_after_a_check() {
    let mut reloads = 0;
    each(|case, expected, problems| {
        let (decision, _) = hook(&case.after_the_peer(), LifecycleKind::UpgradeCharm);
        let Some(run) = run_of(&decision) else {
            return;
        };
        let has_gunicorn = ["django", "flask"].contains(&case.framework.as_str());
        let Some(webserver) = &run.webserver else {
            if has_gunicorn {
                problems.push("the peer's config file stays".into());
            }
            return;
        };
        let text = webserver.config.as_ref().unwrap().texts.first().unwrap();
        let refresh = if to_change(case, expected).contains(&case.framework) {
            None
        } else if is_plain_gunicorn(case) {
            reloads += 1;
            Some(Refresh::Reload)
        } else {
            Some(Refresh::Restart)
        };
        if text.refresh != refresh || webserver.check.is_none() {
            problems.push(format!("{:?} instead of {refresh:?}", text.refresh));
        }
    });
    assert!(reloads > 10, "{reloads}");
}

#[test]
fn what_runs_then_is_what_ours_would_have_made_of_the_same_event() {
    each(|case, expected, problems| {
        let (decision, after) = hook(&case.after_the_peer(), LifecycleKind::UpgradeCharm);
        let status = decision
            .verdict
            .as_ref()
            .map(|verdict| serde_json::json!([verdict.status.to_string(), verdict.message]));
        if status != expected.get("/unit_status") {
            problems.push(format!("is {status:?}"));
        }
        if run_of(&decision).is_none() {
            return;
        }
        let plan = golden_support::peer::plan(&after);
        for (name, service) in services(&expected.get("/services").unwrap()) {
            if plan.get(name) != Some(service) {
                problems.push(format!("{name} is {}\n  instead of {service}", plan[name]));
            }
        }
    });
}

#[test]
fn the_hooks_after_it_do_nothing() {
    each(|case, _, problems| {
        let (_, mut state) = hook(&case.after_the_peer(), LifecycleKind::UpgradeCharm);
        for kind in [LifecycleKind::ConfigChanged, LifecycleKind::UpdateStatus] {
            let (decision, after) = hook(&state, kind);
            for what in disturbs(&decision) {
                problems.push(format!("{kind:?} {what}"));
            }
            state = after;
        }
    });
}
