//! `grafana_dashboard`, which we provide: the dashboards that Grafana shows (contract: interfaces, section 15).

use serde_json::{Map, Value, json};

use super::{Context, Interface, Outcome, Reads, Relation, Request};
use crate::cos::{python, templates};

/// The key of our application bag.
const KEY: &str = "dashboards";

/// A Grafana: grafana-k8s, opentelemetry-collector-k8s, cos-configuration-k8s and what speaks like them.
#[derive(Clone, Copy, Debug)]
pub struct GrafanaDashboard;

impl Interface for GrafanaDashboard {
    fn reads(&self) -> Reads {
        Reads {
            local_app: true,
            assets: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        if !context.leader {
            return request;
        }
        let templates = templates(&context.assets.dashboards, &context.topology());
        let published = relation.local_app.get(KEY);
        if published.map_or(templates.is_empty(), |there| holds(there, &templates)) {
            return request;
        }
        let uuid = context.uuid(relation, KEY);
        let published = json!({"templates": templates, "uuid": uuid});
        request.app.insert(KEY.into(), python(&published));
        request
    }

    fn outcome(&self, _context: &Context<'_>, _relation: &Relation) -> Outcome {
        Outcome::Incomplete
    }
}

/// Whether what is published has these templates: another UUID alone would make Grafana load them again.
fn holds(published: &str, templates: &Map<String, Value>) -> bool {
    let published: Option<Value> = serde_json::from_str(published).ok();
    published
        .as_ref()
        .and_then(|published| published.get("templates"))
        .and_then(Value::as_object)
        .is_some_and(|there| there == templates)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cos::Assets;
    use crate::interfaces::samples::{bag, context};

    fn request(framework: &str, local_app: &[(&str, &str)], random: &[u8; 32]) -> Request {
        let assets = Assets::load(framework, Path::new("/nonexistent"));
        let context = Context {
            assets: &assets,
            random,
            ..context("3.6.14")
        };
        let relation = Relation {
            local_app: bag(local_app),
            ..Relation::default()
        };
        GrafanaDashboard.request(&context, &relation)
    }

    #[test]
    fn dashboards_are_published_as_the_contract_has_them() {
        let request = request("flask", &[], &[0; 32]);
        let published: Value = serde_json::from_str(&request.app["dashboards"]).unwrap();
        let template = published["templates"]["file:flask"].as_object().unwrap();
        let keys: Vec<&String> = template.keys().collect();
        assert_eq!(
            keys,
            [
                "charm",
                "content",
                "juju_topology",
                "inject_dropdowns",
                "dashboard_alt_uid"
            ]
        );
        assert_eq!(template["charm"], "web-k8s");
        assert_eq!(template["inject_dropdowns"], true);
        assert_eq!(
            template["juju_topology"],
            json!({
                "model": "demo", "model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
                "application": "web", "unit": "web/0",
            })
        );
        // Base64 of the first bytes of any .xz file.
        assert!(
            template["content"]
                .as_str()
                .unwrap()
                .starts_with("/Td6WFoA")
        );
        let uuid = published["uuid"].as_str().unwrap();
        let digits: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(digits, [8, 4, 4, 4, 12], "{uuid}");
        assert!(uuid[14..].starts_with('4'), "{uuid}");
    }

    #[test]
    fn what_is_there_already_is_left_alone_whatever_its_uuid() {
        let first = request("flask", &[], &[0; 32]);
        let there = first.app["dashboards"].as_str();
        assert_eq!(
            request("flask", &[("dashboards", there)], &[1; 32]),
            Request::default()
        );
        for (framework, there) in [
            ("go", there),
            ("flask", ""),
            ("flask", "{"),
            ("flask", "[]"),
            ("flask", r#"{"templates": []}"#),
            ("flask", r#"{"templates": {}, "uuid": ""}"#),
        ] {
            let again = request(framework, &[("dashboards", there)], &[1; 32]);
            assert_eq!(again.app.len(), 1, "{framework} after {there}");
            assert_ne!(again.app, first.app);
        }
    }

    #[test]
    fn without_dashboards_nothing_is_published_and_what_was_is_taken_back() {
        assert_eq!(request("rails", &[], &[0; 32]), Request::default());
        let first = request("flask", &[], &[0; 32]);
        let there = first.app["dashboards"].as_str();
        let back = request("rails", &[("dashboards", there)], &[1; 32]);
        assert!(back.app["dashboards"].starts_with(r#"{"templates": {}, "#));
    }
}
