//! Statuses as `status-set` takes and `status-get` gives them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// The statuses a charm may set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// `active`
    Active,
    /// `blocked`
    Blocked,
    /// `maintenance`
    Maintenance,
    /// `waiting`
    Waiting,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Maintenance => "maintenance",
            Self::Waiting => "waiting",
        })
    }
}

/// A status as read: any name that Juju knows, `unknown` and `error` included.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnitStatus {
    /// The status' name, such as `active`; empty when Juju gave none.
    pub status: String,
    /// The message; may be empty.
    pub message: String,
}

impl UnitStatus {
    /// Whether this is what `status-set` with these would leave.
    #[must_use]
    pub fn is(&self, status: Status, message: &str) -> bool {
        self.status == status.to_string() && self.message == message
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        value.as_object()?;
        let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
        Some(Self {
            status: text("status").to_owned(),
            message: text("message").to_owned(),
        })
    }
}

/// The status of a unit, or of an application with its units.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct StatusReport {
    /// What was asked for: the unit's own status or the application's own.
    pub own: UnitStatus,
    /// For an application, its units' statuses by unit name.
    pub units: BTreeMap<String, UnitStatus>,
}

impl StatusReport {
    pub(super) fn from_json(value: &Value, app: bool) -> Option<Self> {
        if !app {
            return Some(Self {
                own: UnitStatus::from_json(value)?,
                units: BTreeMap::new(),
            });
        }
        let value = value.get("application-status")?;
        let units = value.get("units").and_then(Value::as_object);
        Some(Self {
            own: UnitStatus::from_json(value)?,
            units: units
                .into_iter()
                .flatten()
                .filter_map(|(name, unit)| Some((name.clone(), UnitStatus::from_json(unit)?)))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_an_application_with_its_units() {
        let value = json!({"application-status": {
            "status": "waiting", "message": "1 of 2", "status-data": {},
            "units": {"web/0": {"status": "active", "message": ""}, "web/1": {"status": "error", "message": "hook failed", "status-data": {"a": 1}}},
        }});
        let status = StatusReport::from_json(&value, true).unwrap();
        assert!(status.own.is(Status::Waiting, "1 of 2"));
        assert!(status.units["web/0"].is(Status::Active, ""));
        assert_eq!(status.units["web/1"].status, "error");
        assert_eq!(
            StatusReport::from_json(&json!({"status": "active"}), true),
            None
        );
        assert_eq!(
            StatusReport::from_json(&json!({"application-status": []}), true),
            None
        );
    }
}
