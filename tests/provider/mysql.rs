//! A real server. Without MariaDB or MySQL on the machine these fail with the command that installs it.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use charmwright::local::model::Status;
use charmwright::local::provider::{Provider, Update, mysql_k8s};

use super::database::{Kind, hostnames, request, servers, socket, tests_of_every_kind, user};
use super::{Bag, bag, run, view};

const KIND: Kind = Kind {
    provider: mysql_k8s::provider,
    interface: "mysql_client",
    port: 3306,
    client: mysql,
    make: "CREATE TABLE kept (id INT PRIMARY KEY)",
    look: "SELECT * FROM kept",
    lock: "server.pid",
    daemon: "mysql::daemon",
};

/// The client as an application runs it, but through the service's socket.
fn mysql(update: &Update, credentials: &Bag, database: &str, sql: &str) -> Output {
    Command::new("mariadb")
        .args(["--no-defaults", "--batch", "--skip-column-names"])
        .arg("--default-character-set=utf8mb4")
        .args(["--user", &credentials["username"]])
        .arg("--socket")
        .arg(socket(update, KIND.port))
        .args(["--database", database, "--execute", sql])
        .env("MYSQL_PWD", &credentials["password"])
        .stdin(Stdio::null())
        .output()
        .expect("mariadb is missing: apt-get install --yes mariadb-client-core")
}

#[test]
fn a_relation_gets_what_the_charm_publishes_and_the_same_answer_twice() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = mysql_k8s::provider();
        let mut bag = request("web");
        bag.insert("external-node-connectivity".into(), "true".into());
        bag.insert("extra-user-roles".into(), "admin".into());
        let view = KIND.with_relation(view("mysql-k8s", directory.path()), 7, bag);
        let update = KIND.answers_the_same_twice(&mut provider, &view).await;
        assert_eq!(
            update.status,
            Status {
                status: "active".into(),
                message: "Primary".into()
            }
        );

        let answer = &update.application_bags[&7];
        let keys: Vec<_> = answer.keys().map(String::as_str).collect();
        let published = [
            "data",
            "database",
            "endpoints",
            "read-only-endpoints",
            "secret-user",
            "version",
        ];
        assert_eq!(keys, published);
        assert_eq!(answer["database"], "web");
        assert_eq!(
            answer["endpoints"],
            "mysql-k8s-primary.demo.svc.cluster.local.:3306"
        );
        assert_eq!(
            answer["read-only-endpoints"],
            "mysql-k8s-replicas.demo.svc.cluster.local.:3306"
        );
        assert_eq!(answer["secret-user"], "secret://database.7.user.secret");
        assert_eq!(
            hostnames(&update),
            [
                "mysql-k8s-primary.demo.svc.cluster.local",
                "mysql-k8s-primary.demo.svc.cluster.local.",
                "mysql-k8s-replicas.demo.svc.cluster.local",
                "mysql-k8s-replicas.demo.svc.cluster.local.",
            ]
        );

        let user = user(&update, 7);
        let keys: Vec<_> = user.keys().map(String::as_str).collect();
        assert_eq!(keys, ["password", "username"]);
        assert_eq!(user["username"], "relation-7_0f1e2d3c4b5a497");
        let sql = |sql| KIND.select(&update, user, "web", sql);
        assert_eq!(sql("SELECT VERSION()"), answer["version"]);
        assert_eq!(sql("SELECT CURRENT_USER()"), "relation-7_0f1e2d3c4b5a497@%");
        sql("CREATE TABLE visitors (id INT AUTO_INCREMENT PRIMARY KEY, at TIMESTAMP, word TEXT)");
        sql("INSERT INTO visitors (word) VALUES ('Grüße 😀')");
        assert_eq!(
            sql("SELECT COUNT(*), MAX(word) FROM visitors"),
            "1\tGrüße 😀"
        );
        // As with the charm's group replication.
        let keyless = KIND.refused(&update, user, "web", "CREATE TABLE keyless (word TEXT)");
        assert!(keyless.contains("requires a primary key"), "{keyless}");
        KIND.refused(&update, user, "web", "SELECT * FROM mysql.global_priv");
        KIND.refused(&update, user, "web", "CREATE DATABASE other");
        provider.stop(true).await;
    });
    assert!(!directory.path().exists() || servers(directory.path()).is_empty());
}

#[test]
fn a_removed_relation_cannot_log_in_and_its_data_stays_for_the_next() {
    let name = r#"we'b`"=\; x"#;
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = mysql_k8s::provider();
        let empty = view("db", directory.path());
        let related = KIND.with_relation(empty.clone(), 3, request(name));
        let update = provider.reconcile(&related).await.unwrap();
        let old = user(&update, 3).clone();
        KIND.select(&update, &old, name, KIND.make);
        KIND.select(&update, &old, name, "INSERT INTO kept VALUES (42)");

        let gone = provider.reconcile(&empty).await.unwrap();
        assert!(gone.application_bags.is_empty() && gone.secrets.is_empty());
        let error = KIND.refused(&gone, &old, name, "SELECT 1");
        assert!(error.contains("Access denied"), "{error}");

        let next = provider
            .reconcile(&KIND.with_relation(empty, 4, request(name)))
            .await
            .unwrap();
        let new = user(&next, 4);
        assert_ne!(new["username"], old["username"]);
        assert_ne!(new["password"], old["password"]);
        assert_eq!(KIND.select(&next, new, name, "SELECT id FROM kept"), "42");
        KIND.select(
            &next,
            new,
            name,
            "ALTER TABLE kept ADD more TEXT; DROP TABLE kept",
        );
        provider.stop(true).await;
    });
}

#[test]
fn relations_are_kept_apart_and_one_that_asks_nonsense_blocks_without_harm() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut provider = mysql_k8s::provider();
        let mut view = KIND.with_relation(view("db", directory.path()), 1, request("o_e"));
        view = KIND.with_relation(view, 2, bag(&[("database", "two")]));
        view = KIND.with_relation(view, 3, request("oxe"));
        view = KIND.with_relation(view, 5, request("mysql"));
        view = KIND.with_relation(view, 6, Bag::new());
        let mut router = request("nowhere");
        router.insert("extra-user-roles".into(), "mysqlrouter".into());
        view = KIND.with_relation(view, 8, router);
        let update = provider.reconcile(&view).await.unwrap();
        KIND.is_blocked_by_5_alone(&update, &[1, 2, 3, 8], "oxe");
        assert!(!update.application_bags[&2].contains_key("secret-user"));
        // A name in a grant is a pattern, in which `_` is any letter.
        KIND.refused(&update, user(&update, 1), "oxe", "SELECT 1");
        let router = user(&update, 8);
        let databases = KIND.select(&update, router, "two", "SHOW DATABASES LIKE 'nowhere'");
        assert_eq!(databases, "");
        KIND.select(
            &update,
            router,
            "two",
            "CREATE USER more; GRANT SELECT ON two.* TO more",
        );
        provider.stop(true).await;
    });
}

#[test]
fn nobody_is_operator_without_the_password_which_is_in_no_log_and_no_argument() {
    let directory = tempfile::tempdir().unwrap();
    let view = KIND.view(directory.path());
    run(async {
        let mut provider = mysql_k8s::provider();
        let update = provider.reconcile(&view).await.unwrap();
        for name in ["root", "mysql", "mariadb.sys", ""] {
            let nobody = bag(&[("username", name), ("password", "")]);
            KIND.refused(&update, &nobody, "web", "SELECT 1");
        }
        let credentials = directory.path().join("client.cnf");
        for secret in [&credentials, &directory.path().join("init.sql")] {
            let mode = secret.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", secret.display());
        }
        let text = std::fs::read_to_string(credentials).unwrap();
        let operator = text.lines().find_map(|line| line.strip_prefix("password="));
        let log = std::fs::read_to_string(directory.path().join("server.log")).unwrap();
        assert!(log.contains("ready for connections"));
        for process in servers(directory.path()) {
            let arguments = std::fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap();
            for secret in [operator.unwrap(), &user(&update, 7)["password"]] {
                assert!(!log.contains(secret) && !arguments.contains(secret));
            }
        }
        provider.stop(true).await;
    });
}

tests_of_every_kind!();
