//! Relations and their databags.

use std::collections::BTreeMap;

use charmwright::juju::RelationId;

use super::fake::{Fake, run};
use super::{db, map};

#[test]
fn reads_relations() {
    run(async {
        let fake = Fake::new();
        fake.answers("relation-ids", r#"["db:7","db:12"]"#);
        let ids = fake.tools.relation_ids("db").await.unwrap();
        assert_eq!(ids, [db(), RelationId::new("db", 12)]);
        assert_eq!(fake.argv("relation-ids"), ["db", "--format=json"]);

        fake.answers("relation-list", r#"["pg/0","pg/1"]"#);
        assert_eq!(
            fake.tools.relation_list(&db()).await.unwrap(),
            ["pg/0", "pg/1"]
        );
        assert_eq!(fake.argv("relation-list"), ["--format=json", "-r", "db:7"]);

        fake.answers("relation-list", r#""pg""#);
        let app = fake.tools.relation_remote_app(&db()).await.unwrap();
        assert_eq!(app.as_deref(), Some("pg"));
        assert_eq!(
            fake.argv("relation-list"),
            ["--format=json", "--app", "-r", "db:7"]
        );

        fake.answers("relation-get", r#"{"a":"1","ü":"😀\n"}"#);
        let bag = fake.tools.relation_get(&db(), "pg/0", false).await.unwrap();
        assert_eq!(bag, map(&[("a", "1"), ("ü", "😀\n")]));
        assert_eq!(
            fake.argv("relation-get"),
            ["--format=json", "-r", "db:7", "-", "pg/0"]
        );

        fake.answers("relation-get", "null");
        let bag = fake.tools.relation_get(&db(), "pg", true).await.unwrap();
        assert!(bag.is_empty());
        assert_eq!(
            fake.argv("relation-get"),
            ["--format=json", "-r", "db:7", "--app", "-", "pg"]
        );

        fake.answers("relation-model-get", r#"{"uuid":"c0ffee"}"#);
        assert_eq!(
            fake.tools.relation_model_get(&db()).await.unwrap(),
            "c0ffee"
        );
        assert_eq!(
            fake.argv("relation-model-get"),
            ["--format=json", "-r", "db:7"]
        );
        assert_eq!(fake.tools.calls(), 6);
    });
}

#[test]
fn writes_databags_through_standard_input_only() {
    run(async {
        let fake = Fake::new();
        let odd = "q'\"\\\n\r\t\u{0}\u{7f}\u{85}\u{2028}\u{feff}ü😀 #: {} `$(x)`".to_owned();
        let long = "ä\"".repeat(350_000);
        assert!(long.len() > 1 << 20);
        let changes = BTreeMap::from([
            ("gone".to_owned(), None),
            ("long".to_owned(), Some(long.clone())),
            ("odd".to_owned(), Some(odd.clone())),
            ("yes".to_owned(), Some("no".to_owned())),
        ]);
        fake.tools
            .relation_set(&db(), true, &changes)
            .await
            .unwrap();
        let call = fake.call("relation-set");
        assert_eq!(call.argv, ["-r", "db:7", "--app", "--file", "-"]);
        let expected = map(&[("gone", ""), ("long", &long), ("odd", &odd), ("yes", "no")]);
        let as_json: BTreeMap<String, String> = serde_json::from_str(&call.stdin).unwrap();
        assert_eq!(as_json, expected);
        let as_yaml: BTreeMap<String, String> = serde_yaml::from_str(&call.stdin).unwrap();
        assert_eq!(as_yaml, expected);

        let change = BTreeMap::from([("a".to_owned(), Some("1".to_owned()))]);
        fake.tools
            .relation_set(&db(), false, &change)
            .await
            .unwrap();
        let call = fake.call("relation-set");
        assert_eq!(call.argv, ["-r", "db:7", "--file", "-"]);
        assert_eq!(call.stdin, "{\"a\": \"1\"}\n");

        fake.tools
            .relation_set(&db(), false, &BTreeMap::new())
            .await
            .unwrap();
        assert_eq!(fake.tools.calls(), 2);
    });
}
