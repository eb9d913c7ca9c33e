//! The argument forms, answers and refusals of the contract's sections 3, 4, 5, 6 and 8.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::juju::JujuVersion;
use crate::local::model::tests::{deploy, pg, run_all, web};
use crate::local::model::{Bag, Change, Model, QueuedEvent, RelationHook, SecretUpdate};

use super::{Context, Reply, resource_files};

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

#[test]
fn reads_answer_as_the_contract_shows() {
    let mut model = demo();
    model.set_bag(7, "pg", Bag::from([("database".into(), "web".into())]));
    once(&mut model, "web/0", "open-port 8000/tcp");
    let context = &mut hook(&model, "web/0");
    for (line, answer) in [
        ("relation-ids db --format=json", json!(["db:7"])),
        ("relation-ids ingress --format=json", json!([])),
        ("relation-list --format=json -r db:7", json!(["pg/0"])),
        ("relation-list --format=json -r 7", json!(["pg/0"])),
        ("relation-list --format=json -r peers:0", json!(["web/1"])),
        ("relation-list --format=json --app -r db:7", json!("pg")),
        (
            "relation-get --format=json -r db:7 --app - pg",
            json!({"database": "web"}),
        ),
        (
            "relation-get --format=json -r db:7 --app database pg",
            json!("web"),
        ),
        (
            "relation-get --format=json -r db:7 --app nope pg",
            json!(null),
        ),
        ("relation-get --format=json -r db:7 --app - web", json!({})),
        (
            "relation-get --format=json -r db:7 ingress-address pg/0",
            json!("10.1.2.3"),
        ),
        (
            "relation-model-get --format=json -r db:7",
            json!({"uuid": "11111111-2222-4333-8444-555555555555"}),
        ),
        (
            "config-get --format=json",
            json!({"debug": false, "greeting": "hi"}),
        ),
        ("config-get --format json greeting", json!("hi")),
        ("is-leader --format=json", json!(true)),
        ("opened-ports --format=json", json!(["8000/tcp"])),
        ("secret-ids --format=json", json!([])),
        ("storage-list --format=json", json!([])),
        ("state-get --format=json absent", json!("")),
        (
            "network-get --format=json -r 7 db",
            json!({
                "bind-addresses": [{
                    "mac-address": "",
                    "interface-name": "",
                    "addresses": [{"hostname": "", "value": "10.1.2.3", "cidr": ""}],
                }],
                "egress-subnets": ["10.1.2.3/32"],
                "ingress-addresses": ["10.1.2.3"],
            }),
        ),
        (
            "network-get --ingress-address --format=json db",
            json!("10.1.2.3"),
        ),
    ] {
        assert_eq!(value(context, &mut model, line), answer, "{line}");
    }
    assert_eq!(
        ok(context, &mut model, "resource-get app-image"),
        "/resources/app-image/content.yaml\n"
    );
    let (path, content) = resource_files(&model, "web/0").remove(0);
    assert_eq!(path, Path::new("app-image/content.yaml"));
    let content: Value = serde_json::from_str(&content).unwrap();
    assert_eq!(content["registrypath"], "/image");
    for (line, printed) in [
        ("relation-ids db", "db:7\n"),
        ("relation-get -r 7 --app database pg", "web\n"),
        ("is-leader", "True\n"),
        ("config-get greeting", "hi\n"),
        (
            "relation-get --format yaml -r 7 --app - pg",
            "database: web\n",
        ),
    ] {
        assert_eq!(ok(context, &mut model, line), printed, "{line}");
    }
    let goal = value(context, &mut model, "goal-state --format=json");
    assert_eq!(goal["units"].as_object().unwrap().len(), 2);
    assert_eq!(goal["relations"]["db"]["pg/0"]["status"], "maintenance");
}

#[test]
fn refusals_have_jujus_words_and_exit_codes() {
    let mut model = demo();
    let secret = secret_of(&mut model, "pg", "mine");
    for (unit, line, message, code) in [
        (
            "web/0",
            "relation-list -r db:9",
            "invalid value \"db:9\" for option -r: relation not found",
            2,
        ),
        (
            "web/0",
            "relation-set -r db:9 a=b",
            "invalid value \"db:9\" for option -r: relation not found",
            2,
        ),
        (
            "web/0",
            "network-get -r db:9 db",
            "invalid value \"db:9\" for option -r: relation not found",
            2,
        ),
        ("web/0", "relation-list", "no relation id specified", 2),
        ("web/0", "relation-get", "no relation id specified", 2),
        (
            "web/1",
            "relation-get -r 7 --app - web",
            "permission denied (unauthorized access)",
            1,
        ),
        (
            "web/1",
            "relation-set -r 7 --app a=b",
            "cannot write relation settings",
            1,
        ),
        (
            "web/1",
            "status-set --application=True active",
            "this unit is not the leader",
            1,
        ),
        (
            "web/1",
            "status-get --application=true --include-data",
            "this unit is not the leader",
            1,
        ),
        (
            "web/1",
            "secret-add --owner application key=value",
            "this unit is not the leader",
            1,
        ),
        (
            "web/0",
            "secret-get secret:00000000000000000000",
            "secret \"00000000000000000000\" not found",
            1,
        ),
        (
            "web/0",
            "secret-get --label L",
            "consumer label \"L\" not found",
            1,
        ),
        (
            "web/0",
            "network-get x",
            "no network config found for binding \"x\"",
            1,
        ),
        (
            "web/0",
            "status-set nope",
            "invalid status \"nope\", expected one of [maintenance blocked waiting active]",
            2,
        ),
        ("web/0", "action-get", "not running an action", 1),
        ("web/0", "action-fail", "not running an action", 1),
        ("web/0", "secret-add k=value", "key \"k\" not valid", 1),
        (
            "web/0",
            "secret-add my_key=value",
            "key \"my_key\" not valid",
            1,
        ),
        ("web/0", "secret-add", "missing secret value or filename", 2),
        (
            "web/0",
            "is-leader --nope",
            "option provided but not defined: --nope",
            2,
        ),
    ] {
        let context = &mut hook(&model, unit);
        let expected = (format!("ERROR {message}\n"), code);
        assert_eq!(refused(context, &mut model, line), expected, "{line}");
    }
    let context = &mut hook(&model, "web/0");
    let line = format!("secret-get secret:{secret}");
    let expected = ("ERROR permission denied\n".to_owned(), 1);
    assert_eq!(refused(context, &mut model, &line), expected);
}

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
fn old_versions_differ_as_the_contract_says() {
    let mut model = demo_at(JujuVersion::new(3, 1, 6));
    let secret = secret_of(&mut model, "web", "L");
    let context = &mut hook(&model, "web/0");
    for (line, message) in [
        (
            "secret-get --label L --refresh".to_owned(),
            "secret owner cannot use --refresh",
        ),
        (
            format!("secret-get secret:{secret} --label L"),
            "either URI or label should be used for getting an owned secret but not both",
        ),
        (
            "relation-model-get -r 7".to_owned(),
            "bad request: unknown command \"relation-model-get\"",
        ),
    ] {
        let expected = (format!("ERROR {message}\n"), 1);
        assert_eq!(refused(context, &mut model, &line), expected, "{line}");
    }
    let uri = format!("secret-set secret:{secret}");
    ok(context, &mut model, &format!("{uri} key=two"));
    ok(context, &mut model, &format!("{uri} key=three"));
    context.clone().commit(&mut model).unwrap();
    assert_eq!(model.secrets[&secret].latest(), 3, "each call a revision");

    let mut model = demo_at(JujuVersion::new(4, 0, 0));
    let context = &mut hook(&model, "web/0");
    let absent = value(context, &mut model, "state-get --format=json absent");
    assert_eq!(absent, json!(null));
    assert_eq!(
        value(
            context,
            &mut model,
            "relation-get --format=json -r 7 - pg/0"
        ),
        json!({"ip": "10.1.2.3"})
    );
    let context = &mut hook(&model, "web/1");
    let refusal = ("ERROR permission denied\n".to_owned(), 1);
    let line = "relation-get -r 7 --app - web";
    assert_eq!(refused(context, &mut model, line), refusal);
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

#[test]
fn help_is_short_and_good() {
    let mut model = demo();
    let context = &mut hook(&model, "web/0");
    let help = ok(context, &mut model, "relation-get --help");
    assert!(help.starts_with("Usage: relation-get [options]"), "{help}");
    assert!(help.contains("-r, --relation <value>"), "{help}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn whatever_is_asked_there_is_an_answer_or_a_refusal(
        calls in proptest::collection::vec(
            (0..super::NAMES.len(), proptest::collection::vec(0..WORDS.len(), 0..6), ".{0,12}"),
            1..12,
        ),
    ) {
        let mut model = demo();
        let mut context = hook(&model, "web/0");
        for (tool, words, odd) in calls {
            let tool = super::NAMES[tool];
            let mut arguments: Vec<String> = words.iter().map(|at| WORDS[*at].into()).collect();
            arguments.push(odd.clone());
            let reply = context.run(&mut model, tool, &arguments, odd.as_bytes());
            if reply.code == 0 {
                proptest::prop_assert_eq!(reply.stderr, "");
            } else {
                proptest::prop_assert!(reply.stderr.starts_with("ERROR "), "{}", reply.stderr);
                proptest::prop_assert_eq!(reply.stdout, "");
            }
        }
        proptest::prop_assert!(context.commit(&mut model).is_ok());
    }
}

const WORDS: &[&str] = &[
    "-",
    "--",
    "-r",
    "7",
    "db:7",
    "0",
    "--app",
    "--application=True",
    "--format",
    "json",
    "yaml",
    "--file",
    "--label",
    "L",
    "key=value",
    "key#base64=",
    "=",
    "/",
    "web/0",
    "pg",
    "a..b=c",
    "secret:00000000000000000000",
    "secret:",
    "--owner",
    "unit",
    "é=é",
    "--é",
    "-é",
    "8000/tcp",
    "1-2",
    "active",
    "--refresh",
    "--peek",
    "--revision",
    "db",
];
