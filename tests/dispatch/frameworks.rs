//! Each framework's rock, as rockcraft lays its services out, with the app a stand-in.

use charmwright::juju::Port;
use charmwright::local::model::QueuedEvent;

use super::support::framework::{DJANGO, FRAMEWORKS, Framework, GO};
use super::support::{Bag, Database, Declared, Setup, World, active, bag, blocked, run};

/// The names by which ours lets Django be reached (known defect 40).
const DJANGO_ALLOWED_HOSTS: &str = r#"["web.demo", "web", "web.demo.svc.cluster.local", "web-0.web-endpoints.demo.svc.cluster.local"]"#;

fn setup(framework: &Framework) -> Setup {
    Setup {
        charm: Declared {
            framework: framework.name,
            ..Declared::default()
        },
        layer: framework.layer,
        ..Setup::default()
    }
}

/// What the plan has for the app, without what its database gives.
async fn planned(world: &World, framework: &str) -> Bag {
    let mut facts = world.facts().await;
    let mut planned = facts.units.remove("web/0").unwrap().planned;
    let mut environment = planned.remove(framework).unwrap();
    environment.retain(|name, _| {
        !name.starts_with("POSTGRESQL_DB_")
            && !name.starts_with("spring.datasource.")
            && !name.starts_with("spring.jpa.")
    });
    environment
}

async fn with_database(framework: &Framework) -> std::rc::Rc<World> {
    let world = World::with_unit(setup(framework)).await;
    world.relate_database();
    world.provide(&Database::secret("a-password"));
    world.drain().await;
    assert_eq!(world.status("web/0"), active(), "{}", framework.name);
    world
}

#[test]
fn every_frameworks_app_runs_with_the_contracts_environment_and_is_left_alone_then() {
    for framework in FRAMEWORKS {
        run(async {
            let world = with_database(framework).await;
            let name = framework.name;
            let mut expected = bag(framework.variables);
            if name == DJANGO.name {
                expected.insert("DJANGO_ALLOWED_HOSTS".into(), DJANGO_ALLOWED_HOSTS.into());
            }
            expected.insert(framework.key.to_owned(), "KEY".to_owned());
            assert_eq!(planned(&world, name).await, expected, "{name}");
            let key = world.key().unwrap();
            let running = world.running_environment("web/0", name).await;
            // Spring's names are none of a shell's, but Java gets them all the same.
            assert_eq!(running[framework.key], key, "{name}");
            let open: Vec<String> = world
                .model
                .borrow()
                .unit("web/0")
                .unwrap()
                .ports
                .iter()
                .cloned()
                .collect();
            assert_eq!(open, [Port::tcp(framework.port).to_string()], "{name}");
            assert_eq!(world.state("web/0", name).await, "active");
            world.facts().await.assert_sound(name);

            let starts = world.starts("web/0", name).await;
            world.push("web/0", QueuedEvent::UpdateStatus);
            world.drain().await;
            assert!(
                world.last().writes().is_empty(),
                "{name}: {:?}",
                world.last().writes()
            );
            assert_eq!(world.starts("web/0", name).await, starts, "{name}");
        });
    }
}

#[test]
fn every_frameworks_app_that_ends_at_once_is_told_with_its_last_line() {
    for framework in FRAMEWORKS {
        run(async {
            let world = with_database(framework).await;
            let name = framework.name;
            let script = format!(
                "echo starting\necho \"no such thing; key ${}\" >&2\nexit 3\n",
                framework.key
            );
            world
                .write("web/0", &format!("/tmp/{name}.sh"), &script)
                .await;
            world.config(&[("greeting", "Hi!")]);
            world.drain().await;
            assert_eq!(
                world.status("web/0"),
                blocked(&format!(
                    "service {name}: exited quickly with code 3: no such thing; key ***"
                ))
            );
        });
    }
}

#[test]
fn a_service_that_ends_soon_after_each_start_is_told_too() {
    run(async {
        let world = with_database(&GO).await;
        let script =
            "sleep 1.5\necho 'panic: no database'\necho\necho 'goroutine 1 [running]:'\nexit 2\n";
        world.write("web/0", "/tmp/go.sh", script).await;
        world.config(&[("greeting", "Hi!")]);
        world.drain().await;
        // Pebble takes it for started each time, but waits twice as long after each end.
        let starts = world.starts("web/0", "go").await;
        while world.starts("web/0", "go").await < starts + 3
            || world.state("web/0", "go").await != "backoff"
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        world.update_status().await;
        assert_eq!(
            world.status("web/0"),
            blocked("service go: ends soon after each start: panic: no database")
        );
    });
}

#[test]
fn a_superuser_is_made_as_the_apps_user_with_a_password_of_its_own() {
    run(async {
        let world = World::with_unit(setup(&DJANGO)).await;
        let wanted = [("username", "anna"), ("email", "anna@example.com")];
        let id = world
            .action_with("web/0", "create-superuser", &wanted)
            .await;
        let ended = |id: u32| {
            let model = world.model.borrow();
            let action = &model.actions[&id];
            (action.message.clone(), action.results.clone())
        };
        let (message, results) = ended(id);
        assert_eq!(message, "django-app container is not ready");
        assert!(results.is_empty(), "{results:?}");
        assert_eq!(
            world.status("web/0"),
            blocked("Django requires a database integration to work")
        );

        world.relate_database();
        world.provide(&Database::secret("a-password"));
        world.drain().await;
        let id = world
            .action_with("web/0", "create-superuser", &wanted)
            .await;
        let (message, results) = ended(id);
        assert_eq!(message, "");
        let password = results["password"].as_str().unwrap().to_owned();
        assert_eq!(password.len(), 22);
        let environment = world.running_environment("web/0", "createsuperuser").await;
        for (name, value) in [
            ("DJANGO_SUPERUSER_USERNAME", "anna"),
            ("DJANGO_SUPERUSER_EMAIL", "anna@example.com"),
            ("DJANGO_SUPERUSER_PASSWORD", password.as_str()),
            ("POSTGRESQL_DB_PASSWORD", "a-password"),
        ] {
            assert_eq!(environment[name], value);
        }
        let user = world
            .pebble("web/0")
            .read_file("/tmp/user-createsuperuser")
            .await
            .unwrap();
        assert_eq!(String::from_utf8(user).unwrap().trim(), "_daemon_");
        let log = |ran: &super::support::Ran| format!("{}{}{:?}", ran.stdout, ran.stderr, ran.log);
        assert!(!log(&world.last()).contains(&password));

        let script = "echo \"Traceback (most recent call last):\n  File x\nCommandError: taken; $DJANGO_SUPERUSER_PASSWORD $DJANGO_SECRET_KEY\"\nexit 1\n";
        world
            .write("web/0", "/tmp/createsuperuser.sh", script)
            .await;
        let id = world
            .action_with("web/0", "create-superuser", &wanted)
            .await;
        let (message, results) = ended(id);
        assert_eq!(
            message,
            "python3 manage.py createsuperuser --noinput failed (exit code 1: CommandError: taken; *** ***); the \
             result `stdout` has the whole output"
        );
        assert!(results.is_empty(), "{results:?}");
        assert_eq!(world.status("web/0"), active());
    });
}
