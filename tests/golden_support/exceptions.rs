//! `tests/golden.yaml`: where ours is better, with the number of the known defect.

use std::collections::BTreeMap;
use std::path::Path;

use charmwright::yaml;
use serde::Deserialize;
use serde_json::Value;

use super::{Case, Outcome, better};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    /// By framework and case (`fastapi/bad-two`): which defect, and what may differ.
    pub better: BTreeMap<String, Better>,
    #[serde(skip)]
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Better {
    /// Numbers of known-defects.
    pub defects: Vec<u32>,
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
        let mut expected = by_rules(case);
        let Some(better) = self.better.get(&case.name()) else {
            return expected;
        };
        self.begin_like_another(better, case, &mut expected);
        expected.is_partial = case.is_crash() && better.like.is_none();
        for (field, value) in &better.ours {
            better.set_field(field, value, &mut expected);
        }
        expected
    }

    /// What an entry says that is so without it.
    pub fn idle(&self, case: &Case) -> Vec<String> {
        let Some(better) = self.better.get(&case.name()) else {
            return Vec::new();
        };
        let mut idle = Vec::new();
        let mut expected = by_rules(case);
        if let Some(other) = &better.like {
            let before = expected.facts.clone();
            self.begin_like_another(better, case, &mut expected);
            if before == expected.facts {
                idle.push(format!("like {other}"));
            }
        }
        let mut with_all = self.expected(case);
        with_all.facts.retain(|_, value| !value.is_null());
        for field in better.ours.keys() {
            let mut without = Outcome {
                facts: expected.facts.clone(),
                varying: Vec::new(),
                is_partial: false,
                again: Vec::new(),
            };
            for (name, value) in better.ours.iter().filter(|(name, _)| *name != field) {
                better.set_field(name, value, &mut without);
            }
            without.facts.retain(|_, value| !value.is_null());
            if without.facts == with_all.facts {
                idle.push(field.clone());
            }
        }
        idle
    }

    /// Bags aside, what came of the case that the entry names.
    fn begin_like_another(&self, better: &Better, case: &Case, expected: &mut Outcome) {
        let Some(other) = &better.like else { return };
        let mut other = self.cases[other].expected();
        better::apply(case, &mut other);
        for (field, value) in other.facts() {
            expected.set(field, value.clone());
        }
    }
}

/// What the peer makes of a case, but for what is better everywhere.
fn by_rules(case: &Case) -> Outcome {
    let mut expected = case.expected();
    better::apply(case, &mut expected);
    expected
}

impl Better {
    fn set_field(&self, field: &str, value: &Value, expected: &mut Outcome) {
        let value = match value.get("same-as").and_then(Value::as_str) {
            Some(pointer) => expected.get(pointer).unwrap(),
            None => value.clone(),
        };
        expected.set(field, value);
    }
}
