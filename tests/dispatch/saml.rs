//! The certificate that Spring Boot reads of a file, on a real Pebble.

use std::rc::Rc;

use super::support::{Cut, Declared, Setup, World, active, bag, blocked, run};

const UNIT: &str = "web/0";
const SERVICE: &str = "spring-boot";

/// What the app has found when it was started, and whose it is.
const READ: &str = "cat /app/saml.cert > /tmp/seen\nstat -c %U:%G /app/saml.cert > /tmp/owner\n";

fn say(world: &World, relation: u32, entries: &[(&str, &str)]) {
    let mut model = world.model.borrow_mut();
    let changes = model.set_bag(relation, "idp", bag(entries));
    model.enqueue(changes);
}

/// Nothing is written, and nothing starts anew.
async fn assert_settled(world: &Rc<World>) {
    let starts = world.starts(UNIT, SERVICE).await;
    world.watched.set(true);
    world.update_status().await;
    let ran = world.last();
    assert_eq!(ran.writes(), Vec::<&_>::new());
    let reads = |request: &String| request.starts_with("GET ");
    assert!(ran.requests.iter().all(reads), "{:?}", ran.requests);
    assert_eq!(world.starts(UNIT, SERVICE).await, starts);
}

#[test]
fn the_app_has_read_the_last_certificate_wherever_its_hook_was_killed() {
    run(async {
        let world = World::with_unit(Setup {
            charm: Declared {
                framework: SERVICE,
                ..Declared::default()
            },
            layer: include_str!("../contract/rock-layer-spring-boot.yaml"),
            ..Setup::default()
        })
        .await;
        world.write(UNIT, "/tmp/spring-boot.sh", READ).await;
        let (id, changes) = world.model.borrow_mut().integrate("web", "idp").unwrap();
        world.model.borrow_mut().enqueue(changes);
        world.drain().await;
        assert_eq!(world.status(UNIT), active());
        assert!(world.bag(id, "web").is_empty());
        say(&world, id, &[("entity_id", "https://idp")]);
        world.drain().await;
        assert_eq!(world.status(UNIT), blocked("Invalid saml relation data."));

        let mut at = 0;
        loop {
            at += 1;
            let certificate = format!("MII{at}");
            let entries = [("entity_id", "https://idp"), ("x509certs", &certificate)];
            say(&world, id, &entries);
            let ran = world.step(UNIT, Cut::Request(at)).await.unwrap();
            world.drain().await;
            world.update_status().await;
            let when = format!("cut at request {at}: {:?}", ran.requests.last());
            assert_eq!(world.status(UNIT), active(), "{when}");
            let expected =
                format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----");
            let seen = world.file(UNIT, "/tmp/seen").await;
            assert_eq!(seen, Some(expected), "{when}");
            if ran.code.is_some() {
                break;
            }
        }
        // The reads, the file, the migration, the layer and its replan are one each at least.
        assert!(at > 8, "{at}");
        let owner = world.file(UNIT, "/tmp/owner").await.unwrap();
        assert_eq!(owner.trim(), "_daemon_:_daemon_");
        let running = world.running_environment(UNIT, SERVICE).await;
        assert_eq!(running["SAML_ENTITY_ID"], "https://idp");
        assert_settled(&world).await;

        let changes = world.model.borrow_mut().remove_relation("web", "idp");
        world.model.borrow_mut().enqueue(changes.unwrap());
        world.drain().await;
        assert_eq!(world.status(UNIT), active());
        let running = world.running_environment(UNIT, SERVICE).await;
        assert!(
            !running
                .keys()
                .any(|name| name.to_lowercase().contains("saml"))
        );
        assert_settled(&world).await;
    });
}
