//! Where a deployment is, in the words of the observability charms.

use serde_json::{Value, json};

/// The deployment that rules, jobs and dashboards belong to.
#[derive(Clone, Copy, Debug)]
pub struct Topology<'a> {
    /// The model's name.
    pub model: &'a str,
    /// Its UUID.
    pub model_uuid: &'a str,
    /// The application.
    pub application: &'a str,
    /// The unit that publishes.
    pub unit: &'a str,
    /// The charm's name.
    pub charm: &'a str,
}

impl Topology<'_> {
    /// All of it, as `scrape_metadata` and `metadata` have it.
    #[must_use]
    pub fn metadata(&self) -> Value {
        json!({
            "model": self.model,
            "model_uuid": self.model_uuid,
            "application": self.application,
            "unit": self.unit,
            "charm_name": self.charm,
        })
    }

    /// The labels of each alert.
    #[must_use]
    pub fn labels(&self) -> [(&'static str, &str); 4] {
        let [model, uuid, application] = self.scope();
        [model, uuid, application, ("juju_charm", self.charm)]
    }

    /// What an expression matches to see nothing but this deployment, in PromQL and in LogQL.
    #[must_use]
    pub fn matchers(&self) -> String {
        let matcher = |(name, value)| format!("{name}={}", Value::from(value));
        self.scope().map(matcher).join(", ")
    }

    /// How names that must be the deployment's own begin: model, the first eight digits of its UUID, application.
    #[must_use]
    pub fn prefix(&self) -> String {
        let uuid: String = self.model_uuid.chars().take(8).collect();
        format!("{}_{uuid}_{}", self.model, self.application)
    }

    fn scope(&self) -> [(&'static str, &str); 3] {
        [
            ("juju_model", self.model),
            ("juju_model_uuid", self.model_uuid),
            ("juju_application", self.application),
        ]
    }
}
