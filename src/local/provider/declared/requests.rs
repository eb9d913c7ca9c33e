//! What related applications ask for in their bags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::description::{Description, Endpoint};
use super::template;
use crate::local::provider::{RelationView, View};

/// Requests by [`Request::key`].
pub(super) type Requests = BTreeMap<String, Request>;

/// One request: a relation, or one of the requests that its bag lists.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Request {
    /// The relation.
    pub relation: u32,
    /// Our endpoint.
    pub endpoint: String,
    /// The application at the other side.
    pub application: String,
    /// The request's id where the bag lists several, else empty.
    pub id: String,
    /// The checked keys of the bag.
    pub bag: Map<String, Value>,
    /// The checked fields of the request.
    pub fields: Map<String, Value>,
    /// The request as it stands in the list.
    pub asked: Value,
}

impl Request {
    /// Tells it from all others of the provider.
    pub(super) fn key(&self) -> String {
        self.within(&self.relation.to_string(), '/')
    }

    /// The label of a secret for it.
    pub(super) fn label(&self, group: &str) -> String {
        let place = self.within(&format!("{}.{}", self.endpoint, self.relation), '.');
        format!("{place}.{group}.secret")
    }

    fn within(&self, place: &str, between: char) -> String {
        match self.id.as_str() {
            "" => place.to_owned(),
            id => format!("{place}{between}{id}"),
        }
    }

    /// What templates see of it.
    pub(super) fn scope(&self, scope: &mut Map<String, Value>) {
        let relation = serde_json::json!({"id": self.relation, "application": self.application});
        scope.insert("relation".into(), relation);
        scope.insert("bag".into(), self.bag.clone().into());
        scope.insert("request".into(), self.fields.clone().into());
        scope.insert("asked".into(), self.asked.clone());
    }
}

/// All requests that can be met, by key, and the first thing that is wrong with others.
pub(super) fn read(view: &View, description: &Description) -> (Requests, Option<String>) {
    let mut requests = Requests::new();
    let mut taken = BTreeMap::new();
    let mut problem = None;
    for (id, relation) in &view.relations {
        let Some(endpoint) = description.endpoints.get(&relation.endpoint) else {
            continue;
        };
        let read = of_relation(*id, relation, endpoint).and_then(|found| {
            for request in found {
                if let Some(unique) = &endpoint.unique {
                    let mut scope = Map::new();
                    request.scope(&mut scope);
                    let text = template::text(unique, &Value::Object(scope))?;
                    if let Some(other) = taken.get(&text) {
                        return Err(format!("`{text}` belongs to relation {other}"));
                    }
                    taken.insert(text, *id);
                }
                requests.insert(request.key(), request);
            }
            Ok(())
        });
        if let Err(error) = read {
            let application = &relation.remote_application;
            problem.get_or_insert(format!("{application} (relation {id}): {error}"));
        }
    }
    (requests, problem)
}

fn of_relation(
    id: u32,
    relation: &RelationView,
    endpoint: &Endpoint,
) -> Result<Vec<Request>, String> {
    let get = |key: &str| {
        relation
            .remote_bag
            .get(key)
            .map(|text| text.as_str().into())
    };
    let Some(bag) = checked(&endpoint.wants, get)? else {
        return Ok(Vec::new());
    };
    let request = Request {
        relation: id,
        endpoint: relation.endpoint.clone(),
        application: relation.remote_application.clone(),
        id: String::new(),
        bag,
        fields: Map::new(),
        asked: Value::Null,
    };
    let Some(key) = &endpoint.each else {
        return Ok(vec![request]);
    };
    let Some(text) = relation.remote_bag.get(key) else {
        return Ok(Vec::new());
    };
    let list: Vec<Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| format!("`{key}` is not a JSON list of objects"))?;
    let mut requests = Vec::new();
    for asked in list {
        let get = |field: &str| asked.get(field).filter(|value| !value.is_null()).cloned();
        let fields = checked(&endpoint.fields, get)?;
        let id = get(&endpoint.id).filter(|id| holds("word", id));
        let (Some(fields), Some(Value::String(id))) = (fields, id) else {
            let mut wanted: Vec<&str> = endpoint.fields.keys().map(String::as_str).collect();
            wanted.push(&endpoint.id);
            return Err(format!(
                "a request in `{key}` lacks one of {}",
                wanted.join(", ")
            ));
        };
        requests.push(Request {
            id,
            fields,
            asked: asked.into(),
            ..request.clone()
        });
    }
    Ok(requests)
}

/// The wanted values; `None` while one is missing.
fn checked(
    wants: &BTreeMap<String, String>,
    get: impl Fn(&str) -> Option<Value>,
) -> Result<Option<Map<String, Value>>, String> {
    let mut found = Map::new();
    for (key, kind) in wants {
        let (kind, optional) = match kind.strip_suffix('?') {
            Some(kind) => (kind, true),
            None => (kind.as_str(), false),
        };
        match get(key) {
            Some(value) if holds(kind, &value) => {
                found.insert(key.clone(), value);
            }
            Some(Value::String(text)) if text.is_empty() => {}
            Some(_) => return Err(format!("`{key}` is not what it should be, a {kind}")),
            None if optional => {}
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Whether a value is of that kind: a `word` may stand in files and commands of servers without quotes, a `text` on a
/// line, and `json` in answers only.
fn holds(kind: &str, value: &Value) -> bool {
    let text = |allowed: fn(char) -> bool| {
        let text = value.as_str().unwrap_or_default();
        !text.is_empty() && text.len() <= 255 && text.chars().all(allowed)
    };
    match kind {
        "json" => true,
        "text" => text(|letter| !letter.is_control()),
        _ => text(|letter| letter.is_ascii_alphanumeric() || "-_.:*@/+=".contains(letter)),
    }
}
