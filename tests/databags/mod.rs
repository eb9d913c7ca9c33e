//! Whatever providers may tell: good databags, and what becomes of them by accident or by malice.
//!
//! The good ones are those of the recorded cases, and a few of interfaces that the peer does not speak. Every text that
//! stands for a secret in what is generated has [`CANARY`] in it, so that it can be searched for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use charmwright::interfaces::{Bag, Relation};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

/// Part of every secret: no such text is in any message of ours, and no encoding changes it.
pub const CANARY: &str = "c4n4ryS3cr3t";

/// Keys of databags whose values are secret.
const SECRET: [&str; 13] = [
    "access-key",
    "auth-password",
    "certificate",
    "client_secret",
    "credentials",
    "data",
    "key",
    "password",
    "secret-key",
    "session-token",
    "tls-ca",
    "token",
    "x509certs",
];

/// What a provider of one interface tells.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Databags {
    /// Its application's bag.
    pub app: Bag,
    /// Its units' bags, by number.
    pub units: BTreeMap<u64, Bag>,
    /// Our application's own bag, as an earlier hook or somebody else has left it.
    pub own: Bag,
    /// Secrets, by URI.
    pub secrets: BTreeMap<String, Bag>,
}

impl Databags {
    /// The relation, before it is known which secrets are read.
    pub fn relation(&self, endpoint: &str, id: u64, leader: bool) -> Relation {
        let units = self.units.iter();
        Relation {
            endpoint: endpoint.into(),
            id,
            remote_application: "provider".into(),
            remote_app: self.app.clone(),
            remote_units: units
                .map(|(number, bag)| (format!("provider/{number}"), bag.clone()))
                .collect(),
            local_app: if leader { self.own.clone() } else { Bag::new() },
            local_unit: Bag::new(),
            address: Some("192.0.2.1".into()),
            secrets: self.secrets.clone(),
            own_secret: None,
        }
    }

    fn bags(&mut self) -> Vec<&mut Bag> {
        let units = self.units.values_mut();
        let all = [&mut self.app, &mut self.own].into_iter().chain(units);
        all.chain(self.secrets.values_mut()).collect()
    }
}

fn bag(value: &Value) -> Bag {
    let entries = value.as_object().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn of(pairs: &[(&str, &str)]) -> Bag {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()));
    owned.collect()
}

/// Good databags, by interface.
pub fn good() -> &'static BTreeMap<String, Vec<Databags>> {
    static GOOD: LazyLock<BTreeMap<String, Vec<Databags>>> = LazyLock::new(|| {
        let mut found = BTreeMap::<String, BTreeSet<Databags>>::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        for framework in [
            "django",
            "expressjs",
            "fastapi",
            "flask",
            "go",
            "spring-boot",
        ] {
            for entry in std::fs::read_dir(root.join(framework)).unwrap() {
                let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
                recorded(&serde_json::from_str(&text).unwrap(), &mut found);
            }
        }
        for (interface, app) in [
            (
                "kafka_client",
                &[
                    ("endpoints", "k-0:9092"),
                    ("topic", "web"),
                    ("secret-user", "secret:declared"),
                ][..],
            ),
            (
                "opensearch_client",
                &[
                    ("endpoints", "o-0:9200"),
                    ("index", "web"),
                    ("secret-user", "secret:declared"),
                ],
            ),
            (
                "motd",
                &[
                    ("text", "hello"),
                    ("lines", "3"),
                    ("secret-user", "secret:declared"),
                ],
            ),
        ] {
            let content = of(&[
                ("username", "u"),
                ("password", "pw"),
                ("tls", "True"),
                ("tls-ca", "CA"),
            ]);
            let databags = Databags {
                app: of(app),
                secrets: BTreeMap::from([("secret:declared".to_owned(), content)]),
                ..Databags::default()
            };
            found.entry(interface.into()).or_default().insert(databags);
        }
        let listed = found.into_iter();
        listed
            .map(|(name, all)| (name, all.into_iter().collect()))
            .collect()
    });
    &GOOD
}

fn recorded(case: &Value, found: &mut BTreeMap<String, BTreeSet<Databags>>) {
    let secrets = case["input"]["secrets"].as_array().into_iter().flatten();
    let secrets: BTreeMap<String, Bag> = secrets
        .filter_map(|secret| Some((secret["id"].as_str()?.to_owned(), bag(&secret["content"]))))
        .collect();
    for relation in case["input"]["relations"].as_array().into_iter().flatten() {
        let Some(interface) = relation["interface"].as_str() else {
            continue;
        };
        let units = relation["remote_units"].as_object().into_iter().flatten();
        let app = bag(&relation["remote_app_data"]);
        let named = |uri: &String| app.values().any(|value| value.contains(uri.as_str()));
        let databags = Databags {
            units: units
                .filter_map(|(number, data)| Some((number.parse().ok()?, bag(data))))
                .collect(),
            own: bag(&relation["local_app_data"]),
            secrets: secrets
                .iter()
                .filter(|(uri, _)| named(uri))
                .map(|(uri, content)| (uri.clone(), content.clone()))
                .collect(),
            app,
        };
        found.entry(interface.into()).or_default().insert(databags);
    }
}

/// Texts that break what does not look.
const NASTY: &[&str] = &[
    "",
    " ",
    "\n",
    "\0",
    "a\0b",
    "\u{1b}[31m",
    "\u{202e}é漢😀\u{feff}",
    "%",
    "%00",
    "%zz",
    "${HOME} $(id) `id`",
    "{prefix}",
    "{our.app}",
    "{",
    "}",
    "../../etc/passwd",
    "/",
    ",",
    ",,,",
    ":",
    "@",
    "://",
    "x://",
    "http://",
    "http://[::1",
    "http://[::1]:99999/",
    "http://h:0/",
    "http://h:65535/",
    "http://h:65536/",
    "http://u:p@h,,i:1,:2/x?y=z#f",
    "postgresql://u:%zz@h:1/x",
    "mongodb://u:p@a:1,b:2/x?replicaSet=r",
    "secret:",
    "secret:gone",
    "secret://x/y/z",
    "null",
    "true",
    "True",
    "none",
    "None",
    "0",
    "-1",
    "65535",
    "65536",
    "99999999999999999999999999",
    "1e400",
    "NaN",
    "\"",
    "\"text\"",
    "[",
    "[]",
    "[null]",
    "[[]]",
    "[1, \"a\", {}]",
    "{}",
    "{\"a\":",
    "{\"a\": null}",
    "{\"url\": 5}",
    "{\"url\": \"http://h:99999/\"}",
    "{\"receivers\": [{\"protocol\": 1}]}",
    "- a\n- b: [",
    "*x",
    "&a [*a]",
    "!!binary x",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
];

fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(NASTY).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[ -~]{0,40}",
        1 => any::<i128>().prop_map(|number| number.to_string()),
        1 => Just("[".repeat(2000)),
        1 => Just("é".repeat(70_000)),
        1 => json().prop_map(|value| value.to_string()),
    ]
}

/// Arbitrary JSON.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(NASTY).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z_-]{0,8}", inner, 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// What happens to databags.
#[derive(Clone, Debug)]
enum Accident {
    /// A value is another.
    Replaced(Index, String),
    /// A value ends in its middle.
    Cut(Index, Index),
    /// Something comes before and after a value.
    Wrapped(Index, String, String),
    /// A value somewhere inside of JSON is another.
    Inside(Index, Index, Value),
    /// A key is gone.
    Gone(Index),
    /// A key is there that should not be.
    Added(Index, String, String),
    /// Two values have changed places.
    Swapped(Index, Index),
    /// A secret cannot be read.
    Unread(Index),
    /// Another unit is there.
    Unit(u64, Bag),
    /// Nothing is there yet.
    Empty,
}

fn accident() -> impl Strategy<Value = Accident> {
    let at = any::<Index>;
    let small = proptest::collection::btree_map("[a-z_-]{1,12}", nasty(), 0..4);
    prop_oneof![
        6 => (at(), nasty()).prop_map(|(at, text)| Accident::Replaced(at, text)),
        3 => (at(), at()).prop_map(|(at, end)| Accident::Cut(at, end)),
        2 => (at(), nasty(), nasty()).prop_map(|(at, a, b)| Accident::Wrapped(at, a, b)),
        6 => (at(), at(), json()).prop_map(|(at, leaf, value)| Accident::Inside(at, leaf, value)),
        3 => at().prop_map(Accident::Gone),
        1 => (at(), "[ -~]{0,12}", nasty()).prop_map(|(at, key, text)| Accident::Added(at, key, text)),
        1 => (at(), at()).prop_map(|(a, b)| Accident::Swapped(a, b)),
        1 => at().prop_map(Accident::Unread),
        2 => (0..20u64, small).prop_map(|(number, bag)| Accident::Unit(number, bag)),
        1 => Just(Accident::Empty),
    ]
}

impl Accident {
    fn happen(self, databags: &mut Databags) {
        match self {
            Self::Unread(at) => {
                let uris: Vec<String> = databags.secrets.keys().cloned().collect();
                if !uris.is_empty() {
                    databags.secrets.remove(at.get(&uris));
                }
                return;
            }
            Self::Unit(number, bag) => {
                let mut like = databags.units.values().next().cloned().unwrap_or_default();
                like.extend(bag);
                databags.units.insert(number, like);
                return;
            }
            Self::Empty => {
                databags.app.clear();
                return;
            }
            Self::Added(at, key, text) => {
                let mut bags = databags.bags();
                let at = at.index(bags.len());
                bags[at].insert(key, text);
                return;
            }
            _ => {}
        }
        let mut bags = databags.bags();
        let chosen = match &self {
            Self::Replaced(at, _)
            | Self::Cut(at, _)
            | Self::Wrapped(at, ..)
            | Self::Inside(at, ..)
            | Self::Gone(at)
            | Self::Swapped(at, _) => at,
            _ => return,
        };
        let keys: Vec<(usize, String)> = bags
            .iter()
            .enumerate()
            .flat_map(|(number, bag)| bag.keys().map(move |key| (number, key.clone())))
            .collect();
        if keys.is_empty() {
            return;
        }
        let (number, key) = chosen.get(&keys).clone();
        let other = match &self {
            Self::Swapped(_, other) => {
                let (number, key) = other.get(&keys);
                bags[*number].get(key).cloned()
            }
            _ => None,
        };
        let bag = &mut bags[number];
        let Some(value) = bag.get(&key).cloned() else {
            return;
        };
        let becomes = match self {
            Self::Replaced(_, text) => text,
            Self::Cut(_, end) => {
                let length = value.chars().count();
                value.chars().take(end.index(length + 1)).collect()
            }
            Self::Wrapped(_, before, after) => format!("{before}{value}{after}"),
            Self::Inside(_, leaf, new) => match serde_json::from_str::<Value>(&value) {
                Ok(mut json) => {
                    let mut pointers = vec![String::new()];
                    pointers_of(&json, "", &mut pointers);
                    if let Some(place) = json.pointer_mut(leaf.get(&pointers).as_str()) {
                        *place = new;
                    }
                    json.to_string()
                }
                Err(_) => new.to_string(),
            },
            Self::Swapped(..) => other.unwrap_or_default(),
            _ => {
                bag.remove(&key);
                return;
            }
        };
        bag.insert(key, becomes);
    }
}

fn pointers_of(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inner = |key: String, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{at}/{key}");
        found.push(pointer.clone());
        pointers_of(value, &pointer, found);
    };
    match value {
        Value::Array(values) => {
            for (number, value) in values.iter().enumerate() {
                inner(number.to_string(), value);
            }
        }
        Value::Object(values) => {
            for (key, value) in values {
                inner(key.clone(), value);
            }
        }
        _ => {}
    }
}

/// Makes every secret known by its canary: the contents of secrets, secret keys, and credentials in URLs.
pub fn mark(databags: &mut Databags) {
    let marked = |value: &str| format!("{CANARY}{value}");
    for bag in databags.secrets.values_mut() {
        for (key, value) in bag.iter_mut() {
            // What is not secret of a secret's content decides what is done.
            if !matches!(key.as_str(), "tls" | "username" | "uris" | "read-only-uris") {
                *value = marked(value);
            }
        }
    }
    let bags = [&mut databags.app]
        .into_iter()
        .chain(databags.units.values_mut());
    for bag in bags {
        for (key, value) in bag.iter_mut() {
            if SECRET.contains(&key.as_str()) && !value.starts_with(['{', '[']) {
                *value = marked(value);
            }
        }
    }
    for bag in databags.bags() {
        for value in bag.values_mut() {
            // The password of `scheme://user:password@host`.
            if let Some((before, after)) = value.split_once("://")
                && let Some((credentials, host)) = after.split_once('@')
                && let Some((user, password)) = credentials.split_once(':')
            {
                *value = format!("{before}://{user}:{CANARY}{password}@{host}");
            }
        }
    }
}

/// What a provider of an interface may tell: mostly something that once was good.
pub fn databags(interface: &str) -> BoxedStrategy<Databags> {
    let like_good = good().get(interface).cloned().unwrap_or_default();
    let random = (
        proptest::collection::btree_map("[ -~]{0,16}", nasty(), 0..5),
        proptest::collection::btree_map(
            0..20u64,
            proptest::collection::btree_map("[a-z_-]{0,12}", nasty(), 0..4),
            0..3,
        ),
    )
        .prop_map(|(app, units)| Databags {
            app,
            units,
            ..Databags::default()
        });
    let start = if like_good.is_empty() {
        random.boxed()
    } else {
        prop_oneof![1 => random, 15 => select(like_good)].boxed()
    };
    (start, proptest::collection::vec(accident(), 0..4))
        .prop_map(|(mut databags, accidents)| {
            mark(&mut databags);
            for accident in accidents {
                accident.happen(&mut databags);
            }
            databags
        })
        .boxed()
}
