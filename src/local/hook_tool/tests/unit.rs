//! The unit's own: its actions, its status, its log.

use std::path::Path;

use serde_json::json;

use crate::local::hook_tool::Context;

use super::{demo, hook, ok, once, refused, value};

#[test]
fn an_action_has_parameters_results_a_log_and_an_end() {
    let mut model = demo();
    let parameters = json!({"who": "me", "deep": {"er": 1}});
    let parameters = parameters.as_object().cloned().unwrap();
    let (id, changes) = model.run_action("web/0", "rotate", parameters).unwrap();
    model.enqueue(changes);
    let event = model.begin("web/0").unwrap();
    let context = &mut Context::new(&model, "web/0", &event, Path::new("/r"));
    let all = json!({"who": "me", "deep": {"er": 1}, "size": 3});
    assert_eq!(value(context, &mut model, "action-get --format=json"), all);
    let deep = value(context, &mut model, "action-get --format=json deep.er");
    assert_eq!(deep, json!(1));
    ok(context, &mut model, "action-set a=1 b.c=2 b.d=3=4");
    ok(context, &mut model, "action-log -- 'a line'");
    for (line, part) in [
        ("action-set Bad=1", "must start and end with lowercase"),
        ("action-set stdout=1", "reserved"),
        ("action-set word", "must be of the form key...=value"),
    ] {
        let (message, code) = refused(context, &mut model, line);
        assert!(message.contains(part) && code == 2, "{message}");
    }
    ok(context, &mut model, "action-fail -- 'went wrong'");
    ok(context, &mut model, "action-set after=kept");
    model.dispatched("web/0", &event);
    let action = &model.actions[&id];
    assert_eq!(json!(action.status), json!("failed"));
    assert_eq!(action.message, "went wrong");
    assert_eq!(action.log, ["a line"]);
    assert_eq!(
        json!(action.results),
        json!({"a": "1", "b": {"c": "2", "d": "3=4"}, "after": "kept"})
    );
}

#[test]
fn the_leader_reads_its_applications_status_with_its_units() {
    let mut model = demo();
    once(
        &mut model,
        "web/0",
        "status-set --application=True blocked why",
    );
    once(&mut model, "web/1", "status-set waiting -- 'for it'");
    let context = &mut hook(&model, "web/0");
    let line = "status-get --include-data --format=json --application=true";
    let status = value(context, &mut model, line);
    let status = &status["application-status"];
    assert_eq!(status["status"], "blocked");
    assert_eq!(status["units"]["web/1"]["message"], "for it");
    let line = "status-get --include-data --format=json --application=false";
    assert_eq!(
        value(&mut hook(&model, "web/1"), &mut model, line),
        json!({"status": "waiting", "message": "for it", "status-data": {}})
    );
}

#[test]
fn log_lines_and_the_workload_version_do_not_wait_for_the_commit() {
    let mut model = demo();
    let mut context = hook(&model, "web/0");
    ok(
        &mut context,
        &mut model,
        "juju-log --log-level WARNING -- -text",
    );
    ok(&mut context, &mut model, "application-version-set -- 1.2.3");
    let line = context.log.remove(0);
    assert_eq!(
        (line.level.as_str(), line.message.as_str()),
        ("WARNING", "-text")
    );
    assert_eq!(model.applications["web"].workload_version, "1.2.3");
}
