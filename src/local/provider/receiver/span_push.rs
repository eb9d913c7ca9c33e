//! OTLP over HTTP for traces, kept as OpenTelemetry's own files of JSON lines; and as much of Tempo's API as finds them
//! again.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::otlp;
use super::server::{Reply, Request};
use super::store::Store;
use crate::local::model::Bag;
use crate::local::provider::RelationView;

const PROTOBUF: &str = "application/x-protobuf";
/// How many spans the page shows.
const PAGE: usize = 500;

/// Answers with the one receiver there is, if it was asked for.
pub(super) fn tell(relation: &RelationView, host: &str, _: &str) -> (Bag, Bag) {
    let asked = relation.remote_bag.get("receivers");
    let asked: Vec<String> = asked
        .and_then(|asked| serde_json::from_str(asked).ok())
        .unwrap_or_default();
    let mut bag = Bag::new();
    if asked.iter().any(|name| name == "otlp_http") {
        let receiver = json!({
            "protocol": {"name": "otlp_http", "type": "http"},
            "url": format!("http://{host}:4318"),
        });
        bag.insert("receivers".into(), json!([receiver]).to_string());
    }
    (bag, Bag::new())
}

/// Answers a request.
pub(super) fn answer(request: &Request, store: &Store) -> Reply {
    match (&request.method, request.path.as_str()) {
        (&Method::POST, "/v1/traces") => push(request, store),
        (&Method::GET, "/api/search") => search(store),
        (&Method::GET, "/ready") => Reply::text("ready\n"),
        (&Method::GET, "/") => page(store),
        (&Method::GET, path) => match path.strip_prefix("/api/traces/") {
            Some(id) => trace(id, store),
            None => Reply::not_found(),
        },
        _ => Reply::not_found(),
    }
}

fn push(request: &Request, store: &Store) -> Reply {
    if !request.content_encoding.is_empty() {
        let line = "spans are taken without compression; set OTEL_EXPORTER_OTLP_COMPRESSION=none";
        return Reply::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, line);
    }
    let (spans, reply) = match request.content_type.as_str() {
        PROTOBUF => (otlp::spans(&request.body), Reply::empty(PROTOBUF)),
        "application/json" => (
            serde_json::from_slice(&request.body)
                .ok()
                .filter(|body: &Value| body["resourceSpans"].is_array()),
            Reply::json(&json!({})),
        ),
        _ => {
            let line = "spans are taken as application/x-protobuf and as application/json";
            return Reply::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, line);
        }
    };
    let Some(spans) = spans else {
        let line = "the body is no ExportTraceServiceRequest";
        return Reply::status(StatusCode::BAD_REQUEST, line);
    };
    match store.append(&[spans]) {
        Ok(()) => reply,
        Err(error) => Reply::status(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("cannot keep the spans: {error}"),
        ),
    }
}

/// A span, and the name of the service that it is of.
fn for_each_span(store: &Store, mut see: impl FnMut(&str, &Value)) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for line in store.read() {
        for resource in list(&line["resourceSpans"]) {
            let attributes = list(&resource["resource"]["attributes"]);
            let name = attributes.iter().find(|it| it["key"] == "service.name");
            let name = name.and_then(|it| it["value"]["stringValue"].as_str());
            for scope in list(&resource["scopeSpans"]) {
                for span in list(&scope["spans"]) {
                    see(name.unwrap_or("-"), &span);
                }
            }
        }
    }
}

/// A time in nanoseconds, which may be a text or a number.
fn time(span: &Value, name: &str) -> u64 {
    let value = &span[name];
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_default()
}

/// All traces, the last one first, as Tempo lists them.
fn search(store: &Store) -> Reply {
    let mut traces: BTreeMap<String, (u64, u64, Value)> = BTreeMap::new();
    for_each_span(store, |service, span| {
        let id = span["traceId"]
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (start, end) = (
            time(span, "startTimeUnixNano"),
            time(span, "endTimeUnixNano"),
        );
        let trace = traces.entry(id).or_insert_with(|| (start, end, json!({})));
        trace.0 = trace.0.min(start);
        trace.1 = trace.1.max(end);
        if span["parentSpanId"].as_str().unwrap_or_default().is_empty() {
            trace.2 = json!({"rootServiceName": service, "rootTraceName": span["name"]});
        }
    });
    let mut traces: Vec<_> = traces.into_iter().collect();
    traces.sort_by_key(|(_, (start, ..))| std::cmp::Reverse(*start));
    let traces = traces.into_iter().map(|(id, (start, end, mut trace))| {
        trace["traceID"] = id.into();
        trace["startTimeUnixNano"] = start.to_string().into();
        trace["durationMs"] = (end.saturating_sub(start) / 1_000_000).into();
        trace
    });
    Reply::json(&json!({"traces": traces.collect::<Vec<_>>()}))
}

/// The spans of a trace, in the form in which they are kept.
fn trace(id: &str, store: &Store) -> Reply {
    let mut batches: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for_each_span(store, |service, span| {
        if span["traceId"]
            .as_str()
            .is_some_and(|it| it.eq_ignore_ascii_case(id))
        {
            batches
                .entry(service.into())
                .or_default()
                .push(span.clone());
        }
    });
    if batches.is_empty() {
        return Reply::not_found();
    }
    let batches = batches.into_iter().map(|(service, spans)| {
        let name = json!({"key": "service.name", "value": {"stringValue": service}});
        json!({"resource": {"attributes": [name]}, "scopeSpans": [{"spans": spans}]})
    });
    Reply::json(&json!({"batches": batches.collect::<Vec<_>>()}))
}

/// The last spans, for a person.
fn page(store: &Store) -> Reply {
    let mut lines = Vec::new();
    for_each_span(store, |service, span| {
        let (start, end) = (
            time(span, "startTimeUnixNano"),
            time(span, "endTimeUnixNano"),
        );
        lines.push(format!(
            "{} {service} {} {} ms\n",
            span["traceId"].as_str().unwrap_or("-"),
            span["name"].as_str().unwrap_or("-"),
            end.saturating_sub(start) / 1_000_000
        ));
    });
    if lines.is_empty() {
        lines.push("no spans yet\n".into());
    }
    Reply::text(lines.split_off(lines.len().saturating_sub(PAGE)).concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receiver_is_told_to_those_who_ask_for_it() {
        let told = |asked: &str| {
            let mut relation = crate::local::provider::test_relation("tracing", "tracing");
            relation.remote_bag.insert("receivers".into(), asked.into());
            tell(&relation, "tempo.demo.svc.cluster.local", "")
                .0
                .remove("receivers")
        };
        let expected = r#"[{"protocol":{"name":"otlp_http","type":"http"},"url":"http://tempo.demo.svc.cluster.local:4318"}]"#;
        assert_eq!(told(r#"["otlp_http"]"#).as_deref(), Some(expected));
        for asked in ["", "[]", "{", r#"["zipkin"]"#, "[1]"] {
            assert_eq!(told(asked), None, "{asked}");
        }
    }
}
