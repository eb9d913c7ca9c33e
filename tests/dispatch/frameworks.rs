//! Each framework's rock, as rockcraft lays its services out, with the app a stand-in.

use charmwright::juju::Port;
use charmwright::local::model::QueuedEvent;

use super::support::{Bag, Database, Declared, Setup, World, active, bag, blocked, run};

/// One of the frameworks, and the variables that its first unit `web/0` in the model `demo` has without any relation
/// (contract: runtime, section 5, first generation), but for its key and what its database gives.
struct Case {
    framework: &'static str,
    layer: &'static str,
    port: u16,
    variables: &'static [(&'static str, &'static str)],
    key: &'static str,
}

const CASES: &[Case] = &[
    Case {
        framework: "django",
        layer: include_str!("../contract/rock-layer-django.yaml"),
        port: 8000,
        variables: &[
            (
                "DJANGO_ALLOWED_HOSTS",
                r#"["web.demo", "web", "web.demo.svc.cluster.local", "web-0.web-endpoints.demo.svc.cluster.local"]"#,
            ),
            ("DJANGO_BASE_URL", "http://web.demo:8000"),
            ("DJANGO_DEBUG", "false"),
            ("DJANGO_GREETING", "Hello"),
        ],
        key: "DJANGO_SECRET_KEY",
    },
    Case {
        framework: "expressjs",
        layer: include_str!("../contract/rock-layer-expressjs.yaml"),
        port: 8080,
        variables: &[
            ("APP_BASE_URL", "http://web.demo:8080"),
            ("APP_GREETING", "Hello"),
            ("METRICS_PATH", "/metrics"),
            ("METRICS_PORT", "8080"),
            ("NODE_ENV", "production"),
            ("PORT", "8080"),
        ],
        key: "APP_SECRET_KEY",
    },
    Case {
        framework: "fastapi",
        layer: include_str!("../contract/rock-layer-fastapi.yaml"),
        port: 8080,
        variables: &[
            ("APP_BASE_URL", "http://web.demo:8080"),
            ("APP_GREETING", "Hello"),
            ("METRICS_PATH", "/metrics"),
            ("METRICS_PORT", "8080"),
            ("UVICORN_HOST", "0.0.0.0"),
            ("UVICORN_LOG_LEVEL", "info"),
            ("UVICORN_PORT", "8080"),
            ("WEB_CONCURRENCY", "1"),
        ],
        key: "APP_SECRET_KEY",
    },
    Case {
        framework: "flask",
        layer: include_str!("../contract/rock-layer-flask.yaml"),
        port: 8000,
        variables: &[
            ("FLASK_BASE_URL", "http://web.demo:8000"),
            ("FLASK_GREETING", "Hello"),
            ("FLASK_PREFERRED_URL_SCHEME", "HTTPS"),
        ],
        key: "FLASK_SECRET_KEY",
    },
    Case {
        framework: "go",
        layer: include_str!("../contract/rock-layer-go.yaml"),
        port: 8080,
        variables: &[
            ("APP_BASE_URL", "http://web.demo:8080"),
            ("APP_GREETING", "Hello"),
            ("APP_METRICS_PATH", "/metrics"),
            ("APP_METRICS_PORT", "8080"),
            ("APP_PORT", "8080"),
        ],
        key: "APP_SECRET_KEY",
    },
    Case {
        framework: "spring-boot",
        layer: include_str!("../contract/rock-layer-spring-boot.yaml"),
        port: 8080,
        variables: &[
            ("APP_BASE_URL", "http://web.demo:8080"),
            ("APP_GREETING", "Hello"),
            ("APP_METRICS_PORT", "8080"),
            ("MANAGEMENT_SERVER_PORT", "8080"),
            ("METRICS_PATH", "/actuator/prometheus"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_TRACES_EXPORTER", "none"),
            ("SERVER_PORT", "8080"),
            ("management.endpoints.web.base-path", "/actuator"),
            ("management.endpoints.web.exposure.include", "prometheus"),
            (
                "management.endpoints.web.path-mapping.prometheus",
                "prometheus",
            ),
            ("server.forward-headers-strategy", "framework"),
        ],
        key: "APP_SECRET_KEY",
    },
];

fn setup(case: &Case) -> Setup {
    Setup {
        charm: Declared {
            framework: case.framework,
            ..Declared::default()
        },
        layer: case.layer,
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

async fn with_database(case: &Case) -> std::rc::Rc<World> {
    let world = World::with_unit(setup(case)).await;
    world.relate_database();
    world.provide(&Database::secret("a-password"));
    world.drain().await;
    assert_eq!(world.status("web/0"), active(), "{}", case.framework);
    world
}

#[test]
fn every_frameworks_app_runs_with_the_contracts_environment_and_is_left_alone_then() {
    for case in CASES {
        run(async {
            let world = with_database(case).await;
            let name = case.framework;
            let mut expected = bag(case.variables);
            expected.insert(case.key.to_owned(), "KEY".to_owned());
            assert_eq!(planned(&world, name).await, expected, "{name}");
            let key = world.key().unwrap();
            let running = world.running_environment("web/0", name).await;
            // Spring's names are none of a shell's, but Java gets them all the same.
            assert_eq!(running[case.key], key, "{name}");
            let open: Vec<String> = world
                .model
                .borrow()
                .unit("web/0")
                .unwrap()
                .ports
                .iter()
                .cloned()
                .collect();
            assert_eq!(open, [Port::tcp(case.port).to_string()], "{name}");
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
    for case in CASES {
        run(async {
            let world = with_database(case).await;
            let name = case.framework;
            let script = format!(
                "echo starting\necho \"no such thing; key ${}\" >&2\nexit 3\n",
                case.key
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
        let case = CASES.iter().find(|case| case.framework == "go").unwrap();
        let world = with_database(case).await;
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
        let case = CASES
            .iter()
            .find(|case| case.framework == "django")
            .unwrap();
        let world = World::with_unit(setup(case)).await;
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
            "python3 manage.py createsuperuser --noinput failed (exit code 1: CommandError: taken; *** ***); `juju \
             debug-log --level DEBUG` has the whole output"
        );
        assert!(results.is_empty(), "{results:?}");
        assert_eq!(world.status("web/0"), active());
    });
}
