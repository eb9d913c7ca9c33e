//! Spans of requests, by OTLP.

use crate::integration::Integration;
use crate::model::Model;

pub const TRACING: Integration = Integration {
    endpoint: "tracing",
    interface: Some("tracing"),
    application: "tempo-coordinator-k8s",
    provides: "tracing",
    variables: &["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"],
    properties: &[],
    request: None,
    works: sends_spans,
};

fn sends_spans(model: &Model) {
    model.ask_ok("GET", "/visitors", "");
    let receiver = model.address(TRACING.application);
    let named = format!("\"rootServiceName\":\"{}\"", model.app.name);
    model.until("spans of the app have come", || {
        let (_, traces) = model.curl(&[&format!("{receiver}/api/search")]);
        traces.replace(": ", ":").contains(&named).then_some(())
    });
    model.until("the request has a span", || {
        let kept = model.file_of(TRACING.application, "traces.jsonl");
        kept.contains("/visitors").then_some(())
    });
}
