//! The charm's layer (contract: runtime, section 6): the rock's services with the app's environment.

use std::collections::BTreeMap;

use crate::interfaces::Bag;
use crate::yaml::{self, Mapping, Value};

/// The label of the charm's layer; the peer's is the same, so that ours takes its place.
pub const LABEL: &str = "charm";

/// What a service is to the charm, by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The app itself.
    Main,
    /// `…-worker`: on every unit.
    Worker,
    /// `…-scheduler`: on one unit.
    Scheduler,
    /// The rock's own business.
    Other,
}

impl Kind {
    /// The kind of a service.
    #[must_use]
    pub fn of(name: &str, main: &str) -> Self {
        let lower = name.to_lowercase();
        match name {
            _ if name == main => Self::Main,
            _ if lower.ends_with("-worker") => Self::Worker,
            _ if lower.ends_with("-scheduler") => Self::Scheduler,
            _ => Self::Other,
        }
    }
}

/// The services of which the charm has a say, as they should be. `environment` makes the app's environment upon what
/// the rock gives to one service: what it gives to another is not meant for this one.
#[must_use]
pub fn desired(
    originals: &Mapping,
    main: &str,
    environment: impl Fn(&Bag) -> Bag,
    scheduler_here: bool,
) -> Mapping {
    let mut services = Mapping::new();
    for (name, original) in originals {
        let (Some(text), Value::Mapping(original)) = (name.as_str(), original) else {
            continue;
        };
        let mut service = original.clone();
        match Kind::of(text, main) {
            Kind::Other => continue,
            Kind::Scheduler if !scheduler_here => {
                service.insert("startup".into(), "disabled".into());
            }
            Kind::Main | Kind::Worker | Kind::Scheduler => {
                // What the rock sets stays, ours win where names meet (known defect 33).
                let merged: Mapping = environment(&environment_of(original))
                    .into_iter()
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect();
                service.insert("environment".into(), Value::Mapping(merged));
            }
        }
        service.insert("override".into(), "replace".into());
        services.insert(name.clone(), Value::Mapping(service));
    }
    services
}

/// The environment of a service.
#[must_use]
pub fn environment_of(service: &Mapping) -> Bag {
    let Some(Value::Mapping(environment)) = service.get("environment") else {
        return Bag::new();
    };
    environment
        .iter()
        .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), scalar(value))))
        .collect()
}

/// A layer of those services that differ from the plan, or `None` when none does.
#[must_use]
pub fn difference(desired: &Mapping, plan: &Mapping) -> Option<String> {
    let differs =
        |(name, service): &(&Value, &Value)| plan.get(*name).map(normal) != Some(normal(service));
    let services: Mapping = desired
        .iter()
        .filter(differs)
        .map(|(name, service)| (name.clone(), service.clone()))
        .collect();
    if services.is_empty() {
        return None;
    }
    let layer: Mapping = [("services".into(), Value::Mapping(services))]
        .into_iter()
        .collect();
    yaml::to_string(&layer).ok()
}

/// Whether a service is to be started.
#[must_use]
pub fn is_enabled(service: &Value) -> bool {
    service.get("startup").and_then(Value::as_str) == Some("enabled")
}

/// A service without the differences that mean nothing: Pebble leaves empty fields out, and a variable is text.
fn normal(service: &Value) -> BTreeMap<String, Value> {
    let Value::Mapping(fields) = service else {
        return BTreeMap::new();
    };
    let field = |(name, value): (&Value, &Value)| {
        let value = match value {
            Value::Mapping(map) if name.as_str() == Some("environment") => {
                let map: BTreeMap<String, Value> = map
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.as_str()?.to_owned(), Value::String(scalar(value))))
                    })
                    .collect();
                Value::Mapping(
                    map.into_iter()
                        .map(|(name, value)| (name.into(), value))
                        .collect(),
                )
            }
            other => other.clone(),
        };
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Sequence(list) => list.is_empty(),
            Value::Mapping(map) => map.is_empty(),
            _ => false,
        };
        (!empty).then(|| (name.as_str().unwrap_or_default().to_owned(), value))
    };
    fields.iter().filter_map(field).collect()
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => yaml::to_string(other)
            .map(|text| text.trim_end().to_owned())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(text: &str) -> Mapping {
        yaml::from_str(text).unwrap()
    }

    #[test]
    fn kinds_are_told_by_the_end_of_the_name_in_any_case() {
        for (name, kind) in [
            ("fastapi", Kind::Main),
            ("real-worker", Kind::Worker),
            ("Another-Real-WorkeR", Kind::Worker),
            ("beat-scheduler", Kind::Scheduler),
            ("not-worker-service", Kind::Other),
            ("fastapi-2", Kind::Other),
        ] {
            assert_eq!(Kind::of(name, "fastapi"), kind, "{name}");
        }
    }

    fn over(rock: &Bag) -> Bag {
        let mut environment = rock.clone();
        environment.insert("B".into(), "ours".into());
        environment
    }

    #[test]
    fn the_rocks_variables_stay_where_they_are_and_ours_win() {
        let originals = services(
            "fastapi: {override: merge, command: x, environment: {A: rock, B: rock, N: 1}}\n\
             jobs-worker: {command: y, environment: {A: worker}}",
        );
        let desired = desired(&originals, "fastapi", over, true);
        let expected = services(
            "fastapi: {override: replace, command: x, environment: {A: rock, B: ours, N: '1'}}\n\
             jobs-worker: {command: y, environment: {A: worker, B: ours}, override: replace}",
        );
        assert_eq!(desired, expected);
    }

    #[test]
    fn a_plan_that_is_as_it_should_be_needs_no_layer() {
        let wanted =
            services("fastapi: {command: x, override: replace, after: [], environment: {A: '1'}}");
        let plan = services(
            "fastapi: {override: replace, command: x, environment: {A: 1}}\nother: {command: y}",
        );
        assert_eq!(difference(&wanted, &plan), None);
        let changed = services(
            "fastapi: {override: replace, command: x, environment: {A: 2}}\nother: {command: y}",
        );
        let layer = difference(&wanted, &changed).unwrap();
        assert!(
            layer.contains("fastapi") && !layer.contains("other"),
            "{layer}"
        );
    }

    #[test]
    fn a_scheduler_elsewhere_is_disabled_and_keeps_its_environment() {
        let originals = services(
            "a-scheduler: {override: replace, command: x, startup: enabled, environment: {A: b}}",
        );
        let desired = desired(&originals, "fastapi", over, false);
        let service = desired.get("a-scheduler").unwrap();
        assert!(!is_enabled(service));
        assert_eq!(
            environment_of(service.as_mapping().unwrap()),
            [("A".to_owned(), "b".to_owned())].into()
        );
    }
}
