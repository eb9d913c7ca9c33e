//! Numbers for Prometheus, and rules for what they are to be.

use serde_json::Value;

use crate::integration::Integration;
use crate::model::Model;

pub const PROMETHEUS: Integration = Integration {
    endpoint: "metrics-endpoint",
    interface: None,
    application: "prometheus-k8s",
    provides: "metrics-endpoint",
    variables: &[],
    properties: &[],
    request: None,
    works: is_scraped,
};

fn is_scraped(model: &Model) {
    let app = &model.app;
    let prometheus = model.address(PROMETHEUS.application);
    let get = |path: &str| -> Value {
        let (_, text) = model.curl(&["--globoff", &format!("{prometheus}/api/v1/{path}")]);
        serde_json::from_str(&text).unwrap_or_default()
    };
    let unit = app.unit(0).replace('/', "%2F");
    let series = format!(
        "query?query={}%7Bjuju_unit%3D%22{unit}%22%7D",
        app.framework.series
    );
    model.until("Prometheus has scraped the app", || {
        let answer = get(&series);
        let found = answer["data"]["result"].as_array()?;
        (!found.is_empty()).then_some(())
    });
    let loaded = model.until("the rules have been evaluated", || {
        let answer = get("rules");
        let groups = answer["data"]["groups"].as_array()?;
        let rules: Vec<Value> = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
            .collect();
        let all_are = rules.iter().all(|rule| rule["health"] != "unknown");
        (!rules.is_empty() && all_are).then_some(rules)
    });
    for rule in loaded {
        assert_eq!(rule["health"], "ok", "{rule:#}");
        assert_eq!(rule["labels"]["juju_application"], app.name, "{rule:#}");
    }
}
