//! Actions of `paas-config.yaml`.

use charmwright::juju::Event;
use charmwright::runtime::conclude;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Command, Decision, Work};
use charmwright::runtime::observation::{Observation, Workload};
use serde_json::{Value, json};

use super::support::{FIRST, bag, ready, with};

const ACTIONS: &str = "\
actions:
  import-products:
    description: Import products.
    command: [python3, import.py, '--limit={limit}', '{\"as\": \"it is\"}', --force]
    params:
      url: {type: string}
      password: {type: string}
      limit: {type: integer}
      dry-run: {type: boolean}
    required: [url]
    environment:
      SOURCE: '{url}[?limit={limit}]'
      STORE: '{APP_BASE_URL}/store'
      NONE: '{password}'
      TOKEN: '{random}'
      APP_GREETING: from the action
    working-directory: /srv
    timeout: 60
    results:
      imported: '{output}'
      from: '{url}'
  plain:
    command: echo 'two words'
";

fn action(name: &str, parameters: &[(&str, Value)]) -> Observation {
    let mut observation = ready(
        "fastapi",
        FIRST,
        "options: {greeting: {type: string}}",
        Some(ACTIONS),
    );
    observation.event = Event::Action {
        name: name.into(),
        uuid: "1".into(),
    };
    for (name, value) in parameters {
        observation
            .parameters
            .insert((*name).to_owned(), value.clone());
    }
    observation
}

fn command(decision: &Decision) -> &Command {
    match &decision.action {
        Some(ActionOutcome::Run(command)) => command,
        other => panic!("{other:?}"),
    }
}

fn refusal(observation: &Observation) -> String {
    let decision = decide(observation);
    assert!(decision.bags.is_empty() && decision.work == Work::Nothing && decision.port.is_none());
    match decision.action {
        Some(ActionOutcome::Failed(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_has_the_apps_environment_its_parameters_and_its_own_variables_above_both() {
    let mut observation = action(
        "import-products",
        &[
            ("url", json!("http://x/'a b'\n$HOME")),
            ("limit", json!(3)),
            ("dry-run", json!(true)),
            ("password", Value::Null),
        ],
    );
    observation.fresh_key = "0123456789abcdefghijklmnop".into();
    let decision = decide(&with(observation, &[("greeting", json!("Hello"))]));
    assert!(decision.verdict.is_none() && decision.work == Work::Nothing);
    let command = command(&decision);
    assert_eq!(
        command.command,
        [
            "python3",
            "import.py",
            "--limit=3",
            "{\"as\": \"it is\"}",
            "--force"
        ]
    );
    assert_eq!(
        (
            command.directory.as_str(),
            command.user.as_str(),
            command.group.as_str()
        ),
        ("/srv", "_daemon_", "_daemon_")
    );
    assert_eq!(command.timeout.as_secs(), 60);
    for (name, value) in [
        ("ACTION_URL", "http://x/'a b'\n$HOME"),
        ("ACTION_LIMIT", "3"),
        ("ACTION_DRY_RUN", "true"),
        ("SOURCE", "http://x/'a b'\n$HOME?limit=3"),
        ("STORE", "http://web.demo:8080/store"),
        ("TOKEN", "0123456789abcdefghijkl"),
        ("APP_GREETING", "from the action"),
        ("APP_SECRET_KEY", "peer-key"),
        ("UVICORN_PORT", "8080"),
    ] {
        assert_eq!(command.environment[name], value, "{name}");
    }
    for absent in ["ACTION_PASSWORD", "NONE"] {
        assert!(!command.environment.contains_key(absent), "{absent}");
    }
    let done = conclude::action(
        command,
        &decision.mask,
        Some(Ok(b"3, with peer-key\n".to_vec())),
    );
    let results = bag(&[
        ("imported", "3, with ***"),
        ("from", "http://x/'a b'\n$HOME"),
    ]);
    assert_eq!(done, ActionOutcome::Done(results));
}

#[test]
fn an_action_of_which_only_the_command_is_said_gives_its_output() {
    let decision = decide(&action("plain", &[]));
    let command = command(&decision);
    assert_eq!(command.command, ["echo", "two words"]);
    assert_eq!(
        (command.directory.as_str(), command.timeout.as_secs()),
        ("/app", 300)
    );
    let ended =
        |output: &[u8]| conclude::action(command, &decision.mask, Some(Ok(output.to_vec())));
    assert_eq!(
        ended(b"two words\n"),
        ActionOutcome::Done(bag(&[("output", "two words")]))
    );
    assert_eq!(ended(b"\n"), ActionOutcome::Done(bag(&[])));
    // What is no text becomes three times as long, and still has to fit into an argument.
    let ActionOutcome::Done(results) = ended(&[0xff; 64 * 1024]) else {
        panic!("an output is never too long");
    };
    assert!(results["output"].len() < 128 * 1024);
}

#[test]
fn a_secret_parameter_is_in_no_argument_and_in_no_output() {
    let observation = action(
        "import-products",
        &[("url", json!("http://x")), ("password", json!("hunter2"))],
    );
    let decision = decide(&observation);
    let command = command(&decision);
    assert_eq!(command.environment["ACTION_PASSWORD"], "hunter2");
    assert!(!command.command.concat().contains("hunter2"));
    assert!(!format!("{decision:?}").contains("hunter2"));
    assert_eq!(
        decision.mask.hide("logged in with hunter2"),
        "logged in with ***"
    );
    // Without a limit the argument that names it is left out.
    assert_eq!(command.command.len(), 4);
}

#[test]
fn a_command_is_not_run_before_the_app_could() {
    let mut unreachable = action("plain", &[]);
    unreachable.workload = Workload::Unreachable;
    let mut no_key = action("plain", &[]);
    no_key.peer.as_mut().unwrap().app.clear();
    for observation in [unreachable, no_key] {
        assert_eq!(refusal(&observation), "app container is not ready");
        assert!(
            decide(&observation).verdict.is_some(),
            "the status says why"
        );
    }
    assert_eq!(
        refusal(&action("import-products", &[("url", json!(""))])),
        "missing parameters: url; run `juju run web/0 import-products url=…`"
    );
    assert_eq!(
        refusal(&action("import-products", &[("url", json!("a\0b"))])),
        "the parameter url has a NUL character, which no variable can hold"
    );
    assert_eq!(refusal(&action("other", &[])), "there is no action `other`");
}

#[test]
fn a_broken_file_fails_the_actions_that_it_may_have_told_of() {
    let broken = Some("actions: {a: {command: x, timeout: 0}}");
    let message = "Invalid paas-config.yaml: actions.a.timeout: must be between 1 and 86400 seconds; write another number";
    let mut observation = ready("fastapi", FIRST, "options: {}", broken);
    assert_eq!(super::support::blocked(&observation), message);
    observation.event = Event::Action {
        name: "a".into(),
        uuid: "1".into(),
    };
    assert_eq!(refusal(&observation), message);
    let clash = ready(
        "django",
        FIRST,
        "options: {}",
        Some("actions: {create-superuser: {command: x}}"),
    );
    assert_eq!(
        super::support::blocked(&clash),
        "Invalid paas-config.yaml: actions.create-superuser: the framework has an action of this name; rename it"
    );
}
