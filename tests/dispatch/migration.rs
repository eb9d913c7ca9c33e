//! Migrations that fail, hang or cannot be started.

use charmwright::local::model::QueuedEvent;

use super::support::{Database, Declared, Setup, World, active, blocked, run};

fn failed(command: &str, why: &str) -> (String, String) {
    blocked(&format!(
        "database migration command {command} failed, will retry in next update-status ({why})"
    ))
}

const COMMAND: &str = "bash -eo pipefail migrate.sh";

#[test]
fn a_migration_that_fails_keeps_the_app_down_until_it_succeeds() {
    run(async {
        let setup = Setup {
            charm: Declared {
                database_required: true,
                ..Declared::default()
            },
            ..Setup::default()
        };
        let world = World::with_unit(setup).await;
        world
            .write(
                "web/0",
                "/tmp/migrate.sh",
                "echo first line\necho \"no login with $POSTGRESQL_DB_PASSWORD at $POSTGRESQL_DB_CONNECT_STRING\" >&2\nexit 3\n",
            )
            .await;
        world.relate_database();
        world.provide(&Database::secret("very-secret"));
        world.drain().await;
        let text = failed(COMMAND, "exit code 3: no login with *** at ***");
        assert_eq!(world.status("web/0"), text);
        assert_eq!(world.state("web/0", "fastapi").await, "inactive");
        assert_eq!(world.starts("web/0", "fastapi").await, 0);
        let tried = world.migrations("web/0").await;
        assert_eq!(tried, 1);

        // What has nothing to do with it does not try it again.
        world.push("web/0", QueuedEvent::ConfigChanged);
        world.drain().await;
        assert_eq!(world.status("web/0"), text);
        assert_eq!(world.migrations("web/0").await, tried);
        world.update_status().await;
        assert_eq!(world.status("web/0"), text);
        assert_eq!(world.migrations("web/0").await, tried + 1);
        for ran in world.ran.borrow().iter() {
            let said = format!("{}{}{:?}", ran.stdout, ran.stderr, ran.log);
            assert!(!said.contains("very-secret"), "{said}");
        }

        world.remove("web/0", "/tmp/migrate.sh").await;
        world.update_status().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.state("web/0", "fastapi").await, "active");
        assert_eq!(world.migrations("web/0").await, tried + 2);
        world.update_status().await;
        assert_eq!(world.migrations("web/0").await, tried + 2);
    });
}

#[test]
fn a_migration_that_hangs_is_ended_after_its_time() {
    run(async {
        let setup = Setup {
            charm: Declared {
                paas_config: Some("migration-timeout: 2\n"),
                ..Declared::default()
            },
            ..Setup::default()
        };
        let world = World::new(setup);
        let unit = world.add_unit().await;
        world
            .write(
                &unit,
                "/tmp/migrate.sh",
                "echo waiting for a lock\nsleep 1000\n",
            )
            .await;
        world.drain().await;
        assert_eq!(
            world.status(&unit),
            failed(COMMAND, "ended after 2 seconds: waiting for a lock")
        );
        assert_eq!(world.starts(&unit, "fastapi").await, 0);
        world.remove(&unit, "/tmp/migrate.sh").await;
        world.update_status().await;
        assert_eq!(world.status(&unit), active());
    });
}

#[test]
fn a_migration_that_cannot_be_started_says_why() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        // A later script stands above `migrate.sh`; its interpreter is not there.
        world
            .write("web/0", "/app/migrate", "#!/nowhere/interpreter\n")
            .await;
        world.remove("web/0", "/app/migrate.sh").await;
        world.relate_database();
        world.provide(&Database::secret("very-secret"));
        world.drain().await;
        let (status, message) = world.status("web/0");
        assert_eq!(status, "blocked");
        assert!(
            message.starts_with(
                "database migration command /app/migrate failed, will retry in next update-status ("
            ),
            "{message}"
        );
        // It keeps running as it did, with the environment that its data are for.
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
    });
}

#[test]
fn a_user_that_the_rock_lacks_is_named() {
    run(async {
        let world = World::new(Setup::default());
        let unit = world.add_unit().await;
        let pebble = world.pebble(&unit);
        let users = String::from_utf8(pebble.read_file("/etc/passwd").await.unwrap()).unwrap();
        let others: Vec<&str> = users
            .lines()
            .filter(|line| !line.starts_with("_daemon_:"))
            .collect();
        world.write(&unit, "/etc/passwd", &others.join("\n")).await;
        world.drain().await;
        let (status, message) = world.status(&unit);
        assert_eq!(status, "blocked");
        assert!(
            message.starts_with(&format!("database migration command {COMMAND} failed"))
                && message.contains("_daemon_"),
            "{message}"
        );
        world.write(&unit, "/etc/passwd", &users).await;
        world.update_status().await;
        assert_eq!(world.status(&unit), active());
    });
}
