//! `redis-k8s`, spoken to with redis-cli.

use std::process::Command;

use charmwright::local::provider::Update;

use super::database::{servers, socket};
use super::declared::{names, output, provider, related};
use super::{Bag, bag, run};

/// What redis-cli prints for that line.
#[track_caller]
pub fn redis(update: &Update, user: Option<&Bag>, line: &str) -> String {
    let mut client = Command::new("redis-cli");
    client.arg("-s").arg(socket(update, 6379));
    if let Some(user) = user {
        client
            .args(["--user", &user["username"]])
            .env("REDISCLI_AUTH", &user["password"]);
    }
    let output = output(&mut client, line, "redis-tools");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap().trim().to_owned()
}

#[test]
fn redis_answers_by_unit_and_leader_and_keeps_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let view = related("redis-k8s", directory.path(), 3, &[]);
    let host = "redis-k8s-0.redis-k8s-endpoints.demo.svc.cluster.local";
    run(async {
        let mut redis_k8s = provider("redis-k8s");
        let update = redis_k8s.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active");
        assert_eq!(update.application_bags[&3], bag(&[("leader-host", host)]));
        assert_eq!(
            update.unit_bags[&3],
            bag(&[("hostname", host), ("port", "6379")])
        );
        assert!(update.secrets.is_empty());
        assert!(names(&update).contains(&host));
        assert_eq!(redis(&update, None, "SET word kept"), "OK");
        redis_k8s.stop(false).await;
    });
    assert_eq!(servers(directory.path()), [0; 0]);
    run(async {
        let mut redis_k8s = provider("redis-k8s");
        let update = redis_k8s.reconcile(&view).await.unwrap();
        assert_eq!(redis(&update, None, "GET word"), "kept");
        redis_k8s.stop(true).await;
    });
    assert!(!directory.path().exists());
}
