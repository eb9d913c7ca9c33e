//! `status-set`, `status-get`, `application-version-set`, `goal-state`, `is-leader`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::local::model::{Model, Status};

use super::arguments::{Arguments, Flag, boolean};
use super::context::Context;
use super::failure::Failure;
use super::output::{FORMAT, print};

pub(super) const SET: &[Flag] = &[boolean(&["application"])];
pub(super) const GET: &[Flag] = &[
    FORMAT,
    boolean(&["application"]),
    boolean(&["include-data"]),
];

type Outcome = Result<String, Failure>;

const SETTABLE: [&str; 4] = ["maintenance", "blocked", "waiting", "active"];

pub(super) fn set(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    let word = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("invalid args, require <status> [message]"))?;
    if !SETTABLE.contains(&word) {
        return Err(Failure::usage(format!(
            "invalid status {word:?}, expected one of [{}]",
            SETTABLE.join(" ")
        )));
    }
    arguments.at_most(2)?;
    let status = Status {
        status: word.into(),
        message: arguments.at(1).unwrap_or_default().into(),
    };
    if arguments.boolean("application") {
        if !model.is_leader(&context.unit) {
            return Err(Failure::not_leader());
        }
        if let Some(application) = model.applications.get_mut(context.application()) {
            application.status = status;
        }
    } else if let Some(unit) = model.unit_mut(&context.unit) {
        unit.status = status;
    }
    Ok(String::new())
}

pub(super) fn get(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let all = arguments.boolean("include-data");
    if !arguments.boolean("application") {
        let status = model
            .unit(&context.unit)
            .map(|unit| unit.status.clone())
            .unwrap_or_default();
        let value = if all {
            described(&status)
        } else {
            json!(status.status)
        };
        return print(arguments, "smart", &value);
    }
    if !model.is_leader(&context.unit) {
        return Err(Failure::not_leader());
    }
    let Some(application) = model.applications.get(context.application()) else {
        return Err(Failure::server("application not found"));
    };
    if !all {
        return print(arguments, "smart", &json!(application.status.status));
    }
    let units: Map<String, Value> = application
        .units
        .iter()
        .map(|(number, unit)| {
            let name = format!("{}/{number}", context.application());
            (name, described(&unit.status))
        })
        .collect();
    let value = json!({
        "application-status": {
            "message": application.status.message,
            "status": application.status.status,
            "status-data": {},
            "units": units,
        }
    });
    print(arguments, "smart", &value)
}

fn described(status: &Status) -> Value {
    json!({ "message": status.message, "status": status.status, "status-data": {} })
}

pub(super) fn set_version(context: &Context, model: &mut Model, arguments: &Arguments) -> Outcome {
    let version = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("no version specified"))?;
    arguments.at_most(1)?;
    if let Some(application) = model.applications.get_mut(context.application()) {
        application.workload_version = version.into();
    }
    Ok(String::new())
}

pub(super) fn is_leader(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let leads = model.is_leader(&context.unit);
    print(arguments, "smart", &json!(leads))
}

pub(super) fn goal_state(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let since = now();
    let of = |application: &str| -> Map<String, Value> {
        let found = model.applications.get(application);
        let units = found.into_iter().flat_map(|found| &found.units);
        units
            .map(|(number, unit)| {
                let status = if unit.dying {
                    "dying"
                } else {
                    unit.status.status.as_str()
                };
                let value = json!({ "status": status, "since": since });
                (format!("{application}/{number}"), value)
            })
            .collect()
    };
    let mut relations: Map<String, Value> = Map::new();
    for relation in model.relations.values() {
        let Some(side) = relation.side_of(context.application()) else {
            continue;
        };
        let remote = relation.remote_application(context.application());
        let (false, Some(remote)) = (relation.is_peer(), remote) else {
            continue;
        };
        let status = if relation.dying { "dying" } else { "joined" };
        let entry = relations
            .entry(side.endpoint.clone())
            .or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(remote.into(), json!({ "status": status, "since": since }));
            entry.extend(of(remote));
        }
    }
    let value = json!({ "units": of(context.application()), "relations": relations });
    print(arguments, "yaml", &value)
}

/// The time as Juju writes it: `2024-05-01 12:00:00Z`.
fn now() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |past| past.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's days-to-civil algorithm, for dates after 1970.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}
