//! What tools have in common: the forms of answers and refusals, versions, help.

use std::path::Path;

use serde_json::{Value, json};

use crate::juju::JujuVersion;
use crate::local::hook_tool::{NAMES, resource_files};
use crate::local::model::Bag;

use super::{demo, demo_at, hook, ok, once, refused, secret_of, value};

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
            (0..NAMES.len(), proptest::collection::vec(0..WORDS.len(), 0..6), ".{0,12}"),
            1..12,
        ),
    ) {
        let mut model = demo();
        let mut context = hook(&model, "web/0");
        for (tool, words, odd) in calls {
            let tool = NAMES[tool];
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
