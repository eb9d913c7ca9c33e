//! `s3-integrator`, with a real S3 server.

use charmwright::local::provider::{Update, View};

use super::talk::{curl, is_private, provider};
use super::{Bag, bag, relation, run, view};

fn related(directory: &std::path::Path, id: u32, bucket: &str) -> View {
    let mut view = view("s3", directory);
    view.config.insert("region".into(), "eu-1".into());
    let request = bag(&[("bucket", bucket)]);
    view.relations
        .insert(id, relation("s3-credentials", "s3", request));
    view
}

/// A signed request; the path begins with the bucket.
async fn signed(
    bag: &Bag,
    secret: &str,
    arguments: &[&str],
    path: &str,
    body: &str,
) -> (u16, String) {
    let signature = format!("aws:amz:{}:s3", bag["region"]);
    let user = format!("{}:{secret}", bag["access-key"]);
    let url = format!("{}/{path}", bag["endpoint"]);
    let mut all = vec![
        "--aws-sigv4",
        &signature,
        "--user",
        &user,
        "-H",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
    ];
    all.extend(arguments);
    all.push(&url);
    curl(&all, body).await
}

async fn put(bag: &Bag, path: &str, body: &str) -> u16 {
    let arguments = ["--request", "PUT", "-H", "content-type: text/plain"];
    signed(bag, &bag["secret-key"], &arguments, path, body)
        .await
        .0
}

async fn get(bag: &Bag, path: &str) -> (u16, String) {
    signed(bag, &bag["secret-key"], &[], path, "").await
}

fn answer(update: &Update, id: u32) -> &Bag {
    assert_eq!(update.status.status, "active", "{}", update.status.message);
    &update.application_bags[&id]
}

#[test]
fn objects_are_stored_in_the_bucket_that_was_asked_for_and_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let view = related(directory.path(), 3, "web");
    let first = run(async {
        let mut s3 = provider("s3-integrator");
        let update = s3.reconcile(&view).await.unwrap();
        let bag = answer(&update, 3);
        let keys: Vec<&str> = bag.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "access-key",
                "bucket",
                "endpoint",
                "region",
                "s3-uri-style",
                "secret-key"
            ]
        );
        assert_eq!(
            (bag["bucket"].as_str(), bag["region"].as_str()),
            ("web", "eu-1")
        );
        assert_eq!(bag["s3-uri-style"], "path");
        assert_eq!(put(bag, "web/a/b.txt", "hello").await, 200);
        assert_eq!(get(bag, "web/a/b.txt").await, (200, "hello".into()));
        assert_eq!(signed(bag, "wrong", &[], "web/a/b.txt", "").await.0, 403);
        assert_eq!(get(bag, "other/x").await.0, 404);
        // Applications reach it at the same address.
        let service = &update.services[0];
        assert_eq!(service.hostnames, ["127.0.0.1"]);
        assert_eq!(
            bag["endpoint"],
            format!("http://127.0.0.1:{}", service.port)
        );
        assert_eq!(update.addresses, [bag["endpoint"].clone()]);
        s3.stop(false).await;
        bag.clone()
    });
    is_private(&directory.path().join("kept.json"));
    is_private(&directory.path().join("data"));
    run(async {
        let mut s3 = provider("s3-integrator");
        let update = s3.reconcile(&view).await.unwrap();
        let bag = answer(&update, 3);
        assert_eq!(bag["secret-key"], first["secret-key"]);
        assert_eq!(get(bag, "web/a/b.txt").await, (200, "hello".into()));
        s3.stop(true).await;
    });
    assert!(!directory.path().exists());
}

#[test]
fn options_say_bucket_path_and_region_and_a_path_is_no_bucket() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut s3 = provider("s3-integrator");
        let mut view = related(directory.path(), 3, "../../outside");
        let update = s3.reconcile(&view).await.unwrap();
        assert_eq!(update.application_bags[&3]["bucket"], "../../outside");
        assert!(!directory.path().parent().unwrap().join("outside").exists());
        for (option, value) in [
            ("bucket", "shared"),
            ("path", "/files"),
            ("region", "eu-2"),
            ("storage-class", "COLD"),
        ] {
            view.config.insert(option.into(), value.into());
        }
        let update = s3.reconcile(&view).await.unwrap();
        let bag = answer(&update, 3);
        for (key, value) in [
            ("bucket", "shared"),
            ("path", "/files"),
            ("region", "eu-2"),
            ("storage-class", "COLD"),
        ] {
            assert_eq!(bag[key], value);
        }
        assert_eq!(put(bag, "shared/x", "x").await, 200);
        s3.stop(true).await;
    });
}
