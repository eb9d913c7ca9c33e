//! Relations: what is read of them, and when what is written is seen.

use std::path::Path;

use serde_json::json;

use crate::juju::JujuVersion;
use crate::local::hook_tool::{Context, Reply};
use crate::local::model::tests::run_all;
use crate::local::model::{Bag, Change};

use super::{demo, demo_at, hook, ok, once, refused, run_with, value};

#[test]
fn writes_are_seen_at_once_by_the_writer_and_by_others_after_the_commit() {
    let mut model = demo();
    let mut context = hook(&model, "web/0");
    let stdin = r#"{"database": "web", "port": 80}"#;
    let reply = run_with(
        &mut context,
        &mut model,
        "relation-set -r db:7 --app --file -",
        stdin,
    );
    assert_eq!(reply, Reply::default());
    run_with(&mut context, &mut model, "relation-set -r db:7 mine=1", "");
    let read = "relation-get --format=json -r 7 --app - web";
    let written = json!({"database": "web", "port": "80"});
    assert_eq!(value(&mut context, &mut model, read), written);
    ok(&mut context, &mut model, "open-port 8000");
    ok(&mut context, &mut model, "state-set key=value");
    assert_eq!(
        value(&mut context, &mut model, "opened-ports --format=json"),
        json!([])
    );
    assert_eq!(ok(&mut context, &mut model, "state-get key"), "value\n");
    ok(&mut context, &mut model, "status-set active -- -m");
    assert_eq!(model.unit("web/0").unwrap().status.message, "-m");
    assert!(model.relations[&7].bags["web"].is_empty());

    let changes = context.commit(&mut model).unwrap();
    for change in [
        Change::BagChanged {
            relation: 7,
            member: "web".into(),
        },
        Change::BagChanged {
            relation: 7,
            member: "web/0".into(),
        },
        Change::PortsChanged {
            unit: "web/0".into(),
        },
    ] {
        assert!(changes.contains(&change), "{change:?} in {changes:?}");
    }
    assert_eq!(model.relations[&7].bags["web"]["port"], "80");
    assert!(model.unit("web/0").unwrap().ports.contains("8000/tcp"));

    once(&mut model, "web/0", "relation-set -r 7 --app port=");
    assert!(!model.relations[&7].bags["web"].contains_key("port"));
    let mut context = hook(&model, "web/0");
    ok(&mut context, &mut model, "relation-set -r 7 mine=1");
    ok(&mut context, &mut model, "open-port 8000/tcp");
    assert_eq!(context.commit(&mut model).unwrap(), [], "nothing differs");
}

#[test]
fn relation_reads_are_those_of_the_beginning() {
    let mut model = demo();
    let mut context = hook(&model, "web/0");
    model.set_bag(7, "pg", Bag::from([("a".into(), "new".into())]));
    let read = "relation-get --format=json -r 7 --app - pg";
    assert_eq!(value(&mut context, &mut model, read), json!({}));
    let mut next = hook(&model, "web/0");
    assert_eq!(value(&mut next, &mut model, read), json!({"a": "new"}));
}

#[test]
fn a_broken_relation_has_no_units_and_no_id_but_its_data() {
    for (version, listed) in [
        (JujuVersion::default(), json!([])),
        (JujuVersion::new(3, 4, 0), json!(["db:7"])),
    ] {
        let mut model = demo_at(version);
        model.set_bag(7, "pg", Bag::from([("a".into(), "b".into())]));
        run_all(&mut model);
        let changes = model.remove_relation("web", "pg").unwrap();
        model.enqueue(changes);
        let departed = model.begin("web/0").unwrap();
        let context = &mut Context::new(&model, "web/0", &departed, Path::new("/r"));
        let list = "relation-list --format=json";
        assert_eq!(value(context, &mut model, list), json!([]));
        model.dispatched("web/0", &departed);
        let broken = model.begin("web/0").unwrap();
        assert_eq!(broken.name(&model), "db-relation-broken");
        let context = &mut Context::new(&model, "web/0", &broken, Path::new("/r"));
        assert_eq!(value(context, &mut model, list), json!([]));
        let ids = "relation-ids --format=json db";
        assert_eq!(value(context, &mut model, ids), listed);
        let read = "relation-get --format=json --app -";
        assert_eq!(value(context, &mut model, read), json!({"a": "b"}));
        model.dispatched("web/0", &broken);
        let context = &mut hook(&model, "web/0");
        assert_eq!(value(context, &mut model, ids), json!([]));
        let refusal = "ERROR invalid value \"7\" for option -r: relation not found\n";
        let line = "relation-get -r 7 --app - pg";
        assert_eq!(refused(context, &mut model, line), (refusal.to_owned(), 2));
    }
}
