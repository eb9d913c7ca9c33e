//! Actions that run a command (contract: runtime, section 11; known defects 100, 101 and 105).

use charmwright::juju::Event;
use charmwright::runtime::conclude::{self, MigrationFailure};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Command, Decision, Work};
use charmwright::runtime::observation::{Observation, Workload};
use charmwright::yaml::Mapping;
use serde_json::json;

use super::support::{FIRST, FRAMEWORKS, SECOND, bag, container, ready, with};

fn create_superuser(channel: &str, parameters: &[(&str, serde_json::Value)]) -> Observation {
    let mut observation = ready("django", channel, "options: {}", None);
    observation.event = Event::Action {
        name: "create-superuser".into(),
        uuid: "1".into(),
    };
    for (name, value) in parameters {
        observation
            .parameters
            .insert((*name).to_owned(), value.clone());
    }
    observation
}

fn anna() -> [(&'static str, serde_json::Value); 2] {
    [
        ("username", json!("anna")),
        ("email", json!("anna@example.com")),
    ]
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
fn create_superuser_runs_in_the_apps_environment_with_its_own_values_last() {
    let mut observation = create_superuser(FIRST, &anna());
    observation.leader = false;
    observation.fresh_key = "0123456789abcdefghijklmnop".into();
    // Known defect 101: an option of this name must not replace the password.
    let observation = with(observation, &[("superuser-password", json!("hidden"))]);
    let decision = decide(&observation);
    assert!(decision.verdict.is_none() && decision.work == Work::Nothing);
    let command = command(&decision);
    assert_eq!(
        command.command,
        ["python3", "manage.py", "createsuperuser", "--noinput"]
    );
    assert_eq!(
        (
            command.directory.as_str(),
            command.user.as_str(),
            command.group.as_str()
        ),
        ("/django/app", "_daemon_", "_daemon_")
    );
    for (name, value) in [
        ("DJANGO_SUPERUSER_PASSWORD", "0123456789abcdefghijkl"),
        ("DJANGO_SUPERUSER_USERNAME", "anna"),
        ("DJANGO_SUPERUSER_EMAIL", "anna@example.com"),
        ("DJANGO_SECRET_KEY", "peer-key"),
        ("POSTGRESQL_DB_PASSWORD", "pw"),
    ] {
        assert_eq!(command.environment[name], value, "{name}");
    }
    let done = conclude::action(command, &decision.mask, Some(Ok(Vec::new())));
    let results = bag(&[("password", "0123456789abcdefghijkl")]);
    assert_eq!(done, ActionOutcome::Done(results));
}

#[test]
fn create_superuser_waits_for_a_ready_app_and_does_nothing_before() {
    for (channel, text) in [
        (FIRST, "django-app container is not ready"),
        (SECOND, "app container is not ready"),
    ] {
        let mut unreachable = create_superuser(channel, &anna());
        unreachable.workload = Workload::Unreachable;
        let mut no_database = create_superuser(channel, &anna());
        no_database.relations.clear();
        let mut no_key = create_superuser(channel, &anna());
        no_key.peer.as_mut().unwrap().app.clear();
        let mut no_service = create_superuser(channel, &anna());
        container(&mut no_service).services = Mapping::new();
        for observation in [unreachable, no_database, no_key, no_service] {
            assert_eq!(refusal(&observation), text);
            assert!(
                decide(&observation).verdict.is_some(),
                "the status says why"
            );
        }
    }
}

#[test]
fn create_superuser_names_what_is_missing_or_wrong() {
    let usage = "run `juju run web/0 create-superuser username=… email=…`";
    for (parameters, missing) in [
        (&[][..], "username, email"),
        (&[("username", json!("anna"))], "email"),
        (
            &[("username", json!(" ")), ("email", json!("a@b"))],
            "username",
        ),
        (
            &[("username", json!("anna")), ("email", json!(null))],
            "email",
        ),
    ] {
        let message = refusal(&create_superuser(FIRST, parameters));
        assert_eq!(message, format!("missing parameters: {missing}; {usage}"));
    }
    // Known defect 105: bad config makes the action fail.
    let observation = with(
        create_superuser(FIRST, &anna()),
        &[("django-debug", json!("x"))],
    );
    assert_eq!(refusal(&observation), "invalid options: django-debug");
}

#[test]
fn create_superuser_is_djangos_only() {
    for framework in FRAMEWORKS.into_iter().filter(|name| *name != "django") {
        let mut observation = ready(framework, FIRST, "options: {}", None);
        observation.event = Event::Action {
            name: "create-superuser".into(),
            uuid: "1".into(),
        };
        assert_eq!(
            refusal(&observation),
            "there is no action `create-superuser`"
        );
    }
}

#[test]
fn a_failed_action_says_why_without_secrets_and_a_success_gives_its_output_where_asked() {
    let decision = decide(&create_superuser(FIRST, &anna()));
    let command = command(&decision);
    let ended = |done| conclude::action(command, &decision.mask, done);
    let words = "python3 manage.py createsuperuser --noinput";
    let log = "the result `stdout` has the whole output";
    let traceback = b"Traceback (most recent call last):\n  File \"manage.py\"\ndjango.db.utils.OperationalError: cannot \
        log in as u with peer-key\n"
        .to_vec();
    for (failure, reason) in [
        (
            MigrationFailure::Exited {
                code: 1,
                output: traceback,
            },
            "exit code 1: django.db.utils.OperationalError: cannot log in as u with ***",
        ),
        (
            MigrationFailure::TimedOut { output: Vec::new() },
            "ended after 300 seconds",
        ),
        (
            MigrationFailure::NotStarted("no `python3`".into()),
            "no `python3`",
        ),
    ] {
        assert_eq!(
            ended(Some(Err(failure))),
            ActionOutcome::Failed(format!("{words} failed ({reason}); {log}"))
        );
    }
    assert!(
        matches!(ended(None), ActionOutcome::Failed(message) if message.contains("was cut off"))
    );

    let mut telling = command.clone();
    telling.results = bag(&[("said", "{output}"), ("nothing", "{unknown}")]);
    let done = conclude::action(
        &telling,
        &decision.mask,
        Some(Ok(b"made peer-key\n".to_vec())),
    );
    assert_eq!(done, ActionOutcome::Done(bag(&[("said", "made ***")])));
}
