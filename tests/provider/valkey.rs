//! `valkey`, spoken to with redis-cli.

use serde_json::{Value, json};

use super::database::{kill, servers};
use super::declared::{keeps_secrets, names, odd, provider, related, view_of, with};
use super::redis::redis;
use super::{bag, run};

/// The contract's request.
fn valkey_request(id: &str, resource: &str) -> Value {
    json!({"resource": resource, "request-id": id, "salt": "PmKhEypSJORhwggM", "extra-user-roles": null,
        "extra-group-roles": null, "external-node-connectivity": false, "entity-type": null,
        "entity-permissions": null, "secret-mtls": null})
}

#[test]
fn valkey_gives_each_request_a_user_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let directory = odd(&root);
    let id = "772cbb9a8d917b7f";
    let request = valkey_request(id, "*");
    let requests = json!([request]).to_string();
    let part = json!([valkey_request("0000000000000000", "part:*")]).to_string();
    let empty = view_of("valkey", &directory);
    let view = with(
        empty.clone(),
        "valkey",
        7,
        &[("version", "v1"), ("requests", &requests)],
    );
    let view = with(view, "valkey", 8, &[("version", "v1"), ("requests", &part)]);
    let view = with(view, "valkey", 9, &[]);
    run(async {
        let mut valkey = provider("valkey");
        let update = valkey.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active", "{}", update.status.message);
        let answer = &update.application_bags[&7];
        assert_eq!(answer["version"], "v1");
        let data: Value = serde_json::from_str(&answer["data"]).unwrap();
        assert_eq!(data, json!({ id: request }));
        let mut responses: Value = serde_json::from_str(&answer["requests"]).unwrap();
        let version = responses[0]["version"].take();
        assert!(
            version
                .as_str()
                .unwrap()
                .starts_with(|it: char| it.is_ascii_digit()),
            "{version}"
        );
        let host = "valkey.demo.svc.cluster.local";
        let expected = json!([{
            "resource": "*", "request-id": id, "salt": "PmKhEypSJORhwggM", "endpoints": format!("{host}:6379"),
            "mode": "standalone", "version": null,
            "secret-tls": format!("secret://valkey-client.7.{id}.tls.secret"),
            "secret-user": format!("secret://valkey-client.7.{id}.user.secret"),
        }]);
        assert_eq!(responses, expected);
        assert!(names(&update).contains(&host));
        assert!(!update.application_bags.contains_key(&9));

        let tls = &update.secrets[&format!("valkey-client.7.{id}.tls.secret")];
        assert_eq!(tls.content, bag(&[("tls", "false")]));
        let secret = &update.secrets[&format!("valkey-client.7.{id}.user.secret")];
        assert_eq!(secret.relation, 7);
        let user = secret.content.clone();
        assert_eq!(user["username"], format!("relation-7-{id}"));
        assert_eq!(redis(&update, Some(&user), "SET word kept"), "OK");
        assert!(redis(&update, None, "GET word").contains("NOAUTH"));
        assert!(redis(&update, Some(&user), "ACL LIST").contains("NOPERM"));
        let narrow = &update.secrets["valkey-client.8.0000000000000000.user.secret"].content;
        assert!(redis(&update, Some(narrow), "GET word").contains("NOPERM"));
        assert_eq!(redis(&update, Some(narrow), "SET part:word 1"), "OK");

        keeps_secrets(&directory, &[&user["password"]]);

        let again = valkey.reconcile(&view).await.unwrap();
        assert_eq!(again.secrets, update.secrets);
        // The next request finds a server that is on its way up.
        kill("-KILL", &servers(&directory));
        let more = json!([valkey_request("1111111111111111", "*")]).to_string();
        let more = with(view.clone(), "valkey", 9, &[("requests", &more)]);
        let update = valkey.reconcile(&more).await.unwrap();
        let other = &update.secrets["valkey-client.9.1111111111111111.user.secret"].content;
        assert_eq!(redis(&update, Some(other), "GET word"), "kept");

        let gone = valkey.reconcile(&empty).await.unwrap();
        assert!(gone.application_bags.is_empty() && gone.secrets.is_empty());
        assert!(redis(&gone, Some(&user), "GET word").contains("WRONGPASS"));
        let back = valkey.reconcile(&view).await.unwrap();
        let new = &back.secrets[&format!("valkey-client.7.{id}.user.secret")].content;
        assert_ne!(new["password"], user["password"]);
        assert_eq!(redis(&back, Some(new), "GET word"), "kept");
        valkey.stop(true).await;
    });
}

#[test]
fn valkey_blocks_on_requests_that_make_no_sense() {
    let root = tempfile::tempdir().unwrap();
    let directory = odd(&root);
    let good = json!([valkey_request("0000000000000000", "*")]).to_string();
    let line = json!([valkey_request("1", "*\nuser x on nopass")]).to_string();
    run(async {
        let mut valkey = provider("valkey");
        for (requests, why) in [
            ("{", "`requests` is not a JSON list of objects"),
            (
                r#"[{"request-id": "1"}]"#,
                "a request in `requests` lacks one of",
            ),
            (line.as_str(), "`resource` is not what it should be, a word"),
        ] {
            let view = related("valkey", &directory, 7, &[("requests", requests)]);
            let view = with(view, "valkey", 8, &[("requests", &good)]);
            let update = valkey.reconcile(&view).await.unwrap();
            assert_eq!(update.status.status, "blocked");
            let message = &update.status.message;
            assert!(
                message.starts_with(&format!("web (relation 7): {why}")),
                "{message}"
            );
            assert_eq!(
                update.application_bags.keys().copied().collect::<Vec<_>>(),
                [8]
            );
        }
        valkey.stop(true).await;
    });
}
