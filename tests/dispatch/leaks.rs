//! Secrets stay where they belong: every interface and every other way by which a charm hears secrets is seeded with
//! texts that are found again in whatever form, and all that a long journey has printed, said, started or written is
//! searched for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use charmwright::local::model::{Charm, Endpoint, QueuedEvent, Role};

use charmwright::pebble::Exec;

use super::support::{Bag, Cut, Declared, Setup, World, active, run_within};

const UNIT: &str = "web/0";

/// What is in every seed, before its name: letters and digits, which no escaping changes.
const SEED: &str = "s33dOfEverySecretQ7";

/// A seed: no two are alike, and there is something for every encoding to change.
fn seed(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{SEED}{name}Zq/@:+% \"é'")
}

/// Endpoint, interface, whether units tell it, what is told, and the keys of its secret.
type Provider = (
    &'static str,
    &'static str,
    bool,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

/// The interfaces: the endpoint, what the provider tells with `SEED` for a seed, `SECRET` for the URI of its secret,
/// `ID` for what it was asked by, whether its units tell it, and the keys of its secret.
const PROVIDERS: [Provider; 16] = [
    (
        "postgresql",
        "postgresql_client",
        false,
        &[
            ("endpoints", "pg:5432"),
            ("secret-user", "SECRET"),
            ("secret-tls", "SECRET"),
        ],
        &["username=u", "password", "tls=False", "uris"],
    ),
    (
        "mysql",
        "mysql_client",
        false,
        &[
            ("endpoints", "my:3306"),
            ("username", "u"),
            ("password", "SEED"),
        ],
        &[],
    ),
    (
        "mongodb",
        "mongodb_client",
        false,
        &[
            ("uris", "mongodb://u:PERCENT@m-0:1,m-1:2/x"),
            ("username", "u"),
            ("password", "SEED"),
        ],
        &[],
    ),
    (
        "redis",
        "redis",
        true,
        &[("hostname", "r-0"), ("port", "6379"), ("password", "SEED")],
        &[],
    ),
    (
        "valkey",
        "valkey_client",
        false,
        &[(
            "requests",
            r#"[{"resource": "*", "request-id": "1", "endpoints": "v:6379", "secret-user": "SECRET"}]"#,
        )],
        &["username=u", "password"],
    ),
    (
        "s3",
        "s3",
        false,
        &[
            ("access-key", "SEED"),
            ("secret-key", "SEED"),
            ("bucket", "b"),
        ],
        &[],
    ),
    (
        "rabbitmq",
        "rabbitmq",
        false,
        &[("hostname", "mq"), ("password", "SEED")],
        &[],
    ),
    (
        "smtp",
        "smtp",
        false,
        &[
            ("host", "mail"),
            ("port", "25"),
            ("auth_type", "plain"),
            ("transport_security", "tls"),
            ("user", "u"),
            ("password", "SEED"),
            ("password_id", "SECRET"),
        ],
        &["password"],
    ),
    (
        "openfga",
        "openfga",
        false,
        &[
            ("grpc_api_url", "f:8081"),
            ("http_api_url", "http://f:8080"),
            ("store_id", "1"),
            ("token", "SEED"),
            ("token_secret_id", "SECRET"),
        ],
        &["token"],
    ),
    (
        "http-proxy",
        "http_proxy",
        false,
        &[(
            "responses",
            r#"[{"requirer": "ID", "status": "ready", "auth": "userpass", "http_proxy": "http://squid:3128", "https_proxy": "http://squid:3128", "user": "SECRET"}]"#,
        )],
        &["username=u", "password"],
    ),
    (
        "saml",
        "saml",
        false,
        &[
            ("entity_id", "https://idp"),
            ("x509certs", "MII"),
            ("metadata_url", "https://u:PERCENT@idp/m"),
        ],
        &[],
    ),
    (
        "tracing",
        "tracing",
        false,
        &[(
            "receivers",
            r#"[{"protocol": {"name": "otlp_http", "type": "http"}, "url": "http://tempo:4318"}]"#,
        )],
        &[],
    ),
    (
        "ingress",
        "ingress",
        false,
        &[("ingress", r#"{"url": "http://edge/web"}"#)],
        &[],
    ),
    (
        "kafka",
        "kafka_client",
        false,
        &[("endpoints", "k:9092"), ("secret-user", "SECRET")],
        &["username=u", "password"],
    ),
    (
        "opensearch",
        "opensearch_client",
        false,
        &[
            ("endpoints", "o:9200"),
            ("username", "u"),
            ("password", "SEED"),
        ],
        &[],
    ),
    (
        "motd",
        "motd",
        false,
        &[("text", "hello"), ("secret-user", "SECRET")],
        &["username=u", "greeting"],
    ),
];

const PAAS_CONFIG: &str = r#"
integrations:
  mysql: {interface: mysql_client, optional: true}
  mongodb: {interface: mongodb_client, optional: true}
  redis: {interface: redis, optional: true}
  valkey: {interface: valkey_client, optional: true}
  s3: {interface: s3, optional: true}
  rabbitmq: {interface: rabbitmq, optional: true}
  smtp: {interface: smtp, optional: true}
  openfga: {interface: openfga, optional: true}
  http-proxy: {interface: http_proxy, optional: true}
  saml: {interface: saml, optional: true}
  tracing: {interface: tracing, optional: true}
  kafka: {interface: kafka_client, optional: true}
  opensearch: {interface: opensearch_client, optional: true}
  motd:
    interface: motd
    optional: true
    keys:
      text: {needed: true}
      secret-user: {secret: [username, greeting]}
    variables:
      MOTD_TEXT: '{text}'
      MOTD_GREETING: '{greeting}'
    files:
      /tmp/motd/greeting: '{greeting}'
actions:
  leak:
    command: [bash, -c, 'env; printf "%s" "$0 $* $ACTION_PASSWORD" | base64 -w0; tr "\0" " " < /proc/$$/cmdline > /tmp/arguments; echo "$ACTION_PASSWORD"; exit "$ACTION_CODE"', leak]
    params:
      password: {type: string}
      code: {type: integer, default: 0}
"#;

/// How a text may be hidden in another: as it is, and in base64 wherever it begins.
struct Search {
    needles: Vec<String>,
}

impl Search {
    fn of(secrets: &[String]) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            needles.extend([secret.clone(), hex]);
            for before in ["", "x", "xx"] {
                let text = STANDARD.encode(format!("{before}{secret}"));
                // The first group holds what is before, the last one what comes after.
                needles.push(text[4..text.len() - 4].to_owned());
            }
        }
        Self { needles }
    }

    fn is_in(&self, text: &str) -> bool {
        self.needles
            .iter()
            .any(|needle| text.contains(needle.as_str()))
    }

    fn assert_not_in(&self, what: &str, text: &str) {
        let found: Vec<&str> = text.lines().filter(|line| self.is_in(line)).collect();
        assert!(found.is_empty(), "{what}: {}", found.join("\n"));
    }
}

/// What a provider tells, filled in; its secret is made, or has another content.
fn tell(
    world: &World,
    relation: u32,
    name: &str,
    values: &[(&str, &str)],
    keys: &[&str],
    of_units: bool,
) {
    let mut model = world.model.borrow_mut();
    let provider = format!("the-{name}");
    let mut uri = String::new();
    let mut changes: Vec<charmwright::local::model::Change> = Vec::new();
    if !keys.is_empty() {
        let content: Bag = keys
            .iter()
            .map(|key| match key.split_once('=') {
                Some((key, value)) => (key.to_owned(), value.to_owned()),
                None if *key == "uris" => (
                    "uris".to_owned(),
                    format!("postgresql://u:{SEED}{name}uri%2F@pg:5432/x"),
                ),
                None => ((*key).to_owned(), seed(&format!("{name}{key}"))),
            })
            .collect();
        let (secret, made) = model.put_secret(Some(&provider), name, content).unwrap();
        model.grant_secret(&secret, "web", Some(relation)).unwrap();
        changes.extend(made);
        uri = format!("secret:{secret}");
    }
    let requests = model.relations[&relation]
        .bags
        .get("web")
        .cloned()
        .unwrap_or_default();
    let id = requests.get("requests").cloned().unwrap_or_default();
    let id = id
        .split("\"requirer\": \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let values: Bag = values
        .iter()
        .map(|(key, value)| {
            let value = value
                .replace("SECRET", &uri)
                .replace("SEED", &seed(&format!("{name}{key}")))
                .replace("PERCENT", &format!("{SEED}{name}{key}%2F%40"))
                .replace("\"ID\"", &format!("\"{}\"", id.unwrap_or("none")));
            ((*key).to_owned(), value)
        })
        .collect();
    let member = if of_units {
        format!("{provider}/0")
    } else {
        provider
    };
    changes.extend(model.set_bag(relation, &member, values));
    drop(changes);
}

/// One hook in which all that has changed is there, instead of one for each change.
async fn one_hook(world: &Rc<World>) {
    world.push(UNIT, QueuedEvent::ConfigChanged);
    world.drain().await;
}

type Relations = BTreeMap<&'static str, u32>;

/// Relates a provider of every interface.
async fn relate_all(world: &Rc<World>) -> Relations {
    let mut relations = BTreeMap::new();
    for (name, interface, ..) in PROVIDERS {
        let endpoint = Endpoint {
            interface: interface.into(),
            role: Role::Provider,
            limit: None,
            optional: None,
        };
        let charm = Charm {
            endpoints: BTreeMap::from([("provides".to_owned(), endpoint)]),
            ..Charm::default()
        };
        let (provider, mine) = (format!("the-{name}"), format!("web:{name}"));
        let mut model = world.model.borrow_mut();
        let mut changes = model.deploy(&provider, charm, BTreeMap::new(), 1).unwrap();
        let (relation, more) = model.integrate(&mine, &provider).unwrap();
        changes.extend(more);
        model.enqueue(changes);
        relations.insert(name, relation);
    }
    world.drain().await;
    relations
}

/// Lets every provider tell nonsense, a part, and all.
async fn tell_all(world: &Rc<World>, relations: &Relations) {
    for kind in ["nonsense", "inside", "part", "all"] {
        for (name, _, of_units, values, keys) in PROVIDERS {
            // Every value is a seed where it does not belong, or has one inside.
            let wrong = match kind {
                "nonsense" => seed(&format!("nonsense{name}")),
                _ => {
                    format!("{{\"url\": \"{SEED}inside{name}\", \"a\": [\"{SEED}inside{name}\"]}}")
                }
            };
            let wrong: Vec<(&str, &str)> = values
                .iter()
                .map(|(key, _)| (*key, wrong.as_str()))
                .collect();
            let relation = relations[name];
            match kind {
                "part" => tell(
                    world,
                    relation,
                    name,
                    &values[..values.len() - 1],
                    keys,
                    of_units,
                ),
                "all" => tell(world, relation, name, values, keys, of_units),
                _ => tell(world, relation, name, &wrong, &[], of_units),
            }
            if matches!(kind, "nonsense" | "inside") {
                // The others do not stand before it.
                one_hook(world).await;
                tell(world, relation, name, &[], &[], of_units);
            }
        }
        let is_all = kind == "all";
        if is_all {
            world
                .write(UNIT, "/tmp/migrate.sh", &aloud("MOTD_GREETING"))
                .await;
        }
        one_hook(world).await;
        if is_all {
            let (status, message) = world.status(UNIT);
            assert_eq!(status, "blocked", "{message}");
            assert!(
                message.contains("(exit code 3: failed with ***)"),
                "{message}"
            );
            world.remove(UNIT, "/tmp/migrate.sh").await;
            world.update_status().await;
        }
    }
    assert_eq!(world.status(UNIT), active());
}

/// A script that prints its whole environment, tells a variable and fails.
fn aloud(variable: &str) -> String {
    format!("env; env | base64 -w0; echo; echo \"failed with ${variable}\" >&2; exit 3\n")
}

/// Lets the app print its secrets and end.
async fn fail_aloud(world: &Rc<World>, service: &str) {
    let path = format!("/tmp/{service}.sh");
    for variable in ["APP_API_FIRST", "MOTD_GREETING", "POSTGRESQL_DB_PASSWORD"] {
        world.write(UNIT, &path, &aloud(variable)).await;
        world.config(&[("greeting", variable)]);
        world.drain().await;
        let (_, message) = world.status(UNIT);
        assert!(
            message.ends_with("exited quickly with code 3: failed with ***"),
            "{message}"
        );
    }
    world.remove(UNIT, &path).await;
    world.update_status().await;
}

fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

async fn journey(framework: &'static str, layer: &'static str) {
    let world = World::new(Setup {
        charm: Declared {
            framework,
            paas_config: Some(PAAS_CONFIG),
            ..Declared::default()
        },
        layer,
        ..Setup::default()
    });
    world.watched.set(true);
    world.add_unit_without_container();
    world.drain().await;
    world.start_container(UNIT).await;
    world.drain().await;

    // The user's secret: a wrong one, one that is not granted, one with everything.
    let secret = world.user_secret(&[("first", &seed("option")), ("pin", &format!("{SEED}pin"))]);
    world.config(&[("api", &format!("secret:{secret}"))]);
    world.drain().await;
    world
        .model
        .borrow_mut()
        .grant_secret(&secret, "web", None)
        .unwrap();
    world.update_status().await;

    let relations = relate_all(&world).await;
    tell_all(&world, &relations).await;
    fail_aloud(&world, framework).await;
    assert_eq!(world.status(UNIT), active());

    for code in ["0", "3"] {
        let id = {
            let code: u8 = code.parse().unwrap();
            let parameters = serde_json::json!({"password": seed("parameter"), "code": code});
            let mut model = world.model.borrow_mut();
            let parameters = parameters.as_object().unwrap().clone();
            let (id, changes) = model.run_action(UNIT, "leak", parameters).unwrap();
            model.enqueue(changes);
            id
        };
        world.drain().await;
        let model = world.model.borrow();
        let action = format!(
            "{:?}",
            (&model.actions[&id].message, &model.actions[&id].results)
        );
        assert!(action.contains("***"), "{action}");
    }
    let mut keys = vec![world.key().unwrap()];
    world.action(UNIT, "rotate-secret-key").await;
    keys.push(world.key().unwrap());
    assert_ne!(keys[0], keys[1]);

    // Hook tools that fail, and hooks that are cut off, with much to do.
    for at in (1..).step_by(12) {
        world.revise_secret(
            &secret,
            &[("first", &seed(&format!("revised{at}"))), ("pin", "1234")],
        );
        world.push(UNIT, QueuedEvent::ConfigChanged);
        let ran = world.step(UNIT, Cut::Fail(at)).await.unwrap();
        world.drain().await;
        if ran.calls.len() < at {
            break;
        }
    }
    // Secrets that go while they are in use.
    for (name, relation) in &relations {
        let (_, _, of_units, values, _) =
            PROVIDERS.iter().find(|(known, ..)| known == name).unwrap();
        tell(&world, *relation, name, values, &[], *of_units);
    }
    one_hook(&world).await;
    for relation in relations.values().take(3) {
        let mut model = world.model.borrow_mut();
        let changes = model.remove_relation_by_id(*relation).unwrap();
        model.enqueue(changes);
    }
    world.drain().await;

    search(&world, &keys).await;
}

/// Looks everywhere.
async fn search(world: &World, keys: &[String]) {
    let mut secrets = vec![SEED.to_owned()];
    secrets.extend(keys.iter().cloned());
    let search = Search::of(&secrets);
    assert!(search.is_in(&STANDARD.encode(format!("abcd{}", seed("x")))));
    search_what_was_said(world, &search);
    search_what_was_written(world, &search).await;
}

/// All that was printed, logged, shown, told to others, or is in an argument.
fn search_what_was_said(world: &World, search: &Search) {
    let ran = world.ran.borrow();
    assert!(ran.len() > 60, "{}", ran.len());
    let (mut statuses, mut secrets_read) = (0, 0);
    for ran in ran.iter() {
        search.assert_not_in(&ran.event, &ran.stdout);
        search.assert_not_in(&ran.event, &ran.stderr);
        search.assert_not_in(&ran.event, &format!("{:?}", ran.log));
        search.assert_not_in(&ran.event, &ran.requests.join("\n"));
        for call in &ran.calls {
            // What a file gave is sent on by the tool itself: the process was started with the file's name only.
            let from_file = |argument: &&String| !argument.contains("#base64=");
            let arguments: Vec<&String> = call.arguments.iter().filter(from_file).collect();
            search.assert_not_in(&call.tool, &format!("{arguments:?}"));
            statuses += usize::from(call.tool == "status-set");
            // What is rotated arrives (known defect 53).
            if call.tool == "secret-get" {
                secrets_read += 1;
                let is_ours = call
                    .arguments
                    .iter()
                    .any(|argument| argument.contains("peek"));
                assert!(
                    is_ours
                        || call
                            .arguments
                            .iter()
                            .any(|argument| argument == "--refresh"),
                    "{call:?}"
                );
            }
            // The shared key is handed over in what is read, and only to where it is kept.
            if !matches!(
                call.tool.as_str(),
                "relation-set" | "secret-add" | "secret-set"
            ) {
                search.assert_not_in(&call.tool, &call.stdin);
            }
        }
    }
    assert!(
        statuses > 5 && secrets_read > 50,
        "{statuses}, {secrets_read}"
    );
    let model = world.model.borrow();
    for relation in model.relations.values() {
        for member in ["web", UNIT] {
            let bags = format!("{:?}", relation.bags.get(member));
            search.assert_not_in(&relation.key(), &bags);
        }
    }
    for action in model.actions.values() {
        search.assert_not_in(
            "an action",
            &format!("{:?}", (&action.message, &action.results)),
        );
    }
    search.assert_not_in("statuses", &format!("{:?}", world.status(UNIT)));
}

/// All files, those of the container too.
async fn search_what_was_written(world: &World, search: &Search) {
    // Outside of the container nothing is written at all.
    let mut outside = Vec::new();
    files(&world.charm_directory(), &mut outside);
    for path in &outside {
        let content = fs::read(path).unwrap();
        search.assert_not_in(
            &path.display().to_string(),
            &String::from_utf8_lossy(&content),
        );
    }
    // What the app itself prints is its own, and in Pebble's log; the charm puts nothing there.
    let mut beside = Vec::new();
    files(&world.container_files(UNIT), &mut beside);
    for path in beside.iter().filter(|path| !path.ends_with("pebble.log")) {
        let content = fs::read(path).unwrap_or_default();
        search.assert_not_in(
            &path.display().to_string(),
            &String::from_utf8_lossy(&content),
        );
    }
    // In the container they are in the file that the user's integration makes, and where the app put its environment.
    let look = ["/app", "/etc", "/opt", "/root", "/run", "/tmp", "/var"];
    let grep = ["grep", "--recursive", "--files-with-matches", SEED];
    let exec = Exec::new(grep.iter().chain(&look).copied());
    let found = world.pebble(UNIT).exec(exec).await.unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let (of_app, of_charm): (Vec<&str>, Vec<&str>) = found
        .lines()
        .partition(|path| path.starts_with("/tmp/env-"));
    assert!(!of_app.is_empty());
    let allowed = |path: &&&str| **path == "/tmp/motd/greeting";
    assert_eq!(
        of_charm.iter().filter(|path| !allowed(path)).count(),
        0,
        "{of_charm:?}"
    );
}

#[test]
fn no_secret_is_printed_shown_or_written_where_it_does_not_belong() {
    run_within(std::time::Duration::from_secs(600), async {
        journey("fastapi", super::support::LAYER).await;
    });
}
