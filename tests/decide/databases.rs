//! Databases (contract: interfaces, section 1): what of their databags becomes of the app, for each interface; several at
//! once; endpoints with names of their own (known defect 62); files that TLS needs.

use charmwright::interfaces::tls::certificates;
use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::Status;
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::observation::Observation;
use charmwright::yaml::{self, Mapping};

use super::support::{FIRST, bag, container, environment, ready, run, status, unit};

const DATABASES: [(&str, &str, u16); 3] = [
    ("mongodb", "mongodb", 27017),
    ("mysql", "mysql", 3306),
    ("postgresql", "postgresql", 5432),
];

fn related(endpoint: &str, id: u64, remote: &[(&str, &str)]) -> Relation {
    Relation {
        endpoint: endpoint.into(),
        id,
        remote_application: "db".into(),
        remote_app: bag(remote),
        ..Relation::default()
    }
}

/// A FastAPI app whose database has to be there.
fn in_need_of(endpoint: &str) -> Observation {
    let mut observation = ready("fastapi", FIRST, "options: {}", None);
    for declared in &mut observation.charm.endpoints {
        if declared.name == endpoint {
            declared.optional = false;
        }
    }
    observation
}

#[test]
fn every_databag_of_every_database_has_its_status() {
    for (endpoint, scheme, port) in DATABASES {
        let endpoints = format!("h:{port}");
        let uris = format!("{scheme}://u:p@h:{port}/d");
        let complete = [
            ("endpoints", endpoints.as_str()),
            ("username", "u"),
            ("password", "p"),
        ];
        let missing = format!("missing integrations: {endpoint}");
        let invalid = format!("Invalid {endpoint} relation data.");
        let two = [&complete[..], &[("endpoints", "other:1")]];
        for (what, bags, expected) in [
            ("complete", &[&complete[..]][..], ""),
            ("with URLs only", &[&[("uris", uris.as_str())][..]], ""),
            ("of two relations the first counts", &two, ""),
            (
                "of two relations the first counts",
                &[&[], &complete],
                &missing,
            ),
            ("not related, or removed", &[], &missing),
            ("empty", &[&[]], &missing),
            ("without credentials", &[&complete[..1]], &missing),
            ("without endpoints", &[&complete[1..]], &missing),
            (
                "a secret that is not granted yet",
                &[&[("endpoints", "h:1"), ("secret-user", "secret:x")]],
                &missing,
            ),
            (
                "empty values",
                &[&[("endpoints", ""), ("username", "u"), ("password", "p")]],
                &missing,
            ),
            (
                "a port that is none",
                &[&[("endpoints", "h:x"), ("username", "u"), ("password", "p")]],
                &invalid,
            ),
            ("no URL", &[&[("uris", "nonsense")]], &invalid),
            (
                "a router that is not ready",
                &[&[("uris", uris.as_str()), ("subordinated", "true")]],
                &missing,
            ),
        ] {
            let mut observation = in_need_of(endpoint);
            let numbered = (7..).zip(bags);
            observation.relations = numbered
                .map(|(id, remote)| related(endpoint, id, remote))
                .collect();
            let (status, text) = status(&decide(&observation));
            assert_eq!(text, expected, "{endpoint}: {what}");
            let wanted = match expected {
                "" => Status::Active,
                _ => Status::Blocked,
            };
            assert_eq!(status, wanted, "{endpoint}: {what}");
        }
    }
}

#[test]
fn a_database_that_goes_takes_its_variables_with_it_and_leaves_the_others() {
    let mut observation = ready("fastapi", FIRST, "options: {}", None);
    for (id, (endpoint, scheme, _)) in (7..).zip(DATABASES) {
        let uris = format!("{scheme}://u:p@{endpoint}/d");
        observation
            .relations
            .push(related(endpoint, id, &[("uris", &uris)]));
    }
    let prefixes = |observation: &Observation| -> Vec<&str> {
        let environment = environment(&decide(observation));
        let names = ["MONGODB_DB", "MYSQL_DB", "POSTGRESQL_DB"].into_iter();
        names
            .filter(|prefix| environment.keys().any(|name| name.starts_with(prefix)))
            .collect()
    };
    assert_eq!(
        prefixes(&observation),
        ["MONGODB_DB", "MYSQL_DB", "POSTGRESQL_DB"]
    );
    observation.relations.remove(1);
    assert_eq!(prefixes(&observation), ["MONGODB_DB", "POSTGRESQL_DB"]);
}

/// A unit with these endpoints.
fn requiring(framework: &str, requires: &str) -> Observation {
    requiring_and(framework, requires, None)
}

fn requiring_and(framework: &str, requires: &str, paas_config: Option<&str>) -> Observation {
    let metadata = format!(
        "name: web\ncontainers: {{app: {{resource: app-image}}}}\n\
         peers: {{secret-storage: {{interface: secret-storage}}}}\nrequires: {requires}\n"
    );
    let manifest =
        format!("charmwright: {{framework: {framework}}}\nbases: [{{channel: '24.04'}}]\n");
    let charm = Charm::parse(&metadata, None, Some(&manifest), paas_config).unwrap();
    let services = format!("{framework}: {{override: replace, startup: enabled, command: x}}\n");
    let key = format!("{framework}_secret_key");
    unit(charm, (&key, "key"), &services)
}

fn variables(observation: &Observation) -> Bag {
    let service = observation.charm.runtime.service.clone();
    let layer = run(&decide(observation)).layer.clone().unwrap();
    let layer: Mapping = yaml::from_str(&layer).unwrap();
    let environment = &layer["services"][service.as_str()]["environment"];
    yaml::from_str(&yaml::to_string(environment).unwrap()).unwrap()
}

#[test]
fn endpoints_may_have_any_name_and_several_of_one_interface_have_variables_of_their_own() {
    for (requires, names) in [
        (
            "{db: {interface: postgresql_client}}",
            &[("db", "POSTGRESQL_DB")][..],
        ),
        (
            "{reports-db: {interface: postgresql_client}, postgresql: {interface: postgresql_client}}",
            &[
                ("reports-db", "REPORTS_DB_DB"),
                ("postgresql", "POSTGRESQL_DB"),
            ],
        ),
        (
            "{db: {interface: postgresql_client}, my: {interface: mysql_client}, reports: {interface: postgresql_client}}",
            &[
                ("db", "POSTGRESQL_DB"),
                ("my", "MYSQL_DB"),
                ("reports", "REPORTS_DB"),
            ],
        ),
    ] {
        let mut observation = requiring("fastapi", requires);
        let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let missing = format!("missing integrations: {}", all.join(", "));
        assert_eq!(status(&decide(&observation)).1, missing);
        for (id, (name, _)) in (7..).zip(names) {
            let uris = format!("x://u:p@{name}/d");
            observation
                .relations
                .push(related(name, id, &[("uris", &uris)]));
        }
        let variables = variables(&observation);
        for (name, prefix) in names {
            assert_eq!(variables[&format!("{prefix}_HOSTNAME")], *name);
        }
        let of_databases = variables
            .keys()
            .filter(|name| name.ends_with("_DB_HOSTNAME"));
        assert_eq!(of_databases.count(), names.len());
    }
}

#[test]
fn spring_boots_own_variables_are_of_the_usual_endpoint_else_of_the_first() {
    for (requires, paas_config, host) in [
        (
            "{reports: {interface: postgresql_client}, postgresql: {interface: postgresql_client}}",
            None,
            "postgresql",
        ),
        (
            "{reports: {interface: postgresql_client}, other: {interface: postgresql_client}}",
            None,
            "reports",
        ),
        // Whatever the prefix that the user wants.
        (
            "{reports: {interface: postgresql_client}}",
            Some("integrations: {reports: {prefix: R}}"),
            "reports",
        ),
    ] {
        let mut observation = requiring_and("spring-boot", requires, paas_config);
        for (id, name) in (7..).zip(["reports", "postgresql", "other"]) {
            let uris = format!("postgresql://u:p@{name}/d");
            observation
                .relations
                .push(related(name, id, &[("uris", &uris)]));
        }
        let url = &variables(&observation)["spring.datasource.url"];
        assert_eq!(*url, format!("jdbc:postgresql://{host}/d"));
    }
}

fn ca(fill: &str) -> String {
    certificates(&format!("MIIB{}", fill.repeat(200))).unwrap()
}

/// A FastAPI app, or another, that verifies its database.
fn verifying(framework: &str, ca: &str) -> Observation {
    let paas_config = "integrations: {postgresql: {tls: verify}}\n";
    let mut observation = ready(framework, FIRST, "options: {}", Some(paas_config));
    let remote = [
        ("uris", "postgresql://u:p@pg.demo:5432/d"),
        ("tls", "True"),
        ("tls-ca", ca),
    ];
    observation.relations = vec![related("postgresql", 7, &remote)];
    observation
}

const CA_FILE: &str = "/tmp/charmwright/tls/postgresql-ca.pem";

#[test]
fn another_ca_is_written_and_restarts_the_app_also_after_a_hook_that_was_cut_off() {
    let mut observation = verifying("fastapi", &ca("A"));
    let decision = decide(&observation);
    let written = |decision: &charmwright::runtime::decision::Decision| {
        let files = run(decision).files.iter();
        let mut files = files.filter(|file| file.path == CA_FILE);
        files
            .next()
            .map(|file| (file.content.clone(), file.owner.clone(), file.private))
    };
    let owner = Some(("_daemon_".to_owned(), "_daemon_".to_owned()));
    assert_eq!(written(&decision), Some((ca("A"), owner.clone(), false)));
    let before = environment(&decision);
    assert_eq!(before["POSTGRESQL_DB_TLS_CA_FILE"], CA_FILE);
    assert_eq!(before["POSTGRESQL_FILES_DIGEST"].len(), 16);
    let layer: Mapping = yaml::from_str(run(&decision).layer.as_ref().unwrap()).unwrap();
    container(&mut observation).services = layer["services"].as_mapping().unwrap().clone();
    container(&mut observation).states = bag(&[("fastapi", "active")]);
    container(&mut observation)
        .files
        .insert(CA_FILE.into(), ca("A").into());
    let decision = decide(&observation);
    assert_eq!(written(&decision), None);
    assert_eq!(run(&decision).layer, None);

    observation.relations[0]
        .remote_app
        .insert("tls-ca".into(), ca("B"));
    let decision = decide(&observation);
    assert_eq!(written(&decision), Some((ca("B"), owner, false)));
    // Cut off here, with the file written and the app not yet restarted.
    container(&mut observation)
        .files
        .insert(CA_FILE.into(), ca("B").into());
    let decision = decide(&observation);
    assert_eq!(written(&decision), None);
    assert!(run(&decision).replan.is_some());
    let after = environment(&decision);
    let changed: Vec<&String> = after
        .keys()
        .filter(|name| before.get(*name) != after.get(*name))
        .collect();
    assert_eq!(changed, ["POSTGRESQL_FILES_DIGEST"]);
}

#[test]
fn a_provider_that_stops_to_offer_tls_blocks_and_changes_nothing_that_runs() {
    let mut observation = verifying("fastapi", &ca("A"));
    observation.relations[0]
        .remote_app
        .insert("tls".into(), "False".into());
    let decision = decide(&observation);
    let (status, text) = status(&decision);
    assert_eq!(status, Status::Blocked);
    assert_eq!(
        text,
        "`postgresql` asks for `tls: verify`, but db has no TLS: integrate db with a provider of certificates, \
         or take `tls` out of paas-config.yaml"
    );
    assert_eq!(decision.work, charmwright::runtime::decision::Work::Nothing);
}

#[test]
fn spring_boots_url_verifies_too() {
    let observation = verifying("spring-boot", &ca("A"));
    assert_eq!(
        variables(&observation)["spring.datasource.url"],
        format!("jdbc:postgresql://pg.demo:5432/d?sslmode=verify-full&sslrootcert={CA_FILE}")
    );
}
