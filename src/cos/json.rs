//! JSON as Python writes it, so that what is in a databag already is not taken for something else.

use serde_json::Value;

/// The value as `json.dumps` gives it: a blank behind `,` and `:`, and nothing but ASCII.
#[must_use]
pub fn python(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// The value with all keys sorted.
#[must_use]
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect()
        }
        scalar => scalar,
    }
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(map) => {
            text.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                string(key, text);
                text.push_str(": ");
                write(item, text);
            }
            text.push('}');
        }
        Value::String(value) => string(value, text),
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn string(value: &str, text: &mut String) {
    for character in Value::from(value).to_string().chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_python_does() {
        for (value, text) in [
            (json!(null), "null"),
            (json!([]), "[]"),
            (json!({}), "{}"),
            (json!([1, -2.5, true]), "[1, -2.5, true]"),
            (
                json!({"b": "x\"\n", "a": [{}, "é😀"]}),
                r#"{"b": "x\"\n", "a": [{}, "\u00e9\ud83d\ude00"]}"#,
            ),
        ] {
            assert_eq!(python(&value), text);
            assert_eq!(serde_json::from_str::<Value>(text).unwrap(), value);
        }
    }
}
