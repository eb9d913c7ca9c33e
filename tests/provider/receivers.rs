//! `loki-k8s` and `tempo-coordinator-k8s`: what comes over the wire is kept and found again.

use serde_json::{Value, json};

use super::talk::{curl, get_json, is_private, port, provider};
use super::{Bag, bag, relation, run, view};

#[test]
fn logs_as_pebble_sends_them_are_kept_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut loki = provider("loki-k8s");
        let mut view = view("loki", directory.path());
        view.relations
            .insert(3, relation("logging", "loki_push_api", Bag::new()));
        let update = loki.reconcile(&view).await.unwrap();
        let host = "loki-0.loki-endpoints.demo.svc.cluster.local";
        let url = format!("http://{host}:3100/loki/api/v1/push");
        assert_eq!(
            serde_json::from_str::<Value>(&update.unit_bags[&3]["endpoint"]).unwrap(),
            json!({ "url": url })
        );
        assert_eq!(update.application_bags[&3], Bag::new());
        assert!(update.services[0].hostnames.contains(&host.to_owned()));
        let base = format!("http://127.0.0.1:{}", port(&update, 3100));
        assert_eq!(update.addresses, std::slice::from_ref(&base));
        let push = format!("{base}/loki/api/v1/push");
        let unit = |unit: &str| json!({"juju_unit": unit, "pebble_service": "app"});
        let body = json!({"streams": [
            {"stream": unit("web/0"), "values": [["1700000000000000001", "one"], ["1700000000000000002", "two"]]},
            {"stream": unit("web/1"), "values": [["1700000000000000003", "three"]]},
        ]});
        let content = "content-type: application/json; charset=utf-8";
        assert_eq!(
            curl(&["-H", content, &push], &body.to_string()).await.0,
            204
        );
        let query = "query=%7Bjuju_unit%3D%22web%2F0%22%7D";
        let answer = get_json(&format!("{base}/loki/api/v1/query_range?{query}")).await;
        assert_eq!(
            answer["data"]["result"],
            json!([{
                "stream": unit("web/0"),
                "values": [["1700000000000000002", "two"], ["1700000000000000001", "one"]],
            }])
        );
        for (headers, body, status) in [
            ("content-type: application/x-protobuf", "x", 415),
            (content, "{", 400),
            (
                content,
                r#"{"streams": [{"stream": {}, "values": [["x", "y"]]}]}"#,
                400,
            ),
        ] {
            assert_eq!(
                curl(&["-H", headers, &push], body).await.0,
                status,
                "{body}"
            );
        }
        assert_eq!(
            curl(&[&format!("{base}/loki/api/v1/query?query=x")], "")
                .await
                .0,
            400
        );
        assert_eq!(curl(&[&format!("{base}/nowhere")], "").await.0, 404);
        assert_eq!(curl(&[&format!("{base}/ready")], "").await.0, 200);
        let page = "web/0 app one\nweb/0 app two\nweb/1 app three\n";
        assert_eq!(curl(&[&base], "").await.1, page);
        loki.stop(false).await;
        is_private(&directory.path().join("logs.jsonl"));
        let mut loki = provider("loki-k8s");
        let again = loki.reconcile(&view).await.unwrap();
        assert_eq!(again.addresses, update.addresses);
        assert_eq!(curl(&[&base], "").await.1, page);
        loki.stop(true).await;
    });
    assert!(!directory.path().exists());
}

#[test]
fn spans_are_kept_and_their_traces_found_again() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut tempo = provider("tempo-coordinator-k8s");
        let mut view = view("tempo", directory.path());
        let asked = bag(&[("receivers", r#"["otlp_http"]"#)]);
        view.relations
            .insert(3, relation("tracing", "tracing", asked));
        view.relations
            .insert(4, relation("tracing", "tracing", Bag::new()));
        let update = tempo.reconcile(&view).await.unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&update.application_bags[&3]["receivers"]).unwrap(),
            json!([{"protocol": {"name": "otlp_http", "type": "http"},
                "url": "http://tempo.demo.svc.cluster.local:4318"}])
        );
        assert_eq!(update.application_bags[&4], Bag::new());
        let base = format!("http://127.0.0.1:{}", port(&update, 4318));
        let push = format!("{base}/v1/traces");
        let service = json!({"key": "service.name", "value": {"stringValue": "web"}});
        let span = json!({"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174",
            "name": "GET /", "kind": 2, "startTimeUnixNano": "1700000000000000000",
            "endTimeUnixNano": "1700000000250000000"});
        let body = json!({"resourceSpans": [{"resource": {"attributes": [service]},
            "scopeSpans": [{"spans": [span]}]}]});
        let content = "content-type: application/json";
        assert_eq!(
            curl(&["-H", content, &push], &body.to_string()).await,
            (200, "{}".into())
        );
        assert_eq!(
            get_json(&format!("{base}/api/search")).await,
            json!({"traces": [{"rootServiceName": "web", "rootTraceName": "GET /", "durationMs": 250,
                "traceID": "5b8efff798038103d269b633813fc60c", "startTimeUnixNano": "1700000000000000000"}]})
        );
        let trace = get_json(&format!(
            "{base}/api/traces/5b8efff798038103d269b633813fc60c"
        ))
        .await;
        assert_eq!(trace["batches"][0]["scopeSpans"][0]["spans"], json!([span]));
        assert_eq!(curl(&[&format!("{base}/api/traces/00")], "").await.0, 404);
        for (headers, body, status) in [
            (content, "{}", 400),
            ("content-type: application/x-protobuf", "nonsense", 400),
            ("content-type: text/plain", "x", 415),
        ] {
            assert_eq!(
                curl(&["-H", headers, &push], body).await.0,
                status,
                "{body}"
            );
        }
        let gzip = ["-H", content, "-H", "content-encoding: gzip", &push];
        let (status, line) = curl(&gzip, "x").await;
        assert!(
            status == 415 && line.contains("OTEL_EXPORTER_OTLP_COMPRESSION=none"),
            "{line}"
        );
        // As with Tempo, there are no metrics.
        assert_eq!(
            curl(&["-H", content, &format!("{base}/v1/metrics")], "{}")
                .await
                .0,
            404
        );
        is_private(&directory.path().join("traces.jsonl"));
        tempo.stop(true).await;
    });
}
