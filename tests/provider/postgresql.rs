//! A real server. Without PostgreSQL on the machine these fail with the command that installs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use charmwright::local::model::Status;
use charmwright::local::provider::postgresql_k8s;
use charmwright::local::provider::{Provider, Update, View};

use super::database::{kill, request, servers, socket, user, wait_until};
use super::{Bag, bag, run, view};

fn with_relation(view: View, id: u32, bag: Bag) -> View {
    super::database::with_relation(view, "postgresql_client", id, bag)
}

/// psql as an application runs it, but through the service's socket.
fn psql(update: &Update, credentials: &Bag, database: &str, sql: &str) -> Output {
    let socket = socket(update, 5432);
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

fn select(update: &Update, credentials: &Bag, database: &str, sql: &str) -> String {
    let output = psql(update, credentials, database, sql);
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn postmaster(directory: &Path) -> i32 {
    let text = std::fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

#[test]
fn a_relation_gets_a_database_of_its_own_and_the_same_answer_twice() {
    let directory = tempfile::tempdir().unwrap();
    let started = Instant::now();
    run(async {
        let mut provider = postgresql_k8s::provider();
        let view = with_relation(view("postgresql-k8s", directory.path()), 7, request("web"));
        let update = provider.reconcile(&view).await.unwrap();
        eprintln!("first answer after {:?}", started.elapsed());
        assert_eq!(update.status.status, "active");
        let again = Instant::now();
        let second = provider.reconcile(&view).await.unwrap();
        eprintln!("second answer after {:?}", again.elapsed());
        assert_eq!(second.application_bags, update.application_bags);
        assert_eq!(second.secrets, update.secrets);
        assert_eq!(second.services, update.services);
        assert_eq!(second.status, update.status);

        let answer = &update.application_bags[&7];
        assert_eq!(answer["database"], "web");
        assert_eq!(
            answer["endpoints"],
            "postgresql-k8s-primary.demo.svc.cluster.local:5432"
        );
        assert_eq!(answer["secret-user"], "secret://database.7.user.secret");
        let hosts: Vec<_> = update
            .services
            .iter()
            .flat_map(|service| &service.hostnames)
            .collect();
        assert_eq!(
            hosts,
            [
                "postgresql-k8s-primary.demo.svc.cluster.local",
                "postgresql-k8s-replicas.demo.svc.cluster.local"
            ]
        );

        let user = user(&update, 7);
        assert_eq!(user["username"], "relation_id_7");
        let version = select(&update, user, "web", "SHOW server_version");
        assert_eq!(version.split(' ').next().unwrap(), answer["version"]);
        select(
            &update,
            user,
            "web",
            "CREATE TABLE visitors (id serial PRIMARY KEY, at timestamp)",
        );
        select(
            &update,
            user,
            "web",
            "CREATE SCHEMA more; CREATE EXTENSION pgcrypto",
        );
        select(
            &update,
            user,
            "web",
            "INSERT INTO visitors (at) VALUES (now())",
        );
        assert_eq!(
            select(&update, user, "web", "SELECT count(*) FROM visitors"),
            "1"
        );
        assert_eq!(
            select(&update, user, "web", "SELECT session_user"),
            "relation_id_7"
        );
        assert_eq!(
            select(
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
        let related = with_relation(empty.clone(), 3, request(name));
        let update = provider.reconcile(&related).await.unwrap();
        let old = user(&update, 3).clone();
        select(&update, &old, name, "CREATE TABLE kept (word text)");
        select(
            &update,
            &old,
            name,
            "RESET ROLE; CREATE TABLE own (word text)",
        );
        select(
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
            select(&update, &old, name, others) == "1"
        });

        let gone = provider.reconcile(&empty).await.unwrap();
        assert!(gone.application_bags.is_empty() && gone.secrets.is_empty());
        wait_until("the session is ended", || {
            !psql(&gone, &old, name, "SELECT 1").status.success()
        });
        assert!(!session.wait().unwrap().success());

        let next = provider
            .reconcile(&with_relation(empty, 4, request(name)))
            .await
            .unwrap();
        let new = user(&next, 4);
        assert_ne!(new["password"], old["password"]);
        assert_eq!(
            select(&next, new, name, "SELECT word FROM kept"),
            "still here"
        );
        select(
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
        let mut view = with_relation(view("pg", directory.path()), 1, request("one"));
        view = with_relation(view, 2, bag(&[("database", "two")]));
        view = with_relation(view, 5, request("postgres"));
        view = with_relation(view, 6, Bag::new());
        let update = provider.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "blocked");
        assert!(
            update.status.message.contains("relation 5"),
            "{}",
            update.status.message
        );
        assert_eq!(
            update.application_bags.keys().copied().collect::<Vec<_>>(),
            [1, 2]
        );
        let plain = &update.application_bags[&2];
        select(&update, plain, "two", "SELECT 1");
        assert!(!psql(&update, plain, "one", "SELECT 1").status.success());
        let mut wrong = plain.clone();
        wrong.insert("password".into(), "guess".into());
        assert!(!psql(&update, &wrong, "two", "SELECT 1").status.success());
        provider.stop(true).await;
    });
}

#[test]
fn stopping_leaves_no_process_and_keeps_data_and_passwords() {
    let directory = tempfile::tempdir().unwrap();
    let view = with_relation(view("pg", directory.path()), 7, request("web"));
    let first = run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "CREATE TABLE kept ()");
        provider.stop(false).await;
        assert_eq!(servers(directory.path()), [0; 0]);
        update
    });
    run(async {
        let mut provider = postgresql_k8s::provider();
        let started = Instant::now();
        let update = provider.reconcile(&view).await.unwrap();
        eprintln!("started again in {:?}", started.elapsed());
        assert_eq!(update.secrets, first.secrets);
        select(&update, user(&update, 7), "web", "SELECT FROM kept");
        provider.stop(true).await;
    });
}

#[test]
fn everything_killed_comes_back_with_its_data() {
    let directory = tempfile::tempdir().unwrap();
    let view = with_relation(view("pg", directory.path()), 7, request("web"));
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "CREATE TABLE kept ()");
        kill("-KILL", &servers(directory.path()));
        // The reconcile after it finds a server that is on its way up, or the watcher's.
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "SELECT FROM kept");
        // As when the daemon is killed: nobody watches, the lock file stays.
        drop(provider);
    });
    wait_until("the server ends with its parent", || {
        servers(directory.path()).is_empty()
    });
    std::fs::write(directory.path().join("data/postmaster.pid"), "1\nstale\n").unwrap();
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "SELECT FROM kept");
        assert_ne!(postmaster(directory.path()), 1);
        provider.stop(true).await;
    });
}

#[test]
fn a_long_path_and_an_odd_name_are_no_obstacle() {
    let root = tempfile::tempdir().unwrap();
    let directory: PathBuf = root
        .path()
        .join("a directory's name, with \"all\" of it".repeat(4));
    let view = with_relation(view("pg", &directory), 7, request("web"));
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        let socket = socket(&update, 5432).to_owned();
        assert!(socket.as_os_str().len() < 108);
        select(&update, user(&update, 7), "web", "SELECT 1");
        provider.stop(true).await;
        assert!(!socket.parent().unwrap().exists());
        assert!(!directory.exists());
    });
}

#[test]
fn no_secret_is_in_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let view = with_relation(view("pg", directory.path()), 7, request("web"));
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

/// The daemon of the next test, in a process of its own.
#[test]
#[ignore = "started by the next test"]
fn daemon() {
    let directory = PathBuf::from(std::env::var_os("DAEMON_DIRECTORY").unwrap());
    let view = with_relation(view("pg", &directory), 7, request("web"));
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "CREATE TABLE kept ()");
        std::fs::write(directory.join("ready"), "").unwrap();
        std::future::pending::<()>().await;
    });
}

#[test]
fn a_killed_daemon_takes_the_server_with_it_and_the_next_one_finds_the_data() {
    let directory = tempfile::tempdir().unwrap();
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgresql::daemon", "--ignored"])
        .env("DAEMON_DIRECTORY", directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the daemon is ready", || {
        directory.path().join("ready").exists()
    });
    assert!(!servers(directory.path()).is_empty());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    wait_until("the server ends with the daemon", || {
        servers(directory.path()).is_empty()
    });
    let view = with_relation(view("pg", directory.path()), 7, request("web"));
    run(async {
        let mut provider = postgresql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        select(&update, user(&update, 7), "web", "SELECT FROM kept");
        provider.stop(false).await;
        // What `destroy` does after a daemon was killed.
        let mut heir = postgresql_k8s::provider();
        heir.adopt(directory.path());
        heir.stop(true).await;
    });
    assert!(!directory.path().exists());
}
