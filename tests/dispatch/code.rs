//! A charm with code of its own, `examples/greeter`: packed by itself, run on a real Pebble.

use super::support::{Declared, Setup, World, active, bag, blocked, run};

const UNIT: &str = "web/0";

fn setup() -> Setup {
    Setup {
        charm: Declared {
            greeter: true,
            ..Declared::default()
        },
        ..Setup::default()
    }
}

#[test]
fn a_charms_own_variable_interface_and_actions_work_as_built_in_ones() {
    run(async {
        let world = World::with_unit(setup()).await;
        assert_eq!(world.status(UNIT), active());
        let running = || world.running_environment(UNIT, "fastapi");
        assert!(!running().await.contains_key("CACHE_MB"));

        // The variable, and what keeps it from being computed.
        world.config(&[("cache-mb", "64")]);
        world.drain().await;
        assert_eq!(running().await["CACHE_MB"], "64");
        world.config(&[("cache-mb", "0")]);
        world.drain().await;
        let text =
            "variable CACHE_MB: 0 MB are too few for 1 units; run `juju config web cache-mb=1`";
        assert_eq!(world.status(UNIT), blocked(text));
        assert_eq!(world.state(UNIT, "fastapi").await, "active");
        world.config(&[("cache-mb", "64")]);
        world.drain().await;
        assert_eq!(world.status(UNIT), active());

        // The interface: a request, a variable, a secret, and data that cannot be used.
        let (id, changes) = world
            .model
            .borrow_mut()
            .integrate("web:motd", "bulletin")
            .unwrap();
        world.model.borrow_mut().enqueue(changes);
        world.drain().await;
        assert_eq!(world.bag(id, "web"), bag(&[("language", "en")]));
        assert_eq!(world.status(UNIT), active());
        let say = |token: &str| {
            let mut model = world.model.borrow_mut();
            let label = format!("motd-{}", token.len());
            let (secret, mut changes) = model
                .put_secret(Some("bulletin"), &label, bag(&[("token", token)]))
                .unwrap();
            model.grant_secret(&secret, "web", Some(id)).unwrap();
            let uri = format!("secret:{secret}");
            let said = bag(&[("message", "Be kind"), ("token-secret", &uri)]);
            changes.extend(model.set_bag(id, "bulletin", said));
            model.enqueue(changes);
        };
        say("a-seeded-token");
        world.drain().await;
        let environment = running().await;
        assert_eq!(
            (
                environment["MOTD"].as_str(),
                environment["MOTD_TOKEN"].as_str()
            ),
            ("Be kind", "a-seeded-token")
        );
        say("a seeded token");
        world.drain().await;
        assert_eq!(world.status(UNIT), blocked("Invalid motd relation data."));
        assert!(
            world.last().stderr.contains("the token `***` has a blank"),
            "{}",
            world.last().stderr
        );
        say("a-seeded-token");
        world.drain().await;
        assert_eq!(world.status(UNIT), active());

        // The actions.
        let ended = |id: u32| {
            let model = world.model.borrow();
            let action = &model.actions[&id];
            (action.message.clone(), action.results.clone())
        };
        let (message, results) = ended(world.action_with(UNIT, "greet", &[("name", "Anna")]).await);
        assert_eq!(message, "");
        assert_eq!(
            (results["text"].as_str(), results["unit"].as_str()),
            (Some("Hello, Anna!"), Some(UNIT))
        );
        let (message, results) = ended(
            world
                .action_with(UNIT, "look", &[("name", "It's \"Anna\"")])
                .await,
        );
        assert_eq!(message, "");
        let said = "It's \"Anna\" by _daemon_ in /app, password ***";
        assert_eq!(results["said"].as_str(), Some(said));
        assert_eq!(results["password"].as_str().map(str::len), Some(22));
        world.facts().await.assert_sound("fastapi");

        // With nothing to do nothing is done, and nothing secret was said.
        world.update_status().await;
        assert!(
            world.last().writes().is_empty(),
            "{:?}",
            world.last().writes()
        );
        for ran in world.ran.borrow().iter() {
            let said = format!(
                "{}{}{:?}{:?}",
                ran.stdout,
                ran.stderr,
                ran.log,
                ran.writes()
            );
            assert!(
                !said.contains("a-seeded-token") && !said.contains("a seeded token"),
                "{said}"
            );
        }
    });
}
