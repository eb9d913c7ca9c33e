//! Secrets: those of others and one's own.

use std::path::Path;

use serde_json::json;

use crate::local::hook_tool::Context;
use crate::local::model::{Bag, Change, QueuedEvent, RelationHook, SecretUpdate};

use super::{demo, hook, ok, once, refused, run_with, secret_of, value};

#[test]
fn a_dispatch_as_in_the_contracts_example() {
    let mut model = demo();
    let label = "db.7.user.secret";
    let secret = secret_of(&mut model, "pg", "owner's");
    model.grant_secret(&secret, "web", Some(7)).unwrap();
    let event = QueuedEvent::Relation {
        hook: RelationHook::Changed,
        relation: 7,
        endpoint: "db".into(),
        remote_application: "pg".into(),
        remote_unit: None,
        departing_unit: None,
    };
    let mut context = Context::new(&model, "web/0", &event, Path::new("/r"));
    let by_label = format!("secret-get --format=json --label {label}");
    let missing = format!("ERROR consumer label \"{label}\" not found\n");
    assert_eq!(refused(&mut context, &mut model, &by_label), (missing, 1));
    let by_uri = format!("secret-get --format=json secret:{secret} --label {label}");
    let content = json!({"password": "pw"});
    assert_eq!(value(&mut context, &mut model, &by_uri), content);
    assert_eq!(value(&mut context, &mut model, &by_label), content);
    ok(
        &mut context,
        &mut model,
        "status-set --application=False active -- ''",
    );
    context.commit(&mut model).unwrap();
    assert_eq!(model.secret_label_for(&secret, "web/0"), label);

    let update = SecretUpdate {
        content: Some(Bag::from([("password".into(), "new".into())])),
        ..SecretUpdate::default()
    };
    let changes = model.update_secret(&secret, update).unwrap();
    model.enqueue(changes);
    let heard = QueuedEvent::Secret {
        hook: crate::local::model::SecretHook::Changed,
        secret: secret.clone(),
        revision: None,
    };
    assert_eq!(model.begin("web/0"), Some(heard), "it tracks the secret");
    assert_eq!(model.begin("web/1"), None, "it never read the secret");
    let mut context = hook(&model, "web/0");
    let new = json!({"password": "new"});
    assert_eq!(value(&mut context, &mut model, &by_label), content);
    let peek = format!("{by_label} --peek");
    assert_eq!(value(&mut context, &mut model, &peek), new);
    assert_eq!(value(&mut context, &mut model, &by_label), content);
    let refresh = format!("{by_label} --refresh");
    assert_eq!(value(&mut context, &mut model, &refresh), new);
    assert_eq!(value(&mut context, &mut model, &by_label), new);
    let obsolete = Change::SecretObsolete {
        secret: secret.clone(),
        revision: 1,
    };
    assert_eq!(context.changes, [obsolete]);

    model.remove_relation_by_id(7).unwrap();
    model.relations.remove(&7);
    let refusal = ("ERROR permission denied\n".to_owned(), 1);
    assert_eq!(refused(&mut context, &mut model, &by_label), refusal);
}

#[test]
fn an_owned_secret_is_made_read_changed_granted_and_removed() {
    let mut model = demo();
    let mut context = hook(&model, "web/0");
    let uri = ok(
        &mut context,
        &mut model,
        "secret-add --label L --owner application key=one other#base64=dHdv",
    );
    let uri = uri.trim();
    let id = uri.strip_prefix("secret:").unwrap();
    assert_eq!(id.len(), 20);
    let read = "secret-get --format=json --label L";
    let first = json!({"key": "one", "other": "two"});
    assert_eq!(value(&mut context, &mut model, read), first);
    assert!(model.secrets.is_empty(), "not before the commit");
    let again = refused(&mut context, &mut model, "secret-add --label L key=two");
    let taken = "ERROR secret with label \"L\" already exists\n";
    assert_eq!(again, (taken.to_owned(), 1));
    let info = format!("secret-info-get --format=json {uri}");
    let about =
        json!({id: {"revision": 1, "label": "L", "owner": "application", "rotation": "never"}});
    assert_eq!(value(&mut context, &mut model, &info), about);
    context.commit(&mut model).unwrap();

    let ids = "secret-ids --format=json";
    let mut peer = hook(&model, "web/1");
    assert_eq!(
        value(&mut peer, &mut model, read),
        first,
        "by the owner's label"
    );
    assert_eq!(value(&mut peer, &mut model, ids), json!([]));
    let change = format!("secret-set {uri} key=two");
    let refusal = ("ERROR this unit is not the leader\n".to_owned(), 1);
    assert_eq!(refused(&mut peer, &mut model, &change), refusal);

    let mut context = hook(&model, "web/0");
    assert_eq!(value(&mut context, &mut model, ids), json!([id]));
    assert_eq!(value(&mut context, &mut model, read), first);
    ok(&mut context, &mut model, &change);
    ok(
        &mut context,
        &mut model,
        &format!("secret-set {uri} key=three"),
    );
    let peek = format!("{read} --peek");
    assert_eq!(
        value(&mut context, &mut model, &peek),
        json!({"key": "three"})
    );
    assert_eq!(value(&mut context, &mut model, read), first, "tracked");
    ok(
        &mut context,
        &mut model,
        &format!("secret-grant --relation 7 {uri}"),
    );
    let changes = context.commit(&mut model).unwrap();
    assert_eq!(changes, [Change::SecretRevised { secret: id.into() }]);
    assert_eq!(
        model.secrets[id].latest(),
        2,
        "two changes are one revision"
    );
    assert!(model.may_read(&model.secrets[id], "pg/0"));
    model.enqueue(changes);
    assert!(model.begin("web/0").is_none(), "its own change is no news");
    assert!(model.begin("web/1").is_some());

    let revoke = format!("secret-revoke --relation 7 {uri}");
    once(&mut model, "web/0", &revoke);
    assert!(!model.may_read(&model.secrets[id], "pg/0"));
    let remove = format!("secret-remove {uri}");
    once(&mut model, "web/0", &remove);
    assert!(model.secrets.is_empty());
}

#[test]
fn no_refusal_repeats_a_secret() {
    let mut model = demo();
    let context = &mut hook(&model, "web/0");
    for (line, stdin) in [
        ("secret-add hunter2", ""),
        ("secret-add key#base64=hunter2!", ""),
        ("secret-add key#nope=hunter2", ""),
        ("secret-add --file -", "key: [hunter2]"),
        ("secret-add --file -", "key: hunter2: hunter2"),
        ("secret-add --file -", "hunter2"),
    ] {
        let reply = run_with(context, &mut model, line, stdin);
        assert_ne!(reply.code, 0, "{line}");
        assert!(
            !reply.stderr.contains("hunter2"),
            "{line}: {}",
            reply.stderr
        );
    }
}
