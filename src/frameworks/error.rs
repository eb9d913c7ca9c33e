//! What can be wrong with a framework's file, in words for who wrote it.

use std::fmt;

use crate::yaml::{self, Document, Position, Value};

/// Something in a framework's file that has to be changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// The file, relative to the project: `metadata/frameworks/rails.yaml`.
    pub file: String,
    /// Line and column, where known.
    pub place: Option<Position>,
    /// The key, dotted: `runtime.port.default`. Empty for the file as a whole.
    pub key: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some((line, column)) = self.place {
            write!(formatter, ":{line}:{column}")?;
        }
        write!(formatter, ": {}", self.message)
    }
}

impl Error {
    /// Something with the file as a whole.
    pub(super) fn new(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            key: String::new(),
            message: message.into(),
        }
    }

    /// What the reader of YAML says of a section of `text`, in plain words.
    pub(super) fn reading(file: &str, text: &str, error: &yaml::Error) -> Self {
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                return Self {
                    place: error.position,
                    ..Self::new(file, format!("not YAML: {}", error.message))
                };
            }
        };
        let (key, message) = plain(&error.message);
        let path = path(&key, &document.value);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        Self {
            file: file.to_owned(),
            place: document.nearest_place(&path),
            key,
            message,
        }
    }
}

/// The parts of `charm.options[2].name`, and of `bases.ubuntu@24.04`, where a part has a dot itself.
fn path(key: &str, mut value: &Value) -> Vec<String> {
    let key = key.replace('[', ".").replace(']', "");
    let mut words = key.split('.');
    let mut parts = Vec::new();
    while let Some(word) = words.next() {
        let mut part = word.to_owned();
        if value.get(&part).is_none()
            && let Value::Mapping(mapping) = value
        {
            let rest: Vec<&str> = words.clone().collect();
            let longer = (1..=rest.len()).find_map(|count| {
                let longer = format!("{word}.{}", rest.get(..count)?.join("."));
                mapping.contains_key(&longer).then_some((count, longer))
            });
            if let Some((count, longer)) = longer {
                part = longer;
                words.nth(count - 1);
            }
        }
        value = match part.parse::<usize>() {
            Ok(index) if value.is_sequence() => value.get(index),
            _ => value.get(&part),
        }
        .unwrap_or(&Value::Null);
        parts.push(part);
    }
    parts
}

/// The key that a message of the reader is about, and the message as one would say it.
fn plain(message: &str) -> (String, String) {
    let (key, message) = match message.split_once(": ") {
        Some((key, rest)) if !key.contains([' ', '`', '"']) => (key, rest),
        _ => ("", message),
    };
    let within = |field: &str| match key {
        "" => field.to_owned(),
        _ => format!("{key}.{field}"),
    };
    if let Some((field, allowed)) = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split_once('`'))
    {
        let key = within(field);
        let allowed = allowed
            .trim_start_matches(", ")
            .trim_start_matches("expected ")
            .trim_start_matches("one of ");
        let message = format!("`{key}` is not known; what may be there: {allowed}");
        return (key, message);
    }
    if let Some(field) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        let key = within(field);
        let message = format!("`{key}` is missing");
        return (key, message);
    }
    if let Some(rest) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        let message = format!("`{key}` is {}; it must be {}", is(found), must_be(expected));
        return (key.to_owned(), message);
    }
    if let Some((found, allowed)) = message
        .strip_prefix("unknown variant `")
        .and_then(|rest| rest.split_once("`, expected "))
    {
        let message = format!("`{key}` is `{found}`; it must be {allowed}");
        return (key.to_owned(), message);
    }
    let message = match key {
        "" => message.to_owned(),
        _ => format!("`{key}`: {message}"),
    };
    (key.to_owned(), message)
}

/// What was found.
fn is(found: &str) -> String {
    match found {
        "map" => "a mapping".into(),
        "sequence" => "a list".into(),
        "unit value" => "empty".into(),
        _ => found
            .strip_prefix("string ")
            .map(|text| format!("the text {text}"))
            .or_else(|| {
                let number = found
                    .strip_prefix("integer ")
                    .or_else(|| found.strip_prefix("floating point "))?;
                Some(format!("the number {number}"))
            })
            .or_else(|| found.strip_prefix("boolean ").map(str::to_owned))
            .unwrap_or_else(|| found.to_owned()),
    }
}

/// What would do.
fn must_be(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" => "text".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "a list".into(),
        "a map" | "a YAML mapping" => "a mapping".into(),
        "u16" => "a whole number from 0 to 65535".into(),
        "u32" | "u64" | "usize" => "a whole number from 0 on".into(),
        "i64" => "a whole number".into(),
        other if other.starts_with("struct ") => "a mapping".into(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_in_plain_words() {
        for (message, key, expected) in [
            (
                "runtime.port: unknown field `defalt`, expected one of `option`, `default`, `variable`",
                "runtime.port.defalt",
                "`runtime.port.defalt` is not known; what may be there: `option`, `default`, `variable`",
            ),
            (
                "unknown field `x`, expected `a` or `b`",
                "x",
                "`x` is not known; what may be there: `a` or `b`",
            ),
            (
                "runtime.port: missing field `default`",
                "runtime.port.default",
                "`runtime.port.default` is missing",
            ),
            (
                "runtime.options.a.minimum: invalid type: string \"1, expected 2\", expected i64",
                "runtime.options.a.minimum",
                "`runtime.options.a.minimum` is the text \"1, expected 2\"; it must be a whole number",
            ),
            (
                "charm.options[0].only: unknown variant `v3`, expected `v1` or `v2`",
                "charm.options[0].only",
                "`charm.options[0].only` is `v3`; it must be `v1` or `v2`",
            ),
            (
                "rock: invalid type: unit value, expected struct Rock",
                "rock",
                "`rock` is empty; it must be a mapping",
            ),
        ] {
            assert_eq!(plain(message), (key.to_owned(), expected.to_owned()));
        }
    }

    #[test]
    fn a_path_may_have_dots_in_its_parts() {
        let value: Value =
            yaml::from_str("{bases: {ubuntu@24.04: {x: 1}}, list: [{a.b.c: 2}, {d: {e: 3}}]}")
                .unwrap();
        for (key, parts) in [
            ("bases.ubuntu@24.04.x", vec!["bases", "ubuntu@24.04", "x"]),
            ("list[0].a.b.c.no", vec!["list", "0", "a.b.c", "no"]),
            ("list[1].d.e", vec!["list", "1", "d", "e"]),
            ("no.such", vec!["no", "such"]),
        ] {
            assert_eq!(path(key, &value), parts, "{key}");
        }
    }
}
