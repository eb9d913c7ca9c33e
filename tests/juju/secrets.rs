//! Secrets, whose content is in no argument.

use charmwright::juju::{Error, Owner, Revision, SecretRef, secret_id};

use super::fake::{Fake, run};
use super::{db, map};

#[test]
fn reads_secrets_by_uri_and_label_and_revision() {
    run(async {
        let fake = Fake::new();
        fake.answers("secret-get", r#"{"password":"pw"}"#);
        let uri = "secret:d0";
        for (secret, revision, argv) in [
            (
                SecretRef::Uri(uri),
                Revision::Tracked,
                vec!["--format=json", uri],
            ),
            (
                SecretRef::Label("L"),
                Revision::Peek,
                vec!["--format=json", "--label", "L", "--peek"],
            ),
            (
                SecretRef::UriAndLabel(uri, "L"),
                Revision::Refresh,
                vec!["--format=json", uri, "--label", "L", "--refresh"],
            ),
        ] {
            let content = fake.tools.secret_get(secret, revision).await.unwrap();
            assert_eq!(content, map(&[("password", "pw")]));
            assert_eq!(fake.argv("secret-get"), argv);
        }
        fake.answers(
            "secret-info-get",
            r#"{"d0":{"revision":3,"label":"l","owner":"application","rotation":"never"}}"#,
        );
        let info = fake.tools.secret_info(SecretRef::Label("l")).await.unwrap();
        assert_eq!((info.id.as_str(), info.revision), ("d0", 3));
        assert_eq!(info.label.as_deref(), Some("l"));
        assert_eq!(
            fake.argv("secret-info-get"),
            ["--format=json", "--label", "l"]
        );
        let both = SecretRef::UriAndLabel(uri, "l");
        let error = fake.tools.secret_info(both).await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { .. }), "{error}");

        fake.answers("secret-ids", r#"["d0"]"#);
        assert_eq!(fake.tools.secret_ids().await.unwrap(), ["d0"]);
        assert_eq!(fake.argv("secret-ids"), ["--format=json"]);
        for uri in ["d0", "secret:d0", "secret://c0ffee/d0"] {
            assert_eq!(secret_id(uri), "d0");
        }
    });
}

#[test]
fn writes_secrets_through_private_files_that_are_gone_afterwards() {
    run(async {
        let fake = Fake::new();
        let content = map(&[("key", "hunter22\"\n"), ("pass-word", "-- swordfish")]);
        fake.answers("secret-add", "secret:d0\n");
        let uri = fake
            .tools
            .secret_add(Some("L"), Some("what"), &content, Owner::Application)
            .await
            .unwrap();
        assert_eq!(uri, "secret:d0");
        let call = fake.call("secret-add");
        let (options, files) = call.argv.split_at(6);
        assert_eq!(
            options,
            [
                "--label",
                "L",
                "--description",
                "what",
                "--owner",
                "application"
            ]
        );
        let paths = secret_paths(files, &["key", "pass-word"]);
        assert!(paths.iter().all(|path| !path.exists()), "{paths:?}");
        let (key, pass_word) = (paths[0].display(), paths[1].display());
        let directory = paths[0].parent().unwrap();
        assert_eq!(
            call.files,
            format!(
                "600 {key}\n700 {0}\nhunter22\"\n600 {pass_word}\n700 {0}\n-- swordfish",
                directory.display()
            )
        );
        assert!(!directory.exists());
        assert_eq!(call.stdin, "");

        fake.fails("secret-set", 1, "ERROR this unit is not the leader");
        let failed = fake
            .tools
            .secret_set("secret:d0", &content, Owner::Unit)
            .await;
        assert!(matches!(failed, Err(Error::NotLeader { .. })), "{failed:?}");
        let call = fake.call("secret-set");
        let (options, files) = call.argv.split_at(3);
        assert_eq!(options, ["--owner", "unit", "secret:d0"]);
        let paths = secret_paths(files, &["key", "pass-word"]);
        assert!(!paths[0].parent().unwrap().exists(), "left after a failure");

        for bad in [map(&[]), map(&[("a_b", "x")]), map(&[("ab", "x")])] {
            let error = fake.tools.secret_add(None, None, &bad, Owner::Unit).await;
            assert!(matches!(error, Err(Error::Unsendable { .. })), "{error:?}");
        }
    });
}

fn secret_paths(arguments: &[String], keys: &[&str]) -> Vec<std::path::PathBuf> {
    assert_eq!(arguments.len(), keys.len());
    let path = |(argument, key): (&String, &&str)| {
        let (got, path) = argument.split_once("#file=").unwrap();
        assert_eq!(got, *key);
        path.into()
    };
    arguments.iter().zip(keys).map(path).collect()
}

#[test]
fn grants_revokes_and_removes_secrets() {
    run(async {
        let fake = Fake::new();
        let tools = &fake.tools;
        tools.secret_grant("secret:d0", &db(), None).await.unwrap();
        assert_eq!(fake.argv("secret-grant"), ["--relation", "7", "secret:d0"]);
        tools
            .secret_grant("secret:d0", &db(), Some("pg/0"))
            .await
            .unwrap();
        assert_eq!(
            fake.argv("secret-grant"),
            ["--relation", "7", "--unit", "pg/0", "secret:d0"]
        );
        tools.secret_revoke("secret:d0", &db(), None).await.unwrap();
        assert_eq!(fake.argv("secret-revoke"), ["--relation", "7", "secret:d0"]);
        tools.secret_remove("secret:d0", None).await.unwrap();
        assert_eq!(fake.argv("secret-remove"), ["secret:d0"]);
        tools.secret_remove("secret:d0", Some(2)).await.unwrap();
        assert_eq!(fake.argv("secret-remove"), ["secret:d0", "--revision", "2"]);
    });
}
