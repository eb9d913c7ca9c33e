//! What is the case, made comparable between worlds: keys and the ids of secrets are random.

use std::collections::{BTreeMap, BTreeSet};

use charmwright::pebble::Client;
use charmwright::yaml::Value;

use super::{Bag, World};

/// Everything that a hook may leave behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The application's status.
    pub app: (String, String),
    /// By unit.
    pub units: BTreeMap<String, UnitFacts>,
    /// By relation (as `web:db pg:database`) and member.
    pub bags: BTreeMap<(String, String), Bag>,
}

/// What is the case with one unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitFacts {
    pub status: (String, String),
    pub ports: BTreeSet<String>,
    /// Services of the plan as text, by name.
    pub plan: BTreeMap<String, String>,
    /// Services by what they do.
    pub states: BTreeMap<String, String>,
    /// The environment of what runs, by service.
    pub running: BTreeMap<String, Bag>,
    /// The environment that it has in the plan, by service.
    pub planned: BTreeMap<String, Bag>,
    /// Files that the charm keeps.
    pub files: BTreeMap<String, String>,
}

impl Facts {
    /// Asserts that these are the expected facts, and names those that are not.
    pub fn assert_are(&self, expected: &Self, when: &str) {
        let (found, expected) = (self.by_path(), expected.by_path());
        let paths: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
        let different: Vec<String> = paths
            .into_iter()
            .filter(|path| found.get(*path) != expected.get(*path))
            .map(|path| {
                let (found, expected) = (found.get(path), expected.get(path));
                format!("{path}: {found:?} instead of {expected:?}")
            })
            .collect();
        assert!(different.is_empty(), "{when}:\n{}", different.join("\n"));
    }

    fn by_path(&self) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::from([("app".to_owned(), format!("{:?}", self.app))]);
        for (unit, found) in &self.units {
            let mut say = |what: String, fact: String| facts.insert(format!("{unit} {what}"), fact);
            say("status".into(), format!("{:?}", found.status));
            say("ports".into(), format!("{:?}", found.ports));
            for (kind, texts) in [
                ("plan", &found.plan),
                ("state", &found.states),
                ("file", &found.files),
            ] {
                for (name, text) in texts {
                    say(format!("{kind} {name}"), text.clone());
                }
            }
            for (kind, environments) in [("running", &found.running), ("planned", &found.planned)] {
                for (service, environment) in environments {
                    for (name, value) in environment {
                        say(format!("{kind} {service} {name}"), value.clone());
                    }
                }
            }
        }
        for ((relation, member), bag) in &self.bags {
            for (key, value) in bag {
                facts.insert(format!("bag {relation} {member} {key}"), value.clone());
            }
        }
        facts
    }

    /// Asserts what must be so whatever happened: what runs has the environment of the plan, and nothing is half done.
    pub fn assert_sound(&self, when: &str) {
        for (unit, facts) in &self.units {
            assert_eq!(facts.running, facts.planned, "{when}: {unit}");
            assert!(!facts.files.contains_key("layer-pending"), "{when}: {unit}");
        }
    }
}

impl World {
    /// The facts, with the app's key as `KEY` and ids of secrets as `ID`.
    pub async fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let mut random: Vec<(String, &str)> = Vec::new();
        {
            let model = self.model.borrow();
            let app = &model.applications["web"];
            facts.app = (app.status.status.clone(), app.status.message.clone());
            random.extend(model.secrets.keys().map(|id| (id.clone(), "ID")));
            random.extend(self.key().map(|key| (key, "KEY")));
            for (number, unit) in &app.units {
                let found = UnitFacts {
                    status: (unit.status.status.clone(), unit.status.message.clone()),
                    ports: unit.ports.clone(),
                    ..UnitFacts::default()
                };
                facts.units.insert(format!("web/{number}"), found);
            }
            for relation in model.relations.values() {
                for (member, bag) in &relation.bags {
                    // Bags of units that are gone stay as long as the relation.
                    if member.starts_with("web/") && model.unit(member).is_none() {
                        continue;
                    }
                    // A count is not the same where something happened more often.
                    let bag = bag
                        .iter()
                        .filter(|(key, _)| *key != "secret-key-revision")
                        .map(|(key, value)| (key.clone(), replace(value, &random)))
                        .collect();
                    facts.bags.insert((relation.key(), member.clone()), bag);
                }
            }
        }
        for (unit, found) in &mut facts.units {
            let client = self.pebble(unit);
            let plan = client.plan().await.unwrap();
            for (name, service) in &plan.services {
                let service = sorted(service, &random);
                let text = charmwright::yaml::to_string(&service).unwrap();
                found.plan.insert(name.as_str().unwrap().to_owned(), text);
            }
            for service in client.services(&[]).await.unwrap() {
                if service.is_running() {
                    let running = self.running_environment(unit, &service.name).await;
                    let planned: Bag = plan.services[service.name.as_str()]
                        .get("environment")
                        .and_then(Value::as_mapping)
                        .into_iter()
                        .flatten()
                        .map(|(name, value)| {
                            let value = replace(value.as_str().unwrap(), &random);
                            (name.as_str().unwrap().to_owned(), value)
                        })
                        .collect();
                    let running = running
                        .into_iter()
                        .filter(|(name, _)| {
                            !ADDED.contains(&name.as_str()) || planned.contains_key(name)
                        })
                        .map(|(name, value)| (name, replace(&value, &random)))
                        .collect();
                    found.planned.insert(service.name.clone(), planned);
                    found.running.insert(service.name.clone(), running);
                }
                found
                    .states
                    .insert(service.name, service.current.to_string());
            }
            for name in [
                "database-migration-status",
                "original-services.json",
                "layer-pending",
            ] {
                let path = format!("/tmp/{}/state/{name}", self.framework);
                if let Some(text) = read(&client, &path).await {
                    found.files.insert(name.into(), text);
                }
            }
        }
        facts
    }

    /// The app's key as all units are to have it, from the peer relation's bag or the secret that it names.
    pub fn key(&self) -> Option<String> {
        let model = self.model.borrow();
        let peer = model
            .relations
            .values()
            .find(|relation| relation.is_peer() && relation.side_of("web").is_some())?;
        let bag = peer.bags.get("web")?;
        if let Some(key) = bag.get(&format!("{}_secret_key", self.framework)) {
            return Some(key.clone());
        }
        let id = bag.get("secret-key-id")?.strip_prefix("secret:")?;
        let secret = model.secrets.get(id)?;
        secret.revisions.values().next_back()?.get("value").cloned()
    }

    /// What the service had in its environment when it was last started.
    pub async fn running_environment(&self, unit: &str, service: &str) -> Bag {
        let path = format!("/tmp/env-{service}");
        let text = read(&self.pebble(unit), &path).await.unwrap_or_default();
        text.split('\0')
            .filter_map(|entry| entry.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// How often the service was started in this container.
    pub async fn starts(&self, unit: &str, service: &str) -> usize {
        self.lines(unit, &format!("/tmp/starts-{service}")).await
    }

    /// How often a migration was begun in this container.
    pub async fn migrations(&self, unit: &str) -> usize {
        self.lines(unit, "/tmp/migrations").await
    }

    async fn lines(&self, unit: &str, path: &str) -> usize {
        let text = read(&self.pebble(unit), path).await;
        text.unwrap_or_default().lines().count()
    }

    /// What Pebble says that a service does.
    pub async fn state(&self, unit: &str, service: &str) -> String {
        let services = self.pebble(unit).services(&[service]).await.unwrap();
        services
            .first()
            .map_or_else(String::new, |service| service.current.to_string())
    }

    /// The unit's status.
    pub fn status(&self, unit: &str) -> (String, String) {
        let model = self.model.borrow();
        let status = &model.unit(unit).unwrap().status;
        (status.status.clone(), status.message.clone())
    }

    /// A unit's or application's bag.
    pub fn bag(&self, relation: u32, member: &str) -> Bag {
        let model = self.model.borrow();
        let bags = &model.relations[&relation].bags;
        bags.get(member).cloned().unwrap_or_default()
    }
}

/// What bash, Pebble and Juju add.
const ADDED: [&str; 13] = [
    "_",
    "HOME",
    "JUJU_CONTAINER_NAME",
    "LANG",
    "LOGNAME",
    "OLDPWD",
    "PATH",
    "PEBBLE",
    "PEBBLE_COPY_ONCE",
    "PEBBLE_SOCKET",
    "PWD",
    "SHLVL",
    "USER",
];

async fn read(client: &Client, path: &str) -> Option<String> {
    let content = client.read_file(path).await.ok()?;
    Some(String::from_utf8(content).unwrap())
}

fn replace(text: &str, random: &[(String, &str)]) -> String {
    random.iter().fold(text.to_owned(), |text, (value, name)| {
        text.replace(value, name)
    })
}

/// In the order of names, and without what is random: a random text may need quotes or not.
fn sorted(value: &Value, random: &[(String, &str)]) -> Value {
    match value {
        Value::Mapping(map) => {
            let mut entries: Vec<(Value, Value)> = map
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value, random)))
                .collect();
            entries.sort_by_key(|(key, _)| key.as_str().unwrap_or_default().to_owned());
            Value::Mapping(entries.into_iter().collect())
        }
        Value::String(text) => Value::String(replace(text, random)),
        other => other.clone(),
    }
}
