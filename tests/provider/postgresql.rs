//! A real server. Without PostgreSQL on the machine these fail with the command that installs it.

use std::process::{Command, Output, Stdio};

use charmwright::local::model::Status;
use charmwright::local::provider::postgresql_k8s;
use charmwright::local::provider::{Provider, Update};

use super::database::{
    Kind, hostnames, request, servers, socket, tests_of_every_kind, user, wait_until,
};
use super::{Bag, bag, run, view};

const KIND: Kind = Kind {
    provider: postgresql_k8s::provider,
    interface: "postgresql_client",
    port: 5432,
    client: psql,
    make: "CREATE TABLE kept ()",
    look: "SELECT FROM kept",
    lock: "postmaster.pid",
    daemon: "postgresql::daemon",
};

/// psql as an application runs it, but through the service's socket.
fn psql(update: &Update, credentials: &Bag, database: &str, sql: &str) -> Output {
    let socket = socket(update, KIND.port);
    Command::new("psql")
        .args([
            "-X",
            "-A",
            "-t",
            "-w",
            "-U",
            &credentials["username"],
            "-c",
            sql,
        ])
        .env("PGDATABASE", database)
        .arg("-h")
        .arg(socket.parent().unwrap())
        .env("PGPASSWORD", &credentials["password"])
        .stdin(Stdio::null())
        .output()
        .expect("psql is missing: apt-get install --yes postgresql")
}

#[test]
fn a_relation_gets_a_database_of_its_own_and_the_same_answer_twice() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = postgresql_k8s::provider();
        let view = KIND.with_relation(view("postgresql-k8s", directory.path()), 7, request("web"));
        let update = KIND.answers_the_same_twice(&mut provider, &view).await;
        assert_eq!(update.status.status, "active");

        let answer = &update.application_bags[&7];
        assert_eq!(answer["database"], "web");
        assert_eq!(
            answer["endpoints"],
            "postgresql-k8s-primary.demo.svc.cluster.local:5432"
        );
        assert_eq!(answer["secret-user"], "secret://database.7.user.secret");
        assert_eq!(
            hostnames(&update),
            [
                "postgresql-k8s-primary.demo.svc.cluster.local",
                "postgresql-k8s-replicas.demo.svc.cluster.local"
            ]
        );

        let user = user(&update, 7);
        assert_eq!(user["username"], "relation_id_7");
        let version = KIND.select(&update, user, "web", "SHOW server_version");
        assert_eq!(version.split(' ').next().unwrap(), answer["version"]);
        KIND.select(
            &update,
            user,
            "web",
            "CREATE TABLE visitors (id serial PRIMARY KEY, at timestamp)",
        );
        KIND.select(
            &update,
            user,
            "web",
            "CREATE SCHEMA more; CREATE EXTENSION pgcrypto",
        );
        KIND.select(
            &update,
            user,
            "web",
            "INSERT INTO visitors (at) VALUES (now())",
        );
        assert_eq!(
            KIND.select(&update, user, "web", "SELECT count(*) FROM visitors"),
            "1"
        );
        assert_eq!(
            KIND.select(&update, user, "web", "SELECT session_user"),
            "relation_id_7"
        );
        assert_eq!(
            KIND.select(
                &update,
                user,
                "web",
                "SELECT rolsuper FROM pg_roles WHERE rolname = session_user"
            ),
            "f"
        );
        provider.stop(true).await;
    });
    assert!(!directory.path().exists() || servers(directory.path()).is_empty());
}

#[test]
fn a_removed_relation_cannot_log_in_and_its_data_stays_for_the_next() {
    let name = "we'b\"=\\ x";
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = postgresql_k8s::provider();
        let empty = view("pg", directory.path());
        let related = KIND.with_relation(empty.clone(), 3, request(name));
        let update = provider.reconcile(&related).await.unwrap();
        let old = user(&update, 3).clone();
        KIND.select(&update, &old, name, "CREATE TABLE kept (word text)");
        KIND.select(
            &update,
            &old,
            name,
            "RESET ROLE; CREATE TABLE own (word text)",
        );
        KIND.select(
            &update,
            &old,
            name,
            "INSERT INTO kept VALUES ('still here')",
        );
        let mut session = Command::new("psql")
            .args([
                "-X",
                "-w",
                "-U",
                "relation_id_3",
                "-c",
                "SELECT pg_sleep(3600)",
            ])
            .env("PGDATABASE", name)
            .arg("-h")
            .arg(directory.path().join("run"))
            .env("PGPASSWORD", &old["password"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let others = "SELECT count(*) - 1 FROM pg_stat_activity WHERE usename = session_user";
        wait_until("the session starts", || {
            KIND.select(&update, &old, name, others) == "1"
        });

        let gone = provider.reconcile(&empty).await.unwrap();
        assert!(gone.application_bags.is_empty() && gone.secrets.is_empty());
        wait_until("the session is ended", || {
            !psql(&gone, &old, name, "SELECT 1").status.success()
        });
        assert!(!session.wait().unwrap().success());

        let next = provider
            .reconcile(&KIND.with_relation(empty, 4, request(name)))
            .await
            .unwrap();
        let new = user(&next, 4);
        assert_ne!(new["password"], old["password"]);
        assert_eq!(
            KIND.select(&next, new, name, "SELECT word FROM kept"),
            "still here"
        );
        KIND.select(
            &next,
            new,
            name,
            "ALTER TABLE own ADD COLUMN more text; DROP TABLE kept",
        );
        provider.stop(true).await;
    });
}

#[test]
fn relations_are_kept_apart_and_one_that_asks_nonsense_blocks_without_harm() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = postgresql_k8s::provider();
        let mut view = KIND.with_relation(view("pg", directory.path()), 1, request("one"));
        view = KIND.with_relation(view, 2, bag(&[("database", "two")]));
        view = KIND.with_relation(view, 5, request("postgres"));
        view = KIND.with_relation(view, 6, Bag::new());
        let update = provider.reconcile(&view).await.unwrap();
        KIND.is_blocked_by_5_alone(&update, &[1, 2], "one");
        provider.stop(true).await;
    });
}

#[test]
fn no_secret_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let view = KIND.view(directory.path());
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        assert_eq!(
            update.status,
            Status {
                status: "active".into(),
                message: "Primary".into()
            }
        );
        let log = std::fs::read_to_string(directory.path().join("server.log")).unwrap();
        assert!(log.contains("ready to accept connections"));
        assert!(!log.contains(&user(&update, 7)["password"]));
        provider.stop(true).await;
    });
}

tests_of_every_kind!();
