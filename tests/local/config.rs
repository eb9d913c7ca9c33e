//! Options.

use super::model::Model;

#[test]
fn options_are_shown_set_and_reset() {
    let model = Model::with_demo();
    let all = model.ok(&["config", "demo"]);
    assert!(
        all.contains(
            "  greeting:\n    default: Hello\n    description: What to say.\n    source: default\n    type: string\n    value: Hello\n"
        ),
        "{all}"
    );
    assert!(
        all.contains("  number:\n    description: How many.\n    source: unset\n    type: int\n"),
        "{all}"
    );
    model.hook(
        "config-changed",
        &format!("config-get --format=json > {}/seen", model.root().display()),
    );
    model.forget_events();
    model.ok(&["config", "demo", "greeting=Hi!", "number=3"]);
    model.wait();
    assert_eq!(model.events("demo/0"), ["config-changed"]);
    assert_eq!(
        model.left("seen").trim(),
        r#"{"greeting":"Hi!","number":3}"#
    );
    assert_eq!(model.ok(&["config", "demo", "greeting"]), "Hi!\n");
    model.ok(&["config", "demo", "--reset", "greeting,number"]);
    model.wait();
    assert_eq!(model.left("seen").trim(), r#"{"greeting":"Hello"}"#);
    model.forget_events();
    model.ok(&["config", "demo", "greeting=Hello"]);
    model.wait();
    assert!(model.events("demo/0").is_empty(), "nothing changed");
}

#[test]
fn values_of_the_wrong_type_and_unknown_options_are_refused() {
    let model = Model::with_demo();
    for (argument, expected) in [
        (
            "number=many",
            "option \"number\" expected int, got \"many\"",
        ),
        ("greting=x", "did you mean \"greeting\"?"),
        ("key=plain", "option \"key\" expected secret"),
    ] {
        let said = model.refused(&["config", "demo", argument]);
        assert!(said.contains(expected), "{said}");
    }
    assert!(
        model
            .refused(&["config", "nobody"])
            .contains("application \"nobody\" not found")
    );
    assert!(
        model
            .refused(&["config", "demo", "nothing"])
            .contains("key \"nothing\" not found")
    );
}

#[test]
fn options_given_at_deploy_are_there_in_the_first_hook() {
    let model = Model::new();
    model.hook(
        "install",
        &format!("config-get greeting > {}/seen", model.root().display()),
    );
    model.hook("start", "status-set active");
    let charm = model.charm();
    let said = model.refused(&["deploy", &charm, "--config", "number=x"]);
    assert!(said.contains("expected int"), "{said}");
    model.ok(&["deploy", &charm, "--config", "greeting=Hi!"]);
    model.wait();
    assert_eq!(model.left("seen").trim(), "Hi!");
    let events = model.events("demo/0");
    assert_eq!(
        events
            .iter()
            .filter(|event| *event == "config-changed")
            .count(),
        1
    );
}
