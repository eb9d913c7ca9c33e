//! What Juju intends: the planned units and relations of `goal-state`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Statuses by name of the units and relations that Juju intends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GoalState {
    /// This application's units, this one included.
    pub units: BTreeMap<String, String>,
    /// Per endpoint, the remote applications and units.
    pub relations: BTreeMap<String, BTreeMap<String, String>>,
}

impl GoalState {
    /// The units that stay: those not dying.
    pub fn planned_units(&self) -> impl Iterator<Item = &str> {
        self.units
            .iter()
            .filter(|(_, status)| *status != "dying")
            .map(|(name, _)| name.as_str())
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        value.as_object()?;
        let relations = value.get("relations").and_then(Value::as_object);
        Some(Self {
            units: statuses(value.get("units")),
            relations: relations
                .into_iter()
                .flatten()
                .map(|(endpoint, members)| (endpoint.clone(), statuses(Some(members))))
                .collect(),
        })
    }
}

fn statuses(value: Option<&Value>) -> BTreeMap<String, String> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, member)| {
            let status = member.get("status").and_then(Value::as_str);
            (name.clone(), status.unwrap_or_default().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plans_the_units_that_are_not_dying() {
        let goal = GoalState::from_json(&json!({
            "units": {"web/0": {"status": "dying"}, "web/1": {"status": "active", "since": "x"}, "web/2": {"status": "waiting"}},
            "relations": {"db": {"pg": {"status": "joined"}, "pg/0": {"status": "active"}}},
        }))
        .unwrap();
        assert_eq!(goal.planned_units().collect::<Vec<_>>(), ["web/1", "web/2"]);
        assert_eq!(goal.relations["db"]["pg/0"], "active");
        assert_eq!(GoalState::from_json(&json!([])), None);
    }
}
