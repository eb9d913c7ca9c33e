//! What the tests of interfaces start from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Bag, Context};
use crate::cos::Assets;

/// The leader of `web` in the model `demo`, whose port is open.
pub fn context(juju: &str) -> Context<'static> {
    static NO_CONFIG: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    static NO_ASSETS: LazyLock<Assets> = LazyLock::new(Assets::default);
    Context {
        charm: "web-k8s",
        app: "web",
        unit: "web/0",
        model: "demo",
        model_uuid: "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
        leader: true,
        fqdn: "web-0",
        port: 8080,
        port_open: true,
        outside_url: None,
        config: &NO_CONFIG,
        user_prefix: "APP_",
        random: &[7; 32],
        key_seed: Some(&[9; 32]),
        now: 1_800_000_000,
        juju: juju.parse().unwrap(),
        scrape_jobs: None,
        assets: &NO_ASSETS,
        generation: crate::frameworks::Generation::V1,
    }
}

/// A databag.
pub fn bag(pairs: &[(&str, &str)]) -> Bag {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()));
    owned.collect()
}
