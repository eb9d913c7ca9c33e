//! An app with two databases, MySQL and PostgreSQL, each of which comes and goes without the other.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::collections::BTreeMap;

use journey::{Journey, append};

const APP: &str = "fastapi-hello-world";
const CHARM: &str = "./charm/fastapi-hello-world_amd64.charm";
const MYSQL: &str = "mysql-k8s";
const POSTGRESQL: &str = "postgresql-k8s";

const ENDPOINTS: &str = "
requires:
  mysql: {interface: mysql_client, optional: true, limit: 1}
  postgresql: {interface: postgresql_client, optional: true, limit: 1}
";

/// Tells the app's variables, and what the server says first that it finds by them: MySQL speaks unasked.
const DATABASES: &str = r#"

@app.get("/variables")
def variables() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if "_DB_" in name}


@app.get("/mysql")
def mysql() -> int:
    import os
    import socket

    address = os.environ["MYSQL_DB_HOSTNAME"], int(os.environ["MYSQL_DB_PORT"])
    with socket.create_connection(address, 10) as connection:
        return connection.recv(5)[4]
"#;

/// Contract: interfaces, "URL parts".
const PARTS: [&str; 12] = [
    "CONNECT_STRING",
    "FRAGMENT",
    "HOSTNAME",
    "NAME",
    "NETLOC",
    "PARAMS",
    "PASSWORD",
    "PATH",
    "PORT",
    "QUERY",
    "SCHEME",
    "USERNAME",
];

type Variables = BTreeMap<String, String>;

/// Waits until the app has the variables of exactly these databases.
#[track_caller]
fn variables(journey: &Journey, databases: &[&str]) -> Variables {
    let names: Vec<String> = databases
        .iter()
        .flat_map(|database| PARTS.map(|part| format!("{database}_DB_{part}")))
        .collect();
    journey.settles(APP, "active", "");
    let parse = |body: &str| serde_json::from_str::<Variables>(body).unwrap_or_default();
    let body = journey.responds(
        &url(journey, "variables"),
        &format!("the variables of {databases:?}"),
        |(status, body)| *status == 200 && parse(body).keys().eq(&names),
    );
    parse(&body)
}

#[track_caller]
fn url(journey: &Journey, path: &str) -> String {
    let status = journey.status();
    let unit = &status["applications"][APP]["units"][format!("{APP}/0")];
    format!("{}/{path}", unit["addresses"][0].as_str().unwrap())
}

fn only(variables: &Variables, database: &str) -> Variables {
    let of_it = variables
        .iter()
        .filter(|(name, _)| name.starts_with(database));
    of_it
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[test]
fn an_app_has_the_variables_of_both_databases_and_keeps_those_of_the_one_that_stays() {
    let mut journey = Journey::new();
    let project = journey.directory().join(APP);
    journey.copy_app("fastapi/1-hello", &project);
    journey.cwd.clone_from(&project);
    append(&project.join("app.py"), DATABASES);
    journey.charmwright(&["rock", "init", "--profile", "fastapi-framework"]);
    let profile = "--profile=fastapi-framework";
    journey.charmwright(&["init", profile, "--name", APP, "charm"]);
    append(&project.join("charm/charmcraft.yaml"), ENDPOINTS);
    journey.charmwright(&["pack", "--project-dir", "charm", "--output", "charm"]);

    journey.local(&["deploy", CHARM, "--resource", "app-image=."]);
    journey.local(&["deploy", MYSQL]);
    journey.local(&["deploy", POSTGRESQL]);
    variables(&journey, &[]);
    journey.local(&["integrate", APP, MYSQL]);
    journey.local(&["integrate", APP, POSTGRESQL]);
    let both = variables(&journey, &["MYSQL", "POSTGRESQL"]);

    let status = journey.status();
    let model = status["model"]["name"].as_str().unwrap();
    let mysql = |part: &str| both[&format!("MYSQL_DB_{part}")].as_str();
    let host = format!("mysql-k8s-primary.{model}.svc.cluster.local.");
    assert_eq!(mysql("HOSTNAME"), host);
    assert_eq!(mysql("PORT"), "3306");
    assert_eq!(mysql("NAME"), APP);
    assert_eq!(mysql("SCHEME"), "mysql");
    assert!(mysql("USERNAME").starts_with("relation-"));
    let credentials = format!("{}:{}", mysql("USERNAME"), mysql("PASSWORD"));
    assert_eq!(
        mysql("CONNECT_STRING"),
        format!("mysql://{credentials}@{host}:3306/{APP}")
    );
    // The version of MySQL's protocol.
    journey.answers(&url(&journey, "mysql"), 200, "10");

    journey.local(&["remove-relation", APP, MYSQL]);
    let left = variables(&journey, &["POSTGRESQL"]);
    assert_eq!(left, only(&both, "POSTGRESQL"));

    journey.local(&["integrate", APP, MYSQL]);
    let again = variables(&journey, &["MYSQL", "POSTGRESQL"]);
    assert_eq!(only(&again, "POSTGRESQL"), left);
    assert_eq!(again["MYSQL_DB_NAME"], APP);
    assert_ne!(again["MYSQL_DB_USERNAME"], both["MYSQL_DB_USERNAME"]);
    journey.answers(&url(&journey, "mysql"), 200, "10");

    journey.local(&["remove-relation", APP, POSTGRESQL]);
    assert_eq!(variables(&journey, &["MYSQL"]), only(&again, "MYSQL"));
    journey.destroy();
}
