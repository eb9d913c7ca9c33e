//! Actions of `paas-config.yaml`: packed, told to Juju, run in the container.

use super::support::{Declared, Setup, World, active, run, waiting};

const ACTIONS: &str = r#"
actions:
  look:
    description: Tells how commands are run.
    command: [bash, -c, 'id -un; pwd; printf "%s|" "$ACTION_TEXT" "$APP_GREETING" "$MADE" "$1"', look, "{times}"]
    params:
      text: {type: string}
      times: {type: integer, default: 2}
    environment:
      MADE: "of {text}"
  leak:
    command: [bash, -c, 'echo "with $ACTION_PASSWORD and $APP_SECRET_KEY"; exit "$ACTION_CODE"']
    params:
      password: {type: string}
      code: {type: integer, default: 0}
    results:
      said: "{output}"
  slow:
    command: bash -c 'echo "waiting, key $APP_SECRET_KEY"; exec sleep 1000'
    timeout: 1
  absent:
    command: no-such-program --at-all
"#;

#[test]
fn a_projects_own_actions_run_as_the_app_does_and_say_how_they_ended() {
    run(async {
        let world = World::new(Setup {
            charm: Declared {
                paas_config: Some(ACTIONS),
                ..Declared::default()
            },
            ..Setup::default()
        });
        let ended = |id: u32| {
            let model = world.model.borrow();
            let action = &model.actions[&id];
            (action.message.clone(), action.results.clone())
        };

        // Before there is a container.
        world.add_unit_without_container();
        world.drain().await;
        let (message, results) = ended(world.action("web/0", "look").await);
        assert_eq!(message, "app container is not ready");
        assert!(!results.contains_key("output"), "{results:?}");
        assert_eq!(world.status("web/0"), waiting("Waiting for pebble ready"));

        world.start_container("web/0").await;
        world.drain().await;
        assert_eq!(world.status("web/0"), active());
        let starts = world.starts("web/0", "fastapi").await;
        let text = "it's \"two\"\nlines; $HOME `id` \\ ü";
        let (message, results) = ended(world.action_with("web/0", "look", &[("text", text)]).await);
        assert_eq!(message, "");
        assert_eq!(
            results["output"].as_str().unwrap(),
            format!("_daemon_\n/app\n{text}|Hello|of {text}|2|")
        );
        // What is a result is not printed as well.
        assert_eq!(world.last().stdout, "");

        let secret = "a-seeded-secret";
        let (message, results) = ended(
            world
                .action_with("web/0", "leak", &[("password", secret)])
                .await,
        );
        assert_eq!(
            (message.as_str(), results["said"].as_str().unwrap()),
            ("", "with *** and ***")
        );

        let id = {
            let parameters = serde_json::json!({"password": secret, "code": 3});
            let mut model = world.model.borrow_mut();
            let parameters = parameters.as_object().unwrap().clone();
            let (id, changes) = model.run_action("web/0", "leak", parameters).unwrap();
            model.enqueue(changes);
            id
        };
        world.drain().await;
        let (message, _) = ended(id);
        assert!(
            message.contains("failed (exit code 3: with *** and ***)"),
            "{message}"
        );
        assert!(
            message.ends_with("the result `stdout` has the whole output"),
            "{message}"
        );
        assert_eq!(world.last().stdout, "with *** and ***\n");

        let (message, _) = ended(world.action("web/0", "slow").await);
        assert!(
            message.contains("failed (ended after 1 seconds: waiting, key ***)"),
            "{message}"
        );

        let (message, _) = ended(world.action("web/0", "absent").await);
        assert!(
            message.starts_with("no-such-program --at-all failed ("),
            "{message}"
        );
        assert!(message.contains("no-such-program"), "{message}");

        // Nothing else has happened, and nothing secret was told.
        assert_eq!(world.status("web/0"), active());
        assert_eq!(world.starts("web/0", "fastapi").await, starts);
        let key = world.key().unwrap();
        for ran in world.ran.borrow().iter() {
            let told = format!(
                "{}{}{:?}{:?}",
                ran.stdout,
                ran.stderr,
                ran.log,
                ran.writes()
            );
            assert!(!told.contains(secret), "{}: {told}", ran.event);
            let said = format!("{}{}{:?}", ran.stdout, ran.stderr, ran.log);
            assert!(!said.contains(&key), "{}: {said}", ran.event);
        }
    });
}
