use super::*;
use crate::juju::{LifecycleKind, RelationId, RelationKind, SecretKind, StorageKind, WorkloadKind};

const ALWAYS: &[(&str, &str)] = &[
    ("JUJU_UNIT_NAME", "my-web/3"),
    ("JUJU_MODEL_NAME", "demo"),
    ("JUJU_MODEL_UUID", "c0ffee"),
    ("JUJU_CHARM_DIR", "/var/lib/juju/agents/unit-my-web-3/charm"),
    ("JUJU_VERSION", "3.6-rc1.1"),
    ("JUJU_CHARM_HTTP_PROXY", "http://squid:3128"),
    ("JUJU_CHARM_HTTPS_PROXY", ""),
    ("JUJU_CHARM_NO_PROXY", "127.0.0.1"),
    ("PATH", "/usr/bin"),
];

fn with(path: &str, more: &[(&str, &str)]) -> Result<Environment, NotInJuju> {
    let path = ("JUJU_DISPATCH_PATH", path);
    Environment::from_vars(ALWAYS.iter().chain([&path]).chain(more).copied())
}

fn event(path: &str, more: &[(&str, &str)]) -> Event {
    with(path, more).unwrap().event
}

#[test]
fn says_who_and_where_the_unit_is() {
    let environment = with("hooks/install", &[]).unwrap();
    assert_eq!(environment.unit, "my-web/3");
    assert_eq!(environment.app, "my-web");
    assert_eq!(environment.unit_number, 3);
    assert_eq!(environment.model, "demo");
    assert_eq!(environment.model_uuid, "c0ffee");
    assert_eq!(environment.version, JujuVersion::new(3, 6, 0));
    assert_eq!(
        environment.proxies,
        Proxies {
            http: Some("http://squid:3128".into()),
            https: None,
            ftp: None,
            no_proxy: Some("127.0.0.1".into()),
        }
    );
}

#[test]
fn knows_every_step_of_a_units_life() {
    for (name, kind) in [
        ("install", LifecycleKind::Install),
        ("start", LifecycleKind::Start),
        ("stop", LifecycleKind::Stop),
        ("remove", LifecycleKind::Remove),
        ("config-changed", LifecycleKind::ConfigChanged),
        ("update-status", LifecycleKind::UpdateStatus),
        ("upgrade-charm", LifecycleKind::UpgradeCharm),
        ("leader-elected", LifecycleKind::LeaderElected),
        (
            "leader-settings-changed",
            LifecycleKind::LeaderSettingsChanged,
        ),
        ("collect-metrics", LifecycleKind::CollectMetrics),
        ("pre-series-upgrade", LifecycleKind::PreSeriesUpgrade),
        ("post-series-upgrade", LifecycleKind::PostSeriesUpgrade),
    ] {
        assert_eq!(event(&format!("hooks/{name}"), &[]), Event::Lifecycle(kind));
    }
}

#[test]
fn tells_relations_by_the_last_suffix_only() {
    for (name, endpoint, kind) in [
        ("db-relation-created", "db", RelationKind::Created),
        ("my-db-relation-joined", "my-db", RelationKind::Joined),
        ("config-relation-changed", "config", RelationKind::Changed),
        ("secret-relation-changed", "secret", RelationKind::Changed),
        (
            "web-pebble-ready-relation-broken",
            "web-pebble-ready",
            RelationKind::Broken,
        ),
        (
            "db-relation-created-relation-changed",
            "db-relation-created",
            RelationKind::Changed,
        ),
        ("relation-relation-broken", "relation", RelationKind::Broken),
    ] {
        let expected = Event::Relation {
            endpoint: endpoint.into(),
            kind,
            id: RelationId::new("db", 7),
            remote_app: Some("pg".into()),
            remote_unit: None,
            departing_unit: None,
        };
        let variables = [
            ("JUJU_RELATION_ID", "db:7"),
            ("JUJU_REMOTE_APP", "pg"),
            ("JUJU_REMOTE_UNIT", ""),
            ("JUJU_DEPARTING_UNIT", ""),
        ];
        assert_eq!(
            event(&format!("hooks/{name}"), &variables),
            expected,
            "{name}"
        );
    }
}

#[test]
fn takes_the_remote_application_from_the_unit_when_juju_gives_none() {
    let event = event(
        "hooks/db-relation-departed",
        &[
            ("JUJU_RELATION_ID", "db:7"),
            ("JUJU_REMOTE_UNIT", "pg/1"),
            ("JUJU_DEPARTING_UNIT", "pg/1"),
        ],
    );
    let expected = Event::Relation {
        endpoint: "db".into(),
        kind: RelationKind::Departed,
        id: RelationId::new("db", 7),
        remote_app: Some("pg".into()),
        remote_unit: Some("pg/1".into()),
        departing_unit: Some("pg/1".into()),
    };
    assert_eq!(event, expected);
}

#[test]
fn tells_workload_events_by_container() {
    let variables = [
        ("JUJU_WORKLOAD_NAME", "flask-app"),
        ("JUJU_NOTICE_ID", "12"),
        ("JUJU_NOTICE_TYPE", "custom"),
        ("JUJU_NOTICE_KEY", "example.com/a"),
        ("JUJU_PEBBLE_CHECK_NAME", "up"),
    ];
    for (name, container, kind) in [
        (
            "flask-app-pebble-ready",
            "flask-app",
            WorkloadKind::PebbleReady,
        ),
        (
            "pebble-ready-pebble-ready",
            "pebble-ready",
            WorkloadKind::PebbleReady,
        ),
        (
            "app-pebble-custom-notice",
            "app",
            WorkloadKind::CustomNotice {
                id: "12".into(),
                notice_type: "custom".into(),
                key: "example.com/a".into(),
            },
        ),
        (
            "app-pebble-check-failed",
            "app",
            WorkloadKind::CheckFailed { name: "up".into() },
        ),
        (
            "a-b-pebble-check-recovered",
            "a-b",
            WorkloadKind::CheckRecovered { name: "up".into() },
        ),
    ] {
        let expected = Event::Workload {
            container: container.into(),
            kind,
        };
        assert_eq!(
            event(&format!("hooks/{name}"), &variables),
            expected,
            "{name}"
        );
    }
}

#[test]
fn tells_secret_events() {
    for (name, kind, revision) in [
        ("secret-changed", SecretKind::Changed, None),
        ("secret-rotate", SecretKind::Rotate, Some(2)),
        ("secret-expired", SecretKind::Expired, Some(2)),
        ("secret-remove", SecretKind::Remove, Some(2)),
    ] {
        let variables = [
            ("JUJU_SECRET_ID", "secret:d0aaaa"),
            ("JUJU_SECRET_LABEL", ""),
            (
                "JUJU_SECRET_REVISION",
                if revision.is_some() { "2" } else { "" },
            ),
        ];
        let expected = Event::Secret {
            kind,
            id: "secret:d0aaaa".into(),
            label: None,
            revision,
        };
        assert_eq!(event(&format!("hooks/{name}"), &variables), expected);
    }
}

#[test]
fn tells_storage_events() {
    for (name, storage, kind) in [
        ("data-storage-attached", "data", StorageKind::Attached),
        (
            "my-data-storage-detaching",
            "my-data",
            StorageKind::Detaching,
        ),
    ] {
        let expected = Event::Storage {
            name: storage.into(),
            kind,
            id: Some("data/0".into()),
        };
        assert_eq!(
            event(&format!("hooks/{name}"), &[("JUJU_STORAGE_ID", "data/0")]),
            expected
        );
    }
}

#[test]
fn an_action_keeps_its_name_whatever_it_looks_like() {
    for name in ["rotate-secret-key", "install", "db-relation-changed"] {
        let expected = Event::Action {
            name: name.into(),
            uuid: "4".into(),
        };
        let variables = [("JUJU_HOOK_NAME", ""), ("JUJU_ACTION_UUID", "4")];
        assert_eq!(event(&format!("actions/{name}"), &variables), expected);
    }
}

#[test]
fn what_was_never_heard_of_is_unknown() {
    for name in [
        "meter-status-changed",
        "-relation-changed",
        "relation-changed",
        "-pebble-ready",
        "pebble-ready",
        "-storage-attached",
        "relation-changed-db",
        "installed",
        "secret-changed-again",
    ] {
        assert_eq!(
            event(&format!("hooks/{name}"), &[]),
            Event::Unknown(name.into()),
            "{name}"
        );
    }
}

#[test]
fn names_what_is_missing_or_wrong() {
    let no_variables: [(&str, &str); 0] = [];
    assert_eq!(
        Environment::from_vars(no_variables).unwrap_err(),
        NotInJuju::Missing {
            variable: "JUJU_UNIT_NAME"
        }
    );
    assert_eq!(
        with("", &[]).unwrap_err(),
        NotInJuju::Missing {
            variable: "JUJU_DISPATCH_PATH"
        }
    );
    assert_eq!(
        with("hooks/db-relation-changed", &[]).unwrap_err(),
        NotInJuju::Missing {
            variable: "JUJU_RELATION_ID"
        }
    );
    for (variable, value) in [
        ("JUJU_UNIT_NAME", "web"),
        ("JUJU_UNIT_NAME", "/0"),
        ("JUJU_UNIT_NAME", "web/x"),
        ("JUJU_VERSION", "three"),
    ] {
        assert_eq!(
            with("hooks/install", &[(variable, value)]).unwrap_err(),
            NotInJuju::malformed(variable, value)
        );
    }
    assert_eq!(
        with("hooks/db-relation-changed", &[("JUJU_RELATION_ID", "db")]).unwrap_err(),
        NotInJuju::malformed("JUJU_RELATION_ID", "db")
    );
}
