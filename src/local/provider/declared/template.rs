//! Templates: `{a.b}` stands for a value; see [`text`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::percent::percent_encode;

/// What may be missing: it is nothing then.
const OPTIONAL: [&str; 4] = ["asked", "bag", "config", "request"];

/// Fills in a text. `{a.b}` is the value `b` of `a`; `{a|b.c}` the first of those that is there; `{url:a}` is
/// percent-encoded, `{base64:a}` encoded so, `{json:a}` as JSON has it; `{{` and `}}` are braces.
///
/// # Errors
/// A value that nothing has, one line.
pub(super) fn text(template: &str, scope: &Value) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        if let Some(after) = from.strip_prefix("{{") {
            filled.push('{');
            rest = after;
        } else if let Some(after) = from.strip_prefix("}}") {
            filled.push('}');
            rest = after;
        } else if let Some((inner, after)) =
            from.strip_prefix('{').and_then(|it| it.split_once('}'))
        {
            filled.push_str(&plain(&placeholder(inner, scope)?));
            rest = after;
        } else {
            return Err(format!("a lone brace in the template `{template}`"));
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Fills in a structure. A text that is one placeholder becomes that value as it is; fields and elements that are
/// nothing are left out. `{for-each-request: T}` is a list, `{by-request: T}` an object by the requests' ids, and
/// `{if: TEXT, is: TEXT, then: T}` is `T` or nothing.
///
/// # Errors
/// A value that nothing has, one line.
pub(super) fn structure(
    template: &Value,
    scope: &Value,
    requests: &[(String, Value)],
) -> Result<Value, String> {
    match template {
        Value::String(template) => match whole(template) {
            Some(inner) => placeholder(inner, scope),
            None => text(template, scope).map(Value::String),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| structure(item, scope, requests));
            let items: Result<Vec<Value>, String> = items.collect();
            Ok(items?.into_iter().filter(|item| !item.is_null()).collect())
        }
        Value::Object(fields) => object(fields, scope, requests),
        other => Ok(other.clone()),
    }
}

fn object(
    fields: &Map<String, Value>,
    scope: &Value,
    requests: &[(String, Value)],
) -> Result<Value, String> {
    if let Some(each) = fields.get("for-each-request") {
        let items = requests.iter().map(|(_, own)| structure(each, own, &[]));
        return items.collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if let Some(each) = fields.get("by-request") {
        let items = requests.iter();
        let items = items.map(|(id, own)| Ok((id.clone(), structure(each, own, &[])?)));
        return items.collect::<Result<_, _>>().map(Value::Object);
    }
    if let (Some(value), Some(wanted), Some(then)) =
        (fields.get("if"), fields.get("is"), fields.get("then"))
    {
        let same = structure(value, scope, requests)? == *wanted;
        return if same {
            structure(then, scope, requests)
        } else {
            Ok(Value::Null)
        };
    }
    let mut filled = Map::new();
    for (name, field) in fields {
        let value = structure(field, scope, requests)?;
        if !value.is_null() {
            filled.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(filled))
}

/// What stands between the braces, if the template is one placeholder.
fn whole(template: &str) -> Option<&str> {
    let inner = template.strip_prefix('{')?.strip_suffix('}')?;
    (!inner.contains(['{', '}'])).then_some(inner)
}

fn placeholder(inner: &str, scope: &Value) -> Result<Value, String> {
    let (filter, paths) = match inner.split_once(':') {
        Some((filter, paths)) => (filter, paths),
        None => ("", inner),
    };
    let mut value = Value::Null;
    for path in paths.split('|') {
        value = look_up(path, scope)?;
        if !value.is_null() {
            break;
        }
    }
    match filter {
        "" => Ok(value),
        "base64" => Ok(STANDARD.encode(plain(&value)).into()),
        "json" => Ok(value.to_string().into()),
        "url" => Ok(percent_encode(&plain(&value)).into()),
        _ => Err(format!("no filter `{filter}` for a template")),
    }
}

fn look_up(path: &str, scope: &Value) -> Result<Value, String> {
    let mut value = scope;
    for name in path.split('.') {
        match value.get(name) {
            Some(inner) => value = inner,
            None if OPTIONAL.iter().any(|root| path.starts_with(root)) => return Ok(Value::Null),
            None => return Err(format!("no value `{path}` for a template")),
        }
    }
    Ok(value.clone())
}

/// A text as it is, nothing as nothing, everything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Value {
        json!({"host": "mq.demo", "port": {"amqp": 5672}, "bag": {"vhost": "/a b"}, "config": {}})
    }

    #[test]
    fn placeholders_become_values() {
        for (template, expected) in [
            ("", ""),
            (
                "amqp://{host}:{port.amqp}/{url:bag.vhost}",
                "amqp://mq.demo:5672/%2Fa%20b",
            ),
            ("{config.hostname|host}", "mq.demo"),
            ("[{config.hostname}{bag.other}]", "[]"),
            ("{{{host}}}", "{mq.demo}"),
            ("Basic {base64:host}", "Basic bXEuZGVtbw=="),
            (
                "{json:host} {json:port.amqp} {json:config.no}",
                "\"mq.demo\" 5672 null",
            ),
        ] {
            assert_eq!(text(template, &scope()).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_mistake_in_a_template_is_told() {
        for (template, expected) in [
            ("{hots}", "no value `hots` for a template"),
            ("{port.http}", "no value `port.http` for a template"),
            ("{rot13:host}", "no filter `rot13` for a template"),
            ("{host", "a lone brace in the template `{host`"),
            ("host}", "a lone brace in the template `host}`"),
        ] {
            assert_eq!(text(template, &scope()), Err(expected.into()));
        }
    }

    #[test]
    fn structures_keep_the_kind_of_values_and_leave_out_nothings() {
        let template = json!({
            "port": "{port.amqp}", "at": "{host}:1", "gone": "{config.hostname}", "list": ["{config.hostname}", true],
            "yes": {"if": "{host}", "is": "mq.demo", "then": 1}, "no": {"if": "{host}", "is": "x", "then": 1},
        });
        let expected = json!({"port": 5672, "at": "mq.demo:1", "list": [true], "yes": 1});
        assert_eq!(structure(&template, &scope(), &[]), Ok(expected));
    }

    #[test]
    fn requests_become_lists_and_objects() {
        let requests = [
            ("a".to_owned(), json!({"request": {"id": "a"}})),
            ("b".to_owned(), json!({"request": {"id": "b"}})),
        ];
        let template = json!({"list": {"for-each-request": "{request.id}"}, "by": {"by-request": "{request}"}});
        let expected = json!({"list": ["a", "b"], "by": {"a": {"id": "a"}, "b": {"id": "b"}}});
        assert_eq!(structure(&template, &scope(), &requests), Ok(expected));
    }
}
