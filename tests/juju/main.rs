//! The hook tools as real processes. Only the tools are fakes, which note their arguments and input.

#![allow(clippy::unwrap_used)] // A test fails by panicking, in its helpers too.

mod fake;

use std::collections::BTreeMap;
use std::time::Duration;

use charmwright::juju::{
    Error, GoalState, LogLevel, Owner, Port, RelationId, Revision, SecretRef, Status, Terminated,
    Tools, secret_id, unless_terminated,
};
use fake::{Fake, run, until};

fn db() -> RelationId {
    RelationId::new("db", 7)
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    entries.iter().map(own).collect()
}

#[test]
fn reads_relations() {
    run(async {
        let fake = Fake::new();
        fake.answers("relation-ids", r#"["db:7","db:12"]"#);
        let ids = fake.tools.relation_ids("db").await.unwrap();
        assert_eq!(ids, [db(), RelationId::new("db", 12)]);
        assert_eq!(fake.argv("relation-ids"), ["db", "--format=json"]);

        fake.answers("relation-list", r#"["pg/0","pg/1"]"#);
        assert_eq!(
            fake.tools.relation_list(&db()).await.unwrap(),
            ["pg/0", "pg/1"]
        );
        assert_eq!(fake.argv("relation-list"), ["--format=json", "-r", "db:7"]);

        fake.answers("relation-list", r#""pg""#);
        let app = fake.tools.relation_remote_app(&db()).await.unwrap();
        assert_eq!(app.as_deref(), Some("pg"));
        assert_eq!(
            fake.argv("relation-list"),
            ["--format=json", "--app", "-r", "db:7"]
        );

        fake.answers("relation-get", r#"{"a":"1","ü":"😀\n"}"#);
        let bag = fake.tools.relation_get(&db(), "pg/0", false).await.unwrap();
        assert_eq!(bag, map(&[("a", "1"), ("ü", "😀\n")]));
        assert_eq!(
            fake.argv("relation-get"),
            ["--format=json", "-r", "db:7", "-", "pg/0"]
        );

        fake.answers("relation-get", "null");
        let bag = fake.tools.relation_get(&db(), "pg", true).await.unwrap();
        assert!(bag.is_empty());
        assert_eq!(
            fake.argv("relation-get"),
            ["--format=json", "-r", "db:7", "--app", "-", "pg"]
        );

        fake.answers("relation-model-get", r#"{"uuid":"c0ffee"}"#);
        assert_eq!(
            fake.tools.relation_model_get(&db()).await.unwrap(),
            "c0ffee"
        );
        assert_eq!(
            fake.argv("relation-model-get"),
            ["--format=json", "-r", "db:7"]
        );
        assert_eq!(fake.tools.calls(), 6);
    });
}

#[test]
fn writes_databags_through_standard_input_only() {
    run(async {
        let fake = Fake::new();
        let odd = "q'\"\\\n\r\t\u{0}\u{7f}\u{85}\u{2028}\u{feff}ü😀 #: {} `$(x)`".to_owned();
        let long = "ä\"".repeat(350_000);
        assert!(long.len() > 1 << 20);
        let changes = BTreeMap::from([
            ("gone".to_owned(), None),
            ("long".to_owned(), Some(long.clone())),
            ("odd".to_owned(), Some(odd.clone())),
            ("yes".to_owned(), Some("no".to_owned())),
        ]);
        fake.tools
            .relation_set(&db(), true, &changes)
            .await
            .unwrap();
        let call = fake.call("relation-set");
        assert_eq!(call.argv, ["-r", "db:7", "--app", "--file", "-"]);
        let expected = map(&[("gone", ""), ("long", &long), ("odd", &odd), ("yes", "no")]);
        let as_json: BTreeMap<String, String> = serde_json::from_str(&call.stdin).unwrap();
        assert_eq!(as_json, expected);
        let as_yaml: BTreeMap<String, String> = serde_yaml::from_str(&call.stdin).unwrap();
        assert_eq!(as_yaml, expected);

        let change = BTreeMap::from([("a".to_owned(), Some("1".to_owned()))]);
        fake.tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap();
        let call = fake.call("relation-set");
        assert_eq!(call.argv, ["-r", "db:7", "--file", "-"]);
        assert_eq!(call.stdin, "{\"a\": \"1\"}\n");

        fake.tools
            .relation_set(&db(), false, &BTreeMap::new())
            .await
            .unwrap();
        assert_eq!(fake.tools.calls(), 2);
    });
}

#[test]
fn reads_secrets_by_uri_and_label_and_revision() {
    run(async {
        let fake = Fake::new();
        fake.answers("secret-get", r#"{"password":"pw"}"#);
        let uri = "secret:d0";
        for (secret, revision, argv) in [
            (
                SecretRef::Uri(uri),
                Revision::Tracked,
                vec!["--format=json", uri],
            ),
            (
                SecretRef::Label("L"),
                Revision::Peek,
                vec!["--format=json", "--label", "L", "--peek"],
            ),
            (
                SecretRef::UriAndLabel(uri, "L"),
                Revision::Refresh,
                vec!["--format=json", uri, "--label", "L", "--refresh"],
            ),
        ] {
            let content = fake.tools.secret_get(secret, revision).await.unwrap();
            assert_eq!(content, map(&[("password", "pw")]));
            assert_eq!(fake.argv("secret-get"), argv);
        }
        fake.answers(
            "secret-info-get",
            r#"{"d0":{"revision":3,"label":"l","owner":"application","rotation":"never"}}"#,
        );
        let info = fake.tools.secret_info(SecretRef::Label("l")).await.unwrap();
        assert_eq!((info.id.as_str(), info.revision), ("d0", 3));
        assert_eq!(info.label.as_deref(), Some("l"));
        assert_eq!(
            fake.argv("secret-info-get"),
            ["--format=json", "--label", "l"]
        );
        let both = SecretRef::UriAndLabel(uri, "l");
        let error = fake.tools.secret_info(both).await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }), "{error}");

        fake.answers("secret-ids", r#"["d0"]"#);
        assert_eq!(fake.tools.secret_ids().await.unwrap(), ["d0"]);
        assert_eq!(fake.argv("secret-ids"), ["--format=json"]);
        for uri in ["d0", "secret:d0", "secret://c0ffee/d0"] {
            assert_eq!(secret_id(uri), "d0");
        }
    });
}

#[test]
fn writes_secrets_through_private_files_that_are_gone_afterwards() {
    run(async {
        let fake = Fake::new();
        let content = map(&[("key", "hunter22\"\n"), ("pass-word", "-- swordfish")]);
        fake.answers("secret-add", "secret:d0\n");
        let uri = fake
            .tools
            .secret_add(Some("L"), Some("what"), &content, Owner::Application)
            .await
            .unwrap();
        assert_eq!(uri, "secret:d0");
        let call = fake.call("secret-add");
        let (options, files) = call.argv.split_at(6);
        assert_eq!(
            options,
            [
                "--label",
                "L",
                "--description",
                "what",
                "--owner",
                "application"
            ]
        );
        let paths = secret_paths(files, &["key", "pass-word"]);
        assert!(paths.iter().all(|path| !path.exists()), "{paths:?}");
        let (key, pass_word) = (paths[0].display(), paths[1].display());
        let directory = paths[0].parent().unwrap();
        assert_eq!(
            call.files,
            format!(
                "600 {key}\n700 {0}\nhunter22\"\n600 {pass_word}\n700 {0}\n-- swordfish",
                directory.display()
            )
        );
        assert!(!directory.exists());
        assert_eq!(call.stdin, "");

        fake.fails("secret-set", 1, "ERROR this unit is not the leader");
        let failed = fake
            .tools
            .secret_set("secret:d0", &content, Owner::Unit)
            .await;
        assert!(matches!(failed, Err(Error::NotLeader { .. })), "{failed:?}");
        let call = fake.call("secret-set");
        let (options, files) = call.argv.split_at(3);
        assert_eq!(options, ["--owner", "unit", "secret:d0"]);
        let paths = secret_paths(files, &["key", "pass-word"]);
        assert!(!paths[0].parent().unwrap().exists(), "left after a failure");

        for bad in [map(&[]), map(&[("a_b", "x")]), map(&[("ab", "x")])] {
            let error = fake.tools.secret_add(None, None, &bad, Owner::Unit).await;
            assert!(matches!(error, Err(Error::Unsendable { .. })), "{error:?}");
        }
    });
}

fn secret_paths(arguments: &[String], keys: &[&str]) -> Vec<std::path::PathBuf> {
    assert_eq!(arguments.len(), keys.len());
    let path = |(argument, key): (&String, &&str)| {
        let (got, path) = argument.split_once("#file=").unwrap();
        assert_eq!(got, *key);
        path.into()
    };
    arguments.iter().zip(keys).map(path).collect()
}

#[test]
fn grants_revokes_and_removes_secrets() {
    run(async {
        let fake = Fake::new();
        let tools = &fake.tools;
        tools.secret_grant("secret:d0", &db(), None).await.unwrap();
        assert_eq!(fake.argv("secret-grant"), ["--relation", "7", "secret:d0"]);
        tools
            .secret_grant("secret:d0", &db(), Some("pg/0"))
            .await
            .unwrap();
        assert_eq!(
            fake.argv("secret-grant"),
            ["--relation", "7", "--unit", "pg/0", "secret:d0"]
        );
        tools.secret_revoke("secret:d0", &db(), None).await.unwrap();
        assert_eq!(fake.argv("secret-revoke"), ["--relation", "7", "secret:d0"]);
        tools.secret_remove("secret:d0", None).await.unwrap();
        assert_eq!(fake.argv("secret-remove"), ["secret:d0"]);
        tools.secret_remove("secret:d0", Some(2)).await.unwrap();
        assert_eq!(fake.argv("secret-remove"), ["secret:d0", "--revision", "2"]);
    });
}

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

#[test]
fn tells_apart_why_a_tool_failed() {
    run(async {
        let fake = Fake::new();
        fake.fails(
            "relation-get",
            2,
            "ERROR invalid value \"db:7\" for option -r: relation not found",
        );
        let error = fake
            .tools
            .relation_get(&db(), "pg", true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::RelationGone { .. }) && error.is_absent());

        fake.fails("relation-get", 1, "ERROR permission denied");
        let error = fake
            .tools
            .relation_get(&db(), "pg", true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Denied { .. }) && error.is_refused());

        fake.fails("relation-set", 1, "ERROR cannot write relation settings");
        let change = BTreeMap::from([("a".to_owned(), Some("1".to_owned()))]);
        let error = fake
            .tools
            .relation_set(&db(), true, &change)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotLeader { .. }) && error.is_refused());

        fake.fails("secret-get", 1, "ERROR consumer label \"L\" not found");
        let label = SecretRef::Label("L");
        let error = fake
            .tools
            .secret_get(label, Revision::Tracked)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::SecretNotFound { .. }) && error.is_absent());

        fake.fails("is-leader", 1, "ERROR JUJU_CONTEXT_ID not set");
        let error = fake.tools.is_leader().await.unwrap_err();
        assert!(matches!(error, Error::NotInHook { .. }), "{error}");

        fake.fails("config-get", 3, "ERROR the sky is falling\n");
        let error = fake.tools.config_get().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`config-get` failed with exit code 3: ERROR the sky is falling"
        );
    });
}

#[test]
fn an_error_never_shows_a_value_that_was_sent() {
    run(async {
        let fake = Fake::new();
        fake.fails(
            "relation-set",
            1,
            "ERROR cannot unmarshal !!str `hunter2...` of hunter22 in \"hunt\"",
        );
        let change = BTreeMap::from([("a".to_owned(), Some("hunter22".to_owned()))]);
        let error = fake
            .tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunt"), "{error}");
    });
}

#[test]
fn a_tool_may_fail_without_reading_its_input() {
    run(async {
        let fake = Fake::new();
        fake.marks("relation-set", "deaf", "");
        fake.fails("relation-set", 2, "ERROR no relation id specified");
        let change = BTreeMap::from([("a".to_owned(), Some("x".repeat(1 << 20)))]);
        let error = fake
            .tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Failed { code: 2, .. }), "{error}");
    });
}

#[test]
fn nonsense_is_an_error_and_not_a_value() {
    run(async {
        let fake = Fake::new();
        for garbage in [&b""[..], b"<html>", b"\xff\xfe\x00", b"[[[[", b"42"] {
            for tool in [
                "config-get",
                "relation-ids",
                "status-get",
                "goal-state",
                "network-get",
            ] {
                fake.answers(tool, garbage);
            }
            let errors = [
                fake.tools.config_get().await.unwrap_err(),
                fake.tools.relation_ids("db").await.unwrap_err(),
                fake.tools.status_get(true).await.unwrap_err(),
                fake.tools.status_get(false).await.unwrap_err(),
                fake.tools.goal_state().await.unwrap_err(),
                fake.tools.network_get("db", None).await.unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, Error::Nonsense { .. }), "{error}");
            }
        }
        fake.answers("secret-add", "two\nlines");
        let content = map(&[("key", "x")]);
        let error = fake
            .tools
            .secret_add(None, None, &content, Owner::Unit)
            .await;
        assert!(matches!(error, Err(Error::Nonsense { .. })), "{error:?}");
    });
}

#[test]
fn a_missing_and_a_killed_tool_are_told_apart() {
    run(async {
        let fake = Fake::new();
        fake.remove("relation-model-get");
        let error = fake.tools.relation_model_get(&db()).await.unwrap_err();
        assert!(matches!(error, Error::ToolMissing { .. }), "{error}");
        fake.marks("is-leader", "killed", "");
        let error = fake.tools.is_leader().await.unwrap_err();
        assert!(matches!(error, Error::Killed { signal: 9, .. }), "{error}");
    });
}

#[test]
fn a_tool_that_hangs_is_stopped_and_leaves_no_process() {
    run(async {
        let fake = Fake::new();
        fake.marks("config-get", "hang", "");
        let tools = Tools::in_directory(fake.path()).with_limit(Duration::from_secs(3));
        let error = tools.config_get().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        let call = fake.call("config-get");
        assert!(!fake::exists(call.pid), "{} is left", call.pid);
    });
}

#[test]
fn eight_calls_run_together_and_no_more() {
    run(async {
        let fake = Fake::new();
        fake.marks("is-leader", "together", "8");
        fake.answers("is-leader", "false");
        let calls = (0..20).map(|_| fake.tools.is_leader());
        for leader in futures_util::future::join_all(calls).await {
            assert!(!leader.unwrap());
        }
        assert_eq!(fake.tools.calls(), 20);
        assert!(fake.at_once() <= 8, "{} at once", fake.at_once());
    });
}

#[test]
fn sigterm_ends_the_work_and_the_tools_that_run() {
    run(async {
        let fake = Fake::new();
        fake.marks("config-get", "hang", "");
        let terminate = async {
            until(|| fake.has_called("config-get")).await;
            nix::sys::signal::raise(nix::sys::signal::SIGTERM).unwrap();
            std::future::pending::<()>().await;
        };
        let work = async { tokio::join!(fake.tools.config_get(), terminate) };
        assert!(matches!(unless_terminated(work).await, Err(Terminated)));
        let pid = fake.call("config-get").pid;
        until(|| !fake::exists(pid)).await;
    });
}

#[test]
fn tools_are_found_on_the_path() {
    const MARK: &str = "TOOLS_ARE_ON_THE_PATH";
    if std::env::var_os(MARK).is_some() {
        run(async { assert!(Tools::new().is_leader().await.unwrap()) });
        return;
    }
    let fake = Fake::new();
    fake.answers("is-leader", "true");
    let path = std::env::var("PATH").unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tools_are_found_on_the_path"])
        .env(MARK, "1")
        .env("PATH", format!("{}:{path}", fake.path().display()))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fake.argv("is-leader"), ["--format=json"]);
}
