//! The FastAPI tutorial from an empty directory to a visitors count, and on to its end.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::fs;
use std::path::Path;

use journey::{Journey, append};
use serde_json::json;

const APP: &str = "fastapi-hello-world";
const CHARM: &str = "./charm/fastapi-hello-world_amd64.charm";
const INGRESS: &str = "nginx-ingress-integrator";
const POSTGRESQL: &str = "postgresql-k8s";

/// Tells what the app knows of its secret key, without telling the key.
const KEY: &str = r#"

@app.get("/key")
def key() -> str:
    import hashlib

    return hashlib.sha256(os.environ["APP_SECRET_KEY"].encode()).hexdigest()
"#;

/// Counts how often the migration ran.
const MIGRATIONS: &str = r#"

@app.get("/migrations")
def migrations() -> int:
    with psycopg.connect(os.environ["POSTGRESQL_DB_CONNECT_STRING"]) as connection:
        return connection.execute("SELECT count(*) FROM migrations").fetchone()[0]
"#;

const COUNT_MIGRATION: &str = r#"
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (at timestamptz)")
    connection.execute("INSERT INTO migrations VALUES (now())")
"#;

const GREETING: &str = r#"
config:
  options:
    greeting:
      description: |
        The greeting to be returned by the FastAPI application.
      default: "Hello, world!"
      type: string
"#;

const DATABASE: &str = r#"
requires:
  postgresql:
    interface: postgresql_client
    optional: false
"#;

/// The ingress' address for the app: `http://fastapi-hello-world:PORT`.
fn ingress_url(journey: &Journey) -> String {
    let status = journey.status();
    let url = status["applications"][INGRESS]["addresses"][0].as_str();
    url.unwrap().trim_end_matches('/').to_owned()
}

fn pack(journey: &Journey, project: &Path) {
    let charm = project.join("charm");
    let charm = charm.to_str().unwrap();
    let printed = journey.charmwright(&["pack", "--project-dir", charm, "--output", charm]);
    assert!(
        printed.contains("Packed ") && printed.contains("fastapi-hello-world_amd64.charm"),
        "{printed}"
    );
}

fn refresh(journey: &Journey) {
    journey.local(&["refresh", APP, "--path", CHARM, "--resource", "app-image=."]);
}

#[test]
fn the_fastapi_tutorial_counts_visitors_in_postgresql() {
    let mut journey = Journey::new();
    let project = journey.directory().join(APP);

    // The app and its rock.
    journey.copy_app("fastapi/1-hello", &project);
    journey.cwd = project.clone();
    journey.charmwright(&["rock", "init", "--profile", "fastapi-framework"]);
    let rockcraft = fs::read_to_string(project.join("rockcraft.yaml")).unwrap();
    assert!(
        rockcraft.contains("name: fastapi-hello-world"),
        "{rockcraft}"
    );
    let expanded = journey.charmwright(&["rock", "expand-extensions"]);
    assert!(
        expanded.contains("/bin/python3 -m uvicorn app:app"),
        "{expanded}"
    );

    // The charm.
    journey.charmwright(&[
        "init",
        "--profile",
        "fastapi-framework",
        "--name",
        APP,
        "--author",
        "A. Author",
        "charm",
    ]);
    let expanded = journey.charmwright(&["expand-extensions", "--project-dir", "charm"]);
    for text in [
        "app-image:",
        "secret-storage:",
        "rotate-secret-key:",
        "webserver-port:",
    ] {
        assert!(expanded.contains(text), "no {text} in\n{expanded}");
    }
    pack(&journey, &project);

    // Deployed.
    journey.local(&["deploy", CHARM, APP, "--resource", "app-image=."]);
    journey.settles(APP, "active", "");
    let status = journey.status();
    let application = &status["applications"][APP];
    assert_eq!(
        application["application-status"],
        json!({"current": "active", "message": ""})
    );
    assert_eq!(application["charm-name"], APP);
    assert_eq!(application["scale"], 1);
    let text = journey.local(&["status"]);
    assert!(text.contains(APP) && text.contains("active"), "{text}");

    // Behind the ingress.
    journey.local(&["deploy", INGRESS]);
    journey.local(&["integrate", INGRESS, APP]);
    journey.local(&[
        "config",
        INGRESS,
        "service-hostname=fastapi-hello-world",
        "path-routes=/",
        "rewrite-enabled=false",
    ]);
    journey.until("the ingress has the app's address", |status| {
        let address = status["applications"][INGRESS]["addresses"][0].as_str();
        address.is_some_and(|url| url.starts_with("http://fastapi-hello-world:"))
    });
    let url = ingress_url(&journey);
    journey.answers(&url, 200, r#"{"message":"Hello, world!"}"#);
    journey.settles(APP, "active", "");
    let other = url.replace("fastapi-hello-world", "example.com");
    assert_eq!(journey.get(&other).0, 404, "another host is not the app's");

    // An option of the app's own.
    journey.copy_app("fastapi/2-greeting", &project);
    append(&project.join("app.py"), KEY);
    append(&project.join("charm/charmcraft.yaml"), GREETING);
    pack(&journey, &project);
    refresh(&journey);
    // The new image has it.
    let key = format!("{url}/key");
    let first_key = journey.responds(&key, "the new image's", |(status, _)| *status == 200);
    journey.settles(APP, "active", "");
    let options = journey.local(&["config", APP]);
    assert!(
        options.contains("greeting") && options.contains("Hello, world!"),
        "{options}"
    );
    assert_eq!(
        journey.get(&url),
        (200, r#"{"message":"Hello, world!"}"#.into())
    );
    journey.local(&["config", APP, "greeting=Hi!"]);
    journey.answers(&url, 200, r#"{"message":"Hi!"}"#);
    journey.settles(APP, "active", "");

    // A database, without which the app must not run.
    journey.copy_app("fastapi/3-visitors", &project);
    append(&project.join("app.py"), KEY);
    append(&project.join("app.py"), MIGRATIONS);
    append(&project.join("migrate.py"), COUNT_MIGRATION);
    append(&project.join("charm/charmcraft.yaml"), DATABASE);
    pack(&journey, &project);
    refresh(&journey);
    journey.settles(APP, "blocked", "missing integrations: postgresql");
    assert_stopped(&journey, &url);
    journey.local(&["deploy", POSTGRESQL]);
    journey.until("PostgreSQL is there", |status| {
        status["applications"][POSTGRESQL]["application-status"]["current"] == "active"
    });
    assert_stopped(&journey, &url);
    journey.local(&["integrate", APP, POSTGRESQL]);
    journey.settles(APP, "active", "");
    journey.answers(&url, 200, r#"{"message":"Hi!"}"#);
    let visitors = format!("{url}/visitors");
    assert_eq!(journey.get(&visitors), (200, r#"{"count":1}"#.into()));
    assert_eq!(journey.get(&visitors), (200, r#"{"count":2}"#.into()));
    let migrations = format!("{url}/migrations");
    assert_eq!(
        journey.get(&migrations),
        (200, "1".into()),
        "migrations that ran"
    );

    // A new secret key reaches the app, and the rest stays.
    assert_eq!(journey.get(&key).1, first_key, "a refresh keeps the key");
    let unit = format!("{APP}/0");
    journey.local(&["run", &unit, "rotate-secret-key"]);
    journey.settles(APP, "active", "");
    let (status, second_key) = journey.get(&key);
    assert_eq!(status, 200);
    assert_ne!(second_key, first_key, "the key was rotated");
    assert_eq!(journey.get(&visitors), (200, r#"{"count":3}"#.into()));
    assert_eq!(
        journey.get(&migrations),
        (200, "1".into()),
        "migrations that ran"
    );

    // Without its database the app stops again, and comes back with it.
    journey.local(&["remove-relation", APP, POSTGRESQL]);
    journey.settles(APP, "blocked", "missing integrations: postgresql");
    assert_stopped(&journey, &url);
    journey.local(&["integrate", APP, POSTGRESQL]);
    journey.settles(APP, "active", "");
    journey.answers(&url, 200, r#"{"message":"Hi!"}"#);

    // Without its ingress nobody gets there, but the app runs.
    journey.local(&["remove-relation", APP, INGRESS]);
    journey.settles(APP, "active", "");
    journey.until("the ingress is idle", |status| {
        status["applications"][INGRESS]["application-status"]["current"] != "active"
    });
    assert_ne!(journey.get(&url).0, 200);

    journey.destroy();
    assert!(
        !project.join(".charmwright/run").exists(),
        "sockets are left"
    );
}

/// The ingress is there, the app behind it is not.
#[track_caller]
fn assert_stopped(journey: &Journey, url: &str) {
    let (status, body) = journey.get(url);
    assert!(
        (500..600).contains(&status),
        "the app still answers: {status} {body}"
    );
}
