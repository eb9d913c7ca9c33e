//! The config file in real gunicorns: the oldest that it is made for, the rock's, and the newest.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

#[path = "../python_packages/mod.rs"]
mod python_packages;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use charmwright::frameworks::gunicorn::config_file::{
    ConfigFile, STANDARD_STREAM, TRACING_PROBE, Tracing,
};
use serde_json::Value;

use server::{Server, check, python};

const VERSIONS: [&str; 3] = ["gunicorn-20", "gunicorn-23", "gunicorn-27"];

fn text(settings: &BTreeMap<&str, i64>, json_logging: bool, tracing: bool) -> String {
    ConfigFile {
        port: 8000,
        directory: "/flask/app",
        access_log: STANDARD_STREAM,
        error_log: STANDARD_STREAM,
        settings,
        json_logging,
        tracing: if tracing { Tracing::On } else { Tracing::Off },
    }
    .text()
}

#[test]
fn every_combination_passes_the_check_of_every_version_with_and_without_opentelemetry() {
    let settings = BTreeMap::from([("keepalive", 5), ("timeout", 60), ("workers", 2)]);
    for version in VERSIONS {
        for packages in [&[version][..], &[version, "opentelemetry"]] {
            for (json, tracing) in [(false, false), (true, false), (false, true), (true, true)] {
                let ended = check(packages, &text(&settings, json, tracing));
                assert_eq!(ended, Ok(()), "{packages:?} json {json} tracing {tracing}");
            }
        }
        let wrong = BTreeMap::from([("workers", -1)]);
        let ended = check(&[version], &text(&wrong, true, true));
        assert!(ended.unwrap_err().contains("Error: "), "{version}");
    }
}

#[test]
fn the_probe_for_tracing_succeeds_where_its_packages_are() {
    assert!(python(&["opentelemetry"], TRACING_PROBE).is_ok());
    let said = python(&["gunicorn-23"], TRACING_PROBE).unwrap_err();
    assert!(said.contains("No module named 'opentelemetry'"), "{said}");
}

/// The fields of the contract (runtime, section 8), wherever the line comes from.
fn assert_is_a_line_of_the_contract(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    let keys: BTreeSet<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for key in ["timestamp", "severityText", "body", "attributes"] {
        assert!(keys.contains(key), "{key}: {line}");
    }
    let known = [
        "attributes",
        "body",
        "severityText",
        "spanId",
        "timestamp",
        "traceId",
    ];
    assert!(keys.is_subset(&known.into()), "{line}");
    let timestamp = value["timestamp"].as_str().unwrap();
    assert_eq!(timestamp.len(), "2031-01-02T03:04:05.678Z".len(), "{line}");
    assert!(timestamp.ends_with('Z'), "{line}");
    let severities = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    assert!(
        severities.contains(&value["severityText"].as_str().unwrap()),
        "{line}"
    );
    assert!(value["attributes"]["logger.name"].is_string(), "{line}");
    value
}

fn find<'a>(lines: &'a [Value], logger: &str, body: &str) -> &'a Value {
    let found = lines.iter().find(|line| {
        line["attributes"]["logger.name"] == logger
            && line["body"]
                .as_str()
                .is_some_and(|text| text.contains(body))
    });
    found.unwrap_or_else(|| panic!("nothing of {logger} with {body}: {lines:?}"))
}

#[test]
fn lines_are_json_and_spans_and_metrics_are_sent_in_every_version_and_worker_class() {
    for version in VERSIONS {
        for (class, threads) in [("sync", 1), ("sync", 2), ("gevent", 1)] {
            let what = format!("{version} {class} {threads}");
            let settings = BTreeMap::from([("threads", threads)]);
            let packages = [version, "opentelemetry", "gevent"];
            let mut server = Server::start(&packages, class, &text(&settings, true, true));
            let answer = server.get("/span?a=b%22&c", "X-Request-ID: r\"1\r\n");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{what}: {answer}");
            let answer = server.get("/boom?x", "");
            assert!(answer.starts_with("HTTP/1.1 500 "), "{what}: {answer}");
            server.wait_for_spans();
            let packets = server.wait_for_packets("gunicorn.request.status.500:1|c");
            for packet in ["gunicorn.requests:1|c", "gunicorn.request.status.200:1|c"] {
                assert!(
                    packets.iter().any(|text| text.contains(packet)),
                    "{what}: {packets:?}"
                );
            }
            let output = server.stop();
            let lines: Vec<Value> = output
                .lines()
                .map(assert_is_a_line_of_the_contract)
                .collect();

            let access = find(&lines, "gunicorn.access", "GET /span");
            let attributes = &access["attributes"];
            for (name, value) in [
                ("http.request.method", "GET"),
                ("url.path", "/span"),
                ("url.query", "a=b%22&c"),
                ("client.address", "127.0.0.1"),
                ("http.request.header.x-request-id", "r\"1"),
            ] {
                assert_eq!(attributes[name], value, "{what}: {access}");
            }
            assert_eq!(attributes["http.response.status_code"], 200, "{what}");
            assert!(attributes["duration_ms"].as_f64().unwrap() > 0.0, "{what}");
            assert_eq!(access["severityText"], "INFO");
            // The response's header ends the line (contract: runtime, section 8).
            assert!(
                access["body"].as_str().unwrap().ends_with(" from-the-app"),
                "{access}"
            );

            let own = find(&lines, "app", "hello there");
            assert_eq!(own["severityText"], "WARN");
            assert_eq!(own["traceId"].as_str().unwrap().len(), 32, "{own}");
            assert_eq!(own["spanId"].as_str().unwrap().len(), 16, "{own}");
            assert_eq!(own["traceId"], access["traceId"], "{what}");

            let error = find(&lines, "gunicorn.error", "Error handling request");
            assert_eq!(error["severityText"], "ERROR");
            let attributes = &error["attributes"];
            assert_eq!(attributes["exception.type"], "ValueError", "{what}");
            assert_eq!(attributes["exception.message"], "no \"way\"\nout", "{what}");
            let trace = attributes["exception.stacktrace"].as_str().unwrap();
            assert!(trace.contains("app.py"), "{what}: {trace}");
            let failed = find(&lines, "gunicorn.access", "/boom");
            assert_eq!(
                failed["attributes"]["url.path"], "/boom",
                "{what}: {failed}"
            );
            assert_eq!(failed["attributes"]["http.response.status_code"], 500);
            assert_eq!(failed.get("traceId"), None, "{what}: {failed}");
        }
    }
}

#[test]
fn plain_lines_and_json_lines_go_with_metrics_without_opentelemetry() {
    for json in [false, true] {
        let settings = BTreeMap::new();
        let mut server = Server::start(&["gunicorn-23"], "sync", &text(&settings, json, false));
        let answer = server.get("/", "");
        assert!(answer.contains("\r\nhello\r\n"), "{answer}");
        server.wait_for_packets("gunicorn.requests:1|c");
        let output = server.stop();
        let access = output.lines().find(|line| line.contains("GET / HTTP/1.1"));
        let access = access.unwrap_or_else(|| panic!("{output}"));
        assert_eq!(
            serde_json::from_str::<Value>(access).is_ok(),
            json,
            "{access}"
        );
    }
}
