//! Why a tool failed, told apart and without a secret.

use std::collections::BTreeMap;

use charmwright::juju::{Error, Owner, Revision, SecretRef};

use super::fake::{Fake, run};
use super::{db, map};

#[test]
fn tells_apart_why_a_tool_failed() {
    run(async {
        let fake = Fake::new();
        fake.fails(
            "relation-get",
            2,
            "ERROR invalid value \"db:7\" for option -r: relation not found",
        );
        let error = fake
            .tools
            .relation_get(&db(), "pg", true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::RelationGone { .. }) && error.is_absent());

        fake.fails("relation-get", 1, "ERROR permission denied");
        let error = fake
            .tools
            .relation_get(&db(), "pg", true)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Denied { .. }) && error.is_refused());

        fake.fails("relation-set", 1, "ERROR cannot write relation settings");
        let change = BTreeMap::from([("a".to_owned(), Some("1".to_owned()))]);
        let error = fake
            .tools
            .relation_set(&db(), true, &change)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotLeader { .. }) && error.is_refused());

        fake.fails("secret-get", 1, "ERROR consumer label \"L\" not found");
        let label = SecretRef::Label("L");
        let error = fake
            .tools
            .secret_get(label, Revision::Tracked)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::SecretNotFound { .. }) && error.is_absent());

        fake.fails("is-leader", 1, "ERROR JUJU_CONTEXT_ID not set");
        let error = fake.tools.is_leader().await.unwrap_err();
        assert!(matches!(error, Error::NotInHook { .. }), "{error}");

        fake.fails("config-get", 3, "ERROR the sky is falling\n");
        let error = fake.tools.config_get().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`config-get` failed with exit code 3: ERROR the sky is falling"
        );
    });
}

#[test]
fn an_error_never_shows_a_value_that_was_sent() {
    run(async {
        let fake = Fake::new();
        fake.fails(
            "relation-set",
            1,
            "ERROR cannot unmarshal !!str `hunter2...` of hunter22 in \"hunt\"",
        );
        let change = BTreeMap::from([("a".to_owned(), Some("hunter22".to_owned()))]);
        let error = fake
            .tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunt"), "{error}");
    });
}

#[test]
fn a_tool_may_fail_without_reading_its_input() {
    run(async {
        let fake = Fake::new();
        fake.marks("relation-set", "deaf", "");
        fake.fails("relation-set", 2, "ERROR no relation id specified");
        let change = BTreeMap::from([("a".to_owned(), Some("x".repeat(1 << 20)))]);
        let error = fake
            .tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Failed { code: 2, .. }), "{error}");
    });
}

#[test]
fn nonsense_is_an_error_and_not_a_value() {
    run(async {
        let fake = Fake::new();
        for garbage in [&b""[..], b"<html>", b"\xff\xfe\x00", b"[[[[", b"42"] {
            for tool in [
                "config-get",
                "relation-ids",
                "status-get",
                "goal-state",
                "network-get",
            ] {
                fake.answers(tool, garbage);
            }
            let errors = [
                fake.tools.config_get().await.unwrap_err(),
                fake.tools.relation_ids("db").await.unwrap_err(),
                fake.tools.status_get(true).await.unwrap_err(),
                fake.tools.status_get(false).await.unwrap_err(),
                fake.tools.goal_state().await.unwrap_err(),
                fake.tools.network_get("db", None).await.unwrap_err(),
            ];
            for error in errors {
                assert!(matches!(error, Error::Nonsense { .. }), "{error}");
            }
        }
        fake.answers("secret-add", "two\nlines");
        let content = map(&[("key", "x")]);
        let error = fake
            .tools
            .secret_add(None, None, &content, Owner::Unit)
            .await;
        assert!(matches!(error, Err(Error::Nonsense { .. })), "{error:?}");
    });
}

#[test]
fn a_missing_and_a_killed_tool_are_told_apart() {
    run(async {
        let fake = Fake::new();
        fake.remove("relation-model-get");
        let error = fake.tools.relation_model_get(&db()).await.unwrap_err();
        assert!(matches!(error, Error::ToolMissing { .. }), "{error}");
        fake.marks("is-leader", "killed", "");
        let error = fake.tools.is_leader().await.unwrap_err();
        assert!(matches!(error, Error::Killed { signal: 9, .. }), "{error}");
    });
}
