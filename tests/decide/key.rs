//! The app's secret key: where it comes from, how it is made, how it is renewed.

use charmwright::juju::{Event, Status};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Work};
use charmwright::runtime::observation::SecretProblem;
use serde_json::json;

use super::support::{
    FIRST, FRAMEWORKS, SECOND, bag, blocked, charm, environment, observation, ready, status,
    variables, with,
};

#[test]
fn a_missing_key_waits_in_the_words_of_its_generation() {
    for (channel, text) in [
        ("24.04", "Waiting for peer integration"),
        ("26.04", "Waiting for secret key creation"),
    ] {
        let mut observation = observation();
        observation.charm = charm(channel, "options: {}", None);
        observation.leader = false;
        observation.peer.as_mut().unwrap().app.clear();
        assert_eq!(
            status(&decide(&observation)),
            (Status::Waiting, text.into())
        );
    }
}

#[test]
fn any_event_makes_the_key_on_the_leader() {
    let mut observation = observation();
    observation.peer.as_mut().unwrap().app.clear();
    let decision = decide(&observation);
    let write = decision.bags.first().unwrap();
    assert!(write.app && write.endpoint == "secret-storage");
    assert_eq!(
        write.changes,
        [(
            "fastapi_secret_key".to_owned(),
            Some("fresh-key".to_owned())
        )]
        .into()
    );
    assert_eq!(
        environment(&decision)
            .get("APP_SECRET_KEY")
            .map(String::as_str),
        Some("fresh-key")
    );
}

fn rotate() -> Event {
    Event::Action {
        name: "rotate-secret-key".into(),
        uuid: "1".into(),
    }
}

#[test]
fn the_first_rotation_moves_the_key_into_a_secret_and_the_next_renews_it() {
    let mut observation = observation();
    observation.event = rotate();
    let decision = decide(&observation);
    let secret = decision.secret.as_ref().unwrap();
    assert_eq!(
        (secret.uri.as_ref(), secret.value.as_str()),
        (None, "fresh-key")
    );
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(changes.get("fastapi_secret_key"), Some(&None));
    assert_eq!(changes.get("secret-key-revision"), Some(&Some("1".into())));
    assert_eq!(
        environment(&decision)
            .get("APP_SECRET_KEY")
            .map(String::as_str),
        Some("fresh-key")
    );

    let peer = observation.peer.as_mut().unwrap();
    peer.app = bag(&[
        ("secret-key-id", "secret:abc"),
        ("secret-key-revision", "1"),
    ]);
    peer.secret = Some(bag(&[("value", "second-key")]));
    let decision = decide(&observation);
    assert_eq!(decision.secret.unwrap().uri.as_deref(), Some("secret:abc"));
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(changes.get("secret-key-revision"), Some(&Some("2".into())));
}

#[test]
fn a_juju_without_secrets_rotates_in_the_bag() {
    let mut observation = observation();
    observation.identity.juju = "2.9.50".parse().unwrap();
    observation.event = rotate();
    let decision = decide(&observation);
    assert_eq!(decision.secret, None);
    let changes = &decision.bags.first().unwrap().changes;
    assert_eq!(
        changes.get("fastapi_secret_key"),
        Some(&Some("fresh-key".into()))
    );
}

#[test]
fn a_rotation_with_bad_config_fails_and_changes_nothing() {
    let mut observation = observation();
    observation.event = rotate();
    observation
        .config
        .insert("webserver-port".into(), json!(70_000));
    let decision = decide(&observation);
    assert_eq!(
        decision.action,
        Some(ActionOutcome::Failed(
            "invalid options: webserver-port".into()
        ))
    );
    assert!(decision.bags.is_empty() && decision.work == Work::Nothing);
}

/// The options that give the key, of both generations (known defect 132).
fn key_options(framework: &str) -> Vec<String> {
    let own = match framework {
        "django" | "flask" => Some(format!("{framework}-secret-key")),
        _ => None,
    };
    own.into_iter()
        .chain(["app-secret-key".to_owned()])
        .collect()
}

fn key_variables(framework: &str) -> &'static [&'static str] {
    match framework {
        "django" => &["DJANGO_SECRET_KEY"],
        "flask" => &["FLASK_SECRET_KEY"],
        // Known defect 38: both.
        "spring-boot" => &["APP_SECRET_KEY", "SECRET_KEY"],
        _ => &["APP_SECRET_KEY"],
    }
}

#[test]
fn the_key_comes_from_an_option_of_either_generation_or_from_the_secret_that_one_names() {
    for framework in FRAMEWORKS {
        for channel in [FIRST, SECOND] {
            for option in key_options(framework) {
                let plain = ready(framework, channel, "options: {}", None);
                let plain = with(plain, &[(&option, json!("mine"))]);
                for name in [option.clone(), format!("{option}-id")] {
                    let config = format!("options: {{{name}: {{type: secret}}}}");
                    let secret = ready(framework, channel, &config, None);
                    let mut secret = with(secret, &[(&name, json!("secret:abc"))]);
                    let content = Ok(bag(&[("value", "mine")]));
                    secret.config_secrets.insert(name.clone(), content);
                    for observation in [&plain, &secret] {
                        let found = variables(observation);
                        for variable in key_variables(framework) {
                            assert_eq!(found[*variable], "mine", "{framework}: {name}");
                        }
                    }
                    for (content, reason) in [
                        (
                            Ok(bag(&[("value", "a"), ("b", "c")])),
                            format!(
                                "invalid options: {name} (its secret must hold exactly one key, `value`)"
                            ),
                        ),
                        (
                            Ok(bag(&[("key", "a")])),
                            format!(
                                "invalid options: {name} (its secret must hold exactly one key, `value`)"
                            ),
                        ),
                        (
                            Err(SecretProblem::NotFound),
                            format!("option {name}: there is no such secret"),
                        ),
                        (
                            Err(SecretProblem::NotGranted),
                            format!(
                                "option {name}: its secret is not granted, run `juju grant-secret <secret> web`"
                            ),
                        ),
                    ] {
                        secret.config_secrets.insert(name.clone(), content);
                        assert_eq!(blocked(&secret), reason, "{framework}");
                    }
                }
            }
        }
    }
}

#[test]
fn two_options_that_give_the_key_are_one_too_many() {
    for framework in FRAMEWORKS {
        let options = key_options(framework);
        let first = options.first().unwrap();
        let rivals = options
            .iter()
            .skip(1)
            .cloned()
            .chain([format!("{first}-id")]);
        for rival in rivals {
            let config = format!("options: {{{first}-id: {{type: secret}}}}");
            let observation = ready(framework, FIRST, &config, None);
            let mut observation = with(observation, &[(first, json!("a")), (&rival, json!("b"))]);
            if rival.ends_with("-id") {
                let content = Ok(bag(&[("value", "b")]));
                observation.config_secrets.insert(rival.clone(), content);
            }
            let text =
                format!("invalid options: {rival} ({first} is set as well, reset one of them)");
            assert_eq!(blocked(&observation), text, "{framework}");
        }
    }
}

#[test]
fn a_rotation_is_refused_by_the_name_of_the_option_that_gives_the_key() {
    for framework in FRAMEWORKS {
        for option in key_options(framework) {
            let observation = ready(framework, FIRST, "options: {}", None);
            let mut observation = with(observation, &[(&option, json!("mine"))]);
            observation.event = rotate();
            let Some(ActionOutcome::Failed(message)) = decide(&observation).action else {
                panic!("{framework}: not refused");
            };
            assert!(
                message.contains(&format!("the option {option} gives")),
                "{message}"
            );
        }
    }
}
