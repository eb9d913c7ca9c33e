//! A unit that the peer has left, with a real Pebble: its layer, its files, its services running. Ours takes over.

use charmwright::local::model::{Queue, QueuedEvent, Status};
use charmwright::pebble::{Client, WriteFile};
use charmwright::yaml::{self, Mapping};
use serde_json::{Value, json};

use super::support::framework::{DJANGO, EXPRESSJS, FASTAPI, FLASK, Framework, GO, SPRING_BOOT};
use super::support::{Bag, Database, Declared, Setup, World, active, bag, gunicorn, run};

/// What the peer's charm of the first generation makes of a framework, for the unit `web/0` alone in the model `demo`
/// (contract: runtime, sections 5 and 6).
struct Case {
    framework: Framework,
    /// Where the peer keeps the rock's own services.
    snapshot: &'static str,
    /// Variables beside those of the framework.
    beside: &'static [(&'static str, &'static str)],
    /// How often the app, its worker and its scheduler restart when ours takes over.
    restarts: usize,
}

const CASES: &[Case] = &[
    Case {
        framework: DJANGO,
        snapshot: "/tmp/django/state/original-services.json",
        beside: &[("DJANGO_ALLOWED_HOSTS", r#"["web.demo"]"#)],
        // Known defect 40: more hosts are allowed.
        restarts: 1,
    },
    Case {
        framework: EXPRESSJS,
        snapshot: "/app/state/original-services.json",
        beside: &[],
        restarts: 0,
    },
    Case {
        framework: FASTAPI,
        snapshot: "/tmp/fastapi/state/original-services.json",
        beside: &[],
        restarts: 0,
    },
    Case {
        framework: FLASK,
        snapshot: "/tmp/flask/state/original-services.json",
        beside: &[],
        restarts: 0,
    },
    Case {
        framework: GO,
        snapshot: "/tmp/go/state/original-services.json",
        beside: &[],
        restarts: 0,
    },
    Case {
        framework: SPRING_BOOT,
        snapshot: "/app/state/original-services.json",
        beside: &[
            (
                "spring.datasource.url",
                "jdbc:postgresql://pg-primary.demo.svc.cluster.local:5432/web",
            ),
            ("spring.datasource.username", "anna"),
            ("spring.datasource.password", "a-password"),
            ("spring.jpa.hibernate.ddl-auto", "none"),
        ],
        restarts: 0,
    },
];

/// A worker and a scheduler beside the rock's own services.
const HELPERS: &str = "
  jobs-worker: {override: replace, startup: enabled, command: /bin/bash /app/service jobs-worker}
  cron-scheduler: {override: replace, startup: enabled, command: /bin/bash /app/service cron-scheduler}
";

const KEY: &str = "the-key-that-the-peer-has-made";

/// What the peer makes of the database (contract: interfaces, section 1).
const DATABASE: &[(&str, &str)] = &[
    (
        "POSTGRESQL_DB_CONNECT_STRING",
        "postgresql://anna:a-password@pg-primary.demo.svc.cluster.local:5432/web",
    ),
    ("POSTGRESQL_DB_FRAGMENT", ""),
    (
        "POSTGRESQL_DB_HOSTNAME",
        "pg-primary.demo.svc.cluster.local",
    ),
    ("POSTGRESQL_DB_NAME", "web"),
    (
        "POSTGRESQL_DB_NETLOC",
        "anna:a-password@pg-primary.demo.svc.cluster.local:5432",
    ),
    ("POSTGRESQL_DB_PARAMS", ""),
    ("POSTGRESQL_DB_PASSWORD", "a-password"),
    ("POSTGRESQL_DB_PATH", "/web"),
    ("POSTGRESQL_DB_PORT", "5432"),
    ("POSTGRESQL_DB_QUERY", ""),
    ("POSTGRESQL_DB_SCHEME", "postgresql"),
    ("POSTGRESQL_DB_USERNAME", "anna"),
];

/// What every service does once it has written down its start: it notes who it is and when it is to reload.
const BODY: &str = "\
echo $$ >> /tmp/pids-SERVICE
trap 'echo reload >> /tmp/reloads-SERVICE' HUP
while :; do sleep 100000 & wait $!; done
";

async fn text(pebble: &Client, path: &str) -> String {
    let content = pebble.read_file(path).await.unwrap_or_default();
    String::from_utf8(content).unwrap()
}

async fn write(pebble: &Client, files: &[(String, String)]) {
    let files: Vec<WriteFile> = files
        .iter()
        .map(|(path, content)| WriteFile {
            path: path.clone(),
            content: content.clone().into_bytes(),
            make_dirs: true,
            permissions: None,
            user: None,
            group: None,
        })
        .collect();
    pebble.write_files(&files).await.unwrap();
}

/// The model as the peer leaves it: relations and their bags, status and port, nothing waiting.
fn leave_the_model(world: &World, framework: &Framework) {
    let relation = world.relate_database();
    world.provide(&Database::secret("a-password"));
    let mut model = world.model.borrow_mut();
    let mut relations = model.relations.iter();
    let peer = relations.find(|(_, relation)| relation.is_peer()).unwrap();
    let peer = *peer.0;
    let key = format!("{}_secret_key", framework.name);
    model.set_bag(peer, "web", bag(&[(&key, KEY)]));
    let asked = [
        ("provided-secrets", r#"["mtls-cert"]"#),
        (
            "requested-secrets",
            r#"["username", "password", "tls", "tls-ca", "uris", "read-only-uris", "entity-name", "entity-password"]"#,
        ),
    ];
    let mut app = bag(&asked);
    app.insert("database".into(), "web".into());
    model.set_bag(relation, "web", app);
    let mut unit = bag(&asked);
    unit.insert("data".into(), r#"{"database": "web"}"#.into());
    model.set_bag(relation, "web/0", unit);

    for relation in model.relations.values_mut() {
        relation.members.insert("web/0".into());
    }
    let active = Status {
        status: "active".into(),
        message: String::new(),
    };
    let application = model.applications.get_mut("web").unwrap();
    application.status = active.clone();
    let unit = application.units.get_mut(&0).unwrap();
    unit.status = active;
    unit.ports = [format!("{}/tcp", framework.port)].into();
    unit.installed = true;
    unit.started = true;
    unit.queue = Queue::default();
}

/// The container as the peer leaves it.
async fn leave_the_container(pebble: &Client, case: &Case) {
    let framework = case.framework.name;
    let originals = pebble.plan().await.unwrap().services;
    let originals: Value = yaml::from_str(&yaml::to_string(&originals).unwrap()).unwrap();
    let mut environment: Bag = bag(case.framework.variables);
    environment.extend(bag(case.beside));
    environment.extend(bag(DATABASE));
    environment.insert(case.framework.key.into(), KEY.into());
    let mut services = originals.clone();
    for (name, service) in services.as_object_mut().unwrap() {
        if name == framework || name.ends_with("-worker") || name.ends_with("-scheduler") {
            service["environment"] = json!(environment);
        }
    }
    let mut files = vec![
        (case.snapshot.to_owned(), originals.to_string()),
        (
            format!("/tmp/{framework}/state/database-migration-status"),
            "COMPLETED".to_owned(),
        ),
        ("/tmp/migrations".to_owned(), "run\n".to_owned()),
    ];
    if matches!(framework, "django" | "flask") {
        let config = format!(
            "bind = ['0.0.0.0:8000']\nchdir = '/{framework}/app'\naccesslog = '-'\nerrorlog = '-'\n\
             statsd_host = 'localhost:9125'\n"
        );
        files.push((format!("/{framework}/gunicorn.conf.py"), config));
    }
    for name in originals.as_object().unwrap().keys() {
        files.push((format!("/tmp/{name}.sh"), BODY.replace("SERVICE", name)));
    }
    write(pebble, &files).await;
    let layer: Mapping = yaml::from_str(&json!({"services": services}).to_string()).unwrap();
    let layer = yaml::to_string(&layer).unwrap();
    pebble.add_layer("charm", &layer, true).await.unwrap();
    let change = pebble.replan().await.unwrap();
    let limit = std::time::Duration::from_secs(120);
    pebble.wait_change(&change, limit).await.unwrap();
}

async fn taken_over(case: &Case) {
    let framework = case.framework.name;
    let layer = format!("{}{HELPERS}", case.framework.layer.trim_end());
    let world = World::new(Setup {
        charm: Declared {
            framework,
            ..Declared::default()
        },
        layer: layer.leak(),
        ..Setup::default()
    });
    let unit = world.add_unit().await;
    leave_the_model(&world, &case.framework);
    let pebble = world.pebble(&unit);
    leave_the_container(&pebble, case).await;
    let has_exporter = case.framework.layer.contains("statsd-exporter");
    let services = [framework, "jobs-worker", "cron-scheduler"];
    let exporter = has_exporter.then_some("statsd-exporter");
    for service in services.into_iter().chain(exporter) {
        assert_eq!(
            world.state(&unit, service).await,
            "active",
            "{framework}: {service}"
        );
        while text(&pebble, &format!("/tmp/pids-{service}"))
            .await
            .is_empty()
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    for event in [
        QueuedEvent::UpgradeCharm,
        QueuedEvent::ConfigChanged,
        QueuedEvent::UpdateStatus,
    ] {
        world.push(&unit, event);
        world.drain().await;
        assert_eq!(world.status(&unit), active(), "{framework}");
        assert_eq!(world.key().as_deref(), Some(KEY), "{framework}");
        assert_eq!(world.migrations(&unit).await, 1, "{framework}");
    }
    for service in services {
        let starts = world.starts(&unit, service).await;
        assert_eq!(starts, 1 + case.restarts, "{framework}: {service}");
        let environment = world.running_environment(&unit, service).await;
        assert_eq!(
            environment[case.framework.key], KEY,
            "{framework}: {service}"
        );
    }
    if has_exporter {
        assert_eq!(world.starts(&unit, "statsd-exporter").await, 1);
    }
    // Flask's gunicorn has another file now, which a reload is enough for; Django's was started with it.
    let reloads = text(&pebble, &format!("/tmp/reloads-{framework}")).await;
    let expected = if framework == "flask" { "reload\n" } else { "" };
    assert_eq!(reloads, expected, "{framework}");

    // What comes after the first hook finds nothing to do.
    let ran = world.ran.borrow().clone();
    for later in &ran[ran.len() - 2..] {
        assert!(
            later.writes().is_empty(),
            "{framework}: {:?}",
            later.writes()
        );
    }
    world.facts().await.assert_sound(framework);

    let action = world.action(&unit, "rotate-secret-key").await;
    let status = world.model.borrow().actions[&action].results["status"].clone();
    assert_eq!(status, "success", "{framework}");
    let key = world.key().unwrap();
    assert!(key != KEY && key.len() >= 64, "{framework}: {key}");
    for service in services {
        let environment = world.running_environment(&unit, service).await;
        assert_eq!(
            environment[case.framework.key], key,
            "{framework}: {service}"
        );
        let starts = world.starts(&unit, service).await;
        assert_eq!(starts, 2 + case.restarts, "{framework}: {service}");
    }
    assert_eq!(world.migrations(&unit).await, 1, "{framework}");
    assert_eq!(world.status(&unit), active(), "{framework}");
}

#[test]
fn what_the_peer_left_goes_on_running_with_its_key_and_without_a_migration() {
    for case in CASES {
        run(taken_over(case));
    }
}

#[test]
fn a_gunicorn_that_the_peer_has_started_reloads_its_new_file_and_never_restarts() {
    let case = Case {
        framework: Framework {
            layer: gunicorn::LAYER,
            ..FLASK
        },
        snapshot: "/tmp/flask/state/original-services.json",
        // The image of this test has gunicorn where only this finds it; the peer would drop it (known defect 33).
        beside: &[(
            "PYTHONPATH",
            "/packages/gunicorn-23:/packages/gevent:/packages/opentelemetry",
        )],
        restarts: 0,
    };
    run(async {
        let world = World::new(Setup {
            charm: Declared {
                framework: case.framework.name,
                ..Declared::default()
            },
            layer: case.framework.layer,
            packages: &["gunicorn-23"],
            ..Setup::default()
        });
        let unit = world.add_unit().await;
        leave_the_model(&world, &case.framework);
        leave_the_container(&world.pebble(&unit), &case).await;
        let before = world.look(&unit, |seen| seen.workers.len() == 1).await;

        world.push(&unit, QueuedEvent::UpgradeCharm);
        world.drain().await;
        assert_eq!(world.status(&unit), active());
        let reloaded = |seen: &gunicorn::Seen| {
            seen.workers.len() == 1 && seen.workers.is_disjoint(&before.workers)
        };
        let after = world.look(&unit, reloaded).await;
        assert_eq!(after.master, before.master);

        for event in [QueuedEvent::ConfigChanged, QueuedEvent::UpdateStatus] {
            world.push(&unit, event);
            world.drain().await;
            assert!(world.last().writes().is_empty(), "{:?}", world.last());
        }
        assert_eq!(world.look(&unit, |_| true).await, after);
        assert_eq!(world.key().as_deref(), Some(KEY));
        assert_eq!(world.migrations(&unit).await, 1);
    });
}
