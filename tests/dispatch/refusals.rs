//! What the user, the packer or a curious person gets wrong.

use super::support::{Declared, Setup, World, active, blocked, run};

#[test]
fn options_that_cannot_be_used_are_named_and_the_app_goes_on_as_it_was() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world.config(&[("webserver-log-level", "loud"), ("webserver-workers", "0")]);
        world.drain().await;
        assert_eq!(
            world.status("web/0"),
            blocked("invalid options: webserver-log-level, webserver-workers")
        );
        assert_eq!(world.state("web/0", "fastapi").await, "active");
        assert_eq!(world.starts("web/0", "fastapi").await, 1);
        world.reset(&["webserver-log-level", "webserver-workers"]);
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, 1);

        let secret = world.user_secret(&[("user-name", "anna"), ("token", "api-token")]);
        world.config(&[("api", &format!("secret:{secret}"))]);
        world.drain().await;
        let (status, message) = world.status("web/0");
        assert_eq!(status, "blocked");
        assert!(
            message.contains("option api: its secret is not granted"),
            "{message}"
        );
        let granted = world.model.borrow_mut().grant_secret(&secret, "web", None);
        granted.unwrap();
        world.update_status().await;
        assert_eq!(world.status("web/0"), active());
        let environment = world.running_environment("web/0", "fastapi").await;
        assert_eq!(environment["APP_API_USER_NAME"], "anna");
        assert_eq!(environment["APP_API_TOKEN"], "api-token");
        assert_eq!(environment.get("APP_API"), None);

        world.revise_secret(&secret, &[("token", "other-token")]);
        world.drain().await;
        let environment = world.running_environment("web/0", "fastapi").await;
        assert_eq!(environment["APP_API_TOKEN"], "other-token");
        assert_eq!(environment.get("APP_API_USER_NAME"), None);
    });
}

#[test]
fn a_key_that_the_user_gives_stands_above_the_shared_one_and_is_not_rotated() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        let shared = world.key().unwrap();
        let key = async || {
            let mut environment = world.running_environment("web/0", "fastapi").await;
            environment.remove("APP_SECRET_KEY").unwrap()
        };
        let secret = world.user_secret(&[("value", "my-own-key")]);
        let granted = world.model.borrow_mut().grant_secret(&secret, "web", None);
        granted.unwrap();
        world.config(&[("app-secret-key-id", &format!("secret:{secret}"))]);
        world.drain().await;
        assert_eq!(key().await, "my-own-key");
        let action = world.action("web/0", "rotate-secret-key").await;
        {
            let model = world.model.borrow();
            let action = &model.actions[&action];
            assert!(
                action.message.contains("app-secret-key-id"),
                "{}",
                action.message
            );
        }
        assert_eq!(world.key().unwrap(), shared);

        world.revise_secret(&secret, &[("value", "my-next-key")]);
        world.drain().await;
        assert_eq!(key().await, "my-next-key");
        world.revise_secret(&secret, &[("value", "x"), ("other", "x")]);
        world.drain().await;
        assert_eq!(world.status("web/0").0, "blocked");
        assert_eq!(key().await, "my-next-key");
        world.reset(&["app-secret-key-id"]);
        world.drain().await;
        assert_eq!(key().await, shared);
        assert_eq!(world.status("web/0"), active());
    });
}

#[test]
fn an_option_that_must_be_set_is_missed_until_it_is() {
    run(async {
        let setup = Setup {
            charm: Declared {
                option_required: true,
                ..Declared::default()
            },
            ..Setup::default()
        };
        let world = World::with_unit(setup).await;
        assert_eq!(world.status("web/0"), blocked("missing options: max-items"));
        assert_eq!(world.starts("web/0", "fastapi").await, 0);
        world.config(&[("max-items", "20")]);
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        let environment = world.running_environment("web/0", "fastapi").await;
        assert_eq!(environment["APP_MAX_ITEMS"], "20");
    });
}

#[test]
fn a_broken_paas_config_is_told_with_its_place() {
    run(async {
        for (text, expected) in [
            ("port: [\n", "Invalid YAML in paas-config.yaml: "),
            ("port: 0\n", "Invalid paas-config.yaml: port: "),
            ("prot: 1\n", "Invalid paas-config.yaml: "),
        ] {
            let setup = Setup {
                charm: Declared {
                    paas_config: Some(text),
                    ..Declared::default()
                },
                ..Setup::default()
            };
            let world = World::new(setup);
            let unit = world.add_unit_without_container();
            world.drain().await;
            let (status, message) = world.status(&unit);
            assert_eq!(status, "blocked", "{text}");
            assert!(message.starts_with(expected), "{text}: {message}");
        }
    });
}

#[test]
fn by_hand_and_in_a_broken_environment_it_says_what_it_is() {
    run(async {
        let world = World::new(Setup::default());
        let output = world.run_bare(&[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("the entry point of a Juju charm"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let juju = [
            ("JUJU_DISPATCH_PATH", "hooks/start"),
            ("JUJU_MODEL_NAME", "demo"),
            ("JUJU_VERSION", "3.6.14"),
        ];
        for (unit, expected) in [
            ("", "`JUJU_UNIT_NAME` is not set"),
            ("web/x", "`JUJU_UNIT_NAME` is `web/x`"),
        ] {
            let mut variables = juju.to_vec();
            variables.push(("JUJU_UNIT_NAME", unit));
            let output = world.run_bare(&variables).await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1));
            assert!(said.starts_with(expected), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    });
}

#[test]
fn an_event_never_heard_of_reconciles_as_any_other() {
    run(async {
        let world = World::with_unit(Setup::default()).await;
        world.config(&[("greeting", "Hi!")]);
        let ran = world.dispatch_as("web/0", "hooks/something-new").await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let environment = world.running_environment("web/0", "fastapi").await;
        assert_eq!(environment["APP_GREETING"], "Hi!");
        assert_eq!(world.status("web/0"), active());
    });
}

#[test]
fn output_that_nobody_reads_ends_no_hook() {
    use std::os::unix::process::CommandExt as _;

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_charmwright"))
        .arg0("dispatch")
        .env_clear()
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .status()
        .unwrap();
    // A panic would have ended it by a signal.
    assert_eq!(status.code(), Some(1), "{status}");
}
