//! What a unit goes through while all is well.

use charmwright::local::model::QueuedEvent;
use charmwright::pebble::ChangeSelect;

use super::support::{Bag, Setup, World, active, bag, run};

/// The environment of a first unit named `web/0` in the model `demo` (contract: runtime, section 5, rows 1 to 6),
/// with the variables of the rock that the charm does not set.
fn environment(key: &str, greeting: &str) -> Bag {
    bag(&[
        ("APP_BASE_URL", "http://web.demo:8080"),
        ("APP_GREETING", greeting),
        ("APP_SECRET_KEY", key),
        ("METRICS_PATH", "/metrics"),
        ("METRICS_PORT", "8080"),
        ("ROCK_ONLY", "from the rock"),
        ("UVICORN_HOST", "0.0.0.0"),
        ("UVICORN_LOG_LEVEL", "info"),
        ("UVICORN_PORT", "8080"),
        ("WEB_CONCURRENCY", "1"),
    ])
}

async fn app_environment(world: &World, unit: &str) -> Bag {
    let mut facts = world.facts().await;
    let key = world.key().unwrap();
    let mut running = facts.units.remove(unit).unwrap().running;
    let mut found = running.remove("fastapi").unwrap();
    for value in found.values_mut() {
        *value = value.replace("KEY", &key);
    }
    found
}

#[test]
fn the_app_runs_with_the_contracts_environment_and_follows_its_options() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        assert_eq!(world.status("web/0"), active());
        let events: Vec<String> = world
            .ran
            .borrow()
            .iter()
            .map(|ran| ran.event.clone())
            .collect();
        assert_eq!(
            events,
            [
                "install",
                "secret-storage-relation-created",
                "leader-elected",
                "app-pebble-ready",
                "config-changed",
                "start",
            ]
        );
        let key = world.key().unwrap();
        assert!(key.len() >= 64, "{key}");
        assert_eq!(
            app_environment(&world, "web/0").await,
            environment(&key, "Hello")
        );
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
        assert_eq!(world.migrations("web/0").await, 1);
        let ports = world.model.borrow().unit("web/0").unwrap().ports.clone();
        assert_eq!(ports.into_iter().collect::<Vec<_>>(), ["8080/tcp"]);

        world.config(&[("greeting", "Good day!")]);
        world.drain().await;
        assert_eq!(
            app_environment(&world, "web/0").await,
            environment(&key, "Good day!")
        );
        assert_eq!(world.starts("web/0", "fastapi").await, 2);
        assert_eq!(world.starts("web/0", "exporter").await, 1);
        assert_eq!(world.migrations("web/0").await, 1);
        assert_eq!(world.status("web/0"), active());
    });
}

#[test]
fn an_event_with_nothing_to_do_only_reads() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world.watched.set(true);
        let changes = async || {
            let pebble = world.pebble("web/0");
            pebble.changes(ChangeSelect::All, None).await.unwrap().len()
        };
        let before = changes().await;
        for event in [
            QueuedEvent::UpdateStatus,
            QueuedEvent::ConfigChanged,
            QueuedEvent::Start,
            QueuedEvent::UpgradeCharm,
            QueuedEvent::LeaderElected,
        ] {
            world.push("web/0", event);
            world.drain().await;
            let ran = world.last();
            assert!(ran.writes().is_empty(), "{}: {:?}", ran.event, ran.writes());
            let writes: Vec<&String> = ran
                .requests
                .iter()
                .filter(|request| !request.starts_with("GET "))
                .collect();
            assert!(writes.is_empty(), "{}: {writes:?}", ran.event);
            assert!(ran.requests.len() <= 4, "{:?}", ran.requests);
            // At most one for each of the six declared endpoints plus four.
            assert!(ran.calls.len() <= 6 + 4, "{}: {:?}", ran.event, ran.calls);
        }
        assert_eq!(changes().await, before);
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
        assert_eq!(world.migrations("web/0").await, 1);
    });
}
