//! Whatever people do and however hooks interleave, each unit's events keep Juju's grammar and everything that is
//! removed goes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{deploy, pg, run_all, web};
use super::*;

/// What may happen next; numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    AddUnit(usize),
    RemoveUnit(usize),
    Integrate(usize),
    RemoveRelation,
    RemoveApplication(usize),
    Write(usize, u8),
    Dispatch(usize),
    Fail(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..3_usize).prop_map(Step::AddUnit),
        1 => (0..9_usize).prop_map(Step::RemoveUnit),
        2 => (0..2_usize).prop_map(Step::Integrate),
        1 => Just(Step::RemoveRelation),
        1 => (0..12_usize).prop_map(Step::RemoveApplication),
        3 => (0..9_usize, 0..3_u8).prop_map(|(at, value)| Step::Write(at, value)),
        12 => (0..9_usize).prop_map(Step::Dispatch),
        1 => (0..9_usize).prop_map(Step::Fail),
    ]
}

const APPLICATIONS: [&str; 3] = ["pg", "store", "web"];

/// What one unit has heard of one relation.
#[derive(Default)]
struct Heard {
    created: bool,
    broken: bool,
    joined: BTreeSet<String>,
}

/// Checks that an event may come now.
fn listen(heard: &mut BTreeMap<(String, u32), Heard>, unit: &str, event: &QueuedEvent) {
    let QueuedEvent::Relation {
        hook,
        relation,
        remote_unit,
        ..
    } = event
    else {
        return;
    };
    let known = heard.entry((unit.to_owned(), *relation)).or_default();
    assert!(!known.broken, "{unit} hears {event:?} after broken");
    match (hook, remote_unit) {
        (RelationHook::Created, _) => {
            assert!(!known.created, "{unit} hears {event:?} twice");
            known.created = true;
        }
        (RelationHook::Broken, _) => {
            assert!(known.joined.is_empty(), "{unit}: {:?} stay", known.joined);
            known.broken = true;
        }
        (RelationHook::Joined, Some(remote)) => {
            assert!(known.joined.insert(remote.clone()), "{unit} {event:?}");
        }
        (RelationHook::Departed, Some(remote)) => {
            assert!(known.joined.remove(remote), "{unit} hears {event:?} alone");
        }
        (RelationHook::Changed, Some(remote)) => {
            assert!(
                known.joined.contains(remote),
                "{unit} hears {event:?} early"
            );
        }
        _ => {}
    }
    assert!(known.created, "{unit} hears {event:?} before created");
}

fn units(model: &Model) -> Vec<String> {
    let mut units = Vec::new();
    for (name, application) in &model.applications {
        let numbers = application.units.keys();
        units.extend(numbers.map(|number| format!("{name}/{number}")));
    }
    units
}

fn pick<T: Clone>(from: &[T], at: usize) -> Option<T> {
    from.get(at % from.len().max(1)).cloned()
}

fn take(model: &mut Model, step: Step, heard: &mut BTreeMap<(String, u32), Heard>) {
    let all = units(model);
    let changes = match step {
        Step::AddUnit(at) => model.add_unit(APPLICATIONS[at]).map(|(_, it)| it).ok(),
        Step::RemoveUnit(at) => pick(&all, at).and_then(|unit| model.remove_unit(&unit).ok()),
        Step::Integrate(at) => model
            .integrate("web", APPLICATIONS[at])
            .map(|(_, it)| it)
            .ok(),
        Step::RemoveRelation => {
            let found = model.relations.iter().find(|(_, it)| !it.is_peer());
            let id = found.map(|(id, _)| *id);
            id.and_then(|id| model.remove_relation_by_id(id).ok())
        }
        Step::RemoveApplication(at) => APPLICATIONS
            .get(at)
            .and_then(|name| model.remove_application(name).ok()),
        Step::Write(at, value) => pick(&all, at).map(|unit| {
            let bag = Bag::from([("key".to_owned(), value.to_string())]);
            let ids: Vec<u32> = model.relations.keys().copied().collect();
            let mut changes = Vec::new();
            for id in ids {
                let side = model.relations[&id].side_of(application_of(&unit));
                if side.is_some() {
                    changes.extend(model.set_bag(id, &unit, bag.clone()));
                    changes.extend(model.set_bag(id, application_of(&unit), bag.clone()));
                }
            }
            changes
        }),
        Step::Dispatch(at) => {
            if let Some(unit) = pick(&all, at)
                && let Some(event) = model.begin(&unit)
            {
                listen(heard, &unit, &event);
                model.dispatched(&unit, &event);
            }
            None
        }
        Step::Fail(at) => {
            if let Some(unit) = pick(&all, at)
                && let Some(event) = model.begin(&unit)
            {
                model.failed(&unit, &event);
            }
            None
        }
    };
    model.enqueue(changes.unwrap_or_default());
}

/// Lets all units handle all they have.
fn drain(model: &mut Model, heard: &mut BTreeMap<(String, u32), Heard>) {
    loop {
        let mut busy = false;
        for unit in units(model) {
            if let Some(event) = model.begin(&unit) {
                busy = true;
                listen(heard, &unit, &event);
                model.dispatched(&unit, &event);
            }
        }
        if !busy {
            return;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_keep_their_grammar_and_what_is_removed_goes(
        built_in: bool,
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut model = Model::new("demo", "uuid", JujuVersion::default());
        deploy(&mut model, "web", web(), 2);
        deploy(&mut model, "pg", pg(built_in), 1);
        deploy(&mut model, "store", pg(!built_in), 1);
        let mut heard = BTreeMap::new();
        for step in steps {
            take(&mut model, step, &mut heard);
        }
        drain(&mut model, &mut heard);
        for (id, relation) in &model.relations {
            prop_assert!(!relation.dying, "relation {id} never ends");
            for member in &relation.members {
                if !model.runs_charm(member) {
                    continue;
                }
                let joined = &heard[&(member.clone(), *id)].joined;
                let seen: BTreeSet<String> = relation.seen_by_others(member).into_iter().collect();
                prop_assert_eq!(joined, &seen, "{} in {}", member, id);
            }
        }
        for name in APPLICATIONS {
            let changes = model.remove_application(name).unwrap_or_default();
            model.enqueue(changes);
        }
        drain(&mut model, &mut heard);
        prop_assert!(model.applications.is_empty(), "{:?}", model.applications);
        prop_assert!(model.relations.is_empty(), "{:?}", model.relations);
        prop_assert!(run_all(&mut model).is_empty());
    }
}
