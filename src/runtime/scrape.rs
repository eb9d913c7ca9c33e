//! What Prometheus is asked to scrape, of what is configured.

use serde_json::Value;

use super::environment;
use super::observation::Observation;
use super::options;
use crate::cos;
use crate::frameworks::runtime::Metrics;

/// The jobs; absent where nobody asks, and while options or `paas-config.yaml` cannot be used: what was said before
/// stays.
pub(super) fn jobs(observation: &Observation, port: u16) -> Option<Vec<Value>> {
    let charm = &observation.charm;
    let mut endpoints = charm.endpoints.iter();
    let asks = endpoints.any(|endpoint| {
        endpoint.interface == "prometheus_scrape"
            && observation
                .relations
                .iter()
                .any(|relation| relation.endpoint == endpoint.name)
    });
    if !asks || !observation.leader {
        return None;
    }
    let config = charm.paas_config.as_ref().ok()?;
    let options = options::check(observation).ok()?;
    let (told_port, told_path) = environment::metrics(observation, &options);
    let metrics = charm.runtime.metrics.as_ref();
    let scraped_port = |metrics: &Metrics| metrics.port.scraped.map(|port| port.to_string());
    let scraped_path = |metrics: &Metrics| metrics.path.scraped.clone();
    let place = cos::Place {
        port: told_port.or_else(|| metrics.and_then(scraped_port)),
        path: told_path.or_else(|| metrics.and_then(scraped_path)),
        app_port: port,
        is_expected: metrics.is_some(),
    };
    let more = config
        .prometheus
        .iter()
        .flat_map(|prometheus| &prometheus.scrape_configs);
    let more: Vec<_> = more.cloned().collect();
    let scheduler = observation.identity.fqdn(scheduler(observation));
    Some(cos::jobs(&place, &more, &scheduler))
}

/// The unit that runs schedulers: unit 0 while it is planned, else the lowest that is (decision 87).
fn scheduler(observation: &Observation) -> u64 {
    let Some(peer) = &observation.peer else {
        return 0;
    };
    let own = observation.identity.number;
    let planned = |number: &&u64| {
        let planned = observation.planned_units.as_ref();
        planned.is_none_or(|planned| planned.contains(number))
    };
    peer.others
        .iter()
        .chain([&own])
        .filter(planned)
        .min()
        .copied()
        .unwrap_or(own)
}
