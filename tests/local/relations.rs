//! Relations with stand-ins and between charms.

use super::model::Model;

#[test]
fn a_stand_in_gives_a_relation_its_data() {
    let model = Model::with_demo();
    let show = format!(
        "relation-get --format=json - $JUJU_REMOTE_UNIT > {0}/unit; relation-get --format=json --app - $JUJU_REMOTE_APP > {0}/app",
        model.root().display()
    );
    model.hook("mail-relation-changed", &show);
    model.forget_events();
    let provide = |port: &str| {
        let port = format!("port={port}");
        model.ok(&[
            "provide",
            "smtp",
            "--app",
            "mx",
            "--app-data",
            "host=mx.example",
            "--app-data",
            &port,
            "--unit-data",
            "state=up",
        ])
    };
    provide("25");
    assert_eq!(
        model.ok(&["integrate", "demo", "mx"]),
        "Integrated demo:mail mx:smtp\n"
    );
    model.wait();
    let events = model.events("demo/0");
    assert_eq!(events[0], "mail-relation-created");
    let joined = events
        .iter()
        .position(|event| event == "mail-relation-joined mx/0");
    assert_eq!(events[joined.unwrap() + 1], "mail-relation-changed mx/0");
    assert_eq!(
        model.left("app").trim(),
        r#"{"host":"mx.example","port":"25"}"#
    );
    assert_eq!(model.left("unit").trim(), r#"{"state":"up"}"#);
    provide("587");
    model.wait();
    assert_eq!(
        model.left("app").trim(),
        r#"{"host":"mx.example","port":"587"}"#
    );

    model.forget_events();
    model.ok(&["remove-relation", "demo", "mx"]);
    model.wait();
    model.until("the end", || {
        model.status()["relations"].as_array().unwrap().len() == 1
    });
    assert_eq!(
        model.events("demo/0"),
        ["mail-relation-departed mx/0", "mail-relation-broken"]
    );
}

#[test]
fn two_charms_see_each_others_units_and_data() {
    let model = Model::with_demo();
    let metadata = "name: other\nrequires: {site: {interface: http}}\n";
    let other = model.charm_with("other.charm", metadata, "options: {}\n");
    model.ok(&["deploy", &other]);
    model.hook("web-relation-joined", "relation-set url=http://demo");
    let out = model.root().join("url").display().to_string();
    model.hook(
        "site-relation-changed",
        &format!("relation-get url $JUJU_REMOTE_UNIT > {out}"),
    );
    model.ok(&["integrate", "demo", "other"]);
    model.until("the data", || model.left("url").trim() == "http://demo");
    model.wait();
    let events = model.events("other/0");
    assert!(
        events.contains(&"site-relation-joined demo/0".to_owned()),
        "{events:?}"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let model = Model::with_demo();
    model.ok(&["provide", "smtp"]);
    let said = model.refused(&["integrate", "demo:web", "smtp"]);
    assert!(said.contains("no relations found"), "{said}");
    model.ok(&["integrate", "demo", "smtp"]);
    let said = model.refused(&["integrate", "demo", "smtp"]);
    assert!(said.contains("already exists"), "{said}");
    assert!(
        model
            .refused(&["integrate", "demo", "nobody"])
            .contains("\"nobody\" not found")
    );
    assert!(
        model
            .refused(&["remove-relation", "demo:web", "smtp"])
            .contains("not found")
    );
    assert!(
        model
            .refused(&["provide", "smtp", "--app", "demo"])
            .contains("is no stand-in")
    );
}
