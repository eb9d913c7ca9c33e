//! `loki_push_api`: where log lines go, and alerts on them (contract: interfaces, section 14).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::url::Url;
use super::{Context, Interface, Outcome, Reads, Relation, Request};
use crate::cos::{python, sorted};

/// A Loki: loki-k8s, opentelemetry-collector-k8s, grafana-agent-k8s and what speaks like them.
#[derive(Clone, Copy, Debug)]
pub struct LokiPushApi;

#[derive(Deserialize)]
struct Endpoint {
    url: String,
}

/// Where lines are pushed to, by the provider's unit. Units that have not said yet do not hide the others (known
/// defect 111).
#[must_use]
pub fn endpoints(relation: &Relation) -> BTreeMap<String, String> {
    let units = relation.remote_units.keys();
    units
        .filter_map(|unit| Some((unit.clone(), endpoint(relation, unit)?.ok()?)))
        .collect()
}

/// What a unit says, if it says anything.
fn endpoint(relation: &Relation, unit: &str) -> Option<Result<String, ()>> {
    let text = relation.remote_units.get(unit)?.get("endpoint")?;
    if text.is_empty() {
        return None;
    }
    let is_http = |endpoint: &Endpoint| {
        Url::parse(&endpoint.url).is_some_and(|url| matches!(url.scheme.as_str(), "http" | "https"))
    };
    let endpoint = serde_json::from_str::<Endpoint>(text).ok();
    Some(
        endpoint
            .filter(is_http)
            .map(|endpoint| endpoint.url)
            .ok_or(()),
    )
}

impl Interface for LokiPushApi {
    fn reads(&self) -> Reads {
        Reads {
            remote_units: true,
            local_app: true,
            assets: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        if !context.leader || endpoints(relation).is_empty() {
            return request;
        }
        let topology = context.topology();
        let rules = sorted(context.assets.loki_rules(&topology));
        for (key, value) in [("metadata", topology.metadata()), ("alert_rules", rules)] {
            request.app.insert(key.into(), python(&value));
        }
        request
    }

    fn outcome(&self, _context: &Context<'_>, relation: &Relation) -> Outcome {
        let mut units = relation.remote_units.keys();
        match units.find(|unit| matches!(endpoint(relation, unit), Some(Err(())))) {
            Some(unit) => Outcome::Invalid(format!(
                "the `endpoint` of {unit} holds no http or https URL"
            )),
            // There is nothing that the app would get of it.
            None => Outcome::Incomplete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::{bag, context};

    const URL: &str = "http://loki-0.loki-endpoints.demo.svc.cluster.local:3100/loki/api/v1/push";

    fn related(units: &[(&str, Option<&str>)]) -> Relation {
        let bag_of = |said: &Option<&str>| said.map(|said| bag(&[("endpoint", said)]));
        let units = units
            .iter()
            .map(|(unit, said)| ((*unit).into(), bag_of(said).unwrap_or_default()));
        Relation {
            remote_application: "loki".into(),
            remote_units: units.collect(),
            ..Relation::default()
        }
    }

    #[test]
    fn every_unit_that_says_where_is_an_endpoint() {
        let said = format!(r#"{{"url": "{URL}"}}"#);
        for (units, expected) in [
            (&[][..], &[][..]),
            (&[("loki/0", None)], &[]),
            (&[("loki/0", Some(""))], &[]),
            (&[("loki/0", Some(&*said))], &["loki/0"]),
            (&[("loki/0", None), ("loki/1", Some(&*said))], &["loki/1"]),
            (
                &[("loki/0", Some("{")), ("loki/1", Some(&*said))],
                &["loki/1"],
            ),
        ] {
            let relation = related(units);
            let found = endpoints(&relation);
            assert!(found.keys().eq(expected), "{units:?}: {found:?}");
            assert!(found.values().all(|url| url == URL));
            let request = LokiPushApi.request(&context("3.6.14"), &relation);
            assert_eq!(request.app.is_empty(), expected.is_empty(), "{units:?}");
            assert!(request.unit.is_empty());
        }
    }

    #[test]
    fn the_leader_says_who_we_are() {
        let said = format!(r#"{{"url": "{URL}"}}"#);
        let relation = related(&[("loki/0", Some(&said))]);
        let request = LokiPushApi.request(&context("3.6.14"), &relation);
        let expected = bag(&[
            ("alert_rules", "{}"),
            (
                "metadata",
                r#"{"model": "demo", "model_uuid": "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", "application": "web", "unit": "web/0", "charm_name": "web-k8s"}"#,
            ),
        ]);
        assert_eq!(request.app, expected);
        let follower = Context {
            leader: false,
            ..context("3.6.14")
        };
        assert_eq!(
            LokiPushApi.request(&follower, &relation),
            Request::default()
        );
    }

    #[test]
    fn an_endpoint_that_is_no_url_is_told_by_its_unit_without_showing_it() {
        for said in [
            "{",
            "[]",
            "null",
            r#"{"url": 1}"#,
            r#"{"url": "hunter2"}"#,
            r#"{"url": "ftp://hunter2/"}"#,
        ] {
            let relation = related(&[("loki/0", None), ("loki/1", Some(said))]);
            let Outcome::Invalid(reason) = LokiPushApi.outcome(&context("3.6.14"), &relation)
            else {
                panic!("{said} is not invalid");
            };
            assert!(
                reason.contains("loki/1") && !reason.contains("hunter2"),
                "{reason}"
            );
        }
        let silent = related(&[("loki/0", None)]);
        assert_eq!(
            LokiPushApi.outcome(&context("3.6.14"), &silent),
            Outcome::Incomplete
        );
    }
}
