//! The argument forms, answers and refusals of the contract's sections 3, 4, 5, 6 and 8.

mod every_tool;
mod relation;
mod secret;
mod unit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::juju::JujuVersion;
use crate::local::hook_tool::{Context, Reply};
use crate::local::model::tests::{deploy, pg, run_all, web};
use crate::local::model::{Bag, Model, QueuedEvent, SecretUpdate};

/// `web` with two units, related to `pg` by relation 7, whose charm runs like any other.
fn demo() -> Model {
    demo_at(JujuVersion::default())
}

fn demo_at(version: JujuVersion) -> Model {
    let mut model = Model::new("demo", "11111111-2222-4333-8444-555555555555", version);
    let image = BTreeMap::from([("app-image".to_owned(), PathBuf::from("/image"))]);
    let changes = model.deploy("web", web(), image, 2).unwrap();
    model.enqueue(changes);
    deploy(&mut model, "pg", pg(false), 1);
    for unit in ["web/0", "web/1", "pg/0"] {
        model.set_address(unit, "10.1.2.3");
    }
    model.next_relation = 7;
    let (_, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    run_all(&mut model);
    model
}

fn hook(model: &Model, unit: &str) -> Context {
    let event = QueuedEvent::UpdateStatus;
    Context::new(model, unit, &event, Path::new("/resources"))
}

fn run_with(context: &mut Context, model: &mut Model, line: &str, stdin: &str) -> Reply {
    let mut words = shlex::split(line).unwrap().into_iter();
    let tool = words.next().unwrap();
    let arguments: Vec<String> = words.collect();
    context.run(model, &tool, &arguments, stdin.as_bytes())
}

fn ok(context: &mut Context, model: &mut Model, line: &str) -> String {
    let reply = run_with(context, model, line, "");
    assert_eq!((reply.code, reply.stderr.as_str()), (0, ""), "{line}");
    reply.stdout
}

fn value(context: &mut Context, model: &mut Model, line: &str) -> Value {
    serde_json::from_str(&ok(context, model, line)).unwrap()
}

fn refused(context: &mut Context, model: &mut Model, line: &str) -> (String, u8) {
    let reply = run_with(context, model, line, "");
    assert_eq!(reply.stdout, "", "{line}");
    (reply.stderr, reply.code)
}

/// One call in a dispatch of its own that is committed.
fn once(model: &mut Model, unit: &str, line: &str) -> String {
    let mut context = hook(model, unit);
    let printed = ok(&mut context, model, line);
    context.commit(model).unwrap();
    printed
}

fn secret_of(model: &mut Model, owner: &str, label: &str) -> String {
    let update = SecretUpdate {
        label: Some(label.into()),
        content: Some(Bag::from([("password".into(), "pw".into())])),
        ..SecretUpdate::default()
    };
    model.add_secret(Some(owner), update).unwrap().0
}
