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
        let nothing = |value: &Value| value.as_str() == Some("");
        match get(key).filter(|value| !nothing(value)) {
            Some(value) if holds(kind, &value) => {
                found.insert(key.clone(), value);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::{test_bag, test_relation, test_view};

    fn endpoint() -> Endpoint {
        let wants = [("name", "word"), ("path", "text?")];
        Endpoint {
            wants: wants.map(|(key, kind)| (key.into(), kind.into())).into(),
            unique: Some("{bag.name}".into()),
            ..Endpoint::default()
        }
    }

    fn description(endpoint: Endpoint) -> Description {
        Description {
            endpoints: BTreeMap::from([("data".into(), endpoint)]),
            ..Description::default()
        }
    }

    /// The keys of what is asked for in relations with these bags, numbered from 0, and what is wrong.
    fn asked(endpoint: &Endpoint, bags: &[&[(&str, &str)]]) -> (Vec<String>, Option<String>) {
        let mut view = test_view("mq");
        for (id, entries) in (0..).zip(bags) {
            let mut relation = test_relation("data", "data");
            relation.remote_bag = test_bag(entries);
            view.relations.insert(id, relation);
        }
        view.relations.insert(99, test_relation("other", "other"));
        let (requests, problem) = read(&view, &description(endpoint.clone()));
        (requests.into_keys().collect(), problem)
    }

    #[test]
    fn a_relation_asks_once_all_that_is_wanted_is_there() {
        let long = "x".repeat(256);
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, &'a [&'a str]);
        let cases: [Case; 8] = [
            (&[], None, &[]),
            (&[("name", "")], None, &[]),
            (&[("path", "/")], None, &[]),
            (&[("name", "web")], None, &["0"]),
            (
                &[("name", "web"), ("path", "a b"), ("more", "\n")],
                None,
                &["0"],
            ),
            (
                &[("name", "we b")],
                Some("`name` is not what it should be, a word"),
                &[],
            ),
            (
                &[("name", &long)],
                Some("`name` is not what it should be, a word"),
                &[],
            ),
            (
                &[("name", "web"), ("path", "a\nb")],
                Some("`path` is not what it should be, a text"),
                &[],
            ),
        ];
        for (bag, problem, keys) in cases {
            let problem = problem.map(|problem| format!("web (relation 0): {problem}"));
            let keys = keys.iter().map(ToString::to_string).collect();
            assert_eq!(asked(&endpoint(), &[bag]), (keys, problem), "{bag:?}");
        }
    }

    #[test]
    fn what_belongs_to_one_relation_is_not_given_to_another() {
        let web: &[(&str, &str)] = &[("name", "web")];
        let (keys, problem) = asked(&endpoint(), &[web, web, &[("name", "api")]]);
        assert_eq!(keys, ["0", "2"]);
        assert_eq!(
            problem.as_deref(),
            Some("web (relation 1): `web` belongs to relation 0")
        );
    }

    #[test]
    fn a_list_asks_for_each_of_its_elements() {
        let listing = Endpoint {
            each: Some("list".into()),
            id: "id".into(),
            fields: BTreeMap::from([("path".into(), "word?".into())]),
            ..Endpoint::default()
        };
        let cases = [
            ("[]", None, vec![]),
            (
                r#"[{"id": "a"}, {"id": "b", "path": null}]"#,
                None,
                vec!["0/a", "0/b"],
            ),
            ("{}", Some("`list` is not a JSON list of objects"), vec![]),
            (
                r#"["a"]"#,
                Some("`list` is not a JSON list of objects"),
                vec![],
            ),
            (
                r#"[{"id": 1}]"#,
                Some("a request in `list` lacks one of path, id"),
                vec![],
            ),
            (
                r#"[{"id": "a b"}]"#,
                Some("a request in `list` lacks one of path, id"),
                vec![],
            ),
            (
                r#"[{"id": "a", "path": ["x"]}]"#,
                Some("`path` is not what it should be, a word"),
                vec![],
            ),
        ];
        for (list, problem, keys) in cases {
            let problem = problem.map(|problem| format!("web (relation 0): {problem}"));
            let keys = keys.into_iter().map(str::to_owned).collect();
            assert_eq!(
                asked(&listing, &[&[("list", list)]]),
                (keys, problem),
                "{list}"
            );
        }
    }
}
