//! `tests/golden.yaml`: what is not there yet, and where ours is better, with the number of the known defect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use charmwright::yaml;
use serde::Deserialize;
use serde_json::Value;

use super::{Case, Outcome, better};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exceptions {
    /// Whole frameworks and single interfaces that later work adds.
    pub not_there_yet: NotThereYet,
    /// By framework and case (`fastapi/bad-two`): which defect, and what may differ.
    pub better: BTreeMap<String, Better>,
    #[serde(skip)]
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NotThereYet {
    pub frameworks: BTreeSet<String>,
    interfaces: BTreeSet<String>,
}

impl NotThereYet {
    /// Whether the case has to wait.
    pub fn has(&self, case: &Case) -> bool {
        self.frameworks.contains(&case.framework)
            || case
                .active_interfaces()
                .any(|interface| self.interfaces.contains(interface))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Better {
    /// Numbers of known-defects.
    defects: Vec<u32>,
    /// The case with whose outcome, bags aside, ours begins.
    like: Option<String>,
    /// What ours is, field by field as JSON pointers: a value, null for none, or `{same-as: POINTER}`.
    ours: BTreeMap<String, Value>,
}

impl Exceptions {
    /// Reads the file.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        let mut exceptions: Self = yaml::from_str(&text).unwrap();
        let by_name = super::cases().into_iter().map(|case| (case.name(), case));
        exceptions.cases = by_name.collect();
        exceptions
    }

    /// What ours has to make of a case: what the peer makes of it, but for what is better.
    pub fn expected(&self, case: &Case) -> Outcome {
        let name = case.name();
        let mut expected = case.expected();
        better::apply(case, &mut expected);
        let Some(better) = self.better.get(&name) else {
            return expected;
        };
        if let Some(other) = &better.like {
            let mut other = self.cases[other].expected();
            better::apply(case, &mut other);
            for (field, value) in other.facts() {
                expected.set(field, value.clone());
            }
        }
        assert!(
            !better.defects.is_empty(),
            "{name}: an exception names its defect"
        );
        for (field, value) in &better.ours {
            let value = match value.get("same-as").and_then(Value::as_str) {
                Some(pointer) => expected.get(pointer).unwrap(),
                None => value.clone(),
            };
            expected.set(field, value);
        }
        expected
    }
}
