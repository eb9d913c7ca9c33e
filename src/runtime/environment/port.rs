//! The ports that the app is told, each with where it comes from.

use super::super::observation::Observation;
use super::super::options::Options;
use super::origin::Origin;
use super::plain;

/// The app's port: `paas-config.yaml`, then the option where the project declares it, then the framework's.
#[must_use]
pub fn port(observation: &Observation, options: &Options) -> u16 {
    with_origin(observation, options).0
}

/// The app's port, and who says so.
pub(super) fn with_origin(observation: &Observation, options: &Options) -> (u16, Origin) {
    let charm = &observation.charm;
    let config = charm.paas_config.as_ref().ok();
    let configured = config.and_then(|config| config.port);
    if let Some(port) = configured {
        return (port, paas_config("port"));
    }
    let row = &charm.runtime.port;
    let from_option = row.option.as_ref().and_then(|name| {
        let port = options.framework.get(name)?.as_u64()?.try_into().ok()?;
        Some((port, of_option(observation, name)))
    });
    let default = || row.default.of(charm.generation).copied().unwrap_or(8080);
    from_option.unwrap_or_else(|| (default(), framework_default("port")))
}

/// Port and path that Prometheus scrapes, as far as the app is to be told.
pub(in crate::runtime) fn metrics(
    observation: &Observation,
    options: &Options,
) -> (Option<String>, Option<String>) {
    let Metrics { port, path } = Metrics::of(observation, options);
    (port.map(|(port, _)| port), path.map(|(path, _)| path))
}

/// Port and path that Prometheus scrapes, as far as the app is to be told.
pub(super) struct Metrics {
    pub(super) port: Option<(String, Origin)>,
    pub(super) path: Option<(String, Origin)>,
}

impl Metrics {
    pub(super) fn of(observation: &Observation, options: &Options) -> Self {
        let charm = &observation.charm;
        let Some(metrics) = &charm.runtime.metrics else {
            return Self {
                port: None,
                path: None,
            };
        };
        let config = charm.paas_config.as_ref().ok();
        let option = |name: &str| {
            let value = options.framework.get(name)?;
            Some((plain(value), of_option(observation, name)))
        };
        let default_port = || {
            let default = metrics.port.default.as_ref()?.of(charm.generation)?;
            Some((default.to_string(), framework_default("metrics-port")))
        };
        let default_path = || {
            let default = metrics.path.default.as_ref()?.of(charm.generation)?;
            Some((default.clone(), framework_default("metrics-path")))
        };
        let port = config
            .and_then(|config| config.metrics_port)
            .map(|port| (port.to_string(), paas_config("metrics-port")));
        let path = config
            .and_then(|config| config.metrics_path.clone())
            .map(|path| (path, paas_config("metrics-path")));
        Self {
            port: port
                .or_else(|| option(&metrics.port.option))
                .or_else(default_port),
            path: path
                .or_else(|| option(&metrics.path.option))
                .or_else(default_path),
        }
    }
}

/// An option that Juju gives a value, or one whose value is the framework's.
pub(super) fn of_option(observation: &Observation, name: &str) -> Origin {
    if observation.config.contains_key(name) {
        Origin::Option {
            option: name.to_owned(),
        }
    } else {
        framework_default(name)
    }
}

fn framework_default(of: &str) -> Origin {
    Origin::FrameworkDefault { of: of.to_owned() }
}

fn paas_config(key: &str) -> Origin {
    Origin::PaasConfig {
        key: key.to_owned(),
    }
}
