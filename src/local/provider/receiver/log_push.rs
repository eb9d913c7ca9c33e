//! Loki's push API, in JSON as Pebble speaks it, and the query of a range (Grafana's documentation of Loki's HTTP API).

use std::fmt::Write as _;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::selector::Selector;
use super::server::{Reply, Request};
use super::store::Store;
use crate::local::model::Bag;
use crate::local::provider::RelationView;

/// How many lines a query gives when it does not say, as with Loki.
const LIMIT: usize = 100;
/// How many lines the page shows.
const PAGE: usize = 500;

/// Loki's units tell where to push; its application says nothing that Juju of today needs.
pub(super) fn tell(_: &RelationView, _: &str, unit_host: &str) -> (Bag, Bag) {
    let url = format!("http://{unit_host}:3100/loki/api/v1/push");
    let endpoint = json!({ "url": url }).to_string();
    (Bag::new(), Bag::from([("endpoint".into(), endpoint)]))
}

/// Answers a request.
pub(super) fn answer(request: &Request, store: &Store) -> Reply {
    match (&request.method, request.path.as_str()) {
        (&Method::POST, "/loki/api/v1/push") => push(request, store),
        (&Method::GET, "/loki/api/v1/query_range" | "/loki/api/v1/query") => query(request, store),
        (&Method::GET, "/ready") => Reply::text("ready\n"),
        (&Method::GET, "/") => page(store),
        _ => Reply::not_found(),
    }
}

fn push(request: &Request, store: &Store) -> Reply {
    if request.content_type != "application/json" || !request.content_encoding.is_empty() {
        let line = "logs are taken as JSON without compression";
        return Reply::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, line);
    }
    let Some(lines) = lines(&request.body) else {
        let line =
            "the body is not `{\"streams\": [{\"stream\": {…}, \"values\": [[TIME, LINE], …]}]}`";
        return Reply::status(StatusCode::BAD_REQUEST, line);
    };
    match store.append(&lines) {
        Ok(()) => Reply::status(StatusCode::NO_CONTENT, ""),
        Err(error) => Reply::status(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("cannot keep the lines: {error}"),
        ),
    }
}

/// A value for each log line: `time` in nanoseconds, `labels`, `line`.
fn lines(body: &[u8]) -> Option<Vec<Value>> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let mut lines = Vec::new();
    for stream in body.get("streams")?.as_array()? {
        let labels = stream.get("stream").filter(|labels| labels.is_object())?;
        for entry in stream.get("values")?.as_array()? {
            let (time, line) = (entry.get(0)?.as_str()?, entry.get(1)?.as_str()?);
            let _: u64 = time.parse().ok()?;
            lines.push(json!({"time": time, "labels": labels, "line": line}));
        }
    }
    Some(lines)
}

fn query(request: &Request, store: &Store) -> Reply {
    let query = request.parameter("query").unwrap_or_default();
    let selector = match Selector::read(&query) {
        Ok(selector) => selector,
        Err(error) => return Reply::status(StatusCode::BAD_REQUEST, &error),
    };
    let limit = request
        .parameter("limit")
        .and_then(|limit| limit.parse().ok());
    let mut found: Vec<Value> = store
        .read()
        .filter(|entry| {
            selector.selects(&entry["labels"], entry["line"].as_str().unwrap_or_default())
        })
        .collect();
    // The newest first, as with Loki.
    found.reverse();
    found.truncate(limit.unwrap_or(LIMIT));
    let mut streams: Map<String, Value> = Map::new();
    for entry in found {
        let stream = streams
            .entry(entry["labels"].to_string())
            .or_insert_with(|| json!({"stream": entry["labels"], "values": []}));
        if let Some(values) = stream["values"].as_array_mut() {
            values.push(json!([entry["time"], entry["line"]]));
        }
    }
    let streams: Vec<Value> = streams.into_iter().map(|(_, stream)| stream).collect();
    Reply::json(&json!({"status": "success", "data": {"resultType": "streams", "result": streams}}))
}

/// The last lines, for a person.
fn page(store: &Store) -> Reply {
    let entries: Vec<Value> = store.read().collect();
    let mut text = String::new();
    for entry in entries.iter().skip(entries.len().saturating_sub(PAGE)) {
        let field = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let labels = &entry["labels"];
        let _ = writeln!(
            text,
            "{} {} {}",
            field(&labels["juju_unit"]),
            field(&labels["pebble_service"]),
            field(&entry["line"])
        );
    }
    if text.is_empty() {
        text.push_str("no logs yet\n");
    }
    Reply::text(text)
}
