//! `config`: shows, sets and resets options.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::local::daemon::Daemon;

/// Sets and resets, and answers with all options in the shape of `juju config --format json`.
pub(super) fn config(
    daemon: &Rc<Daemon>,
    application: &str,
    set: &BTreeMap<String, String>,
    reset: &[String],
) -> Result<Value, String> {
    if !set.is_empty() || !reset.is_empty() {
        daemon.change(|model| {
            let before = model.clone();
            let mut made = model.reset_config(application, reset)?;
            made.extend(model.set_config(application, set)?);
            // Both together may come out as nothing.
            let effective = |model: &crate::local::model::Model| {
                let found = model.applications.get(application);
                found.map(crate::local::model::Application::effective_config)
            };
            if effective(&before) == effective(model) {
                made.clear();
            }
            made.truncate(1);
            Ok::<_, crate::local::model::ConfigError>(((), made))
        })?;
    }
    daemon.read(|model| {
        let found = model.applications.get(application);
        let found = found.ok_or_else(|| format!("application \"{application}\" not found"))?;
        let mut settings = Map::new();
        for (name, option) in &found.charm.options {
            let set = found.config.get(name);
            let mut setting = Map::new();
            if let Some(default) = &option.default {
                setting.insert("default".into(), default.clone());
            }
            setting.insert("description".into(), json!(option.description));
            let source = match (set, &option.default) {
                (Some(_), _) => "user",
                (None, Some(_)) => "default",
                (None, None) => "unset",
            };
            setting.insert("source".into(), json!(source));
            setting.insert("type".into(), json!(option.kind));
            if let Some(value) = set.or(option.default.as_ref()) {
                setting.insert("value".into(), value.clone());
            }
            settings.insert(name.clone(), Value::Object(setting));
        }
        Ok(json!({
            "application": application,
            "charm": found.charm.name,
            "settings": settings,
        }))
    })
}
