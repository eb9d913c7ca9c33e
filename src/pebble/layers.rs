//! Layers: how the plan is changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::client::Client;
use super::error::Error;
use super::request::Request;

/// A log target, as it stands below `log-targets:` in a layer.
///
/// Log targets follow the plan at once, without replan. Pebble sends in batches of at most 100 lines,
/// about once a second, and drops what it cannot send.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogTarget {
    /// `replace`, or `merge` to overlay an earlier one of the same name.
    pub r#override: String,
    /// `loki`, or `opentelemetry` from Pebble 1.24 on.
    pub r#type: String,
    /// The URL to push to.
    pub location: String,
    /// Service names, `all`, or either with `-` before it; later entries win.
    pub services: Vec<String>,
    /// Labels for every line; values may use `$VAR` of the service's environment. Names must not begin
    /// with `pebble_`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl LogTarget {
    /// A Loki target for the logs of all services.
    #[must_use]
    pub fn loki(location: impl Into<String>, labels: BTreeMap<String, String>) -> Self {
        Self {
            r#override: "replace".to_owned(),
            r#type: "loki".to_owned(),
            location: location.into(),
            services: vec!["all".to_owned()],
            labels,
        }
    }
}

impl Client {
    /// Adds a layer, given as YAML.
    ///
    /// A new `label` is put on top of all others. An existing one is combined with the layer of that
    /// label when `combine`, entry by entry as their `override` says; entries that are not mentioned stay.
    /// Running services keep their configuration until [`Client::replan`]. A refused layer leaves the plan
    /// as it was.
    ///
    /// # Errors
    /// [`Error::Refused`] with [`Reason::LabelExists`](super::Reason::LabelExists) when the label exists and
    /// not `combine`, or [`Reason::InvalidLayer`](super::Reason::InvalidLayer); those of every call.
    pub async fn add_layer(&self, label: &str, yaml: &str, combine: bool) -> Result<(), Error> {
        self.done(&add_request(label, yaml, combine)).await
    }
}

fn add_request(label: &str, yaml: &str, combine: bool) -> Request {
    Request::post(
        "/v1/layers",
        &json!({"action": "add", "combine": combine, "label": label, "format": "yaml", "layer": yaml}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_travels_as_a_yaml_text_in_json() {
        let request = add_request("charm", "services: {}\n", true);
        assert_eq!(request.target, "/v1/layers");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&request.body).unwrap(),
            json!({"action": "add", "combine": true, "label": "charm", "format": "yaml",
                "layer": "services: {}\n"})
        );
    }

    #[test]
    fn a_log_target_is_written_with_pebbles_keys() {
        let labels = BTreeMap::from([("product".to_owned(), "Juju".to_owned())]);
        let text = crate::yaml::to_string(&LogTarget::loki("http://loki/push", labels)).unwrap();
        assert_eq!(
            text,
            "override: replace\ntype: loki\nlocation: http://loki/push\nservices:\n- all\nlabels:\n  product: Juju\n"
        );
    }
}
