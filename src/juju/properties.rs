//! Whatever Juju might say, reading it neither panics nor loses names.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    Environment, Event, GoalState, JujuVersion, Network, Port, RelationId, StatusReport, redact,
};

const FORMS: &[&str] = &[
    "-pebble-check-failed",
    "-pebble-check-recovered",
    "-pebble-custom-notice",
    "-pebble-ready",
    "-relation-broken",
    "-relation-changed",
    "-relation-created",
    "-relation-departed",
    "-relation-joined",
    "-storage-attached",
    "-storage-detaching",
];

/// Arbitrary JSON in which the words that Juju uses are frequent.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec![
            "addresses",
            "application-status",
            "bind-addresses",
            "message",
            "relations",
            "status",
            "units",
            "value",
        ])
        .prop_map(str::to_owned),
        ".*",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn environment(path: &str) -> Vec<(String, String)> {
    [
        ("JUJU_DISPATCH_PATH", path),
        ("JUJU_MODEL_NAME", "demo"),
        ("JUJU_NOTICE_ID", "1"),
        ("JUJU_NOTICE_KEY", "a/b"),
        ("JUJU_NOTICE_TYPE", "custom"),
        ("JUJU_PEBBLE_CHECK_NAME", "up"),
        ("JUJU_RELATION_ID", "db:7"),
        ("JUJU_UNIT_NAME", "web/0"),
        ("JUJU_VERSION", "3.6.14"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

proptest! {
    #[test]
    fn any_variables_are_read_or_refused(
        path in ".*",
        changes in proptest::collection::vec((0_usize..9, ".*"), 0..4),
    ) {
        let mut variables = environment(&path);
        for (index, value) in changes {
            variables[index].1 = value;
        }
        let _ = Environment::from_vars(variables);
    }

    #[test]
    fn every_form_keeps_the_name_before_it(
        prefix in "[a-z]([a-z0-9_-]{0,12}[a-z0-9])?",
        inner in proptest::sample::select(FORMS),
        nested in any::<bool>(),
        form in proptest::sample::select(FORMS),
    ) {
        let name = if nested { format!("{prefix}{inner}") } else { prefix };
        let event = Environment::from_vars(environment(&format!("hooks/{name}{form}")))
            .unwrap()
            .event;
        match event {
            Event::Relation { endpoint: got, .. }
            | Event::Workload { container: got, .. }
            | Event::Storage { name: got, .. } => prop_assert_eq!(got, name),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn an_unheard_of_hook_is_unknown(name in "[a-z][a-z0-9]*(-[a-z0-9]+)?-zzz") {
        let event = Environment::from_vars(environment(&format!("hooks/{name}")))
            .unwrap()
            .event;
        prop_assert_eq!(event, Event::Unknown(name));
    }

    #[test]
    fn any_answer_is_read_or_refused(answer in json()) {
        let _ = StatusReport::from_json(&answer, true);
        let _ = StatusReport::from_json(&answer, false);
        if let Some(goal) = GoalState::from_json(&answer) {
            prop_assert!(goal.planned_units().count() <= goal.units.len());
        }
        if let Some(network) = Network::from_json(&answer) {
            prop_assert!(network.bind_addresses.iter().all(|address| !address.is_empty()));
        }
    }

    #[test]
    fn any_text_is_a_value_or_refused(text in ".*") {
        let _ = text.parse::<JujuVersion>();
        let _ = text.parse::<Port>();
        let _ = text.parse::<RelationId>();
    }

    #[test]
    fn no_long_value_survives_redaction(ahead in ".*", value in "[a-zA-Z0-9+/=]{8,40}", behind in ".*") {
        let text = format!("{ahead}{value}{behind}");
        prop_assert!(!redact::redact(&text, &[&value], &[]).contains(&value));
    }
}
