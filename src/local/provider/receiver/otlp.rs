//! OTLP's messages of spans, as far as they are kept, and their JSON form.
//!
//! Field numbers: `opentelemetry/proto/{collector/trace,common,resource,trace}/v1`; the JSON form: the OTLP specification,
//! "JSON Protobuf Encoding": ids are hexadecimal, other bytes base64, 64-bit numbers texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::{Message, Oneof};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// The JSON form of an `ExportTraceServiceRequest`; fields that are not listed here are left out.
///
/// `None` when that is no such message, or nested deeper than JSON is read.
pub(super) fn spans(body: &[u8]) -> Option<Value> {
    let request = ExportTraceServiceRequest::decode(body).ok()?;
    let text = serde_json::to_string(&request).ok()?;
    serde_json::from_str(&text).ok()
}

/// What is pushed.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

/// The spans of a resource.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "is_default")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    scope_spans: Vec<ScopeSpans>,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "is_default")]
    schema_url: String,
}

/// What spans are of: a service, mostly.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    #[serde(skip_serializing_if = "is_default")]
    attributes: Vec<KeyValue>,
}

/// The spans of a library.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "is_default")]
    scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    spans: Vec<Span>,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "is_default")]
    schema_url: String,
}

/// The library that made them.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct InstrumentationScope {
    #[prost(string, tag = "1")]
    #[serde(skip_serializing_if = "is_default")]
    name: String,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    version: String,
}

/// A span.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(skip_serializing_if = "is_default", with = "hex")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    #[serde(skip_serializing_if = "is_default", with = "hex")]
    span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "is_default")]
    trace_state: String,
    #[prost(bytes = "vec", tag = "4")]
    #[serde(skip_serializing_if = "is_default", with = "hex")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    #[serde(skip_serializing_if = "is_default")]
    name: String,
    #[prost(int32, tag = "6")]
    #[serde(skip_serializing_if = "is_default")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    #[serde(skip_serializing_if = "is_default", serialize_with = "long")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    #[serde(skip_serializing_if = "is_default", serialize_with = "long")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    #[serde(skip_serializing_if = "is_default")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    #[serde(skip_serializing_if = "is_default")]
    events: Vec<Event>,
    #[prost(message, repeated, tag = "13")]
    #[serde(skip_serializing_if = "is_default")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    #[serde(skip_serializing_if = "is_default")]
    status: Option<Status>,
}

/// Something that happened during a span.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[prost(fixed64, tag = "1")]
    #[serde(skip_serializing_if = "is_default", serialize_with = "long")]
    time_unix_nano: u64,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(skip_serializing_if = "is_default")]
    attributes: Vec<KeyValue>,
}

/// Another span that belongs to this one.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    #[serde(skip_serializing_if = "is_default", with = "hex")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    #[serde(skip_serializing_if = "is_default", with = "hex")]
    span_id: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    #[serde(skip_serializing_if = "is_default")]
    attributes: Vec<KeyValue>,
}

/// How a span ended.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    message: String,
    #[prost(int32, tag = "3")]
    #[serde(skip_serializing_if = "is_default")]
    code: i32,
}

/// An attribute.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyValue {
    #[prost(string, tag = "1")]
    #[serde(skip_serializing_if = "is_default")]
    key: String,
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "is_default")]
    value: Option<AnyValue>,
}

/// The value of an attribute; nothing is a value too.
#[derive(Clone, PartialEq, Message, Serialize)]
struct AnyValue {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7")]
    #[serde(flatten)]
    value: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::enum_variant_names,
    reason = "OTLP's names, which are JSON's too"
)]
enum Kind {
    #[prost(string, tag = "1")]
    StringValue(String),
    #[prost(bool, tag = "2")]
    BoolValue(bool),
    #[prost(int64, tag = "3")]
    #[serde(serialize_with = "long")]
    IntValue(i64),
    #[prost(double, tag = "4")]
    DoubleValue(f64),
    #[prost(message, tag = "5")]
    ArrayValue(ArrayValue),
    #[prost(message, tag = "6")]
    KvlistValue(KeyValueList),
    #[prost(bytes = "vec", tag = "7")]
    #[serde(serialize_with = "base64")]
    BytesValue(Vec<u8>),
}

/// Values.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

/// Values with names.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

/// What is not sent is the default, and the other way round.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn long<S: Serializer>(number: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&number.to_string())
}

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn values_of_every_kind_are_read() {
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
            (field(7, &[255]), json!({"bytesValue": "/w=="})),
            (vec![], json!({})),
        ] {
            let value = AnyValue::decode(bytes.as_slice()).unwrap();
            assert_eq!(serde_json::to_value(value).unwrap(), expected);
        }
    }

    #[test]
    fn values_are_nested_as_deep_as_json_is_read() {
        let spans_with = |depth: usize| {
            let text = Kind::StringValue("a".into());
            let mut value = AnyValue { value: Some(text) };
            for _ in 0..depth {
                let values = vec![value];
                let list = Kind::ArrayValue(ArrayValue { values });
                value = AnyValue { value: Some(list) };
            }
            let attribute = KeyValue {
                key: "deep".into(),
                value: Some(value),
            };
            let resource = Resource {
                attributes: vec![attribute],
            };
            let resource_spans = vec![ResourceSpans {
                resource: Some(resource),
                ..ResourceSpans::default()
            }];
            spans(&ExportTraceServiceRequest { resource_spans }.encode_to_vec())
        };
        assert!(spans_with(20).is_some());
        for depth in [42, 45, 100, 1000] {
            assert_eq!(spans_with(depth), None, "{depth}");
        }
    }
}
