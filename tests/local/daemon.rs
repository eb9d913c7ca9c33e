//! The daemon's own life: start, crash, end.

use super::model::Model;

fn kill(pid: i32) {
    let status = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_killed_daemon_is_started_again_with_everything_as_it_was() {
    let model = Model::with_demo();
    model.ok(&["config", "demo", "greeting=kept"]);
    model.wait();
    model.forget_events();
    kill(model.daemon().unwrap());
    model.until("the end of the daemon", || model.daemon().is_none());
    let output = model.run(&["status"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("starting it again"));
    model.wait();
    assert_eq!(model.events("demo/0"), ["config-changed", "start"]);
    assert_eq!(model.ok(&["config", "demo", "greeting"]), "kept\n");
}

#[test]
fn a_dispatch_of_a_killed_daemon_is_ended_and_its_event_runs_again() {
    let model = Model::with_demo();
    model.hook("config-changed", "exec sleep 1000");
    model.ok(&["config", "demo", "greeting=x"]);
    model.until("the hang", || {
        model.unit("demo/0")["juju-status"]["message"] == "config-changed"
    });
    kill(model.daemon().unwrap());
    model.until("the end of the daemon", || model.daemon().is_none());
    model.hook("config-changed", "true");
    model.forget_events();
    model.wait();
    assert_eq!(model.events("demo/0")[0], "config-changed");
    assert_eq!(model.processes().len(), 1, "only the daemon is left");
}

#[test]
fn destroy_leaves_nothing() {
    let model = Model::with_demo();
    model.hook("update-status", "sleep 1000 & sleep 1000");
    let fire = std::thread::scope(|scope| {
        let fire = scope.spawn(|| model.run(&["fire", "demo/0", "update-status"]));
        model.until("the hang", || {
            model.unit("demo/0")["juju-status"]["message"] == "update-status"
        });
        let said = model.ok(&["destroy"]);
        assert!(said.starts_with("Destroyed the model in"), "{said}");
        fire.join().unwrap()
    });
    assert_eq!(fire.status.code(), Some(1));
    assert!(!model.project().join(".charmwright").exists());
    assert!(model.processes().is_empty());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&model.root().display().to_string()));
}

#[test]
fn destroy_works_after_a_crash_of_the_daemon() {
    let model = Model::with_demo();
    model.hook("update-status", "exec sleep 1000");
    std::thread::scope(|scope| {
        scope.spawn(|| model.run(&["fire", "demo/0", "update-status"]));
        model.until("the hang", || {
            model.unit("demo/0")["juju-status"]["message"] == "update-status"
        });
        kill(model.daemon().unwrap());
    });
    model.ok(&["destroy"]);
    assert!(!model.project().join(".charmwright").exists());
    model.until("the end of all processes", || model.processes().is_empty());
}

#[test]
fn destroy_can_keep_images() {
    let model = Model::with_demo();
    std::fs::write(model.project().join(".charmwright/images/x"), "").unwrap();
    model.ok(&["destroy", "--keep-cache"]);
    assert!(model.project().join(".charmwright/images/x").exists());
    assert!(
        model
            .refused(&["status"])
            .contains("there is no model here")
    );
    let charm = model.charm();
    model.ok(&["deploy", &charm]);
}

#[test]
fn a_model_works_in_a_directory_too_deep_for_sockets() {
    let model = Model::in_directory(&format!("{0}/{0}", "d".repeat(70)));
    model.hook("start", "status-set active");
    let charm = model.charm();
    model.ok(&["deploy", &charm]);
    model.wait();
    let run = std::fs::read_link(model.project().join(".charmwright/run")).unwrap();
    model.ok(&["destroy"]);
    assert!(!run.exists());
}

#[test]
fn commands_that_come_together_share_one_daemon() {
    let model = Model::new();
    model.hook("start", "status-set active");
    let charm = model.charm();
    std::thread::scope(|scope| {
        let deploys: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let (model, charm) = (&model, &charm);
                scope.spawn(move || model.ok(&["deploy", charm, name]))
            })
            .into_iter()
            .collect();
        for deploy in deploys {
            deploy.join().unwrap();
        }
    });
    model.wait();
    assert_eq!(model.status()["applications"].as_object().unwrap().len(), 3);
    let daemons = model.processes();
    assert_eq!(daemons.len(), 1, "{daemons:?}");
}
