//! A unit's life from its first event to its last.

use super::model::Model;

#[test]
fn the_first_start_has_the_events_of_juju_in_their_order() {
    let model = Model::with_demo();
    assert_eq!(
        model.events("demo/0"),
        [
            "install",
            "secret-storage-relation-created",
            "leader-elected",
            "config-changed",
            "start"
        ]
    );
}

#[test]
fn a_dispatch_has_the_environment_of_juju_and_nothing_else() {
    let model = Model::with_demo();
    let environment = model.left("environment-demo-0-secret-storage-relation-created");
    let value = |name: &str| {
        let start = format!("{name}=");
        let line = environment.lines().find(|line| line.starts_with(&start));
        line.map(|line| line[start.len()..].to_owned())
    };
    let state = model.project().join(".charmwright");
    let charm = state.join("units/demo-0/charm").display().to_string();
    for (name, expected) in [
        (
            "JUJU_DISPATCH_PATH",
            "hooks/secret-storage-relation-created",
        ),
        ("JUJU_HOOK_NAME", "secret-storage-relation-created"),
        ("JUJU_UNIT_NAME", "demo/0"),
        ("JUJU_MODEL_NAME", "project"),
        ("JUJU_RELATION", "secret-storage"),
        ("JUJU_RELATION_ID", "secret-storage:0"),
        ("JUJU_REMOTE_APP", "demo"),
        ("JUJU_REMOTE_UNIT", ""),
        ("JUJU_AGENT_SOCKET_NETWORK", "unix"),
        ("CHARM_DIR", &charm),
        ("JUJU_CHARM_DIR", &charm),
    ] {
        assert_eq!(value(name).as_deref(), Some(expected), "{name}");
    }
    for name in [
        "JUJU_CONTEXT_ID",
        "JUJU_AGENT_SOCKET_ADDRESS",
        "JUJU_MODEL_UUID",
        "JUJU_VERSION",
        "JUJU_API_ADDRESSES",
        "JUJU_MACHINE_ID",
        "JUJU_PRINCIPAL_UNIT",
        "JUJU_AVAILABILITY_ZONE",
        "CLOUD_API_VERSION",
        "JUJU_CHARM_HTTP_PROXY",
        "JUJU_CHARM_HTTPS_PROXY",
        "JUJU_CHARM_FTP_PROXY",
        "JUJU_CHARM_NO_PROXY",
    ] {
        assert!(value(name).is_some(), "{name} is missing");
    }
    assert_eq!(value("A_VARIABLE_OF_THE_USER"), None);
    let tools = state.join("tools").display().to_string();
    assert!(value("PATH").unwrap().starts_with(&format!("{tools}:")));
    assert_eq!(
        model
            .left("directory-demo-0-secret-storage-relation-created")
            .trim_end(),
        charm
    );
}

#[test]
fn leadership_moves_when_the_leader_is_removed() {
    let model = Model::with_demo();
    model.ok(&["add-unit", "demo", "-n", "2"]);
    model.wait();
    assert!(
        !model
            .events("demo/1")
            .contains(&"leader-elected".to_owned())
    );
    model.forget_events();
    model.ok(&["remove-unit", "demo/0"]);
    model.until("the removal", || model.unit("demo/0").is_null());
    model.wait();
    let last = model.events("demo/0");
    assert_eq!(last[last.len() - 2..], ["stop", "remove"], "{last:?}");
    assert!(
        model
            .events("demo/1")
            .contains(&"leader-elected".to_owned())
    );
    assert_eq!(model.unit("demo/1")["leader"], true);
    assert!(
        model
            .events("demo/1")
            .contains(&"secret-storage-relation-departed demo/0".to_owned()),
        "{:?}",
        model.events("demo/1")
    );
    assert!(!model.project().join(".charmwright/units/demo-0").exists());
}

#[test]
fn units_go_from_the_highest_number_and_numbers_are_not_used_again() {
    let model = Model::with_demo();
    model.ok(&["add-unit", "demo"]);
    assert_eq!(
        model.ok(&["remove-unit", "demo", "-n", "1"]),
        "Removing demo/1\n"
    );
    model.until("the removal", || model.unit("demo/1").is_null());
    assert_eq!(model.ok(&["add-unit", "demo"]), "Added demo/2\n");
    assert!(
        model
            .refused(&["remove-unit", "demo", "-n", "5"])
            .contains("cannot be removed")
    );
}

#[test]
fn a_removed_application_stops_its_units_and_is_gone() {
    let model = Model::with_demo();
    model.ok(&["remove-application", "demo"]);
    model.until("the removal", || {
        model.status()["applications"]["demo"].is_null()
    });
    let last = model.events("demo/0");
    assert_eq!(last[last.len() - 2..], ["stop", "remove"], "{last:?}");
    let charm = model.charm();
    model.ok(&["deploy", &charm]);
    model.wait();
}

#[test]
fn update_status_comes_by_itself() {
    let model = Model::new();
    model.hook("start", "status-set active");
    let charm = model.charm();
    model.ok(&["deploy", &charm, "--update-status-interval", "1"]);
    model.until("update-status", || {
        let events = model.events("demo/0");
        events
            .iter()
            .filter(|event| *event == "update-status")
            .count()
            >= 2
    });
}

#[test]
fn a_restarted_unit_hears_what_a_new_pod_hears() {
    let model = Model::with_demo();
    model.forget_events();
    model.ok(&["restart", "demo/0"]);
    model.wait();
    assert_eq!(model.events("demo/0"), ["config-changed", "start"]);
}
