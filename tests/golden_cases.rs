//! The peer's recorded behaviour against ours: every case of `tests/golden`, through `decide` and `conclude`.
//!
//! A case is the state before one event and what the peer made of it. Ours must be the same, but for what stands in
//! `tests/golden.yaml`: what needs an interface or a framework that is not there yet, and where ours is better by
//! intent, with the number of the known defect.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

#[allow(dead_code, reason = "the other test of recorded cases uses the rest")]
mod golden_support;

use std::collections::BTreeSet;

use golden_support::exceptions::Exceptions;
use golden_support::paper::run;
use golden_support::{Case, Outcome, cases};

#[test]
fn every_case_is_read() {
    assert_eq!(cases().len(), 716);
}

#[test]
fn ours_is_the_peers_but_for_listed_defects() {
    let exceptions = Exceptions::read();
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
        unused.remove(&name);
        let expected = exceptions.expected(&case);
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
    let exceptions = Exceptions::read();
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
