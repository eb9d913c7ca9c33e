//! Values in Redis, and in Valkey when that is the only one.

use crate::integration::Integration;
use crate::model::Model;

pub const REDIS: Integration = Integration {
    endpoint: "redis",
    interface: Some("redis"),
    application: "redis-k8s",
    provides: "redis",
    variables: &["REDIS_DB_CONNECT_STRING", "REDIS_DB_HOSTNAME"],
    properties: &["spring.data.redis.url"],
    request: Some(("GET", "/cache/visitor")),
    works: |model| keeps_values(model, "REDIS"),
};

pub const VALKEY: Integration = Integration {
    endpoint: "valkey",
    interface: Some("valkey_client"),
    application: "valkey",
    provides: "valkey-client",
    variables: &["VALKEY_DB_CONNECT_STRING", "VALKEY_DB_USERNAME"],
    properties: &[],
    request: Some(("GET", "/cache/visitor")),
    works: |model| keeps_values(model, "VALKEY"),
};

fn keeps_values(model: &Model, server: &str) {
    // What another server has is not here.
    assert_eq!(model.ask("GET", "/cache/visitor", "").0, 404);
    let value = format!("zwölf in {server}");
    model.ask_ok("PUT", "/cache/visitor", &value);
    assert_eq!(model.ask_ok("GET", "/cache/visitor", ""), value);
    // Whatever the app's client makes of the key.
    let client =
        format!("redis-cli --no-auth-warning -u \"redis://${{{server}_DB_CONNECT_STRING#*://}}\"");
    let keys = model.in_container(&format!("{client} keys '*visitor'"));
    let value = model.in_container(&format!("{client} get '{}'", keys.trim()));
    assert!(value.contains("zwölf"), "{keys}: {value}");
}
