//! Actions.

use super::model::Model;

#[test]
fn an_action_prints_its_results() {
    let model = Model::with_demo();
    model.hook(
        "echo",
        "action-log working; action-set said.word=$(action-get word); echo printed",
    );
    let text = model.ok(&["run", "demo/0", "echo", "word=hi"]);
    assert_eq!(text, "said:\n  word: hi\nprinted\n");
    let json = model.ok(&["run", "demo/leader", "echo", "word=hi", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["demo/0"]["status"], "completed");
    assert_eq!(json["demo/0"]["id"], "2");
    assert_eq!(
        json["demo/0"]["results"],
        serde_json::json!({"said": {"word": "hi"}, "return-code": 0, "stdout": "printed\n"})
    );
}

#[test]
fn an_action_that_fails_says_why_and_exits_with_1() {
    let model = Model::with_demo();
    model.hook("fail", "action-fail -- 'no such luck'");
    let said = model.refused(&["run", "demo/0", "fail"]);
    assert!(said.contains("Action id 1 failed: no such luck"), "{said}");
    model.hook("fail", "exit 3");
    model.refused(&["run", "demo/0", "fail"]);
    assert_eq!(model.unit("demo/0")["workload-status"]["current"], "active");
}

#[test]
fn actions_run_while_a_hook_waits_for_its_retry() {
    let model = Model::with_demo();
    model.hook("update-status", "exit 1");
    model.refused(&["fire", "demo/0", "update-status"]);
    model.ok(&["run", "demo/0", "echo"]);
    assert_eq!(model.unit("demo/0")["workload-status"]["current"], "error");
}

#[test]
fn an_unknown_action_and_wrong_parameters_are_refused() {
    let model = Model::with_demo();
    let said = model.refused(&["run", "demo/0", "ecko"]);
    assert!(said.contains("did you mean \"echo\"?"), "{said}");
    let said = model.refused(&["run", "demo/0", "echo", "word=3"]);
    assert!(
        said.contains("parameter \"word\" expected string"),
        "{said}"
    );
    let said = model.refused(&["run", "demo/7", "echo"]);
    assert!(said.contains("unit \"demo/7\" not found"), "{said}");
}
