//! `refresh`.

use super::model::Model;

#[test]
fn a_refresh_rolls_from_the_highest_unit_with_new_charm_and_options() {
    let model = Model::with_demo();
    model.ok(&["add-unit", "demo"]);
    model.wait();
    model.ok(&["config", "demo", "greeting=kept", "number=3"]);
    model.wait();
    model.forget_events();
    let order = model.root().join("order").display().to_string();
    model.hook("upgrade-charm", &format!("echo $JUJU_UNIT_NAME >> {order}"));
    let options =
        "options: {greeting: {type: string, default: New}, colour: {type: string, default: red}}\n";
    let charm = model.charm_with("demo-2.charm", Model::metadata(), options);
    let said = model.ok(&["refresh", "demo", "--path", &charm]);
    assert_eq!(said, "Refreshed `demo` to revision 1\n");
    model.wait();
    for unit in ["demo/0", "demo/1"] {
        assert_eq!(
            model.events(unit),
            ["upgrade-charm", "config-changed", "start"],
            "{unit}"
        );
    }
    assert_eq!(model.left("order"), "demo/1\ndemo/0\n");
    assert_eq!(model.ok(&["config", "demo", "greeting"]), "kept\n");
    assert_eq!(model.ok(&["config", "demo", "colour"]), "red\n");
    assert_eq!(model.status()["applications"]["demo"]["charm-rev"], 1);
}

#[test]
fn another_charm_or_one_without_an_endpoint_in_use_is_refused() {
    let model = Model::with_demo();
    let other = Model::metadata().replace("name: demo", "name: other");
    let other = model.charm_with("other.charm", &other, Model::options());
    let said = model.refused(&["refresh", "demo", "--path", &other]);
    assert!(
        said.contains("cannot refresh \"demo\" to \"other\""),
        "{said}"
    );
    model.ok(&["provide", "smtp"]);
    model.ok(&["integrate", "demo", "smtp"]);
    model.wait();
    let bare = model.charm_with("bare.charm", "name: demo\n", Model::options());
    let said = model.refused(&["refresh", "demo", "--path", &bare]);
    assert!(said.contains("would break relation"), "{said}");
    assert_eq!(model.status()["applications"]["demo"]["charm-rev"], 0);
}

#[test]
fn a_hook_that_fails_for_ever_is_healed_by_a_refresh() {
    let model = Model::with_demo();
    model.hook("update-status", "exit 1");
    model.refused(&["fire", "demo/0", "update-status"]);
    model.no_hook("update-status");
    let charm = model.charm();
    model.ok(&["refresh", "demo", "--path", &charm]);
    model.wait();
}
