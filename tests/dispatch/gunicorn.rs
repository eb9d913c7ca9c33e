//! A real gunicorn on a real Pebble: checked before it changes, reloaded when that is enough, left alone otherwise.

use std::rc::Rc;

use charmwright::juju::JujuVersion;

use super::support::gunicorn::{LAYER, Seen};
use super::support::{Cut, Declared, Setup, World, active, bag, blocked, run};

const UNIT: &str = "web/0";
const CONFIG: &str = "/flask/gunicorn.conf.py";
const NEXT: &str = "/flask/gunicorn.conf.next.py";
const PENDING: &str = "/tmp/flask/state/webserver-pending";
const CHECK_FAILED: &str = "Webserver configuration check failed, please review your charm configuration or database relation: ";

fn setup(packages: &'static [&'static str]) -> Setup {
    Setup {
        charm: Declared {
            framework: "flask",
            ..Declared::default()
        },
        layer: LAYER,
        packages,
        ..Setup::default()
    }
}

fn plain() -> Setup {
    setup(&["gunicorn-23"])
}

/// What runs is as before, and was not even asked to reload.
async fn assert_undisturbed(world: &Rc<World>, before: &Seen) {
    assert_eq!(&world.look(UNIT, |_| true).await, before);
    for path in [NEXT, PENDING] {
        assert_eq!(world.file(UNIT, path).await, None, "{path}");
    }
}

async fn workers(world: &Rc<World>, count: usize, before: &Seen) -> Seen {
    let reloaded =
        |seen: &Seen| seen.workers.len() == count && seen.workers.is_disjoint(&before.workers);
    world.look(UNIT, reloaded).await
}

#[test]
fn a_setting_reloads_a_variable_restarts_and_an_update_status_does_nothing() {
    run(async {
        let world = World::with_unit(plain()).await;
        assert_eq!(world.status(UNIT), active());
        let first = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let text = world.file(UNIT, CONFIG).await.unwrap();
        assert!(text.contains("\nchdir = '/flask/app'\n"), "{text}");
        assert!(text.contains("\naccesslog = '-'\n"), "{text}");
        let pebble = world.pebble(UNIT);
        let files = pebble.list_files("/flask", None, false).await.unwrap();
        let file = files.iter().find(|file| file.path == CONFIG).unwrap();
        assert_eq!(file.user.as_deref(), Some("_daemon_"));
        assert_eq!(file.group.as_deref(), Some("_daemon_"));

        world.watched.set(true);
        world.update_status().await;
        let ran = world.last();
        assert_eq!(ran.writes(), Vec::<&_>::new());
        let reads = |request: &String| request.starts_with("GET ");
        assert!(!ran.requests.is_empty(), "{ran:?}");
        assert!(ran.requests.iter().all(reads), "{:?}", ran.requests);
        assert_undisturbed(&world, &first).await;

        world.config(&[("webserver-workers", "3")]);
        world.drain().await;
        let log = &world.last().log;
        assert!(
            log.iter()
                .any(|line| line.message.contains("reloaded flask")),
            "{log:?}"
        );
        let second = workers(&world, 3, &first).await;
        assert_eq!(second.master, first.master);
        assert_undisturbed(&world, &second).await;
        world.update_status().await;
        assert!(world.last().requests.iter().all(reads));

        world.config(&[("greeting", "Hi!")]);
        world.drain().await;
        let third = world.look(UNIT, |seen| seen.workers.len() == 3).await;
        assert_ne!(third.master, second.master);
        assert_eq!(third.greeting, "Hi!");
        let signals = |request: &String| request == "POST /v1/signals";
        assert!(!world.last().requests.iter().any(signals));

        let starts = world.file(UNIT, "/tmp/exporter-starts").await.unwrap();
        assert_eq!(starts.lines().count(), 1);
        let packets = world.file(UNIT, "/tmp/packets").await.unwrap();
        assert!(packets.contains("gunicorn.requests:1|c"), "{packets}");
        assert_eq!(world.status(UNIT), active());
    });
}

#[test]
fn what_does_not_pass_the_check_blocks_and_the_old_app_goes_on() {
    run(async {
        let world = World::with_unit(plain()).await;
        let before = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let text = world.file(UNIT, CONFIG).await;
        let plan = world.pebble(UNIT).plan().await.unwrap().services;
        let key = world.key().unwrap();

        for (name, value, reason) in [
            (
                "webserver-workers",
                "-1",
                "Error: Value must be positive: -1",
            ),
            ("greeting", "broken", "RuntimeError: cannot greet with ***"),
        ] {
            world.config(&[(name, value)]);
            world.drain().await;
            let status = blocked(&format!("{CHECK_FAILED}{reason}"));
            assert_eq!(world.status(UNIT), status);
            world.update_status().await;
            assert_eq!(world.status(UNIT), status);
            assert_undisturbed(&world, &before).await;
            assert_eq!(world.file(UNIT, CONFIG).await, text);
            assert_eq!(world.pebble(UNIT).plan().await.unwrap().services, plan);
            let ran = world.last();
            assert!(!format!("{ran:?}").contains(&key), "{ran:?}");

            world.reset(&[name]);
            world.drain().await;
            assert_eq!(world.status(UNIT), active());
            assert_undisturbed(&world, &before).await;
        }
    });
}

#[test]
fn gevent_must_be_there_before_it_is_used() {
    run(async {
        let world = World::with_unit(plain()).await;
        let before = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        world.config(&[("webserver-worker-class", "gevent")]);
        world.drain().await;
        assert_eq!(
            world.status(UNIT),
            blocked(
                "gunicorn[gevent] must be installed in the rock. https://bit.ly/flask-async-doc"
            )
        );
        assert_undisturbed(&world, &before).await;
        world.config(&[("webserver-worker-class", "tornado")]);
        world.drain().await;
        assert_eq!(
            world.status(UNIT),
            blocked("Only 'gevent' and 'sync' are allowed. https://bit.ly/flask-async-doc")
        );
        world.config(&[("webserver-worker-class", "sync")]);
        world.drain().await;
        assert_eq!(world.status(UNIT), active());
        assert_undisturbed(&world, &before).await;
    });
}

#[test]
fn gevent_that_is_there_is_used_and_given_up_again() {
    run(async {
        let world = World::with_unit(setup(&["gunicorn-23", "gevent"])).await;
        let mut before = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let changes: [(&dyn Fn(), &str); 2] = [
            (
                &|| world.config(&[("webserver-worker-class", "gevent")]),
                "gevent",
            ),
            (&|| world.reset(&["webserver-worker-class"]), "sync"),
        ];
        for (change, class) in changes {
            change();
            world.drain().await;
            assert_eq!(world.status(UNIT), active());
            let plan = world.pebble(UNIT).plan().await.unwrap();
            let command = plan.services["flask"].get("command").unwrap().as_str();
            let expected = format!("/bin/python3 -m gunicorn -c {CONFIG} 'app:app' -k [ {class} ]");
            assert_eq!(command, Some(expected.as_str()));
            let after = world.look(UNIT, |seen| seen.workers.len() == 1).await;
            assert_ne!(after.master, before.master);
            let logs = world.pebble(UNIT).logs(&["flask"], 100).await.unwrap();
            let used = logs
                .iter()
                .rfind(|entry| entry.message.contains("Using worker: "));
            assert!(used.unwrap().message.ends_with(class), "{used:?}");
            world.watched.set(true);
            world.update_status().await;
            let reads = |request: &String| request.starts_with("GET ");
            assert!(world.last().requests.iter().all(reads));
            before = after;
        }
    });
}

#[test]
fn a_reload_that_is_killed_anywhere_comes_about_and_restarts_nothing() {
    run(async {
        let world = World::with_unit(plain()).await;
        let mut seen = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let (master, mut cuts) = (seen.master, 0);
        for at in 1.. {
            let count = if at % 2 == 1 { 2 } else { 1 };
            world.config(&[("webserver-workers", &count.to_string())]);
            let ran = world.step(UNIT, Cut::Request(at)).await.unwrap();
            let over = ran.code.is_some();
            cuts += usize::from(!over);
            world.drain().await;
            world.update_status().await;
            let reloaded = |seen: &Seen| seen.workers.len() == count;
            seen = world.look(UNIT, reloaded).await;
            assert_eq!(
                seen.master,
                master,
                "cut at {at}: {:?}",
                ran.requests.last()
            );
            assert_undisturbed(&world, &seen).await;
            assert_eq!(world.status(UNIT), active());
            if over {
                break;
            }
        }
        assert!(cuts > 8, "{cuts}");
    });
}

#[test]
fn a_logger_that_changes_needs_a_restart_and_lines_are_json_then() {
    run(async {
        let json = Setup {
            charm: Declared {
                paas_config: Some("framework_logging_format: json\n"),
                ..plain().charm
            },
            ..plain()
        };
        let world = World::with_unit(json).await;
        assert_eq!(world.status(UNIT), active());
        let before = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let logs = world.pebble(UNIT).logs(&["flask"], 100).await.unwrap();
        assert!(logs.len() > 3, "{logs:?}");
        for entry in &logs {
            let line: serde_json::Value = serde_json::from_str(&entry.message)
                .unwrap_or_else(|_| panic!("not JSON: {}", entry.message));
            assert!(line["attributes"]["logger.name"].is_string(), "{line}");
        }
        // As an older charm might have left it.
        let text = world.file(UNIT, CONFIG).await.unwrap();
        let old = text.replace("logger_class = ", "# logger_class = ");
        assert_ne!(old, text);
        world.write(UNIT, CONFIG, &old).await;
        world.update_status().await;
        assert_eq!(world.file(UNIT, CONFIG).await, Some(text));
        let after = world.look(UNIT, |seen| seen.workers.len() == 1).await;
        assert_ne!(after.master, before.master);
        assert_undisturbed(&world, &after).await;
    });
}

#[test]
fn logs_go_to_files_on_a_juju_that_forwards_none() {
    run(async {
        let old = Setup {
            juju: JujuVersion::new(3, 3, 1),
            ..plain()
        };
        let world = World::with_unit(old).await;
        assert_eq!(world.status(UNIT), active());
        world.look(UNIT, |seen| seen.workers.len() == 1).await;
        let access = world.file(UNIT, "/var/log/flask/access.log").await.unwrap();
        assert!(access.contains("GET / HTTP/1.1"), "{access}");
        assert!(world.file(UNIT, "/var/log/flask/error.log").await.is_some());
    });
}

#[test]
fn tracing_needs_an_endpoint_and_packages() {
    run(async {
        for (packages, is_on) in [
            (&["gunicorn-23"][..], false),
            (&["gunicorn-23", "opentelemetry"], true),
        ] {
            let world = World::with_unit(setup(packages)).await;
            let status = |text: &str| ("active".to_owned(), text.to_owned());
            let (id, changes) = world.model.borrow_mut().integrate("web", "tempo").unwrap();
            world.model.borrow_mut().enqueue(changes);
            world.drain().await;
            assert_eq!(
                world.bag(id, "web"),
                bag(&[("receivers", "[\"otlp_http\"]")])
            );
            assert_eq!(world.status(UNIT), active());

            let receivers = r#"[{"protocol": {"name": "otlp_http", "type": "http"}, "url": "http://tempo.demo:4318"}]"#;
            let changes =
                world
                    .model
                    .borrow_mut()
                    .set_bag(id, "tempo", bag(&[("receivers", receivers)]));
            world.model.borrow_mut().enqueue(changes);
            world.drain().await;
            let text = world.file(UNIT, CONFIG).await.unwrap();
            let ran = format!("{:?} {:?}", world.status(UNIT), world.last());
            assert_eq!(text.contains("def post_fork"), is_on, "{text}{ran}");
            let expected = if is_on {
                active()
            } else {
                status(
                    "tracing is off: the rock lacks `opentelemetry-sdk` or `opentelemetry-exporter-otlp-proto-http`",
                )
            };
            assert_eq!(world.status(UNIT), expected);
            world.watched.set(true);
            world.update_status().await;
            assert_eq!(world.status(UNIT), expected);
            let reads = |request: &String| request.starts_with("GET ");
            assert!(world.last().requests.iter().all(reads));
            world.look(UNIT, |seen| seen.workers.len() == 1).await;

            let changes = world
                .model
                .borrow_mut()
                .remove_relation("web", "tempo")
                .unwrap();
            world.model.borrow_mut().enqueue(changes);
            world.drain().await;
            assert_eq!(world.status(UNIT), active());
            let text = world.file(UNIT, CONFIG).await.unwrap();
            assert!(!text.contains("post_fork"), "{text}");
        }
    });
}
