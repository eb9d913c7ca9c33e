//! Several units: keys, peers, schedulers, leaders; and the ingress before them.

use super::support::{Bag, Cut, Setup, WITH_HELPERS, World, active, bag, run};

const KEY: &str = "APP_SECRET_KEY";

async fn of(world: &World, unit: &str, service: &str, name: &str) -> Option<String> {
    world.running_environment(unit, service).await.remove(name)
}

fn fqdn(number: u32) -> String {
    format!("web-{number}.web-endpoints.demo.svc.cluster.local")
}

/// Asserts that all units run with the key that the leader keeps, and answers with it.
async fn shared_key(world: &World) -> String {
    let key = world.key().unwrap();
    for unit in world.units() {
        assert_eq!(
            of(world, &unit, "fastapi", KEY).await.as_ref(),
            Some(&key),
            "{unit}"
        );
    }
    key
}

#[test]
fn units_share_a_key_which_only_the_leader_rotates() {
    run(async {
        let world = World::new(Setup::default());
        for _ in 0..3 {
            world.add_unit().await;
        }
        world.drain().await;
        for unit in world.units() {
            assert_eq!(world.status(&unit), active(), "{unit}");
        }
        let mut keys = vec![shared_key(&world).await];

        let action = world.action("web/1", "rotate-secret-key").await;
        {
            let model = world.model.borrow();
            let action = &model.actions[&action];
            assert_eq!(action.message, "only leader unit can rotate secret key");
        }
        assert_eq!(shared_key(&world).await, keys[0]);

        for _ in 0..2 {
            let action = world.action("web/0", "rotate-secret-key").await;
            let results = world.model.borrow().actions[&action].results.clone();
            assert_eq!(results["status"], "success");
            let key = shared_key(&world).await;
            assert!(!keys.contains(&key));
            keys.push(key);
        }
        // Nobody but the peers' secret knows it after a rotation.
        let model = world.model.borrow();
        for relation in model.relations.values() {
            let bags = format!("{:?}", relation.bags);
            assert!(keys.iter().all(|key| !bags.contains(key)), "{bags}");
        }
        for ran in world.ran.borrow().iter() {
            let calls: Vec<&Vec<String>> = ran.calls.iter().map(|call| &call.arguments).collect();
            let shown = format!("{calls:?}{}{}{:?}", ran.stdout, ran.stderr, ran.log);
            assert!(keys.iter().all(|key| !shown.contains(key)), "{shown}");
        }
    });
}

#[test]
fn a_new_leader_keeps_the_key_and_can_rotate_it() {
    run(async {
        let world = World::new(Setup::default());
        for _ in 0..2 {
            world.add_unit().await;
        }
        world.drain().await;
        world.action("web/0", "rotate-secret-key").await;
        let before = shared_key(&world).await;
        world.remove_unit("web/0");
        world.drain().await;
        assert_eq!(world.units(), ["web/1"]);
        assert_eq!(shared_key(&world).await, before);
        world.action("web/1", "rotate-secret-key").await;
        assert_ne!(shared_key(&world).await, before);
        world.add_unit().await;
        world.drain().await;
        shared_key(&world).await;
    });
}

#[test]
fn peers_are_known_by_name_and_schedulers_run_once() {
    run(async {
        let setup = Setup {
            layer: WITH_HELPERS,
            ..Setup::default()
        };
        let world = World::with_unit(setup).await;
        assert_eq!(of(&world, "web/0", "fastapi", "APP_PEER_FQDNS").await, None);
        assert_eq!(world.state("web/0", "cron-scheduler").await, "active");
        world.add_unit().await;
        world.add_unit().await;
        world.drain().await;
        let services = ["fastapi", "jobs-worker"];
        for (number, others) in [(0, [1, 2]), (1, [0, 2]), (2, [0, 1])] {
            let unit = format!("web/{number}");
            let names = format!("{},{}", fqdn(others[0]), fqdn(others[1]));
            for service in services {
                assert_eq!(
                    of(&world, &unit, service, "APP_PEER_FQDNS").await,
                    Some(names.clone()),
                    "{unit} {service}"
                );
                assert_eq!(world.state(&unit, service).await, "active");
            }
            let here = if number == 0 { "active" } else { "inactive" };
            assert_eq!(world.state(&unit, "cron-scheduler").await, here, "{unit}");
        }
        // A worker keeps what the rock gave it, and has the app's variables.
        let worker = world.running_environment("web/0", "jobs-worker").await;
        assert_eq!(worker["ROCK_ONLY"], "of the worker");
        assert_eq!(worker[KEY], world.key().unwrap());
        // What is not the app's stays as the rock has it.
        let exporter = world.running_environment("web/0", "exporter").await;
        assert_eq!(exporter["EXPORTS"], "everything");
        assert_eq!(exporter.get(KEY), None);

        world.remove_unit("web/0");
        world.drain().await;
        assert_eq!(world.state("web/1", "cron-scheduler").await, "active");
        assert_eq!(world.state("web/2", "cron-scheduler").await, "inactive");
        assert_eq!(
            of(&world, "web/1", "fastapi", "APP_PEER_FQDNS").await,
            Some(fqdn(2))
        );
        world.remove_unit("web/2");
        world.drain().await;
        assert_eq!(of(&world, "web/1", "fastapi", "APP_PEER_FQDNS").await, None);
    });
}

#[test]
fn the_ingress_hears_of_the_open_port_from_the_hook_that_opens_it() {
    run(async {
        let world = World::new(Setup::default());
        let (id, changes) = world.model.borrow_mut().integrate("web", "edge").unwrap();
        world.model.borrow_mut().enqueue(changes);
        let unit = world.add_unit_without_container();
        world.drain().await;
        assert_eq!(world.bag(id, "web").get("is_port_open"), None);
        world.start_container(&unit).await;
        let ran = world.step(&unit, Cut::Never).await.unwrap();
        assert_eq!(ran.event, "app-pebble-ready");
        assert_eq!(world.bag(id, "web")["is_port_open"], "true");
    });
}

#[test]
fn the_ingress_hears_where_the_units_are_and_says_where_the_app_is() {
    run(async {
        let world = World::new(Setup::default());
        world.add_unit().await;
        world.add_unit().await;
        world.drain().await;
        let (id, changes) = world.model.borrow_mut().integrate("web", "edge").unwrap();
        world.model.borrow_mut().enqueue(changes);
        world.drain().await;
        let app = bag(&[
            ("model", "\"demo\""),
            ("name", "\"web\""),
            ("port", "8080"),
            ("strip-prefix", "true"),
            ("is_port_open", "true"),
        ]);
        assert_eq!(world.bag(id, "web"), app);
        for number in 0..2 {
            let mut found = world.bag(id, &format!("web/{number}"));
            let network = ["egress-subnets", "ingress-address", "private-address"];
            found.retain(|key, _| !network.contains(&key.as_str()));
            let host = format!("{:?}", fqdn(number));
            let address = format!("\"10.1.0.{}\"", 10 + number);
            assert_eq!(found, bag(&[("host", &host), ("ip", &address)]));
        }
        let base_url = async || {
            of(&world, "web/1", "fastapi", "APP_BASE_URL")
                .await
                .unwrap()
        };
        assert_eq!(base_url().await, "http://web.demo:8080");
        let say = |text: &str| {
            let changes = world
                .model
                .borrow_mut()
                .set_bag(id, "edge", bag(&[("ingress", text)]));
            world.model.borrow_mut().enqueue(changes);
        };
        say(r#"{"url": "https://apps.example/demo-web"}"#);
        world.drain().await;
        assert_eq!(base_url().await, "https://apps.example/demo-web");
        // Nonsense does not take the app down.
        say("{");
        world.drain().await;
        assert_eq!(base_url().await, "http://web.demo:8080");
        assert_eq!(world.status("web/1"), active());
        say(r#"{"url": "http://apps.example:80"}"#);
        world.drain().await;
        assert_eq!(base_url().await, "http://apps.example/");

        world.config(&[("webserver-port", "9090")]);
        world.drain().await;
        let mut moved = app;
        moved.insert("port".into(), "9090".into());
        assert_eq!(world.bag(id, "web"), moved);
        let ports = world.model.borrow().unit("web/1").unwrap().ports.clone();
        assert_eq!(ports.into_iter().collect::<Vec<_>>(), ["9090/tcp"]);
        let environment: Bag = world.running_environment("web/1", "fastapi").await;
        assert_eq!(environment["UVICORN_PORT"], "9090");

        let changes = world
            .model
            .borrow_mut()
            .remove_relation("web", "edge")
            .unwrap();
        world.model.borrow_mut().enqueue(changes);
        world.drain().await;
        assert_eq!(base_url().await, "http://web.demo:9090");
    });
}
