//! Journeys of units through their lives, by the order that the contract gives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::*;

pub(crate) fn endpoint(interface: &str, role: Role, limit: Option<u32>) -> Endpoint {
    Endpoint {
        interface: interface.into(),
        role,
        limit,
        optional: None,
    }
}

fn option(kind: &str, default: serde_json::Value) -> ConfigOption {
    ConfigOption {
        kind: kind.into(),
        default: Some(default).filter(|value| !value.is_null()),
        description: String::new(),
    }
}

pub(crate) fn web() -> Charm {
    Charm {
        name: "web".into(),
        directory: Some(PathBuf::from("/charm")),
        endpoints: BTreeMap::from([
            (
                "db".into(),
                endpoint("postgresql_client", Role::Requirer, Some(1)),
            ),
            ("ingress".into(), endpoint("ingress", Role::Requirer, None)),
            ("peers".into(), endpoint("peers", Role::Peer, None)),
        ]),
        options: BTreeMap::from([
            ("greeting".into(), option("string", json!("hi"))),
            ("workers".into(), option("int", json!(null))),
            ("ratio".into(), option("float", json!(null))),
            ("debug".into(), option("boolean", json!(false))),
            ("key".into(), option("secret", json!(null))),
        ]),
        actions: BTreeMap::from([(
            "rotate".into(),
            json!({"params": {"size": {"type": "integer", "default": 3}}, "required": ["who"]}),
        )]),
        ..Charm::default()
    }
}

pub(crate) fn pg(built_in: bool) -> Charm {
    Charm {
        name: "pg".into(),
        directory: (!built_in).then(|| PathBuf::from("/charm")),
        endpoints: BTreeMap::from([(
            "database".into(),
            endpoint("postgresql_client", Role::Provider, None),
        )]),
        ..Charm::default()
    }
}

pub(crate) fn deploy(model: &mut Model, name: &str, charm: Charm, units: u32) {
    let changes = model.deploy(name, charm, BTreeMap::new(), units).unwrap();
    model.enqueue(changes);
}

/// Lets every unit handle all that it has, in turn, and tells what each one handled.
pub(crate) fn run_all(model: &mut Model) -> Vec<String> {
    let mut handled = Vec::new();
    loop {
        let units: Vec<String> = model
            .applications
            .iter()
            .flat_map(|(name, application)| {
                application
                    .units
                    .keys()
                    .map(move |number| format!("{name}/{number}"))
            })
            .collect();
        let mut busy = false;
        for unit in units {
            if let Some(event) = model.begin(&unit) {
                busy = true;
                let remote = match &event {
                    QueuedEvent::Relation {
                        remote_unit: Some(remote),
                        ..
                    } => format!(" {remote}"),
                    _ => String::new(),
                };
                handled.push(format!("{unit}: {}{remote}", event.name(model)));
                model.dispatched(&unit, &event);
            }
        }
        if !busy {
            return handled;
        }
    }
}

fn of<'a>(handled: &'a [String], unit: &str) -> Vec<&'a str> {
    handled
        .iter()
        .filter_map(|line| line.strip_prefix(unit)?.strip_prefix(": "))
        .collect()
}

#[test]
fn a_first_unit_starts_in_jujus_order() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    assert_eq!(
        run_all(&mut model),
        [
            "web/0: install",
            "web/0: peers-relation-created",
            "web/0: leader-elected",
            "web/0: config-changed",
            "web/0: start",
        ]
    );
    assert_eq!(model.leader_of("web").as_deref(), Some("web/0"));
    assert_eq!(model.unit("web/0").unwrap().agent, "idle");
    assert!(model.unit("web/0").unwrap().started);
}

#[test]
fn a_new_relation_is_created_then_joined_and_changed_per_remote_unit() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    deploy(&mut model, "pg", pg(false), 1);
    run_all(&mut model);
    let (id, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    let handled = run_all(&mut model);
    assert_eq!(
        of(&handled, "web/1"),
        [
            "db-relation-created",
            "db-relation-joined pg/0",
            "db-relation-changed pg/0"
        ]
    );
    let pg = of(&handled, "pg/0");
    assert_eq!(pg.first(), Some(&"database-relation-created"));
    for unit in ["web/0", "web/1"] {
        let joined = format!("database-relation-joined {unit}");
        let at = pg.iter().position(|line| *line == joined).unwrap();
        assert_eq!(pg[at + 1], format!("database-relation-changed {unit}"));
    }
    assert_eq!(model.relations[&id].key(), "web:db pg:database");
}

#[test]
fn a_bag_that_changes_is_heard_at_the_other_side_once() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    deploy(&mut model, "pg", pg(true), 1);
    let (id, changes) = model.integrate("web:db", "pg:database").unwrap();
    model.enqueue(changes);
    run_all(&mut model);
    for value in ["1", "2"] {
        let bag = Bag::from([("endpoints".into(), value.into())]);
        let changes = model.set_bag(id, "pg", bag);
        model.enqueue(changes);
    }
    let same = model.relations[&id].bags["pg"].clone();
    assert_eq!(model.set_bag(id, "pg", same), []);
    let event = QueuedEvent::Relation {
        hook: RelationHook::Changed,
        relation: id,
        endpoint: "db".into(),
        remote_application: "pg".into(),
        remote_unit: None,
        departing_unit: None,
    };
    assert_eq!(model.unit("web/0").unwrap().queue.waiting, [event]);
    let changes = model.set_bag(id, "pg/0", Bag::from([("a".into(), "b".into())]));
    model.enqueue(changes);
    let handled = run_all(&mut model);
    assert_eq!(
        of(&handled, "web/1"),
        ["db-relation-changed", "db-relation-changed pg/0"]
    );
}

#[test]
fn peers_hear_of_the_leaders_application_bag_but_the_leader_does_not() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    run_all(&mut model);
    let changes = model.set_bag(0, "web", Bag::from([("a".into(), "b".into())]));
    model.enqueue(changes);
    assert_eq!(run_all(&mut model), ["web/1: peers-relation-changed"]);
}

#[test]
fn a_relation_ends_with_departed_then_broken_and_is_gone() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    deploy(&mut model, "pg", pg(true), 1);
    let (id, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    run_all(&mut model);
    let changes = model.remove_relation("pg", "web:db").unwrap();
    model.enqueue(changes);
    assert!(
        model.relations.contains_key(&id),
        "the charm must hear first"
    );
    assert_eq!(
        run_all(&mut model),
        [
            "web/0: db-relation-departed pg/0",
            "web/0: db-relation-broken"
        ]
    );
    assert!(!model.relations.contains_key(&id));
    assert_eq!(
        model.remove_relation("pg", "web"),
        Err(RelationError::NotFound("pg web".into()))
    );
}

#[test]
fn a_relation_that_ends_before_the_charm_saw_it_leaves_no_trace() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    deploy(&mut model, "pg", pg(true), 1);
    run_all(&mut model);
    let (id, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    let changes = model.remove_relation_by_id(id).unwrap();
    model.enqueue(changes);
    assert_eq!(run_all(&mut model), Vec::<String>::new());
    assert!(model.relations.values().all(Relation::is_peer));
}

#[test]
fn the_leader_that_goes_departs_stops_and_hands_over() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    run_all(&mut model);
    let changes = model.remove_unit("web/0").unwrap();
    model.enqueue(changes);
    let handled = run_all(&mut model);
    assert_eq!(
        of(&handled, "web/0"),
        ["peers-relation-departed web/1", "stop", "remove"]
    );
    assert_eq!(
        of(&handled, "web/1"),
        ["leader-elected", "peers-relation-departed web/0"]
    );
    assert!(model.unit("web/0").is_none());
    assert_eq!(model.add_unit("web").unwrap().0, "web/2");
}

#[test]
fn an_application_goes_with_its_relations_units_and_secrets() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    deploy(&mut model, "pg", pg(true), 1);
    let (_, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    run_all(&mut model);
    let content = Bag::from([("password".into(), "x".into())]);
    model.put_secret(Some("web"), "own", content).unwrap();
    let changes = model.remove_application("web").unwrap();
    model.enqueue(changes);
    let handled = run_all(&mut model);
    let web = of(&handled, "web/0");
    assert!(web.contains(&"db-relation-broken"), "{web:?}");
    assert_eq!(web.last(), Some(&"remove"));
    let mut once = web.clone();
    once.dedup();
    assert_eq!(once.len(), web.len(), "{web:?}");
    assert!(!model.applications.contains_key("web"));
    assert!(model.relations.is_empty());
    assert!(model.secrets.is_empty());
    let changes = model.remove_application("pg").unwrap();
    model.enqueue(changes);
    assert!(model.applications.is_empty());
}

#[test]
fn a_failed_hook_comes_again_and_actions_run_meanwhile() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    let install = model.begin("web/0").unwrap();
    model.failed("web/0", &install);
    assert_eq!(
        model.unit("web/0").unwrap().agent,
        "error hook failed: \"install\""
    );
    let who = json!({"who": "me"}).as_object().cloned().unwrap();
    let (id, changes) = model.run_action("web/0", "rotate", who).unwrap();
    model.enqueue(changes);
    let action = model.begin_action("web/0").unwrap();
    assert_eq!(action.path(&model), "actions/rotate");
    assert_eq!(model.actions[&id].parameters["size"], 3);
    model.failed("web/0", &action);
    assert_eq!(model.actions[&id].status, ActionStatus::Failed);
    assert_eq!(model.begin("web/0"), Some(QueuedEvent::Install));
}

#[test]
fn a_refresh_upgrades_and_reconfigures() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    run_all(&mut model);
    let values = BTreeMap::from([("greeting".into(), "Hi!".into())]);
    model.set_config("web", &values).unwrap();
    let changes = model.refresh("web", web(), BTreeMap::new()).unwrap();
    model.enqueue(changes);
    assert_eq!(
        run_all(&mut model),
        ["web/0: upgrade-charm", "web/0: config-changed"]
    );
    assert_eq!(model.applications["web"].charm.revision, 1);
    assert_eq!(
        model.applications["web"].effective_config()["greeting"],
        "Hi!"
    );
}

#[test]
fn integrate_refuses_in_jujus_words() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 0);
    deploy(&mut model, "pg", pg(true), 0);
    deploy(&mut model, "pg2", pg(true), 0);
    let mut twice = web();
    twice.endpoints.insert(
        "db2".into(),
        endpoint("postgresql_client", Role::Requirer, None),
    );
    deploy(&mut model, "twice", twice, 0);
    model.integrate("web", "pg").unwrap();
    for (a, b, message) in [
        ("web", "nope", "application \"nope\" not found"),
        (
            "web:nope",
            "pg",
            "application \"web\" has no \"nope\" relation; it has db, ingress, peers",
        ),
        (
            "pg",
            "web",
            "cannot add relation \"web:db pg:database\": relation web:db pg:database already exists",
        ),
        (
            "pg2",
            "web",
            "cannot add relation \"web:db pg2:database\": establishing a new relation for web:db would exceed its maximum relation limit of 1",
        ),
        (
            "twice",
            "pg",
            "ambiguous relation: \"twice pg\" could refer to \"twice:db pg:database\"; \"twice:db2 pg:database\"",
        ),
    ] {
        assert_eq!(model.integrate(a, b).unwrap_err().to_string(), message);
    }
    let none = model.integrate("pg", "pg2").unwrap_err().to_string();
    assert!(none.starts_with("no relations found"), "{none}");
}

#[test]
fn options_are_checked_by_type_and_a_near_miss_is_named() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 0);
    for (name, value, message) in [
        (
            "workers",
            "two",
            "option \"workers\" expected int, got \"two\"",
        ),
        ("ratio", "x", "option \"ratio\" expected float, got \"x\""),
        (
            "debug",
            "yes",
            "option \"debug\" expected boolean, got \"yes\"",
        ),
        ("key", "x", "option \"key\" expected secret, got \"x\""),
        (
            "gretting",
            "x",
            "unknown option \"gretting\"; did you mean \"greeting\"?",
        ),
        ("zzz", "x", "unknown option \"zzz\""),
    ] {
        let values = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let error = model.set_config("web", &values).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let values = BTreeMap::from([
        ("workers".to_owned(), "2".to_owned()),
        ("debug".to_owned(), "True".to_owned()),
    ]);
    assert_eq!(model.set_config("web", &values).unwrap().len(), 1);
    assert_eq!(model.set_config("web", &values).unwrap(), []);
    let config = model.applications["web"].effective_config();
    assert_eq!(
        json!(config),
        json!({"debug": true, "greeting": "hi", "workers": 2})
    );
}

#[test]
fn a_dispatch_finds_the_environment_of_its_event() {
    let mut model = Model::new("demo", "0000-1", JujuVersion::default());
    deploy(&mut model, "web", web(), 1);
    deploy(&mut model, "pg", pg(false), 1);
    let agent = Agent {
        charm_directory: "/charm".into(),
        context_id: "web/0-1".into(),
        socket: "/run/agent.socket".into(),
        resources: "/resources".into(),
    };
    let of = |model: &Model, event: &QueuedEvent| -> BTreeMap<String, String> {
        event
            .environment(model, "web/0", &agent)
            .into_iter()
            .collect()
    };
    let install = of(&model, &QueuedEvent::Install);
    for (name, value) in [
        ("JUJU_DISPATCH_PATH", "hooks/install"),
        ("JUJU_HOOK_NAME", "install"),
        ("CHARM_DIR", "/charm"),
        ("JUJU_CONTEXT_ID", "web/0-1"),
        ("JUJU_AGENT_SOCKET_ADDRESS", "/run/agent.socket"),
        ("JUJU_AGENT_SOCKET_NETWORK", "unix"),
        ("JUJU_UNIT_NAME", "web/0"),
        ("JUJU_MODEL_NAME", "demo"),
        ("JUJU_MODEL_UUID", "0000-1"),
        ("JUJU_VERSION", "3.6.14"),
        ("JUJU_CHARM_HTTP_PROXY", ""),
    ] {
        assert_eq!(install.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!install.contains_key("JUJU_RELATION"));
    run_all(&mut model);
    let (id, changes) = model.integrate("web", "pg").unwrap();
    let created = of(&model, &after(&model, &changes)[0].1);
    assert_eq!(created["JUJU_RELATION"], "db");
    assert_eq!(created["JUJU_RELATION_ID"], format!("db:{id}"));
    assert_eq!(created["JUJU_REMOTE_APP"], "pg");
    assert_eq!(created["JUJU_REMOTE_UNIT"], "");
    assert!(!created.contains_key("JUJU_DEPARTING_UNIT"));
    model.enqueue(changes);
    run_all(&mut model);
    let changes = model.remove_unit("web/0").unwrap();
    let departed = of(&model, &after(&model, &changes)[0].1);
    assert_eq!(departed["JUJU_REMOTE_UNIT"], "pg/0");
    assert_eq!(departed["JUJU_DEPARTING_UNIT"], "web/0");
    let ready = QueuedEvent::PebbleReady {
        container: "app".into(),
    };
    let ready = of(&model, &ready);
    assert_eq!(ready["JUJU_DISPATCH_PATH"], "hooks/app-pebble-ready");
    assert_eq!(ready["JUJU_WORKLOAD_NAME"], "app");
}

#[test]
fn the_state_survives_being_written_and_read() {
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    deploy(&mut model, "web", web(), 2);
    deploy(&mut model, "pg", pg(true), 1);
    let (_, changes) = model.integrate("web", "pg").unwrap();
    model.enqueue(changes);
    model.begin("web/0");
    let text = serde_json::to_string(&model).unwrap();
    let mut read: Model = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(read.begin("web/0"), Some(QueuedEvent::Install));
}
