//! The dashboards and alert rules of the frameworks that come with the executable: a few lines for each in
//! `metadata/cos/`, made of what they have in common.

use serde_json::{Map, Value, json};

use super::{Group, TOPOLOGY};
use crate::yaml;

const COMMON: &str = include_str!("../../metadata/cos/common.yaml");

const FILES: &[(&str, &str)] = &[
    ("django", include_str!("../../metadata/cos/django.yaml")),
    (
        "expressjs",
        include_str!("../../metadata/cos/expressjs.yaml"),
    ),
    ("fastapi", include_str!("../../metadata/cos/fastapi.yaml")),
    ("flask", include_str!("../../metadata/cos/flask.yaml")),
    ("go", include_str!("../../metadata/cos/go.yaml")),
    (
        "spring-boot",
        include_str!("../../metadata/cos/spring-boot.yaml"),
    ),
];

/// What was chosen in Grafana: the variables that its charm adds.
const CHOSEN: &str = "juju_model=~\"$juju_model\",juju_model_uuid=~\"$juju_model_uuid\",\
                      juju_application=~\"$juju_application\",juju_unit=~\"$juju_unit\"";

/// How wide a dashboard is.
const WIDTH: u64 = 24;

/// What a framework has.
#[derive(Clone, Debug, Default)]
pub(super) struct Shipped {
    /// Its dashboard.
    pub(super) dashboard: Option<Value>,
    /// Its alert rules.
    pub(super) rules: Option<Group>,
}

/// The dashboard and rules of a framework; none of one that is the project's own.
pub(super) fn of(framework: &str) -> Shipped {
    let file = FILES.iter().find(|(name, _)| *name == framework);
    let file = file.and_then(|(_, text)| yaml::from_str::<Value>(text).ok());
    let (Some(file), Some(common)) = (file, common()) else {
        return Shipped::default();
    };
    let rules = entries(&file, &common, "rules").map(|rule| filled(rule, framework, &file));
    Shipped {
        dashboard: Some(dashboard(framework, &file, &common)),
        rules: Some(Group::sound(framework, rules.collect())),
    }
}

/// The rules for whatever is scraped.
pub(super) fn generic() -> Group {
    let rules = common().and_then(|common| common.get("generic").cloned());
    let rules = rules.and_then(|rules| rules.as_array().cloned());
    Group::sound("HostHealth", rules.unwrap_or_default())
}

fn common() -> Option<Value> {
    yaml::from_str(COMMON).ok()
}

/// The entries of a section, those that are names taken from the common ones.
fn entries<'a>(
    file: &'a Value,
    common: &'a Value,
    section: &'a str,
) -> impl Iterator<Item = Value> + 'a {
    let entries = file.get(section).and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .map(move |entry| match entry.as_str() {
            Some(name) => common[section][name].clone(),
            None => entry.clone(),
        })
}

/// With the framework's words in it.
fn filled(mut value: Value, framework: &str, file: &Value) -> Value {
    let fill = |text: &mut String| {
        let alert = file["alert"].as_str().unwrap_or(framework);
        *text = text
            .replace("%%service%%", framework)
            .replace("%%alert%%", alert);
    };
    let texts = value.as_object_mut().into_iter().flat_map(Map::values_mut);
    for text in texts {
        if let Value::String(text) = text {
            fill(text);
        }
    }
    value
}

fn dashboard(framework: &str, file: &Value, common: &Value) -> Value {
    let title = file["title"].as_str().unwrap_or(framework);
    let mut dashboard = common["dashboard"].clone();
    let (mut x, mut y, mut panels) = (0, 0, Vec::new());
    for entry in entries(file, common, "panels") {
        let mut panel = panel(&entry, common, framework);
        let position = &mut panel["gridPos"];
        let width = match position["w"].as_u64().unwrap_or(WIDTH) {
            // Two beside the first panel, three in the rows below it.
            10 if y > 0 => 8,
            width => width,
        };
        if x + width > WIDTH {
            (x, y) = (0, y + 7);
        }
        position["w"] = width.into();
        position["x"] = x.into();
        position["y"] = y.into();
        x += width;
        panel["id"] = (panels.len() + 1).into();
        panels.push(panel);
    }
    dashboard["title"] = format!("{title} app").into();
    dashboard["uid"] = format!("charmwright-{framework}").into();
    dashboard["description"] =
        format!("Requests, errors, latency and resources of an app made with {title} and deployed with Juju.").into();
    dashboard["tags"] = json!(["charmwright", framework]);
    dashboard["panels"] = panels.into();
    dashboard
}

fn panel(entry: &Value, common: &Value, framework: &str) -> Value {
    let kind = entry["kind"].as_str().unwrap_or("timeseries");
    let mut panel = common["kinds"][kind].clone();
    for key in ["title", "description"] {
        panel[key] = entry[key].clone();
    }
    let field = entry.get("field").cloned().unwrap_or_else(|| json!({}));
    panel["fieldConfig"] = json!({"defaults": field, "overrides": []});
    let common = panel
        .as_object_mut()
        .and_then(|panel| panel.remove("target"));
    let targets = entry["targets"].as_object().into_iter().flatten();
    let target = |((legend, expression), id): ((&String, &Value), char)| {
        let expression = expression.as_str().unwrap_or_default();
        let expression = expression.replace(TOPOLOGY, CHOSEN);
        let mut target = common.clone().unwrap_or_default();
        target["datasource"] = panel["datasource"].clone();
        target["expr"] = expression.replace("%%service%%", framework).into();
        target["legendFormat"] = legend.as_str().into();
        target["refId"] = id.to_string().into();
        target
    };
    let targets: Vec<Value> = targets.zip('A'..='Z').map(target).collect();
    panel["targets"] = targets.into();
    panel
}
