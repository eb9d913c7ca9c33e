//! What a unit shows of itself, and what it asks of its model and keeps there.

use charmwright::juju::{Error, GoalState, LogLevel, Port, Status};

use super::fake::{Fake, run};
use super::{db, map};

#[test]
fn reads_and_sets_what_the_unit_shows() {
    run(async {
        let fake = Fake::new();
        let tools = &fake.tools;
        fake.answers("config-get", r#"{"n":3,"b":false,"s":"x"}"#);
        let config = tools.config_get().await.unwrap();
        assert_eq!(
            serde_json::json!(config),
            serde_json::json!({"n":3,"b":false,"s":"x"})
        );
        assert_eq!(fake.argv("config-get"), ["--format=json"]);

        fake.answers("is-leader", "true\n");
        assert!(tools.is_leader().await.unwrap());
        assert_eq!(fake.argv("is-leader"), ["--format=json"]);

        tools.status_set(false, Status::Active, "").await.unwrap();
        assert_eq!(
            fake.argv("status-set"),
            ["--application=False", "active", "--", ""]
        );
        tools
            .status_set(true, Status::Blocked, "--no\0 'ü'")
            .await
            .unwrap();
        assert_eq!(
            fake.argv("status-set"),
            ["--application=True", "blocked", "--", "--no\u{fffd} 'ü'"]
        );

        fake.answers(
            "status-get",
            r#"{"status":"active","message":"","status-data":{}}"#,
        );
        let status = tools.status_get(false).await.unwrap();
        assert!(status.own.is(Status::Active, "") && status.units.is_empty());
        assert_eq!(
            fake.argv("status-get"),
            ["--include-data", "--format=json", "--application=false"]
        );
        fake.answers(
            "status-get",
            r#"{"application-status":{"status":"waiting","message":"m","status-data":{},"units":{"web/0":{"status":"active","message":"up"}}}}"#,
        );
        let status = tools.status_get(true).await.unwrap();
        assert!(status.own.is(Status::Waiting, "m"));
        assert!(status.units["web/0"].is(Status::Active, "up"));
        assert_eq!(
            fake.argv("status-get"),
            ["--include-data", "--format=json", "--application=true"]
        );

        tools.application_version_set("-1.2").await.unwrap();
        assert_eq!(fake.argv("application-version-set"), ["--", "-1.2"]);

        fake.answers(
            "resource-get",
            "/var/lib/juju/resources/app-image/content.yaml\n",
        );
        let path = tools.resource_get("app-image").await.unwrap();
        assert_eq!(
            path.to_str(),
            Some("/var/lib/juju/resources/app-image/content.yaml")
        );
        assert_eq!(fake.argv("resource-get"), ["app-image"]);
    });
}

#[test]
fn reads_and_sets_ports_and_addresses_and_goals() {
    run(async {
        let fake = Fake::new();
        let tools = &fake.tools;
        fake.answers("opened-ports", r#"["8000/tcp","53/udp"]"#);
        let ports = tools.opened_ports().await.unwrap();
        assert!(ports.contains(&Port::tcp(8000)) && ports.len() == 2);
        assert_eq!(fake.argv("opened-ports"), ["--format=json"]);
        tools.open_port(Port::tcp(8000)).await.unwrap();
        assert_eq!(fake.argv("open-port"), ["8000/tcp"]);
        tools.close_port(Port::tcp(8001)).await.unwrap();
        assert_eq!(fake.argv("close-port"), ["8001/tcp"]);

        fake.answers(
            "network-get",
            r#"{"bind-addresses":[{"mac-address":"","interface-name":"","addresses":[{"hostname":"","value":"10.1.2.3","cidr":""}]}],"egress-subnets":["10.1.2.3/32"],"ingress-addresses":["10.1.2.4"]}"#,
        );
        let network = tools.network_get("db", None).await.unwrap();
        assert_eq!(network.bind_address(), Some("10.1.2.3"));
        assert_eq!(network.ingress_address(), Some("10.1.2.4"));
        assert_eq!(fake.argv("network-get"), ["--format=json", "db"]);
        tools.network_get("db", Some(&db())).await.unwrap();
        assert_eq!(fake.argv("network-get"), ["--format=json", "-r", "7", "db"]);

        fake.answers("goal-state", r#"{"units":{"web/0":{"status":"active","since":"x"},"web/1":{"status":"dying"}},"relations":{}}"#);
        let goal: GoalState = tools.goal_state().await.unwrap();
        assert_eq!(goal.planned_units().collect::<Vec<_>>(), ["web/0"]);
        assert_eq!(fake.argv("goal-state"), ["--format=json"]);
    });
}

#[test]
fn keeps_state_and_serves_actions() {
    run(async {
        let fake = Fake::new();
        let tools = &fake.tools;
        for (answer, expected) in [("\"\"", None), ("null", None), ("\"v\"", Some("v"))] {
            fake.answers("state-get", answer);
            let value = tools.state_get("k").await.unwrap();
            assert_eq!(value.as_deref(), expected, "{answer}");
            assert_eq!(fake.argv("state-get"), ["--format=json", "k"]);
        }
        tools.state_set(&map(&[("k", "v: w")])).await.unwrap();
        let call = fake.call("state-set");
        assert_eq!(call.argv, ["--file", "-"]);
        assert_eq!(call.stdin, "{\"k\": \"v: w\"}\n");
        tools.state_delete("k").await.unwrap();
        assert_eq!(fake.argv("state-delete"), ["k"]);

        fake.answers("action-get", r#"{"username":"root"}"#);
        let parameters = tools.action_get().await.unwrap();
        assert_eq!(parameters["username"], "root");
        assert_eq!(fake.argv("action-get"), ["--format=json"]);
        tools
            .action_set(&map(&[("a.b", "c=d\n"), ("k", "")]))
            .await
            .unwrap();
        assert_eq!(fake.argv("action-set"), ["a.b=c=d\n", "k="]);
        tools.action_fail("-no").await.unwrap();
        assert_eq!(fake.argv("action-fail"), ["--", "-no"]);
        tools.action_log("half").await.unwrap();
        assert_eq!(fake.argv("action-log"), ["--", "half"]);
        let error = tools
            .action_set(&map(&[("stdout", "x")]))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }), "{error}");
    });
}

#[test]
fn splits_a_log_text_that_no_argument_can_hold() {
    run(async {
        let fake = Fake::new();
        fake.tools
            .juju_log(LogLevel::Info, "--short")
            .await
            .unwrap();
        assert_eq!(
            fake.argv("juju-log"),
            ["--log-level", "INFO", "--", "--short"]
        );
        // Two bytes a character, so that the limit of 131071 is within one.
        let text = "ü".repeat(70_000);
        fake.tools.juju_log(LogLevel::Warning, &text).await.unwrap();
        let mut pieces: Vec<String> = fake
            .all_calls("juju-log")
            .into_iter()
            .map(|mut call| call.argv.pop().unwrap())
            .collect();
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
        let lengths: Vec<usize> = pieces.iter().map(String::len).collect();
        assert_eq!(lengths, [131_070, 8_930]);
        assert_eq!(pieces.concat(), text);
    });
}
