//! Reading YAML so that a later complaint about a key can say where the key is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor,
};

use super::{Error, Mapping, Number, Value};

/// Line and column, both from 1.
pub type Position = (usize, usize);

/// A YAML document that people wrote, with the places of its keys.
///
/// `yes`, `no`, `on` and `off`, not quoted, are booleans, as Juju and the peers read them (YAML 1.1). Keys are always
/// strings. Merge keys (`<<`) are resolved.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What it says; null when empty.
    pub value: Value,
    places: BTreeMap<Vec<String>, Position>,
}

impl Document {
    /// Reads one document.
    ///
    /// # Errors
    /// The text is not YAML, has tags, or has a key twice in one mapping: the message says where it was first.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let state = RefCell::new(State {
            text,
            ..State::default()
        });
        let mut value = Node(&state)
            .deserialize(serde_yaml::Deserializer::from_str(text))
            .map_err(|error| {
                state
                    .borrow_mut()
                    .error
                    .take()
                    .unwrap_or_else(|| error.into())
            })?;
        value.apply_merge()?;
        Ok(Self {
            value,
            places: state.into_inner().places,
        })
    }

    /// Where the key at the end of `path` is; items of lists go by their index. `None` for what is not in the text.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Option<Position> {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.places.get(&path).copied()
    }

    /// As [`Document::place`], or else the nearest key above it.
    #[must_use]
    pub fn nearest_place(&self, path: &[&str]) -> Option<Position> {
        (0..=path.len())
            .rev()
            .find_map(|length| self.place(path.get(..length)?))
    }
}

#[derive(Default)]
struct State<'t> {
    text: &'t str,
    path: Vec<String>,
    places: BTreeMap<Vec<String>, Position>,
    error: Option<Error>,
}

impl State<'_> {
    /// The byte at which `part`, when it is a slice of the text, begins.
    fn offset(&self, part: &str) -> Option<usize> {
        let offset = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        (offset + part.len() <= self.text.len()).then_some(offset)
    }

    fn quoted(&self, part: &str) -> bool {
        self.offset(part)
            .and_then(|offset| self.text.as_bytes().get(offset.checked_sub(1)?))
            .is_some_and(|before| matches!(before, b'\'' | b'"'))
    }

    fn position(&self, part: &str) -> Option<Position> {
        let before = self.text.get(..self.offset(part)?)?;
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let mut column = before.get(start..)?.chars().count() + 1;
        if self.quoted(part) {
            column -= 1;
        }
        Some((line, column))
    }
}

struct Node<'a, 't>(&'a RefCell<State<'t>>);

impl<'de> DeserializeSeed<'de> for Node<'_, 'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, 'de> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::from(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value, E> {
        Ok(match text {
            _ if self.0.borrow().quoted(text) => Value::String(text.to_owned()),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
            _ => Value::String(text.to_owned()),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut sequence = Vec::new();
        loop {
            self.0.borrow_mut().path.push(sequence.len().to_string());
            let item = items.next_element_seed(Node(self.0))?;
            self.0.borrow_mut().path.pop();
            match item {
                Some(item) => sequence.push(item),
                None => return Ok(Value::Sequence(sequence)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut mapping = Mapping::new();
        while let Some((key, place)) = entries.next_key_seed(Key(self.0))? {
            {
                let mut state = self.0.borrow_mut();
                state.path.push(key.clone());
                let path = state.path.clone();
                if mapping.contains_key(key.as_str()) {
                    let first = state
                        .places
                        .get(&path)
                        .map_or_else(String::new, |(line, _)| {
                            format!(", given before at line {line}")
                        });
                    let message = format!("found duplicate key '{key}'{first}");
                    state.error = Some(Error {
                        message: message.clone(),
                        position: place,
                    });
                    return Err(A::Error::custom(message));
                }
                if let Some(place) = place {
                    state.places.insert(path, place);
                }
            }
            let value = entries.next_value_seed(Node(self.0))?;
            self.0.borrow_mut().path.pop();
            mapping.insert(Value::String(key), value);
        }
        Ok(Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _data: A) -> Result<Value, A::Error> {
        Err(A::Error::custom(
            "tags such as `!name` are not understood here; remove the tag",
        ))
    }
}

/// A key, which becomes a string whatever it looks like.
struct Key<'a, 't>(&'a RefCell<State<'t>>);

impl<'de> DeserializeSeed<'de> for Key<'_, 'de> {
    type Value = (String, Option<Position>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_, 'de> {
    type Value = (String, Option<Position>);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is one word")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(("null".to_owned(), None))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok((value.to_string(), None))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok((value.to_string(), None))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok((value.to_string(), None))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok((value.to_string(), None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.to_owned(), None))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        let place = self.0.borrow().position(text);
        Ok((text.to_owned(), place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_knows_its_place() {
        let document = Document::parse("a: 1\nb:\n  \"c\": [x, {d: 2}]\n").unwrap();
        assert_eq!(document.place(&["a"]), Some((1, 1)));
        assert_eq!(document.place(&["b", "c"]), Some((3, 3)));
        assert_eq!(document.place(&["b", "c", "1", "d"]), Some((3, 13)));
        assert_eq!(document.place(&["b", "c", "9"]), None);
        assert_eq!(document.nearest_place(&["b", "c", "9"]), Some((3, 3)));
    }

    #[test]
    fn a_duplicate_key_says_both_places() {
        let error =
            Document::parse("requires:\n  a: {}\nname: x\nrequires:\n  b: {}\n").unwrap_err();
        assert_eq!(
            error.message,
            "found duplicate key 'requires', given before at line 1"
        );
        assert_eq!(error.position, Some((4, 1)));
    }

    #[test]
    fn the_booleans_of_yaml_1_1_are_booleans_unless_quoted() {
        let document = Document::parse("a: yes\nb: 'yes'\nc: [off, \"off\"]\non: On\n").unwrap();
        let expected: Value =
            super::super::from_str("{a: true, b: 'yes', c: [false, 'off'], 'on': true}").unwrap();
        assert_eq!(document.value, expected);
    }

    #[test]
    fn merge_keys_are_resolved() {
        let document = Document::parse("base: &b {x: 1}\nc: {<<: *b, y: 2}\n").unwrap();
        assert_eq!(document.value["c"]["x"], Value::from(1));
    }

    #[test]
    fn nothing_is_null_and_two_documents_are_an_error() {
        assert_eq!(Document::parse("").unwrap().value, Value::Null);
        assert_eq!(
            Document::parse("# only a comment\n").unwrap().value,
            Value::Null
        );
        assert!(Document::parse("a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn a_tag_is_an_error_with_a_place() {
        let error = Document::parse("a: 1\nb: !python x\n").unwrap_err();
        assert!(error.message.contains("tags such as"), "{error:?}");
        assert_eq!(error.position.map(|(line, _)| line), Some(2), "{error:?}");
    }

    #[test]
    fn deep_nesting_and_many_aliases_are_errors_not_crashes() {
        assert!(Document::parse(&"[".repeat(100_000)).is_err());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let previous = level - 1;
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{previous}"); 9].join(", ")
            ));
        }
        assert!(Document::parse(&bomb).is_err());
    }
}
