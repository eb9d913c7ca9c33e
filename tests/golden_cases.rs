//! The peer's recorded behaviour against ours: every case of `tests/golden`, through `decide` and `conclude`.
//!
//! A case is the state before one event and what the peer made of it. Ours must be the same, but for what stands in
//! `tests/golden.yaml`: what needs an interface or a framework that is not there yet, and where ours is better by
//! intent, with the number of the known defect.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod golden_support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use golden_support::{Case, Outcome, better, run};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Exceptions {
    /// Whole frameworks and single interfaces that later work adds.
    not_there_yet: NotThereYet,
    /// By framework and case (`fastapi/bad-two`): which defect, and what may differ.
    better: BTreeMap<String, Better>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct NotThereYet {
    frameworks: BTreeSet<String>,
    interfaces: BTreeSet<String>,
}

impl NotThereYet {
    fn has(&self, case: &Case) -> bool {
        self.frameworks.contains(&case.framework)
            || case
                .active_interfaces()
                .any(|interface| self.interfaces.contains(interface))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Better {
    /// Numbers of known-defects.
    defects: Vec<u32>,
    /// The case with whose outcome, bags aside, ours begins.
    like: Option<String>,
    /// What ours is, field by field as JSON pointers: a value, null for none, or `{same-as: POINTER}`.
    ours: BTreeMap<String, serde_json::Value>,
}

fn exceptions() -> Exceptions {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.yaml"))
            .unwrap();
    charmwright::yaml::from_str(&text).unwrap()
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let varying: BTreeMap<String, Vec<String>> =
        serde_json::from_str(&std::fs::read_to_string(root.join("varying.json")).unwrap()).unwrap();
    let mut cases = Vec::new();
    for framework in [
        "django",
        "expressjs",
        "fastapi",
        "flask",
        "go",
        "spring-boot",
    ] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(framework))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut case: Case =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            case.varying = varying.get(&case.name()).cloned().unwrap_or_default();
            cases.push(case);
        }
    }
    cases
}

#[test]
fn every_case_is_read() {
    assert_eq!(cases().len(), 716);
}

#[test]
fn ours_is_the_peers_but_for_listed_defects() {
    let exceptions = exceptions();
    let (mut compared, mut later) = (0, 0);
    let mut failures = Vec::new();
    let mut unused: BTreeSet<&String> = exceptions.better.keys().collect();
    for case in cases() {
        if exceptions.not_there_yet.has(&case) {
            later += 1;
            continue;
        }
        compared += 1;
        let name = case.name();
        let ours = run(&case);
        let mut expected = case.expected();
        better::apply(&case, &mut expected);
        if let Some(better) = exceptions.better.get(&name) {
            unused.remove(&name);
            if let Some(other) = &better.like {
                let other = cases()
                    .into_iter()
                    .find(|case| case.name() == *other)
                    .unwrap();
                let mut other = other.expected();
                better::apply(&case, &mut other);
                for (field, value) in other.facts() {
                    expected.set(field, value.clone());
                }
            }
            assert!(
                !better.defects.is_empty(),
                "{name}: an exception names its defect"
            );
            for (field, value) in &better.ours {
                let value = match value.get("same-as").and_then(serde_json::Value::as_str) {
                    Some(pointer) => expected.get(pointer).unwrap(),
                    None => value.clone(),
                };
                expected.set(field, value);
            }
        }
        let differences = expected.differences(&ours);
        if !differences.is_empty() {
            failures.push(format!("{name}:\n  {}", differences.join("\n  ")));
        }
    }
    assert!(
        unused.is_empty(),
        "exceptions for cases that do not exist or are not there yet: {unused:?}"
    );
    assert!(
        failures.is_empty(),
        "{} of {compared} cases differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    // What is left for later is counted, so that nothing is skipped unseen.
    println!(
        "{compared} cases compared, {later} wait for interfaces and frameworks that are not there yet"
    );
}

#[test]
fn deciding_again_after_applying_changes_nothing() {
    let exceptions = exceptions();
    let there = |case: &Case| {
        !exceptions
            .not_there_yet
            .frameworks
            .contains(&case.framework)
    };
    for case in cases().into_iter().filter(there) {
        let Outcome { again, .. } = run(&case);
        assert_eq!(
            again,
            Vec::<String>::new(),
            "{}: a second hook would still",
            case.name()
        );
    }
}
