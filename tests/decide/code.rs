//! A charm's own code, asked by `decide`.

use std::collections::BTreeMap;
use std::time::Duration;

use charmwright::charm::{
    Answer, Bag, Code, Context, Facts, Interface, Outcome, Provided, Reads, Relation, Request, Run,
    Value,
};
use charmwright::juju::Event;
use charmwright::runtime::charm::Charm;
use charmwright::runtime::conclude;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{ActionOutcome, Command, Work};
use charmwright::runtime::observation::{Observation, Workload};
use serde_json::json;

use super::support::{FIRST, bag, blocked, environment, postgresql, ready, run, status, with};

/// A unit of the app whose charm has this code.
fn unit(code: Code) -> Observation {
    let mut observation = ready("fastapi", FIRST, "options: {users: {type: int}}", None);
    observation.charm = observation.charm.with_code(code);
    observation
}

fn variables(observation: &Observation) -> Bag {
    environment(&decide(observation))
}

fn asked(mut observation: Observation, name: &str, parameters: &[(&str, Value)]) -> Observation {
    observation.event = Event::Action {
        name: name.into(),
        uuid: "1".into(),
    };
    let parameters = parameters.iter();
    observation.parameters = parameters
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    observation
}

fn ended(observation: &Observation) -> ActionOutcome {
    let decision = decide(observation);
    assert!(decision.bags.is_empty() && decision.work == Work::Nothing && decision.port.is_none());
    decision.action.unwrap()
}

fn failed(observation: &Observation) -> String {
    match ended(observation) {
        ActionOutcome::Failed(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_variable_is_computed_of_options_relations_units_and_other_variables_and_stands_above_all() {
    let facts = |facts: &Facts<'_>| {
        let users = facts.option("users").and_then(Value::as_u64).unwrap_or(0);
        let related = facts.relations("postgresql").count();
        let host = facts.variable("POSTGRESQL_DB_HOSTNAME").unwrap_or("none");
        Ok(Some(format!(
            "{users} {related} {host} {} {}",
            facts.units(),
            facts.unit()
        )))
    };
    let code = || {
        charmwright::charm()
            .variable("FACTS", facts)
            .variable("UVICORN_PORT", |_| Ok(Some("1".into())))
            .variable("APP_BASE_URL", |_| Ok(None))
    };
    let mut observation = with(unit(code()), &[("users", json!(7))]);
    observation.relations.push(postgresql("pw"));
    observation.peer.as_mut().unwrap().others.extend([1, 2]);
    let variables_of = variables(&observation);
    assert_eq!(variables_of["FACTS"], "7 1 pg 3 web/0");
    assert_eq!(variables_of["UVICORN_PORT"], "1");
    assert_eq!(variables_of["APP_BASE_URL"], "http://web.demo:8080");
    assert_eq!(variables(&unit(code()))["FACTS"], "0 0 none 1 web/0");
}

#[test]
fn a_variable_that_cannot_be_computed_blocks_with_its_reason_and_without_secrets() {
    let code = charmwright::charm().variable("SIZE", |facts| {
        let number: u32 = "x".parse()?;
        let _ = (facts, number);
        Ok(None)
    });
    assert_eq!(
        blocked(&unit(code)),
        "variable SIZE: invalid digit found in string"
    );
    let code = charmwright::charm().variable("SIZE", |facts| {
        let key = facts.variable("APP_SECRET_KEY").unwrap();
        Err(format!("the key\n{key} is bad").into())
    });
    let observation = unit(code);
    assert_eq!(blocked(&observation), "variable SIZE: the key *** is bad");
    // The app goes on with what it had.
    assert_eq!(decide(&observation).work, Work::Nothing);
    let code = charmwright::charm().variable("NUL", |_| Ok(Some("a\0b".into())));
    assert_eq!(
        blocked(&unit(code)),
        "variable NUL: its value has a NUL character"
    );
}

#[test]
fn names_that_cannot_be_or_are_there_twice_block_the_unit_and_fail_its_actions() {
    let none = |_: &Facts<'_>| Ok(None);
    let nothing = || Answer::results([("a", "b")]);
    for (code, problem) in [
        (
            charmwright::charm().variable("A=B", none),
            "`A=B` cannot be the name of a variable",
        ),
        (
            charmwright::charm().variable("A", none).variable("A", none),
            "the variable `A` is there twice",
        ),
        (
            charmwright::charm()
                .action("a", move |_| Ok(nothing()))
                .action("a", move |_| Ok(nothing())),
            "the action `a` is there twice",
        ),
    ] {
        let observation = unit(code.action("b", move |_| Ok(nothing())));
        let text = format!("the charm's code: {problem}");
        assert_eq!(blocked(&observation), text);
        assert_eq!(failed(&asked(observation, "b", &[])), text);
    }
    let mut django = ready("django", FIRST, "options: {}", None);
    let code = charmwright::charm().action("create-superuser", move |_| Ok(nothing()));
    django.charm = django.charm.with_code(code);
    assert_eq!(
        blocked(&django),
        "the charm's code: the action `create-superuser` is the framework's or one of paas-config.yaml; rename it"
    );
}

#[test]
fn an_action_answers_by_itself_also_before_the_app_can_run() {
    let code = || {
        charmwright::charm().action("greet", |call| {
            let name = call
                .parameter("name")
                .and_then(Value::as_str)
                .ok_or("who?")?;
            Ok(Answer::results([
                ("text", format!("Hello {name}")),
                ("can-run", call.can_run().to_string()),
                (
                    "key",
                    call.facts()
                        .variable("APP_SECRET_KEY")
                        .unwrap_or("none")
                        .into(),
                ),
            ]))
        })
    };
    let parameters = [("name", json!("Anna"))];
    let done = |run, key| {
        ActionOutcome::Done(bag(&[
            ("text", "Hello Anna"),
            ("can-run", run),
            ("key", key),
        ]))
    };
    assert_eq!(
        ended(&asked(unit(code()), "greet", &parameters)),
        done("true", "peer-key")
    );
    let mut unreachable = asked(unit(code()), "greet", &parameters);
    unreachable.workload = Workload::Unreachable;
    assert_eq!(ended(&unreachable), done("false", "none"));
    for parameters in [&[][..], &[("name", Value::Null)]] {
        assert_eq!(failed(&asked(unit(code()), "greet", parameters)), "who?");
    }
}

#[test]
fn an_actions_failure_and_its_results_are_what_juju_takes() {
    let code = charmwright::charm()
        .action("leak", |call| {
            let key = call.facts().variable("APP_SECRET_KEY").unwrap_or_default();
            let given = call
                .parameter("password")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Err(format!("no {key}, no {given}").into())
        })
        .action("bad-key", |_| Ok(Answer::results([("Bad", "x")])))
        .action("long", |_| {
            Ok(Answer::results([("a", "x".repeat(128_000))]))
        });
    let observation = unit(code);
    let parameters = [("password", json!("hunter2"))];
    assert_eq!(
        failed(&asked(observation.clone(), "leak", &parameters)),
        "no ***, no ***"
    );
    assert!(
        failed(&asked(observation.clone(), "bad-key", &[]))
            .starts_with("`Bad` cannot be a key of a result")
    );
    assert!(
        failed(&asked(observation, "long", &[]))
            .starts_with("the result `a` is longer than 128000 bytes")
    );
}

#[test]
fn an_actions_command_runs_as_the_app_with_its_parameters_and_variables() {
    let code = || {
        charmwright::charm().action("import", |call| {
            let run = Run::new(["python3", "import.py"])
                .variable("TOKEN", "t0ken")
                .timeout(Duration::from_secs(1_000_000))
                .output("said")
                .result("password", call.password())
                .result("braces", "{output} [x]");
            Ok(run.into())
        })
    };
    let mut observation = asked(unit(code()), "import", &[("dry-run", json!(true))]);
    observation.fresh_key = "0123456789abcdefghijklmnop".into();
    let decision = decide(&observation);
    let Some(ActionOutcome::Run(command)) = &decision.action else {
        panic!("{decision:?}");
    };
    let Command {
        command: words,
        directory,
        user,
        group,
        timeout,
        ..
    } = &**command;
    assert_eq!(words, &["python3", "import.py"]);
    assert_eq!(
        (directory.as_str(), user.as_str(), group.as_str()),
        ("/app", "_daemon_", "_daemon_")
    );
    assert_eq!(timeout.as_secs(), 86_400);
    for (name, value) in [
        ("TOKEN", "t0ken"),
        ("ACTION_DRY_RUN", "true"),
        ("APP_SECRET_KEY", "peer-key"),
    ] {
        assert_eq!(command.environment[name], value);
    }
    let done = conclude::action(command, &decision.mask, Some(Ok(b"with t0ken\n".to_vec())));
    let results = [
        ("said", "with ***"),
        ("password", "0123456789abcdefghijkl"),
        ("braces", "{output} [x]"),
    ];
    assert_eq!(done, ActionOutcome::Done(bag(&results)));

    let mut unreachable = asked(unit(code()), "import", &[]);
    unreachable.workload = Workload::Unreachable;
    assert_eq!(failed(&unreachable), "app container is not ready");
}

/// What a provider says under `state`, as an outcome.
struct Says;

impl Interface for Says {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, _: &Relation) -> Request {
        Request {
            app: bag(&[("app", context.app)]),
            ..Request::default()
        }
    }

    fn outcome(&self, _: &Context<'_>, relation: &Relation) -> Outcome {
        let said = relation.remote_app.get("state").map_or("", String::as_str);
        let text = format!("it is {said}, {}", relation.remote_app["password"]);
        match said {
            "ready" => Outcome::Ready(Provided {
                variables: bag(&[("SAYS", "yes")]),
                ..Provided::default()
            }),
            "blocked" => Outcome::Blocked(text),
            "waiting" => Outcome::Waiting(text),
            "invalid" => Outcome::Invalid(text),
            _ => Outcome::Incomplete,
        }
    }
}

#[test]
fn an_interface_of_the_charms_own_is_asked_gates_and_gives_as_a_built_in_one() {
    let metadata = |role: &str, optional: bool| {
        format!(
            "name: web\ncontainers: {{app: {{resource: app-image}}}}\npeers: {{secret-storage: {{interface: secret-storage}}}}\n\
             {role}: {{says: {{interface: says, optional: {optional}}}}}\n"
        )
    };
    let manifest = "charmwright: {framework: fastapi}\nbases: [{channel: '24.04'}]\n";
    let unit = |role, optional, said: Option<&str>| {
        let charm = Charm::parse(&metadata(role, optional), None, Some(manifest), None).unwrap();
        let mut observation = unit(Code::default());
        observation.charm = charm.with_code(charmwright::charm().interface("says", Says));
        observation.relations.extend(said.map(|state| Relation {
            endpoint: "says".into(),
            id: 9,
            remote_application: "other".into(),
            remote_app: bag(&[("state", state), ("password", "hunter2")]),
            ..Relation::default()
        }));
        observation
    };
    assert_eq!(
        blocked(&unit("requires", false, None)),
        "missing integrations: says"
    );
    assert_eq!(
        blocked(&unit("requires", false, Some("new"))),
        "missing integrations: says"
    );
    assert_eq!(
        blocked(&unit("requires", true, Some("blocked"))),
        "it is blocked, ***"
    );
    let waiting = status(&decide(&unit("requires", true, Some("waiting"))));
    assert_eq!(waiting.1, "it is waiting, ***");
    let invalid = decide(&unit("requires", true, Some("invalid")));
    assert_eq!(status(&invalid).1, "Invalid says relation data.");
    assert!(
        invalid.remarks.concat().contains("it is invalid, ***"),
        "{:?}",
        invalid.remarks
    );
    for observation in [
        unit("requires", true, None),
        unit("provides", false, None),
        unit("provides", false, Some("new")),
    ] {
        assert!(!variables(&observation).contains_key("SAYS"));
    }
    for role in ["requires", "provides"] {
        let observation = unit(role, false, Some("ready"));
        assert_eq!(variables(&observation)["SAYS"], "yes");
        let wrote: BTreeMap<String, Option<String>> = [("app".into(), Some("web".into()))].into();
        let decision = decide(&observation);
        assert!(
            decision
                .bags
                .iter()
                .any(|write| write.app && write.relation == 9 && write.changes == wrote)
        );
        assert!(run(&decision).layer.is_some());
    }
}
