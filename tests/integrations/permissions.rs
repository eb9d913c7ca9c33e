//! Who may do what, as OpenFGA knows.

use crate::integration::Integration;
use crate::model::Model;

pub const OPENFGA: Integration = Integration {
    endpoint: "openfga",
    interface: Some("openfga"),
    application: "openfga-k8s",
    provides: "openfga",
    variables: &["FGA_HTTP_API_URL", "FGA_STORE_ID", "FGA_TOKEN"],
    properties: &[],
    request: Some(("GET", "/allowed?user=ada&relation=reader&object=plan")),
    works: asks_for_permission,
};

fn asks_for_permission(model: &Model) {
    let (ada, eve) = (
        "/allowed?user=ada&relation=reader&object=plan",
        "/allowed?user=eve&relation=reader&object=plan",
    );
    assert_eq!(model.ask_ok("GET", ada, ""), "no");
    model.ask_ok("PUT", ada, "");
    assert_eq!(model.ask_ok("GET", ada, ""), "yes");
    assert_eq!(model.ask_ok("GET", eve, ""), "no");
    // The store has it, for whoever asks.
    let tuples = model.in_container(
        "curl --silent --noproxy '*' --header \"Authorization: Bearer $FGA_TOKEN\" \
         --header 'content-type: application/json' --data '{}' \"$FGA_HTTP_API_URL/stores/$FGA_STORE_ID/read\"",
    );
    assert!(tuples.contains("user:ada"), "{tuples}");
}
