//! Interfaces that are rows without code: for each a table of what providers tell, complete, partial, empty, malformed,
//! twice and gone (contract: interfaces, sections 2, 4, 7 and 9).

use std::collections::BTreeMap;

use charmwright::interfaces::{Bag, Relation};
use charmwright::juju::Status;
use charmwright::runtime::charm::Charm;
use charmwright::runtime::decide::decide;
use charmwright::runtime::observation::Observation;

use super::support::{bag, run, status, unit, variables};

/// What a provider tells: its application's bag, its units' and the secrets that these name.
#[derive(Clone, Copy, Default)]
struct Told<'a> {
    app: &'a [(&'a str, &'a str)],
    units: &'a [(&'a str, &'a [(&'a str, &'a str)])],
    secret: Option<(&'a str, &'a [(&'a str, &'a str)])>,
    second: Option<(&'a str, &'a [(&'a str, &'a str)])>,
}

fn app<'a>(app: &'a [(&'a str, &'a str)]) -> Told<'a> {
    Told {
        app,
        ..Told::default()
    }
}

fn units<'a>(units: &'a [(&'a str, &'a [(&'a str, &'a str)])]) -> Told<'a> {
    Told {
        units,
        ..Told::default()
    }
}

impl Told<'_> {
    fn relation(self, endpoint: &str, id: u64) -> Relation {
        let units = self.units.iter();
        let secrets = self.secret.iter().chain(&self.second);
        Relation {
            endpoint: endpoint.into(),
            id,
            remote_application: "provider".into(),
            remote_app: bag(self.app),
            remote_units: units.map(|(unit, of)| ((*unit).into(), bag(of))).collect(),
            secrets: secrets.map(|(uri, of)| ((*uri).into(), bag(of))).collect(),
            ..Relation::default()
        }
    }
}

/// The unit of a Go app that cannot do without one integration.
pub fn needing(interface: &str, channel: &str, paas_config: Option<&str>) -> Observation {
    let metadata = format!(
        "name: web\ncontainers: {{app: {{resource: app-image}}}}\npeers: {{secret-storage: {{interface: \
         secret-storage}}}}\nrequires: {{{interface}: {{interface: {interface}}}}}\n"
    );
    let manifest = format!("charmwright: {{framework: go}}\nbases: [{{channel: '{channel}'}}]\n");
    let charm = Charm::parse(&metadata, None, Some(&manifest), paas_config).unwrap();
    let services = "go: {override: replace, startup: enabled, command: x}\n";
    unit(charm, ("go_secret_key", "peer-key"), services)
}

/// The variables that come of relations, or the status where the app has to wait for them.
fn come_of(interface: &str, relations: &[Told<'_>]) -> Result<Bag, String> {
    let mut observation = needing(interface, "24.04", None);
    let ids = 7..;
    observation.relations = relations
        .iter()
        .zip(ids)
        .map(|(told, id)| told.relation(interface, id))
        .collect();
    let (status, message) = status(&decide(&observation));
    match status {
        Status::Active => {
            let mut all = variables(&observation);
            all.retain(|name, _| !name.starts_with("APP_"));
            Ok(all)
        }
        _ => Err(message),
    }
}

/// Nothing related, nothing told, and a provider that went are all the same: the integration is missing.
fn missing_without_data(interface: &str) {
    let missing = Err(format!("missing integrations: {interface}"));
    assert_eq!(come_of(interface, &[]), missing);
    assert_eq!(come_of(interface, &[Told::default()]), missing);
    let empty = app(&[("", ""), ("data", "{}"), ("egress-subnets", "10.0.0.1/32")]);
    assert_eq!(come_of(interface, &[empty]), missing);
}

/// What is told, and the variables or the status that come of it.
type Row<'a> = (Told<'a>, Result<&'a [(&'a str, &'a str)], &'a str>);

fn table(interface: &str, rows: &[Row<'_>]) {
    missing_without_data(interface);
    for (index, (told, expected)) in rows.iter().enumerate() {
        let expected = expected.map(bag).map_err(str::to_owned);
        assert_eq!(come_of(interface, &[*told]), expected, "row {index}");
    }
    // Of two the first counts, whatever the second tells.
    let complete = rows
        .iter()
        .find(|(_, expected)| expected.is_ok())
        .unwrap()
        .0;
    let one = come_of(interface, &[complete]);
    for second in [Told::default(), complete, app(&[("port", "nonsense")])] {
        assert_eq!(come_of(interface, &[complete, second]), one);
    }
    let missing = format!("missing integrations: {interface}");
    assert_eq!(
        come_of(interface, &[Told::default(), complete]),
        Err(missing)
    );
}

const REDIS: [(&str, &str); 5] = [
    ("REDIS_DB_FRAGMENT", ""),
    ("REDIS_DB_PARAMS", ""),
    ("REDIS_DB_PATH", ""),
    ("REDIS_DB_QUERY", ""),
    ("REDIS_DB_SCHEME", "redis"),
];

#[test]
fn redis() {
    let at = |host: &'static str, port: &'static str, netloc: &'static str, url: &'static str| {
        let more = [
            ("REDIS_DB_CONNECT_STRING", url),
            ("REDIS_DB_HOSTNAME", host),
            ("REDIS_DB_NETLOC", netloc),
            ("REDIS_DB_PORT", port),
        ];
        [&REDIS[..], &more].concat()
    };
    let leader = at("r", "6379", "r:6379", "redis://r:6379");
    let second = at("b", "2", "b:2", "redis://b:2");
    let (missing, invalid) = (
        "missing integrations: redis",
        "Invalid redis relation data.",
    );
    let complete = Told {
        app: &[("leader-host", "r")],
        ..units(&[("redis/0", &[("hostname", "a"), ("port", "6379")])])
    };
    table(
        "redis",
        &[
            (complete, Ok(&leader)),
            (
                Told {
                    app: &[("leader-host", "r")],
                    ..units(&[("redis/0", &[("port", "6379")])])
                },
                Ok(&leader),
            ),
            // The lowest number that has all, and numbers are no texts (known defect 41).
            (
                units(&[
                    ("redis/1", &[("hostname", "a")]),
                    ("redis/10", &[("hostname", "c"), ("port", "3")]),
                    ("redis/2", &[("hostname", "b"), ("port", "2")]),
                ]),
                Ok(&second),
            ),
            (app(&[("leader-host", "r")]), Err(missing)),
            (units(&[("redis/0", &[("hostname", "a")])]), Err(missing)),
            (units(&[("redis/0", &[("port", "1")])]), Err(missing)),
            (
                units(&[("redis/0", &[("hostname", "a"), ("port", "x")])]),
                Err(invalid),
            ),
            (
                units(&[("redis/0", &[("hostname", "a"), ("port", "65536")])]),
                Err(invalid),
            ),
            (
                units(&[("redis/0", &[("hostname", "a b"), ("port", "1")])]),
                Err(invalid),
            ),
        ],
    );
}

#[test]
fn s3() {
    let least = [
        ("access-key", "1234"),
        ("secret-key", "true"),
        ("bucket", "web"),
    ];
    let variables = [
        // What looks like a number is a text (known defect 32).
        ("S3_ACCESS_KEY", "1234"),
        ("S3_SECRET_KEY", "true"),
        ("S3_BUCKET", "web"),
    ];
    let and = |more: &[(&'static str, &'static str)]| [&least[..], more].concat();
    let all = and(&[
        ("region", "eu-1"),
        ("endpoint", "http://minio.demo:9000"),
        ("path", "/p"),
        ("storage-class", "STANDARD"),
        ("s3-api-version", "s3v4"),
        ("s3-uri-style", "path"),
        ("attributes", r#"["x-a=1","b"]"#),
        ("tls-ca-chain", r#"["MIIB"]"#),
        ("data", r#"{"bucket": "web"}"#),
    ]);
    let all_variables = [
        &variables[..],
        &[
            ("S3_REGION", "eu-1"),
            ("S3_ENDPOINT", "http://minio.demo:9000"),
            ("S3_PATH", "/p"),
            ("S3_STORAGE_CLASS", "STANDARD"),
            ("S3_API_VERSION", "s3v4"),
            ("S3_URI_STYLE", "path"),
            ("S3_ADDRESSING_STYLE", "path"),
            ("S3_ATTRIBUTES", r#"["x-a=1", "b"]"#),
            ("S3_TLS_CA_CHAIN", r#"["MIIB"]"#),
        ],
    ]
    .concat();
    let host = [
        &variables[..],
        &[("S3_URI_STYLE", "host"), ("S3_ADDRESSING_STYLE", "virtual")],
    ]
    .concat();
    // Whether there are attributes or not (known defect 20).
    let chain = [&variables[..], &[("S3_TLS_CA_CHAIN", r#"["MIIB"]"#)]].concat();
    let (missing, invalid) = ("missing integrations: s3", "Invalid s3 relation data.");
    table(
        "s3",
        &[
            (app(&least), Ok(&variables)),
            (app(&all), Ok(&all_variables)),
            (app(&and(&[("s3-uri-style", "host")])), Ok(&host)),
            (app(&and(&[("tls-ca-chain", r#"["MIIB"]"#)])), Ok(&chain)),
            (app(&and(&[("attributes", "[]")])), Ok(&variables)),
            // What is told in steps is waited for (known defect 56).
            (app(&least[..2]), Err(missing)),
            (app(&[("region", "eu-1"), ("bucket", "")]), Err(missing)),
            (app(&and(&[("attributes", "x-a=1")])), Err(invalid)),
            (app(&and(&[("tls-ca-chain", "{}")])), Err(invalid)),
        ],
    );
}

#[test]
fn smtp() {
    let least = [
        ("host", "mx.example"),
        ("port", "587"),
        ("auth_type", "none"),
        ("transport_security", "none"),
    ];
    let variables = [
        ("SMTP_HOST", "mx.example"),
        ("SMTP_PORT", "587"),
        ("SMTP_SKIP_SSL_VERIFY", "False"),
    ];
    let all = [
        ("host", "mx.example"),
        ("port", "587"),
        ("auth_type", "plain"),
        ("transport_security", "starttls"),
        ("user", "on"),
        ("domain", "example.com"),
        ("skip_ssl_verify", "true"),
        ("smtp_sender", "app@example.com"),
        ("recipients", r#"["a@b"]"#),
    ];
    let all_variables = [
        ("SMTP_HOST", "mx.example"),
        ("SMTP_PORT", "587"),
        ("SMTP_AUTH_TYPE", "plain"),
        ("SMTP_TRANSPORT_SECURITY", "starttls"),
        // A text that is part of `none` is one all the same (known defect 21).
        ("SMTP_USER", "on"),
        ("SMTP_PASSWORD", "pw"),
        ("SMTP_DOMAIN", "example.com"),
        ("SMTP_SKIP_SSL_VERIFY", "True"),
    ];
    let uri = "secret:d3aaaaaaaaaaaaaaaaaa";
    let clear = [&all[..], &[("password", "pw")]].concat();
    let by_secret = [&all[..], &[("password_id", uri)]].concat();
    let both = [&clear[..], &[("password_id", uri)]].concat();
    let secret = |app, content| Told {
        app,
        secret: Some((uri, content)),
        ..Told::default()
    };
    let with = |key: &str, value: &'static str| {
        let mut bag = all.to_vec();
        bag.iter_mut().find(|(name, _)| *name == key).unwrap().1 = value;
        bag
    };
    let invalid = Err("Invalid smtp relation data.");
    table(
        "smtp",
        &[
            (app(&least), Ok(&variables)),
            (app(&clear), Ok(&all_variables)),
            (
                secret(&by_secret, &[("password", "pw")]),
                Ok(&all_variables),
            ),
            // The password in clear wins, and the secret is not needed.
            (secret(&both, &[("password", "other")]), Ok(&all_variables)),
            (app(&both), Ok(&all_variables)),
            // Instead of a hook error (known defect 6).
            (app(&by_secret), invalid),
            (app(&all[..1]), invalid),
            (app(&with("port", "0")), invalid),
            (app(&with("port", "99999999")), invalid),
            (app(&with("auth_type", "kerberos")), invalid),
            (app(&with("transport_security", "ssl")), invalid),
            (app(&with("skip_ssl_verify", "maybe")), invalid),
            (app(&with("smtp_sender", "me")), invalid),
            (app(&with("recipients", "a@b")), invalid),
        ],
    );
}

#[test]
fn openfga() {
    let urls = [
        ("grpc_api_url", "10.1.40.3:8081"),
        ("http_api_url", "h:8080"),
    ];
    let and = |more: &[(&'static str, &'static str)]| [&urls[..], more].concat();
    let variables = [
        ("FGA_GRPC_API_URL", "10.1.40.3:8081"),
        ("FGA_HTTP_API_URL", "h:8080"),
        ("FGA_STORE_ID", "01HZX"),
    ];
    let with_token = [&variables[..], &[("FGA_TOKEN", "t0ken")]].concat();
    let uri = "secret:d4aaaaaaaaaaaaaaaaaa";
    let complete = and(&[("store_id", "01HZX"), ("token_secret_id", uri)]);
    let missing = Err("missing integrations: openfga");
    table(
        "openfga",
        &[
            (
                Told {
                    app: &complete,
                    secret: Some((uri, &[("token", "t0ken")])),
                    ..Told::default()
                },
                Ok(&with_token),
            ),
            (
                app(&and(&[("store_id", "01HZX"), ("token", "t0ken")])),
                Ok(&with_token),
            ),
            (app(&and(&[("store_id", "01HZX")])), Ok(&variables)),
            (app(&complete), missing),
            // Nothing can be asked without a store (known defect 63).
            (app(&urls), missing),
            (app(&[("store_id", "01HZX")]), missing),
        ],
    );
}

#[test]
fn kafka_and_opensearch() {
    let (user, tls) = ("secret:d1aaaaaaaaaaaaaaaaaa", "secret:d1bbbbbbbbbbbbbbbbbb");
    for (interface, prefix, names) in [
        ("kafka_client", "KAFKA", "TOPIC"),
        ("opensearch_client", "OPENSEARCH", "INDEX"),
    ] {
        let name = |part: &str| format!("{prefix}_{part}");
        let names = name(names);
        let resource = names.to_lowercase();
        let resource = resource.rsplit('_').next().unwrap();
        let expected = |resource: &'static str| {
            [
                (name("ENDPOINTS"), "h-0:1,h-1:1"),
                (name("PASSWORD"), "pw"),
                (name("TLS"), "True"),
                (name("TLS_CA"), "MII"),
                (name("USERNAME"), "u"),
                (names.clone(), resource),
            ]
        };
        let (called, named) = (expected("web"), expected("other"));
        let [called, named] =
            [&called, &named].map(|of| of.each_ref().map(|(name, value)| (name.as_str(), *value)));
        let uris = [
            ("endpoints", "h-0:1,h-1:1"),
            ("secret-user", user),
            ("secret-tls", tls),
        ];
        let clear = [
            ("endpoints", "h-0:1,h-1:1"),
            (resource, "other"),
            ("username", "u"),
            ("password", "pw"),
            ("tls", "True"),
            ("tls-ca", "MII"),
        ];
        let missing = format!("missing integrations: {interface}");
        let missing = Err(missing.as_str());
        table(
            interface,
            &[
                (
                    Told {
                        secret: Some((user, &[("username", "u"), ("password", "pw")])),
                        second: Some((tls, &[("tls", "True"), ("tls-ca", "MII")])),
                        ..app(&uris)
                    },
                    Ok(&called),
                ),
                (app(&clear), Ok(&named)),
                (app(&clear[..3]), missing),
                (app(&clear[1..]), missing),
                (app(&uris), missing),
            ],
        );
    }
}

#[test]
fn what_a_user_adds_to_a_database_is_made_of_what_the_provider_tells() {
    let paas_config = "integrations:\n  postgresql_client:\n    prefix: PG\n    request: {app: {external-node-connectivity: 'true'}}\n    \
         variables: {PG_READ_ONLY: '{read-only-uris|first}', PG_AT: '{PG_HOSTNAME}', NONE: '{missing}'}\n    \
         files: {/tmp/pg/version: '{version}'}\n";
    let mut observation = needing("postgresql_client", "24.04", Some(paas_config));
    assert_eq!(observation.charm.paas_config.as_ref().err(), None);
    let uri = "secret:d1aaaaaaaaaaaaaaaaaa";
    let bag_of_app = [("secret-user", uri), ("version", "16.9")];
    let told = Told {
        secret: Some((
            uri,
            &[
                ("username", "u"),
                ("password", "pw"),
                ("uris", "postgresql://u:pw@a:1/d"),
                (
                    "read-only-uris",
                    "postgresql://u:pw@b:2/d,postgresql://u:pw@c:3/d",
                ),
            ],
        )),
        ..app(&bag_of_app)
    };
    observation.relations = vec![told.relation("postgresql_client", 7)];
    let variables = variables(&observation);
    let get = |name: &str| variables.get(name).map(String::as_str);
    assert_eq!(get("PG_CONNECT_STRING"), Some("postgresql://u:pw@a:1/d"));
    assert_eq!(get("PG_READ_ONLY"), Some("postgresql://u:pw@b:2/d"));
    assert_eq!(get("PG_AT"), Some("a"));
    assert_eq!(get("NONE"), None);
    let decision = decide(&observation);
    let files = &run(&decision).files;
    let file = files.iter().find(|file| file.path == "/tmp/pg/version");
    assert_eq!(file.map(|file| file.content.as_str()), Some("16.9"));
    let written = decision.bags.iter().find(|write| write.app).unwrap();
    assert!(written.changes.contains_key("external-node-connectivity"));
    assert!(written.changes.contains_key("database"));
}

/// The charm of a project that declares integrations of its own, packed.
fn own(integrations: &str) -> Observation {
    let metadata = "name: web\ncontainers: {app: {resource: app-image}}\n\
        peers: {secret-storage: {interface: secret-storage}}\n\
        requires: {zebra: {interface: z}, events: {interface: mqtt}, s3: {interface: s3}, http-proxy: {interface: http_proxy}}\n";
    let manifest = "charmwright: {framework: go}\nbases: [{channel: '24.04'}]\n";
    let charm = Charm::parse(metadata, None, Some(manifest), Some(integrations)).unwrap();
    let services = "go: {override: replace, startup: enabled, command: x}\n";
    unit(charm, ("go_secret_key", "peer-key"), services)
}

#[test]
fn required_integrations_of_ones_own_are_missed_after_the_others_by_name() {
    let observation = own(
        "integrations: {zebra: {keys: {x: {needed: true}}}, events: {keys: {x: {needed: true}}}}",
    );
    let (status, message) = status(&decide(&observation));
    assert_eq!(status, Status::Blocked);
    assert_eq!(
        message,
        "missing integrations: s3, http-proxy, events, zebra"
    );
}

#[test]
fn data_of_ones_own_integration_that_cannot_be_used_blocks_with_its_endpoint() {
    let mut observation = own(
        "integrations: {events: {keys: {port: {minimum: 1}}, variables: \
                               {PORT: '{port}'}}}",
    );
    observation.relations = vec![app(&[("port", "hunter2")]).relation("events", 7)];
    let decision = decide(&observation);
    let (status, message) = status(&decision);
    assert_eq!(status, Status::Blocked);
    assert_eq!(message, "Invalid events relation data.");
    let said = decision.remarks.join(" ");
    assert!(
        said.contains("`port` must be a whole number from 1 on"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}

/// What the leader writes into its application's bag.
fn asked(interface: &str, channel: &str, there: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut observation = needing(interface, channel, None);
    let mut relation = Told::default().relation(interface, 7);
    relation.local_app = bag(there);
    observation.relations = vec![relation];
    let decision = decide(&observation);
    let writes = decision
        .bags
        .into_iter()
        .filter(|write| write.relation == 7);
    let changes = writes
        .inspect(|write| assert!(write.app))
        .flat_map(|write| write.changes);
    changes.map(|(key, value)| (key, value.unwrap())).collect()
}

#[test]
fn a_bucket_and_a_store_are_asked_for() {
    for (interface, channel, there, written) in [
        ("redis", "24.04", &[][..], &[][..]),
        ("smtp", "24.04", &[], &[]),
        ("s3", "24.04", &[], &[("bucket", "web")]),
        ("s3", "24.04", &[("bucket", "web")], &[]),
        ("openfga", "24.04", &[], &[("store_name", "app-store")]),
        ("openfga", "26.04", &[], &[("store_name", "web")]),
        ("kafka_client", "24.04", &[("topic", "mine")], &[]),
        // Another name would be another store.
        ("openfga", "26.04", &[("store_name", "app-store")], &[]),
    ] {
        assert_eq!(
            asked(interface, channel, there),
            bag(written),
            "{interface}"
        );
    }
}

/// Whether a migration is to run again when what a provider told becomes something else.
#[test]
fn migrations_run_again_for_another_bucket_but_not_for_another_key() {
    let s3 = |key: &'static str, bucket: &'static str| {
        vec![("access-key", key), ("secret-key", "s"), ("bucket", bucket)]
    };
    for (interface, before, after, again) in [
        ("s3", s3("a", "web"), s3("b", "web"), false),
        ("s3", s3("a", "web"), s3("a", "other"), true),
    ] {
        let identity = |told: &[(&str, &str)]| {
            let mut observation = needing(interface, "24.04", None);
            observation.relations = vec![app(told).relation(interface, 7)];
            let container = super::support::container(&mut observation);
            container.scripts.insert("migrate.sh".into());
            let migration = run(&decide(&observation)).migration.clone();
            migration.map(|migration| migration.completed)
        };
        assert_eq!(identity(&before) != identity(&after), again, "{interface}");
    }
}
