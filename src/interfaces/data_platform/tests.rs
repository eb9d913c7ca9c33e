use super::*;
use crate::interfaces::samples::{bag, context};

fn row(interface: &str) -> table::Row {
    table::find(interface).unwrap()
}

fn postgresql() -> DataPlatform {
    DataPlatform::of(&row("postgresql_client"))
}

fn related(remote: &[(&str, &str)]) -> Relation {
    Relation {
        endpoint: "postgresql".into(),
        id: 7,
        remote_app: bag(remote),
        ..Relation::default()
    }
}

#[test]
fn asks_for_secrets_only_where_juju_has_them() {
    let with = postgresql().request(&context("3.6.14"), &related(&[]));
    assert_eq!(with.app.get("database").map(String::as_str), Some("web"));
    assert!(
        with.app.contains_key("requested-secrets") && with.unit.contains_key("requested-secrets")
    );
    let without = postgresql().request(&context("2.9.50"), &related(&[]));
    assert_eq!(
        without,
        Request {
            app: bag(&[("database", "web")]),
            ..Request::default()
        }
    );
}

#[test]
fn leaves_a_request_alone_that_the_peer_made() {
    let mut relation = related(&[]);
    relation.local_app = bag(&[("database", "web"), ("requested-secrets", "[\"username\"]")]);
    assert_eq!(
        postgresql().request(&context("3.6.14"), &relation),
        Request::default()
    );
}

#[test]
fn waits_for_half_written_data() {
    for remote in [
        &[][..],
        &[("database", "web")],
        &[("endpoints", "h:1"), ("username", "u")],
        &[("endpoints", ""), ("username", "u"), ("password", "p")],
        &[("endpoints", "h:1"), ("secret-user", "secret:unread")],
        &[("uris", "")],
    ] {
        assert_eq!(
            postgresql().outcome(&context("3.6.14"), &related(remote)),
            Outcome::Incomplete,
            "{remote:?}"
        );
    }
}

#[test]
fn encodes_reserved_characters_of_a_password_and_gives_it_plain_beside() {
    let remote = [
        ("endpoints", "pg:5432,pg-2:5432"),
        ("username", "u"),
        ("password", "p@/1:#"),
        ("database", "d"),
    ];
    let Outcome::Ready(provided) = postgresql().outcome(&context("3.6.14"), &related(&remote))
    else {
        panic!("not ready");
    };
    let get = |name: &str| provided.variables.get(name).map(String::as_str);
    assert_eq!(
        get("POSTGRESQL_DB_CONNECT_STRING"),
        Some("postgresql://u:p%40%2F1%3A%23@pg:5432/d")
    );
    assert_eq!(get("POSTGRESQL_DB_PASSWORD"), Some("p@/1:#"));
    assert_eq!(get("POSTGRESQL_DB_HOSTNAME"), Some("pg"));
    assert_eq!(get("POSTGRESQL_DB_CONNECT_STRINGS"), None);
}

#[test]
fn several_uris_give_the_first_and_the_whole_list() {
    let uris = "postgresql://u:p@a:1/d,postgresql://u:p@b:2/d";
    let Outcome::Ready(provided) =
        postgresql().outcome(&context("3.6.14"), &related(&[("uris", uris)]))
    else {
        panic!("not ready");
    };
    let get = |name: &str| provided.variables.get(name).map(String::as_str);
    assert_eq!(
        get("POSTGRESQL_DB_CONNECT_STRING"),
        Some("postgresql://u:p@a:1/d")
    );
    assert_eq!(get("POSTGRESQL_DB_CONNECT_STRINGS"), Some(uris));
    assert_eq!(get("POSTGRESQL_DB_NAME"), Some("d"));
}

#[test]
fn nonsense_is_invalid_and_its_reason_shows_no_value() {
    for uris in ["nonsense", "postgresql://u:secret@h:port/d"] {
        let outcome = postgresql().outcome(&context("3.6.14"), &related(&[("uris", uris)]));
        assert!(
            matches!(&outcome, Outcome::Invalid(why) if !why.contains("secret")),
            "{outcome:?}"
        );
    }
}

#[test]
fn identity_changes_with_endpoints_and_user_but_not_with_the_password() {
    let identity = |endpoints: &str, password: &str| {
        let remote = [
            ("endpoints", endpoints),
            ("username", "u"),
            ("password", password),
        ];
        match postgresql().outcome(&context("3.6.14"), &related(&remote)) {
            Outcome::Ready(provided) => provided.identity,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(identity("a:1", "p"), identity("a:1", "q"));
    assert_ne!(identity("a:1", "p"), identity("b:1", "p"));
}

#[test]
fn roles_of_the_user_are_asked_for_with_the_database_and_never_later() {
    let mut row = row("postgresql_client");
    row.extra_user_roles = Some("CREATEDB,REPLICATION".into());
    let database = DataPlatform::of(&row);
    let asked = database.request(&context("3.6.14"), &related(&[]));
    assert_eq!(asked.app["extra-user-roles"], "CREATEDB,REPLICATION");
    assert!(!asked.unit.contains_key("extra-user-roles"));
    let mut acted_on = related(&[]);
    acted_on.local_app = bag(&[("database", "web")]);
    assert_eq!(
        database.request(&context("3.6.14"), &acted_on),
        Request::default()
    );
}

#[test]
fn a_subordinate_router_counts_when_one_of_its_units_is_ready() {
    let complete = [
        ("subordinated", "true"),
        ("endpoints", "router:6446"),
        ("username", "u"),
        ("password", "p"),
    ];
    let mut relation = related(&complete);
    assert!(postgresql().reads_units(&relation.remote_app));
    assert!(!postgresql().reads_units(&bag(&complete[1..])));
    for (units, ready) in [
        (&[][..], false),
        (&[&[][..]][..], false),
        (&[&[("state", "starting")][..]], false),
        (&[&[][..], &[("state", "ready")]], true),
    ] {
        let numbered = units.iter().enumerate();
        relation.remote_units = numbered
            .map(|(number, unit)| (format!("router/{number}"), bag(unit)))
            .collect();
        let outcome = postgresql().outcome(&context("3.6.14"), &relation);
        assert_eq!(matches!(outcome, Outcome::Ready(_)), ready, "{units:?}");
    }
}

/// What a provider that keeps everything in secrets has published.
fn with_secrets(user: &[(&str, &str)], tls: Option<&[(&str, &str)]>) -> Relation {
    let mut relation = related(&[
        ("database", "d"),
        ("endpoints", "pg:5432"),
        ("secret-user", "secret:user"),
    ]);
    relation.secrets.insert("secret:user".into(), bag(user));
    if let Some(tls) = tls {
        let uri = "secret:tls".to_owned();
        relation.remote_app.insert("secret-tls".into(), uri.clone());
        relation.secrets.insert(uri, bag(tls));
    }
    relation
}

fn ca() -> String {
    use base64::Engine as _;
    let mut der = vec![0x30, 0x82, 0x00, 0x90];
    der.extend([7; 0x90]);
    tls::certificates(&base64::engine::general_purpose::STANDARD.encode(der)).unwrap()
}

fn verifying(interface: &str) -> DataPlatform {
    let mut row = row(interface);
    row.tls = Some(tls::Mode::Verify);
    row.endpoint = "db".into();
    DataPlatform::of(&row)
}

fn ready(database: &DataPlatform, relation: &Relation) -> Provided {
    match database.outcome(&context("3.6.14"), relation) {
        Outcome::Ready(provided) => provided,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_secrets_that_are_needed_are_read_each_by_its_label() {
    let relation = with_secrets(&[], Some(&[]));
    let labels = |database: DataPlatform| -> Vec<String> {
        let requests = database.secrets(&relation).into_iter();
        requests.filter_map(|request| request.label).collect()
    };
    assert_eq!(labels(postgresql()), ["postgresql.7.user.secret"]);
    let both = ["postgresql.7.user.secret", "postgresql.7.tls.secret"];
    assert_eq!(labels(verifying("postgresql_client")), both);
}

#[test]
fn each_client_is_asked_to_verify_in_its_own_words() {
    const CA: &str = "/tmp/charmwright/tls/db-ca.pem";
    let ca = ca();
    let tls = [("tls", "True"), ("tls-ca", ca.as_str())];
    for (interface, prefix, uris, expected) in [
        (
            "postgresql_client",
            "POSTGRESQL_DB",
            "postgresql://u:p@pg.demo:5432/d",
            format!("postgresql://u:p@pg.demo:5432/d?sslmode=verify-full&sslrootcert={CA}"),
        ),
        (
            "postgresql_client",
            "POSTGRESQL_DB",
            "postgresql://u:p@pg:5432/d?sslmode=disable&application_name=x",
            format!(
                "postgresql://u:p@pg:5432/d?application_name=x&sslmode=verify-full&sslrootcert={CA}"
            ),
        ),
        (
            "mysql_client",
            "MYSQL_DB",
            "mysql://u:p@my.demo.:3306/d",
            format!("mysql://u:p@my.demo:3306/d?ssl_ca={CA}"),
        ),
        (
            "mongodb_client",
            "MONGODB_DB",
            "mongodb://u:p@m-0:27017,m-1:27017/d?replicaSet=m",
            format!("mongodb://u:p@m-0:27017,m-1:27017/d?replicaSet=m&tls=true&tlsCAFile={CA}"),
        ),
    ] {
        let user = [("username", "u"), ("password", "p"), ("uris", uris)];
        for relation in [
            with_secrets(&user, Some(&tls)),
            related(&[&user[..], &tls].concat()),
        ] {
            let provided = ready(&verifying(interface), &relation);
            let get = |name: &str| provided.variables[&format!("{prefix}_{name}")].clone();
            assert_eq!(get("CONNECT_STRING"), expected);
            assert_eq!(get("QUERY"), expected.split_once('?').unwrap().1);
            assert_eq!(get("TLS_CA_FILE"), CA);
            assert_eq!(provided.files, [(CA.to_owned(), ca.clone())].into());
            assert!(provided.public.contains(CA));
            assert_eq!(verifying(interface).files(), [CA]);
            // Without being asked to: what the provider says, and no more. And TLS is no reason to migrate.
            let plain = DataPlatform::of(&row(interface));
            let without = ready(&plain, &relation);
            assert_eq!(without.variables[&format!("{prefix}_CONNECT_STRING")], uris);
            assert!(without.files.is_empty() && plain.files().is_empty());
            assert!(
                !without
                    .variables
                    .contains_key(&format!("{prefix}_TLS_CA_FILE"))
            );
        }
    }
}

#[test]
fn every_url_of_a_list_verifies() {
    let ca = ca();
    let relation = with_secrets(
        &[("uris", "postgresql://u:p@a:1/d,postgresql://u:p@b:2/d")],
        Some(&[("tls", "True"), ("tls-ca", &ca)]),
    );
    let provided = ready(&verifying("postgresql_client"), &relation);
    let all = &provided.variables["POSTGRESQL_DB_CONNECT_STRINGS"];
    assert_eq!(all.matches("sslmode=verify-full").count(), 2, "{all}");
}

#[test]
fn verification_that_cannot_be_had_is_no_connection() {
    let user = [("username", "u"), ("password", "s3cr3t")];
    let outcome =
        |relation: &Relation| verifying("postgresql_client").outcome(&context("3.6.14"), relation);
    for tls in [
        None,
        Some(&[("tls", "False")][..]),
        Some(&[("tls", "True")]),
    ] {
        match outcome(&with_secrets(&user, tls)) {
            Outcome::Blocked(text) => assert!(text.contains("`db`") && !text.contains("s3cr3t")),
            other => panic!("{tls:?}: {other:?}"),
        }
    }
    let nonsense = [("tls", "True"), ("tls-ca", "nonsense")];
    let invalid = outcome(&with_secrets(&user, Some(&nonsense)));
    assert!(matches!(invalid, Outcome::Invalid(_)), "{invalid:?}");
    // Not granted yet.
    let mut early = with_secrets(&user, Some(&[]));
    early.secrets.remove("secret:tls");
    assert_eq!(outcome(&early), Outcome::Incomplete);
    // Without credentials there is nothing to verify yet.
    assert_eq!(outcome(&with_secrets(&[], None)), Outcome::Incomplete);
}

#[test]
fn replicas_are_told_of_when_asked_for() {
    let mut row = row("postgresql_client");
    let user = [("username", "u"), ("password", "p/")];
    let mut relation = with_secrets(&user, None);
    let replicas = ("read-only-endpoints".into(), "ro:5432,ro-2:5432".into());
    relation.remote_app.extend([replicas]);
    let names = |provided: &Provided, part: &str| -> Bag {
        let variables = provided.variables.clone().into_iter();
        variables.filter(|(name, _)| name.contains(part)).collect()
    };
    let unasked = ready(&DataPlatform::of(&row), &relation);
    assert_eq!(names(&unasked, "READ_ONLY"), Bag::new());
    row.read_only = true;
    let asked = DataPlatform::of(&row);
    let url = "POSTGRESQL_DB_READ_ONLY_CONNECT_STRING";
    let list = "POSTGRESQL_DB_READ_ONLY_ENDPOINTS";
    assert_eq!(
        names(&ready(&asked, &relation), "READ_ONLY"),
        bag(&[
            (url, "postgresql://u:p%2F@ro:5432/d"),
            (list, "ro:5432,ro-2:5432")
        ])
    );
    let given = (
        "read-only-uris".to_owned(),
        "postgresql://x@ro/d".to_owned(),
    );
    let user = relation.secrets.get_mut("secret:user").unwrap();
    user.extend([given]);
    let provided = ready(&asked, &relation);
    assert_eq!(provided.variables[url], "postgresql://x@ro/d");
    let user = relation.secrets.get_mut("secret:user").unwrap();
    user.insert("read-only-uris".into(), "nonsense".into());
    let outcome = asked.outcome(&context("3.6.14"), &relation);
    assert!(matches!(outcome, Outcome::Invalid(_)), "{outcome:?}");
    let none = ready(&asked, &with_secrets(&[("uris", "postgresql://h/d")], None));
    assert_eq!(names(&none, "READ_ONLY"), Bag::new());
}
