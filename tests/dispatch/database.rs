//! The database comes, changes and goes.

use super::support::{Bag, Database, Declared, Setup, World, active, blocked, run};

const DATABASE: [&str; 12] = [
    "POSTGRESQL_DB_CONNECT_STRING",
    "POSTGRESQL_DB_FRAGMENT",
    "POSTGRESQL_DB_HOSTNAME",
    "POSTGRESQL_DB_NAME",
    "POSTGRESQL_DB_NETLOC",
    "POSTGRESQL_DB_PARAMS",
    "POSTGRESQL_DB_PASSWORD",
    "POSTGRESQL_DB_PATH",
    "POSTGRESQL_DB_PORT",
    "POSTGRESQL_DB_QUERY",
    "POSTGRESQL_DB_SCHEME",
    "POSTGRESQL_DB_USERNAME",
];

/// The database's variables in the app's running environment.
async fn variables(world: &World) -> Bag {
    let running = world.running_environment("web/0", "fastapi").await;
    running
        .into_iter()
        .filter(|(name, _)| name.starts_with("POSTGRESQL"))
        .collect()
}

async fn variable(world: &World, name: &str) -> String {
    variables(world)
        .await
        .remove(&format!("POSTGRESQL_DB_{name}"))
        .unwrap_or_default()
}

#[test]
fn an_optional_database_is_asked_for_used_and_given_up() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        let id = world.relate_database();
        world.drain().await;
        let request = world.bag(id, "web");
        assert_eq!(request["database"], "web");
        let secrets: Vec<String> = serde_json::from_str(&request["requested-secrets"]).unwrap();
        for field in ["username", "password", "uris"] {
            assert!(secrets.iter().any(|secret| secret == field), "{secrets:?}");
        }
        // Nobody waits for what is optional, and nothing is restarted for a request.
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
        world.provide(&Database::Half);
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
        assert_eq!(world.migrations("web/0").await, 1);

        world.provide(&Database::secret("first-password"));
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, 2);
        assert_eq!(world.migrations("web/0").await, 2);
        assert_eq!(
            variable(&world, "CONNECT_STRING").await,
            "postgresql://anna:first-password@pg-primary.demo.svc.cluster.local:5432/web"
        );
        assert_eq!(variable(&world, "NAME").await, "web");
        assert_eq!(variable(&world, "PORT").await, "5432");
        let found = variables(&world).await;
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, DATABASE);

        // A new password reaches the app, and is no reason to migrate.
        world.provide(&Database::secret("second-password"));
        world.drain().await;
        assert_eq!(world.last().event, "secret-changed");
        assert_eq!(variable(&world, "PASSWORD").await, "second-password");
        assert_eq!(world.starts("web/0", "fastapi").await, 3);
        assert_eq!(world.migrations("web/0").await, 2);
        for ran in world.ran.borrow().iter() {
            let said = format!("{}{}{:?}", ran.stdout, ran.stderr, ran.log);
            let arguments: Vec<&Vec<String>> =
                ran.calls.iter().map(|call| &call.arguments).collect();
            for secret in ["first-password", "second-password"] {
                assert!(!said.contains(secret), "{}: {said}", ran.event);
                assert!(!format!("{arguments:?}").contains(secret), "{}", ran.event);
            }
        }

        world.unrelate_database();
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(variables(&world).await, Bag::new());
        assert_eq!(world.starts("web/0", "fastapi").await, 4);
        // There is no database to migrate.
        assert_eq!(world.migrations("web/0").await, 2);

        world.relate_database();
        world.provide(&Database::secret("third-password"));
        world.drain().await;
        assert_eq!(variable(&world, "PASSWORD").await, "third-password");
        assert_eq!(world.migrations("web/0").await, 3);
    });
}

#[test]
fn a_required_database_stops_the_app_while_it_is_missing() {
    run(async {
        let setup = Setup {
            charm: Declared {
                database_required: true,
                ..Declared::default()
            },
            ..Setup::default()
        };
        let world = World::with_unit(setup).await;
        let missing = blocked("missing integrations: postgresql");
        assert_eq!(world.status("web/0"), missing);
        let app = world.model.borrow().applications["web"].status.clone();
        assert_eq!((app.status, app.message), missing);
        assert_eq!(world.state("web/0", "fastapi").await, "inactive");
        assert_eq!(world.starts("web/0", "fastapi").await, 0);
        assert_eq!(world.migrations("web/0").await, 0);
        let pebble = world.pebble("web/0");
        let change = pebble.start(&["exporter"]).await.unwrap();
        pebble
            .wait_change(&change, std::time::Duration::from_secs(60))
            .await
            .unwrap();

        let id = world.relate_database();
        world.drain().await;
        assert_eq!(world.bag(id, "web")["database"], "web");
        assert_eq!(world.status("web/0"), missing);
        for data in [Database::Silent, Database::Half] {
            world.provide(&data);
            world.drain().await;
            assert_eq!(world.status("web/0"), missing, "{data:?}");
        }
        world.provide(&Database::secret("password-one"));
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.migrations("web/0").await, 1);
        assert_eq!(variable(&world, "PASSWORD").await, "password-one");

        world.unrelate_database();
        world.drain().await;
        assert_eq!(world.status("web/0"), missing);
        assert_eq!(world.state("web/0", "fastapi").await, "inactive");
        assert_eq!(world.state("web/0", "exporter").await, "active");
        assert_eq!(world.starts("web/0", "exporter").await, 1);

        world.relate_database();
        world.provide(&Database::secret("password-two"));
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.state("web/0", "fastapi").await, "active");
        assert_eq!(variable(&world, "PASSWORD").await, "password-two");
        assert_eq!(world.migrations("web/0").await, 2);
    });
}

#[test]
fn whatever_the_provider_says_is_used_waited_for_or_named_as_invalid() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world.relate_database();
        let reserved = "p@ss/w:o#r?d%&='\" ";
        let encoded = "p%40ss%2Fw%3Ao%23r%3Fd%25%26%3D%27%22%20";
        for data in [Database::Plain(reserved.into()), Database::secret(reserved)] {
            world.provide(&data);
            world.drain().await;
            assert_eq!(world.status("web/0"), active(), "{data:?}");
            assert_eq!(variable(&world, "PASSWORD").await, reserved, "{data:?}");
            let url = variable(&world, "CONNECT_STRING").await;
            let host = "pg-primary.demo.svc.cluster.local:5432";
            assert_eq!(url, format!("postgresql://anna:{encoded}@{host}/web"));
        }
        let before = world.starts("web/0", "fastapi").await;

        world.provide(&Database::Malformed);
        world.drain().await;
        assert_eq!(
            world.status("web/0"),
            blocked("Invalid postgresql relation data.")
        );
        assert_eq!(world.starts("web/0", "fastapi").await, before);

        world.provide(&Database::Several);
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        let first = "postgresql://anna:pw-one@a:5432/web";
        let second = "postgresql://anna:pw-one@b:5432/web";
        assert_eq!(variable(&world, "CONNECT_STRING").await, first);
        assert_eq!(
            variable(&world, "CONNECT_STRINGS").await,
            format!("{first},{second}")
        );
    });
}
