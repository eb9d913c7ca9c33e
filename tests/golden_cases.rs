//! The peer's recorded behaviour against ours: every case of `tests/golden`, through `decide` and `conclude`.
//!
//! A case is the state before one event and what the peer made of it. Ours must be the same, but for what stands in
//! `tests/golden.yaml`: where ours is better by intent, with the number of the known defect. No case can be left out.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

#[allow(dead_code, reason = "the other test of recorded cases uses the rest")]
mod golden_support;

use std::collections::BTreeSet;

use golden_support::exceptions::Exceptions;
use golden_support::paper::run;
use golden_support::{Outcome, cases};

#[test]
fn every_case_is_read() {
    assert_eq!(cases().len(), 716);
}

#[test]
fn ours_is_the_peers_but_for_listed_defects() {
    let exceptions = Exceptions::read();
    let cases = cases();
    let mut failures = Vec::new();
    let mut unused: BTreeSet<&String> = exceptions.better.keys().collect();
    for case in &cases {
        let name = case.name();
        unused.remove(&name);
        let expected = exceptions.expected(case);
        let differences = expected.differences(&run(case));
        if !differences.is_empty() {
            failures.push(format!("{name}:\n  {}", differences.join("\n  ")));
        }
        // Of a hook that fails there is nothing to compare: the entry says all.
        let says = |field: &str| expected.get(field).is_some_and(|value| !value.is_null());
        if case.is_crash() && !says("/unit_status") && !says("/action_failed") {
            failures.push(format!(
                "{name}: the peer's hook fails, and nothing says what ours does"
            ));
        }
        for idle in exceptions.idle(case) {
            failures.push(format!(
                "{name}: `{idle}` of the exception makes no difference"
            ));
        }
    }
    assert!(
        unused.is_empty(),
        "exceptions for cases that do not exist: {unused:?}"
    );
    assert!(
        failures.is_empty(),
        "{} mistakes in {} cases:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn deciding_again_after_applying_changes_nothing() {
    for case in cases() {
        let Outcome { again, .. } = run(&case);
        assert_eq!(
            again,
            Vec::<String>::new(),
            "{}: a second hook would still",
            case.name()
        );
    }
}
