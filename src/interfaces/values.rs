//! What templates of a row may name: what the provider tells, and facts of our own.

use serde_json::Value;

use super::key::{Key, Of};
use super::table::Row;
use super::{Bag, Context, Relation, SecretRequest};

/// The facts of our own, but for options.
pub(super) const FACTS: &[&str] = &[
    "our.address",
    "our.app",
    "our.charm",
    "our.fqdn",
    "our.model",
    "our.model-uuid",
    "our.port",
    "our.unit",
    "our.url",
];

/// What an option's name has before it.
pub(super) const OPTION: &str = "our.option.";

/// What a provider tells.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Values that are not empty, of its bags and of the secrets that these name.
    pub values: Bag,
    /// Keys of secrets that are there and cannot be read.
    pub unread: Vec<String>,
}

impl Told {
    /// Puts together what was read of a relation.
    #[must_use]
    pub fn by(row: &Row, relation: &Relation) -> Self {
        let mut values: Bag = relation.remote_app.clone();
        for (name, key) in of_units(row) {
            let found = match key.of {
                Of::App => None,
                Of::LowestUnit => units(row, relation).find_map(|bag| bag.get(name).cloned()),
                Of::EveryUnit => {
                    let all = units(row, relation).filter_map(|bag| bag.get(name));
                    let all: Vec<&str> = all.map(String::as_str).collect();
                    Some(all.join(","))
                }
            };
            match found {
                Some(value) => values.insert(name.to_owned(), value),
                None => values.remove(name),
            };
        }
        values.retain(|_, value| !value.is_empty());
        let mut told = Self {
            values,
            unread: Vec::new(),
        };
        for secret in secrets(row, &told.values) {
            let Some(content) = relation.secrets.get(&secret.uri) else {
                told.unread.push(secret.key.to_owned());
                continue;
            };
            for name in secret.gives {
                told.put(name, content.get(name));
            }
        }
        // What an interface's code asked for besides.
        for (name, value) in relation.secrets.values().flatten() {
            told.put(name, Some(value));
        }
        told
    }

    fn put(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let entry = self.values.entry(name.to_owned());
            entry.or_insert_with(|| value.clone());
        }
    }
}

fn keys(row: &Row) -> impl Iterator<Item = (&str, &Key)> {
    let keys = row.keys.iter();
    keys.filter_map(|(name, key)| Some((name.as_str(), key.as_ref()?)))
}

fn of_units(row: &Row) -> impl Iterator<Item = (&str, &Key)> {
    keys(row).filter(|(_, key)| key.of != Of::App)
}

/// Whether anything is in the bags of units.
pub(super) fn has_unit_keys(row: &Row) -> bool {
    of_units(row).next().is_some()
}

/// The bags of units that have all that is needed of units, by number.
fn units<'a>(row: &'a Row, relation: &'a Relation) -> impl Iterator<Item = &'a Bag> {
    let mut units: Vec<_> = relation.remote_units.iter().collect();
    let number = |unit: &str| unit.rsplit('/').next()?.parse::<u64>().ok();
    units.sort_by_key(|(unit, _)| (number(unit), unit.as_str()));
    let there = |bag: &Bag, name: &str| bag.get(name).is_some_and(|value| !value.is_empty());
    let bags = units.into_iter().map(|(_, bag)| bag);
    bags.filter(move |bag| {
        let mut needed = of_units(row).filter(|(_, key)| key.needed);
        needed.all(|(name, _)| there(bag, name))
    })
}

/// A secret that a provider names.
struct Named<'a> {
    key: &'a str,
    uri: String,
    gives: &'a [String],
}

/// The secrets that the keys of a row name, but for those whose keys are all told in clear.
fn secrets<'a>(row: &'a Row, values: &Bag) -> Vec<Named<'a>> {
    let secrets = keys(row).filter_map(|(key, of)| {
        let gives = of.secret.as_slice();
        let wanted = gives.iter().any(|name| !values.contains_key(name));
        let uri = values.get(key).filter(|_| wanted)?.clone();
        Some(Named { key, uri, gives })
    });
    secrets.collect()
}

/// The secrets that are to be read.
pub(super) fn secret_requests(row: &Row, relation: &Relation) -> Vec<SecretRequest> {
    let told = Told::by(row, relation);
    let label = |key: &str| {
        let group = key.strip_prefix("secret-")?;
        let (endpoint, id) = (&relation.endpoint, relation.id);
        Some(format!("{endpoint}.{id}.{group}.secret"))
    };
    let request = |secret: Named<'_>| SecretRequest {
        label: label(secret.key),
        uri: secret.uri,
    };
    secrets(row, &told.values)
        .into_iter()
        .map(request)
        .collect()
}

/// A fact of our own; `None` for a name that is none.
pub(super) fn fact(context: &Context<'_>, relation: &Relation, name: &str) -> Option<String> {
    if let Some(option) = name.strip_prefix(OPTION) {
        let value = context.config.get(option)?;
        return Some(match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    }
    let text = match name {
        "our.address" => return relation.address.clone(),
        "our.port" => return Some(context.port.to_string()),
        "our.url" => {
            let inside = || format!("http://{}.{}:{}", context.app, context.model, context.port);
            return Some(context.outside_url.map_or_else(inside, str::to_owned));
        }
        "our.app" => context.app,
        "our.charm" => context.charm,
        "our.fqdn" => context.fqdn,
        "our.model" => context.model,
        "our.model-uuid" => context.model_uuid,
        "our.unit" => context.unit,
        _ => return None,
    };
    Some(text.to_owned())
}
