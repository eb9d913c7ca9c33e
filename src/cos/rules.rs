//! Alert rules: from files as people write them to groups as Prometheus and Loki take them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{TOPOLOGY, Topology};

/// A group of rules, before it belongs to a deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The sub-directory that its file is in; empty at the top.
    pub directory: String,
    /// The group as it was written; its `name` is a string and its `rules` are objects with an `expr`.
    group: Map<String, Value>,
}

impl Group {
    /// A group of rules that are known to be sound.
    pub(super) fn sound(name: &str, rules: Vec<Value>) -> Self {
        let mut group = Map::new();
        group.insert("name".into(), name.into());
        group.insert("rules".into(), rules.into());
        Self {
            directory: String::new(),
            group,
        }
    }

    /// The groups of the file `path`, which is relative to the directory of its kind.
    ///
    /// # Errors
    /// Why it cannot be used, as the end of a sentence.
    pub(super) fn parse(path: &str, text: &str) -> Result<Vec<Self>, String> {
        let file: Value = crate::yaml::from_str(text).map_err(|error| {
            let line = error.position.map(|(line, _)| format!(" in line {line}"));
            format!("it is no YAML{}: {error}", line.unwrap_or_default())
        })?;
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let Value::Object(mut file) = file else {
            return Err("it must have `groups:`, or be one rule".into());
        };
        let groups = if file.contains_key("alert") || file.contains_key("record") {
            let rule = Value::Object(file);
            if let Some(reason) = unusable(&rule) {
                return Err(format!("it is a rule {reason}"));
            }
            vec![json!({"name": stem, "rules": [rule]})]
        } else {
            match file.remove("groups") {
                Some(Value::Array(groups)) => groups,
                Some(_) => return Err("its `groups` must be a list".into()),
                None => return Err("it must have `groups:`, or be one rule".into()),
            }
        };
        let group = |group: Value| {
            let Value::Object(group) = group else {
                return Err("each of its `groups` must have `name` and `rules`".to_owned());
            };
            let name = group.get("name").and_then(Value::as_str);
            let name = name.ok_or("a group of it has no `name`")?;
            let rules = group.get("rules").and_then(Value::as_array);
            let rules = rules.ok_or_else(|| format!("its group `{name}` has no `rules`"))?;
            if let Some(reason) = rules.iter().find_map(unusable) {
                return Err(format!("its group `{name}` has a rule {reason}"));
            }
            let directory = directory.to_owned();
            Ok(Self { directory, group })
        };
        groups.into_iter().map(group).collect()
    }

    /// The group as part of a deployment.
    fn of(&self, topology: &Topology<'_>, taken: &mut BTreeSet<String>) -> Value {
        let mut group = self.group.clone();
        let name = group.get("name").and_then(Value::as_str);
        let mut name = self.name(topology, name.unwrap_or_default());
        // A name that is there twice would make Prometheus refuse all.
        while !taken.insert(name.clone()) {
            name = format!("{}_more_rules", name.trim_end_matches("_rules"));
        }
        let matchers = topology.matchers();
        group.insert("name".into(), name.into());
        for rule in group
            .get_mut("rules")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(Value::String(expression)) = rule.get_mut("expr") {
                *expression = expression.replace(TOPOLOGY, &matchers);
            }
            let Some(rule) = rule.as_object_mut() else {
                continue;
            };
            let labels = rule.entry("labels").or_insert(Value::Null);
            if !labels.is_object() {
                *labels = json!({});
            }
            for (label, value) in topology.labels() {
                if let Some(labels) = labels.as_object_mut() {
                    labels.entry(label).or_insert_with(|| value.into());
                }
            }
        }
        group.into()
    }

    fn name(&self, topology: &Topology<'_>, name: &str) -> String {
        if is_complete(name) {
            return name.to_owned();
        }
        let parts = [&topology.prefix(), &self.directory, name, "rules"];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        let name = parts.join("_");
        name.chars()
            .map(|c| if allowed(c) { c } else { '_' })
            .collect()
    }
}

/// Whether a name has a deployment's prefix already: `…_<8 hexadecimal digits>_…rules`.
fn is_complete(name: &str) -> bool {
    let Some(name) = name.strip_suffix("rules") else {
        return false;
    };
    let hexadecimal = |part: &str| {
        part.len() == 8
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    // Something stands before the digits, and something behind them.
    name.split('_').skip(1).any(hexadecimal) && !name.rsplit('_').next().is_some_and(hexadecimal)
}

fn unusable(rule: &Value) -> Option<&'static str> {
    let is_text = |key: &str| rule.get(key).is_some_and(Value::is_string);
    let is_labels = |key: &str| match rule.get(key) {
        None | Some(Value::Null) => true,
        Some(labels) => labels
            .as_object()
            .is_some_and(|labels| labels.values().all(Value::is_string)),
    };
    if !is_text("alert") && !is_text("record") {
        Some("without `alert` or `record`")
    } else if !is_text("expr") {
        Some("whose `expr` is no text")
    } else if !is_labels("labels") || !is_labels("annotations") {
        Some("whose `labels` or `annotations` are not all text")
    } else {
        None
    }
}

/// The groups as `alert_rules` has them; `{}` when there are none.
#[must_use]
pub fn of<'a>(groups: impl IntoIterator<Item = &'a Group>, topology: &Topology<'_>) -> Value {
    let mut taken = BTreeSet::new();
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|group| group.of(topology, &mut taken))
        .collect();
    if groups.is_empty() {
        json!({})
    } else {
        json!({"groups": groups})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPOLOGY: Topology<'static> = Topology {
        model: "demo",
        model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
        application: "web",
        unit: "web/0",
        charm: "web-k8s",
    };

    fn names(path: &str, text: &str) -> Vec<String> {
        let groups = Group::parse(path, text).unwrap();
        let rules = of(&groups, &TOPOLOGY);
        let groups = rules["groups"].as_array().unwrap();
        groups
            .iter()
            .map(|group| group["name"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn groups_are_named_after_deployment_directory_and_group_or_file() {
        let group = "groups: [{name: my group, rules: []}]";
        for (path, text, name) in [
            ("x.rule", group, "demo_0f1e2d3c_web_my_group_rules"),
            ("a/b/x.rule", group, "demo_0f1e2d3c_web_a_b_my_group_rules"),
            (
                "a.b.rule",
                "{alert: A, expr: up}",
                "demo_0f1e2d3c_web_a_b_rules",
            ),
            (
                "x.yml",
                "groups: [{name: m_01234567_web_x_rules, rules: []}]",
                "m_01234567_web_x_rules",
            ),
            (
                "x.yml",
                "groups: [{name: 01234567_x_rules, rules: []}]",
                "demo_0f1e2d3c_web_01234567_x_rules_rules",
            ),
        ] {
            assert_eq!(names(path, text), [name], "{path}: {text}");
        }
        let twice = "groups: [{name: a, rules: []}, {name: a, rules: []}]";
        assert_eq!(
            names("x.yml", twice),
            [
                "demo_0f1e2d3c_web_a_rules",
                "demo_0f1e2d3c_web_a_more_rules"
            ]
        );
    }

    #[test]
    fn rules_get_labels_where_absent_and_expressions_their_matchers() {
        let text = "alert: A\nexpr: up{%%juju_topology%%, a=\"b\"} == 0\nlabels: {severity: x, juju_charm: mine}\n";
        let groups = Group::parse("a.rule", text).unwrap();
        let rules = of(&groups, &TOPOLOGY);
        assert_eq!(
            rules["groups"][0]["rules"][0],
            json!({
                "alert": "A",
                "expr": "up{juju_model=\"demo\", juju_model_uuid=\"0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0\", juju_application=\"web\", a=\"b\"} == 0",
                "labels": {
                    "severity": "x", "juju_charm": "mine", "juju_model": "demo",
                    "juju_model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", "juju_application": "web",
                },
            })
        );
        assert_eq!(of(&[], &TOPOLOGY), json!({}));
    }

    #[test]
    fn files_that_are_no_rules_are_refused_with_a_reason() {
        for (text, reason) in [
            ("a: [", "no YAML"),
            ("", "`groups:`"),
            ("- a", "`groups:`"),
            ("groups: 1", "must be a list"),
            ("groups: [1]", "`name` and `rules`"),
            ("groups: [{rules: []}]", "no `name`"),
            ("groups: [{name: a}]", "no `rules`"),
            ("groups: [{name: a, rules: [1]}]", "without `alert`"),
            ("alert: A", "`expr`"),
            ("{alert: A, expr: 1}", "`expr`"),
            ("{alert: A, expr: up, labels: [a]}", "`labels`"),
            ("{alert: A, expr: up, labels: {a: 1}}", "`labels`"),
            ("{1: 2, ? [a] : b}", ""),
            ("{record: [], expr: up}", "without `alert`"),
        ] {
            let error = Group::parse("x.rule", text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
