//! What a hook does to services and files: no more than has changed, and what an earlier one has left undone.

use charmwright::juju::{Event, LifecycleKind};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{Decision, Run};
use charmwright::runtime::observation::Observation;
use charmwright::yaml::{self, Mapping};

use super::support::{charm, container, observation, run};

/// The container as it is when a first decision was carried out.
fn carry_out(observation: &mut Observation, decision: &Decision) {
    let layer: Mapping = yaml::from_str(run(decision).layer.as_ref().unwrap()).unwrap();
    let files = &run(decision).files;
    let snapshot = files
        .iter()
        .find(|file| file.path.ends_with("original-services.json"))
        .unwrap();
    let container = container(observation);
    container.services = layer["services"].as_mapping().unwrap().clone();
    container.snapshot = Some(snapshot.content.clone());
    container.states = ["fastapi", "a-scheduler"]
        .map(|name| (name.to_owned(), "active".to_owned()))
        .into();
}

#[test]
fn a_hook_with_nothing_to_change_decides_nothing() {
    let mut observation = observation();
    let first = decide(&observation);
    carry_out(&mut observation, &first);
    let decision = decide(&observation);
    assert_eq!(*run(&decision), Run::default());
    assert!(decision.bags.is_empty() && decision.remarks.is_empty());
}

#[test]
fn a_hook_cut_off_after_its_layer_is_made_good() {
    let mut observation = observation();
    let first = decide(&observation);
    let pending = Some("/tmp/fastapi/state/layer-pending".to_owned());
    assert_eq!(run(&first).replan, pending);
    carry_out(&mut observation, &first);
    assert_eq!(run(&decide(&observation)).replan, None);
    container(&mut observation).layer_pending = true;
    assert_eq!(run(&decide(&observation)).replan, pending);
}

#[test]
fn the_scheduler_runs_on_unit_0_while_it_is_planned_else_on_the_lowest() {
    for (own, others, planned, here) in [
        (0, &[1, 2][..], None, true),
        (1, &[0, 2], None, false),
        (1, &[2], Some(&[1, 2][..]), true),
        (2, &[1], Some(&[1, 2]), false),
        // Unit 0 is planned but has not joined yet.
        (1, &[], Some(&[0, 1]), false),
    ] {
        let mut observation = observation();
        observation.identity.number = own;
        observation.peer.as_mut().unwrap().others = others.iter().copied().collect();
        observation.planned_units = planned.map(|units: &[u64]| units.iter().copied().collect());
        container(&mut observation).states =
            [("a-scheduler".to_owned(), "active".to_owned())].into();
        let decision = decide(&observation);
        let stopped = run(&decision).stop == ["a-scheduler"];
        assert_eq!(
            stopped, !here,
            "unit {own} among {others:?}, planned {planned:?}"
        );
    }
}

#[test]
fn stop_and_remove_do_nothing() {
    for kind in [LifecycleKind::Stop, LifecycleKind::Remove] {
        let mut observation = observation();
        observation.event = Event::Lifecycle(kind);
        assert_eq!(decide(&observation), Decision::default());
    }
}

#[test]
fn json_logging_pushes_its_files_once() {
    let mut observation = observation();
    observation.charm = charm(
        "24.04",
        "options: {}",
        Some("framework_logging_format: json\n"),
    );
    let decision = decide(&observation);
    let files: Vec<_> = run(&decision)
        .files
        .iter()
        .filter(|file| file.path.contains("log_config"))
        .cloned()
        .collect();
    assert_eq!(files.len(), 2);
    assert!(
        files
            .iter()
            .all(|file| file.owner == Some(("_daemon_".into(), "_daemon_".into())))
    );
    for file in files {
        container(&mut observation)
            .files
            .insert(file.path, file.content.into_bytes());
    }
    assert!(
        !run(&decide(&observation))
            .files
            .iter()
            .any(|file| file.path.contains("log_config"))
    );
}
