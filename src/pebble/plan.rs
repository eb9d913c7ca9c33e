//! The plan: all layers combined.

use std::fmt;

use super::client::Client;
use super::error::Error;
use super::request::Request;
use crate::yaml::{self, Mapping, Value};

/// The combination of all layers.
#[derive(Clone, Default, PartialEq)]
pub struct Plan {
    /// The YAML as Pebble wrote it; `{}` when there is nothing in it.
    pub text: String,
    /// The services by name.
    pub services: Mapping,
    /// The checks by name.
    pub checks: Mapping,
    /// The log targets by name.
    pub log_targets: Mapping,
}

impl fmt::Debug for Plan {
    /// Names only: environments hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("services", &names(&self.services))
            .field("checks", &names(&self.checks))
            .field("log_targets", &names(&self.log_targets))
            .finish_non_exhaustive()
    }
}

fn names(section: &Mapping) -> Vec<&Value> {
    section.keys().collect()
}

impl Plan {
    /// Reads the YAML of a plan or of a layer.
    ///
    /// # Errors
    /// [`Error::Protocol`] when it is not YAML, or its sections are not maps.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        let mut sections: Option<Mapping> = yaml::from_str(&text)
            .map_err(|error| Error::protocol(format!("the plan is not YAML{}", place(&error))))?;
        let mut section = |name: &str| match sections.as_mut().and_then(|all| all.remove(name)) {
            None | Some(Value::Null) => Ok(Mapping::new()),
            Some(Value::Mapping(section)) => Ok(section),
            Some(_) => Err(Error::protocol(format!(
                "section `{name}` of the plan is not a map"
            ))),
        };
        let (services, checks) = (section("services")?, section("checks")?);
        let log_targets = section("log-targets")?;
        Ok(Self {
            text,
            services,
            checks,
            log_targets,
        })
    }
}

/// Where the text is wrong, without quoting it: environments hold secrets.
fn place(error: &yaml::Error) -> String {
    error
        .position
        .map(|(line, column)| format!(" (line {line}, column {column})"))
        .unwrap_or_default()
}

impl Client {
    /// Reads the plan.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn plan(&self) -> Result<Plan, Error> {
        let text: String = self
            .sync(&Request::get("/v1/plan", [("format", "yaml")]))
            .await?;
        Plan::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_by_section() {
        let plan = Plan::parse(
            "services:\n    web:\n        command: run\nchecks:\n    up: {level: alive}\n",
        )
        .unwrap();
        assert_eq!(plan.services["web"]["command"], Value::from("run"));
        assert_eq!(plan.checks["up"]["level"], Value::from("alive"));
        assert!(plan.log_targets.is_empty());
        assert!(!format!("{plan:?}").contains("run"), "{plan:?}");
    }

    #[test]
    fn a_plan_without_services_has_none() {
        for text in ["{}\n", "", "services:\n", "services: {}\n"] {
            let plan = Plan::parse(text).unwrap();
            assert!(plan.services.is_empty(), "{text}");
            assert_eq!(plan.text, text);
        }
    }

    #[test]
    fn nonsense_is_a_protocol_error_that_quotes_nothing() {
        for text in [
            "[hunter2]",
            "services: hunter2",
            "a: {hunter2: [",
            "\thunter2",
        ] {
            let error = Plan::parse(text).unwrap_err();
            assert!(matches!(error, Error::Protocol(_)), "{error:?}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
