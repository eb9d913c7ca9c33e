//! `prometheus_scrape`, which we provide: what is scraped, where, and which alerts there are (contract: interfaces,
//! section 13).

use serde_json::Value;

use super::{Context, Interface, Outcome, Reads, Relation, Request};
use crate::cos::python;

/// A Prometheus: prometheus-k8s, opentelemetry-collector-k8s, grafana-agent-k8s and what speaks like them.
#[derive(Clone, Copy, Debug)]
pub struct PrometheusScrape;

impl Interface for PrometheusScrape {
    fn reads(&self) -> Reads {
        Reads {
            local_app: true,
            local_unit: true,
            address: true,
            assets: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        let address = relation.address.as_deref().unwrap_or(context.fqdn);
        for (key, value) in [
            ("prometheus_scrape_unit_address", address),
            ("prometheus_scrape_unit_name", context.unit),
            ("prometheus_scrape_unit_fqdn", context.fqdn),
        ] {
            request.unit.insert(key.into(), value.into());
        }
        if !context.leader {
            return request;
        }
        let topology = context.topology();
        let rules = context.assets.prometheus_rules(&topology);
        for (key, value) in [
            ("scrape_metadata", Some(topology.metadata())),
            (
                "scrape_jobs",
                context.scrape_jobs.map(|jobs| Value::from(jobs.to_vec())),
            ),
            ("alert_rules", Some(rules)),
        ] {
            if let Some(value) = value {
                request.app.insert(key.into(), python(&value));
            }
        }
        request
    }

    fn outcome(&self, _context: &Context<'_>, _relation: &Relation) -> Outcome {
        Outcome::Incomplete
    }
}
