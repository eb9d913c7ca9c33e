//! A recorded case as a user of `charmwright env` would tell of it.

use std::collections::BTreeMap;
use std::path::Path;

use charmwright::rehearsal::Supposed;
use serde_json::{Map, Value, json};

use super::case::{Case, bag};

impl Case {
    /// What to suppose, with its files in `directory`; `None` for a case that cannot be told of: another charm than the
    /// project's, an action, a container out of reach, another Juju.
    pub fn supposed(&self, directory: &Path) -> Option<Supposed> {
        let (input, charm) = (&self.input, &self.charm);
        let event = &input["event"];
        let is_telling = charm["metadata"].is_null()
            && charm["config"].is_null()
            && event["action"].is_null()
            && input["container"]["can_connect"] == true
            && input["juju_version"] == "3.6.8";
        if !is_telling {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let source = format!(
            "tests/golden/projects/{}/charmcraft.yaml",
            text(&charm["variant"])
        );
        std::fs::create_dir_all(directory).unwrap();
        std::fs::copy(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(source),
            directory.join("charmcraft.yaml"),
        )
        .unwrap();
        if let Some(text) = input["paas_config"].as_str() {
            std::fs::write(directory.join("paas-config.yaml"), text).unwrap();
        }
        let unit = text(&input["unit"]);
        let unit: u64 = unit.rsplit('/').next().unwrap().parse().unwrap();
        let mut supposed = Supposed {
            project: directory.to_owned(),
            application: Some(text(&input["app"])),
            model: text(&input["model"]["name"]),
            unit,
            ..Supposed::default()
        };
        let mut all_units = vec![unit];
        let mut by_uri = BTreeMap::new();
        for secret in input["secrets"].as_array().unwrap() {
            by_uri.insert(text(&secret["id"]), bag(&secret["content"]));
        }
        for (name, value) in input["config"].as_object().unwrap() {
            let value = match value {
                Value::String(uri) if by_uri.contains_key(uri) => {
                    let content = by_uri[uri].clone();
                    supposed.secrets.insert(name.clone(), content);
                    format!("secret://{name}")
                }
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            supposed.config.insert(name.clone(), value);
        }
        for relation in input["relations"].as_array().unwrap() {
            let endpoint = text(&relation["endpoint"]);
            if relation["peer"] == true {
                let peers = relation["peers"].as_array().unwrap();
                all_units.extend(peers.iter().map(|number| number.as_u64().unwrap()));
                continue;
            }
            if event["name"] == "relation-broken" && event["relation"] == endpoint.as_str() {
                continue;
            }
            let units = relation["remote_units"].as_object();
            let units: Vec<&Value> = units.into_iter().flat_map(Map::values).collect();
            let file = json!({
                "endpoint": endpoint,
                "application": relation["remote_app"],
                "app-data": relation["remote_app_data"],
                "unit-data": units,
                "own-app-data": relation["local_app_data"],
                "secrets": by_uri,
            });
            let path = directory.join(format!("{endpoint}.json"));
            std::fs::write(&path, file.to_string()).unwrap();
            supposed.relations.push(path);
        }
        all_units.sort_unstable();
        supposed.units = u64::try_from(all_units.len()).unwrap();
        if all_units != (0..supposed.units).collect::<Vec<_>>() {
            return None;
        }
        for (key, name) in [
            ("juju-http-proxy", "JUJU_CHARM_HTTP_PROXY"),
            ("juju-https-proxy", "JUJU_CHARM_HTTPS_PROXY"),
            ("juju-no-proxy", "JUJU_CHARM_NO_PROXY"),
        ] {
            if let Some(proxy) = input["environ"][name].as_str() {
                supposed.model_config.insert(key.into(), proxy.into());
            }
        }
        Some(supposed)
    }

    /// Whether the recorded rock has a variable.
    pub fn is_rocks(&self, variable: &str) -> bool {
        let services = self.input["container"]["base_plan"]["services"].as_object();
        let mut services = services.into_iter().flat_map(Map::values);
        services.any(|service| !service["environment"][variable].is_null())
    }
}
