//! OTLP over HTTP for traces, kept as OpenTelemetry's own files of JSON lines; and as much of Tempo's API as finds them
//! again.
//!
//! Field numbers and the JSON form: `opentelemetry/proto/{common,resource,trace}/v1` and the OTLP specification.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::protobuf::{Field, fields};
use super::server::{Reply, Request};
use super::store::Store;
use crate::local::model::Bag;
use crate::local::provider::RelationView;

const PROTOBUF: &str = "application/x-protobuf";
/// How deep values may be nested.
const DEPTH: usize = 16;
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
        PROTOBUF => (spans(&request.body), Reply::empty(PROTOBUF)),
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

/// The JSON form of a field.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Hex,
    /// A 64-bit number, which is a text in JSON.
    Long,
    Number,
    Message(&'static [Entry], /** There may be several. */ bool),
    Value,
}

/// A field: number, name in JSON, form.
type Entry = (u64, &'static str, Form);

const ATTRIBUTES: Form = Form::Message(&[(1, "key", Form::Text), (2, "value", Form::Value)], true);
const REQUEST: &[Entry] = &[(1, "resourceSpans", Form::Message(RESOURCE_SPANS, true))];
const RESOURCE_SPANS: &[Entry] = &[
    (
        1,
        "resource",
        Form::Message(&[(1, "attributes", ATTRIBUTES)], false),
    ),
    (2, "scopeSpans", Form::Message(SCOPE_SPANS, true)),
    (3, "schemaUrl", Form::Text),
];
const SCOPE_SPANS: &[Entry] = &[
    (
        1,
        "scope",
        Form::Message(
            &[(1, "name", Form::Text), (2, "version", Form::Text)],
            false,
        ),
    ),
    (2, "spans", Form::Message(SPAN, true)),
    (3, "schemaUrl", Form::Text),
];
const SPAN: &[Entry] = &[
    (1, "traceId", Form::Hex),
    (2, "spanId", Form::Hex),
    (3, "traceState", Form::Text),
    (4, "parentSpanId", Form::Hex),
    (5, "name", Form::Text),
    (6, "kind", Form::Number),
    (7, "startTimeUnixNano", Form::Long),
    (8, "endTimeUnixNano", Form::Long),
    (9, "attributes", ATTRIBUTES),
    (11, "events", Form::Message(EVENT, true)),
    (13, "links", Form::Message(LINK, true)),
    (
        15,
        "status",
        Form::Message(
            &[(2, "message", Form::Text), (3, "code", Form::Number)],
            false,
        ),
    ),
];
const EVENT: &[Entry] = &[
    (1, "timeUnixNano", Form::Long),
    (2, "name", Form::Text),
    (3, "attributes", ATTRIBUTES),
];
const LINK: &[Entry] = &[
    (1, "traceId", Form::Hex),
    (2, "spanId", Form::Hex),
    (4, "attributes", ATTRIBUTES),
];

/// The JSON form of an `ExportTraceServiceRequest`; fields that are not listed are left out.
fn spans(body: &[u8]) -> Option<Value> {
    let mut request = message(body, REQUEST, DEPTH)?;
    let request = request.as_object_mut()?;
    request.entry("resourceSpans").or_insert_with(|| json!([]));
    Some(Value::Object(std::mem::take(request)))
}

fn message(bytes: &[u8], entries: &[Entry], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let mut object = Map::new();
    for (number, field) in fields(bytes)? {
        let Some((_, name, form)) = entries.iter().find(|entry| entry.0 == number) else {
            continue;
        };
        let value = match (form, field) {
            (Form::Text, Field::Bytes(bytes)) => String::from_utf8_lossy(bytes).into(),
            (Form::Hex, Field::Bytes(bytes)) => hex(bytes).into(),
            (Form::Long, Field::Number(number)) => number.to_string().into(),
            (Form::Number, Field::Number(number)) => number.into(),
            (Form::Value, Field::Bytes(bytes)) => any_value(bytes, depth)?,
            (Form::Message(entries, false), Field::Bytes(bytes)) => message(bytes, entries, depth)?,
            (Form::Message(entries, true), Field::Bytes(bytes)) => {
                let list = object.entry(*name).or_insert_with(|| json!([]));
                list.as_array_mut()?.push(message(bytes, entries, depth)?);
                continue;
            }
            _ => return None,
        };
        object.insert((*name).into(), value);
    }
    Some(Value::Object(object))
}

/// An `AnyValue`.
fn any_value(bytes: &[u8], depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let Some((number, field)) = fields(bytes)?.pop() else {
        return Some(json!({}));
    };
    Some(match (number, field) {
        (1, Field::Bytes(text)) => json!({"stringValue": String::from_utf8_lossy(text)}),
        (2, Field::Number(flag)) => json!({"boolValue": flag != 0}),
        (3, Field::Number(number)) => json!({"intValue": number.cast_signed().to_string()}),
        (4, Field::Number(bits)) => json!({"doubleValue": f64::from_bits(bits)}),
        (5, Field::Bytes(list)) => {
            let mut values = Vec::new();
            for (_, value) in fields(list)? {
                let Field::Bytes(value) = value else {
                    return None;
                };
                values.push(any_value(value, depth)?);
            }
            json!({"arrayValue": {"values": values}})
        }
        (6, Field::Bytes(list)) => {
            json!({"kvlistValue": message(list, &[(1, "values", ATTRIBUTES)], depth)?})
        }
        (7, Field::Bytes(bytes)) => json!({"bytesValue": hex(bytes)}),
        _ => json!({}),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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

    /// A message's field that is a message, text or bytes.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        bytes.extend(content);
        bytes
    }

    #[test]
    fn a_request_becomes_its_json_form() {
        let number = |tag: u8, number: u64| [&[tag][..], &number.to_le_bytes()].concat();
        let attribute = [field(1, b"http.status"), field(2, &[0x18, 200, 1])].concat();
        let span = [
            field(1, &[0xab; 16]),
            field(2, &[1; 8]),
            field(5, b"GET /"),
            vec![0x30, 2],
            number(0x39, 1_000_000),
            number(0x41, 3_000_000),
            field(9, &attribute),
            field(15, &[0x18, 2]),
            // A field that is not listed: flags, a 32-bit number.
            vec![0x85, 0x01, 1, 0, 0, 0],
        ]
        .concat();
        let service = [field(1, b"service.name"), field(2, &field(1, b"web"))].concat();
        let resource_spans = [field(1, &field(1, &service)), field(2, &field(2, &span))].concat();
        assert_eq!(
            spans(&field(1, &resource_spans)).unwrap(),
            json!({"resourceSpans": [{
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
                "scopeSpans": [{"spans": [{
                    "traceId": "abababababababababababababababab",
                    "spanId": "0101010101010101",
                    "name": "GET /",
                    "kind": 2,
                    "startTimeUnixNano": "1000000",
                    "endTimeUnixNano": "3000000",
                    "attributes": [{"key": "http.status", "value": {"intValue": "200"}}],
                    "status": {"code": 2},
                }]}],
            }]})
        );
        assert_eq!(spans(b""), Some(json!({"resourceSpans": []})));
        assert_eq!(spans(b"{}"), None);
    }

    #[test]
    fn values_of_every_kind_are_read_and_endless_nesting_is_not() {
        for (bytes, expected) in [
            (field(1, b"a"), json!({"stringValue": "a"})),
            (vec![0x10, 1], json!({"boolValue": true})),
            (
                vec![
                    0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
                ],
                json!({"intValue": "-1"}),
            ),
            (
                [&[0x21][..], &0.5_f64.to_le_bytes()].concat(),
                json!({"doubleValue": 0.5}),
            ),
            (
                field(5, &field(1, &field(1, b"a"))),
                json!({"arrayValue": {"values": [{"stringValue": "a"}]}}),
            ),
            (
                field(6, &field(1, &field(1, b"k"))),
                json!({"kvlistValue": {"values": [{"key": "k"}]}}),
            ),
            (field(7, &[255]), json!({"bytesValue": "ff"})),
            (vec![], json!({})),
        ] {
            assert_eq!(any_value(&bytes, DEPTH), Some(expected));
        }
        let mut nested = field(1, b"a");
        for _ in 0..20 {
            nested = field(5, &field(1, &nested));
        }
        assert_eq!(any_value(&nested, DEPTH), None);
    }

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
