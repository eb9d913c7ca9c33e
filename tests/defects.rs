//! Every listed defect of the peer has a test that shows our better behaviour, or a reason why it has none:
//! `tests/defects.yaml` against the contract's list, the tests that there are, and the docs.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use charmwright::yaml;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defects {
    tests: BTreeMap<u32, Vec<String>>,
    keep: BTreeSet<u32>,
    waits: BTreeMap<u32, String>,
    nothing: BTreeMap<u32, String>,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn defects() -> Defects {
    yaml::from_str(&read("tests/defects.yaml")).unwrap()
}

/// Numbers of the contract's list, with whether better behaviour is forbidden.
fn listed() -> BTreeMap<u32, bool> {
    let text = read("tests/contract/known-defects.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let number = cells.first()?.parse().ok()?;
        Some((number, cells.last()?.starts_with("keep")))
    });
    rows.collect()
}

/// Whether a file has a test of this name.
fn has_test(text: &str, name: &str) -> bool {
    let mut lines = text.lines().rev();
    let begins = format!("fn {name}(");
    if lines
        .find(|line| line.trim_start().starts_with(&begins))
        .is_none()
    {
        return false;
    }
    let attributes = lines
        .map(str::trim)
        .take_while(|line| line.starts_with("#["));
    attributes.into_iter().any(|line| line == "#[test]")
}

#[test]
fn every_listed_defect_has_a_test_or_a_reason() {
    let (defects, listed) = (defects(), listed());
    assert!(listed.len() > 80, "{}", listed.len());
    let mut known = BTreeSet::new();
    let all = defects.tests.keys().chain(&defects.keep);
    let all = all
        .chain(defects.waits.keys())
        .chain(defects.nothing.keys());
    for number in all {
        assert!(listed.contains_key(number), "there is no row {number}");
        assert!(known.insert(*number), "row {number} is there twice");
    }
    let missing: Vec<&u32> = listed
        .keys()
        .filter(|number| !known.contains(number))
        .collect();
    assert!(
        missing.is_empty(),
        "rows without a test or a reason: {missing:?}"
    );
    for number in &defects.keep {
        assert!(listed[number], "row {number} is not to be kept");
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let golden: yaml::Value = yaml::from_str(&read("tests/golden.yaml")).unwrap();
    for (number, tests) in &defects().tests {
        assert!(!tests.is_empty(), "row {number} has no test");
        for test in tests {
            if let Some(case) = test.strip_prefix("golden ") {
                let named = golden["better"][case]["defects"].as_sequence();
                let named = named.unwrap_or_else(|| panic!("row {number}: no entry {case}"));
                let mut named = named.iter().filter_map(yaml::Value::as_u64);
                assert!(
                    named.any(|named| named == u64::from(*number)),
                    "row {number}: {case}"
                );
                continue;
            }
            let (file, name) = test.split_once("::").unwrap();
            assert!(has_test(&read(file), name), "row {number}: no test {test}");
        }
    }
}

#[test]
fn exceptions_of_recorded_cases_name_rows_that_are_better() {
    let (defects, golden) = (defects(), read("tests/golden.yaml"));
    let golden: yaml::Value = yaml::from_str(&golden).unwrap();
    for (case, entry) in golden["better"].as_mapping().unwrap() {
        for number in entry["defects"].as_sequence().unwrap() {
            let number = u32::try_from(number.as_u64().unwrap()).unwrap();
            assert!(
                defects.tests.contains_key(&number),
                "{case:?}: row {number}"
            );
        }
    }
}
