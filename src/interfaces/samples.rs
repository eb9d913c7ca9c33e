//! What the tests of interfaces start from.

use super::{Bag, Context};

/// The leader of `web` in the model `demo`, whose port is open.
pub fn context(juju: &str) -> Context<'static> {
    Context {
        app: "web",
        unit: "web/0",
        model: "demo",
        leader: true,
        fqdn: "web-0",
        port: 8080,
        port_open: true,
        juju: juju.parse().unwrap(),
    }
}

/// A databag.
pub fn bag(pairs: &[(&str, &str)]) -> Bag {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()));
    owned.collect()
}
