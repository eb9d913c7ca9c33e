//! The container and what is in it: absent, dying, restarted, with other services than expected.

use std::time::{Duration, Instant};

use charmwright::local::model::QueuedEvent;
use nix::sys::signal::Signal;

use super::support::{Cut, Setup, World, active, blocked, run, waiting};

const LOST: &str = "Waiting for pebble ready";

#[test]
fn a_container_that_is_not_there_yet_or_any_more_is_waited_for() {
    run(async {
        let world = World::new(Setup::default());
        let unit = world.add_unit_without_container();
        world.drain().await;
        assert_eq!(world.status(&unit), waiting(LOST));
        world.start_container(&unit).await;
        world.drain().await;
        assert_eq!(world.status(&unit), active());

        world.kill_pebble(&unit);
        world.pebble_is_gone(&unit).await;
        world.config(&[("greeting", "Anybody there?")]);
        world.update_status().await;
        assert_eq!(world.status(&unit), waiting(LOST));
        world.restart_container(&unit).await;
        world.drain().await;
        assert_eq!(world.status(&unit), active());
        let environment = world.running_environment(&unit, "fastapi").await;
        assert_eq!(environment["APP_GREETING"], "Anybody there?");
        assert_eq!(world.starts(&unit, "fastapi").await, 1);
        assert_eq!(world.migrations(&unit).await, 1);
    });
}

#[test]
fn a_pebble_that_hangs_is_waited_for_no_longer_than_it_takes_to_tell() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world.signal_pebble("web/0", Signal::SIGSTOP);
        let started = Instant::now();
        world.update_status().await;
        assert!(started.elapsed() < Duration::from_secs(60));
        assert_eq!(world.status("web/0"), waiting(LOST));
        world.signal_pebble("web/0", Signal::SIGCONT);
        world.update_status().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
    });
}

#[test]
fn a_pebble_that_dies_during_a_hook_is_waited_for_and_comes_back() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        // What an undisturbed change of an option asks Pebble for.
        world.watched.set(true);
        world.config(&[("greeting", "0")]);
        world.drain().await;
        let requests = world.last().requests;
        assert!(requests.len() > 5, "{requests:?}");
        for at in 1..=requests.len() {
            let greeting = at.to_string();
            world.config(&[("greeting", &greeting)]);
            let ran = world.step("web/0", Cut::Pebble(at)).await.unwrap();
            assert_eq!(ran.code, Some(0), "{at}: {}{}", ran.stdout, ran.stderr);
            world.pebble_is_gone("web/0").await;
            assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
            // The last answers may have come before the end.
            let status = world.status("web/0");
            assert!(
                status == waiting(LOST) || (at == requests.len() && status == active()),
                "{at} {}: {status:?}",
                requests[at - 1]
            );
            world.restart_container("web/0").await;
            world.drain().await;
            assert_eq!(world.status("web/0"), active(), "{at}");
            let environment = world.running_environment("web/0", "fastapi").await;
            assert_eq!(environment["APP_GREETING"], greeting);
        }
    });
}

#[test]
fn a_service_that_exits_at_once_is_told_with_its_last_line_and_heals() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world
            .write(
                "web/0",
                "/tmp/fastapi.sh",
                "echo starting\necho \"no module named app; key $APP_SECRET_KEY\" >&2\nexit 3\n",
            )
            .await;
        world.config(&[("greeting", "Hi!")]);
        world.drain().await;
        let text =
            blocked("service fastapi: exited quickly with code 3: no module named app; key ***");
        assert_eq!(world.status("web/0"), text);
        world.update_status().await;
        assert_eq!(world.status("web/0"), text);
        world.remove("web/0", "/tmp/fastapi.sh").await;
        world.update_status().await;
        assert_eq!(world.status("web/0"), active());
        let environment = world.running_environment("web/0", "fastapi").await;
        assert_eq!(environment["APP_GREETING"], "Hi!");
        assert_eq!(world.state("web/0", "fastapi").await, "active");
    });
}

#[test]
fn a_service_that_somebody_stopped_is_started_again() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        let pebble = world.pebble("web/0");
        let change = pebble.stop(&["fastapi"]).await.unwrap();
        pebble
            .wait_change(&change, Duration::from_secs(60))
            .await
            .unwrap();
        world.update_status().await;
        assert_eq!(world.state("web/0", "fastapi").await, "active");
        assert_eq!(world.starts("web/0", "fastapi").await, 2);
        assert_eq!(world.starts("web/0", "exporter").await, 1);
        assert_eq!(world.status("web/0"), active());
    });
}

#[test]
fn a_rock_without_the_apps_service_is_told_which_it_has() {
    run(async {
        let layer = "\
services:
  web: {override: replace, startup: enabled, command: /bin/bash /app/service web}
  exporter: {override: replace, command: /bin/bash /app/service exporter}
";
        for (layer, has) in [(layer, "exporter, web"), ("services: {}\n", "no services")] {
            let setup = Setup {
                layer,
                ..Setup::default()
            };
            let world = World::with_unit(setup).await;
            assert_eq!(
                world.status("web/0"),
                blocked(&format!(
                    "the rock has no service `fastapi`, it has: {has}; name the app's service `fastapi` in rockcraft.yaml"
                ))
            );
            world.push("web/0", QueuedEvent::ConfigChanged);
            world.drain().await;
        }
    });
}
