//! What hooks do and how they end.

use super::model::Model;

const PEER: &str = "relation-set -r $(relation-ids secret-storage) ";

#[test]
fn what_a_hook_writes_is_committed_when_it_succeeds_and_discarded_when_it_fails() {
    let model = Model::with_demo();
    model.ok(&["add-unit", "demo"]);
    model.wait();
    model.hook(
        "config-changed",
        &format!("{PEER} colour=$(config-get greeting); open-port 8080; status-set blocked seen; [ $(config-get greeting) = good ]; exit $?"),
    );
    model.ok(&["config", "demo", "greeting=bad"]);
    model.until("the error", || {
        model.unit("demo/0")["workload-status"]["current"] == "error"
    });
    let unit = model.unit("demo/0");
    assert_eq!(
        unit["workload-status"]["message"],
        "hook failed: \"config-changed\""
    );
    assert_eq!(unit["juju-status"]["current"], "idle");
    assert_eq!(
        model.stored()["relations"]["0"]["bags"]["demo/0"]["colour"],
        serde_json::Value::Null
    );
    assert!(unit["open-ports"].as_array().unwrap().is_empty());
    // `status-set` is not buffered.
    assert_eq!(
        model.stored()["applications"]["demo"]["units"]["0"]["status"]["message"],
        "seen"
    );

    model.ok(&["config", "demo", "greeting=good"]);
    for unit in ["demo/0", "demo/1"] {
        model.run(&["resolve", unit]);
    }
    model.ok(&["wait", "--status", "blocked", "--timeout", "60"]);
    assert_eq!(
        model.stored()["relations"]["0"]["bags"]["demo/0"]["colour"],
        "good"
    );
    assert_eq!(
        model.unit("demo/0")["open-ports"],
        serde_json::json!(["8080/tcp"])
    );
    assert!(
        model
            .events("demo/1")
            .contains(&"secret-storage-relation-changed demo/0".to_owned())
    );
}

#[test]
fn a_failed_hook_is_retried_by_itself() {
    let model = Model::with_demo();
    model.hook(
        "update-status",
        &format!("[ -f {}/fixed ] || exit 7", model.root().display()),
    );
    let said = model.refused(&["fire", "demo/0", "update-status"]);
    assert!(said.contains("hook failed: \"update-status\""), "{said}");
    std::fs::write(model.root().join("fixed"), "").unwrap();
    model.wait();
    let log = model.ok(&["logs", "demo/0"]);
    assert!(log.contains("failed: exit status 7"), "{log}");
}

#[test]
fn a_failed_hook_can_be_skipped() {
    let model = Model::with_demo();
    model.hook("update-status", "exit 1");
    model.refused(&["fire", "demo/0", "update-status"]);
    model.ok(&["resolve", "demo/0", "--no-retry"]);
    model.wait();
    let said = model.refused(&["resolve", "demo/0"]);
    assert!(said.contains("is not in an error state"), "{said}");
}

#[test]
fn a_hook_that_is_killed_runs_again_and_is_no_error() {
    let model = Model::with_demo();
    let once = model.root().join("killed").display().to_string();
    model.hook(
        "update-status",
        &format!("[ -f {once} ] || {{ touch {once}; kill -9 $$; }}"),
    );
    model.ok(&["fire", "demo/0", "update-status"]);
    model.wait();
    let events = model.events("demo/0");
    assert_eq!(
        events
            .iter()
            .filter(|event| *event == "update-status")
            .count(),
        2
    );
}

#[test]
fn a_hook_that_hangs_blocks_neither_other_units_nor_commands() {
    let model = Model::with_demo();
    model.ok(&["add-unit", "demo"]);
    model.wait();
    model.hook(
        "config-changed",
        "[ $JUJU_UNIT_NAME = demo/1 ] || exec sleep 1000",
    );
    model.ok(&["config", "demo", "greeting=x"]);
    model.until("the hang", || {
        model.unit("demo/0")["juju-status"]["message"] == "config-changed"
    });
    model.ok(&["fire", "demo/1", "update-status"]);
    let said = model.refused(&["wait", "--timeout", "1"]);
    assert!(
        said.contains("demo/0 is executing config-changed"),
        "{said}"
    );
    model.ok(&["destroy"]);
    assert!(model.processes().is_empty());
}

#[test]
fn what_a_hook_prints_and_logs_is_in_the_log() {
    let model = Model::with_demo();
    model.hook(
        "update-status",
        "echo to stdout; echo to stderr >&2; juju-log --log-level INFO -- 'a remark'; printf 'bad \\377 byte'",
    );
    model.ok(&["fire", "demo/0", "update-status"]);
    let log = model.ok(&["logs", "demo/0"]);
    for line in [
        "DEBUG unit.demo/0.update-status to stdout",
        "WARNING unit.demo/0.update-status to stderr",
        "INFO unit.demo/0.juju-log a remark",
        "bad \u{fffd} byte",
    ] {
        assert!(log.contains(line), "{line} is not in {log}");
    }
    assert_eq!(model.ok(&["logs", "-n", "1"]).lines().count(), 1);
}

#[test]
fn something_that_a_hook_leaves_running_does_not_hold_it_up() {
    let model = Model::with_demo();
    model.hook("update-status", "sleep 1000 &");
    model.ok(&["fire", "demo/0", "update-status"]);
    model.wait();
}
