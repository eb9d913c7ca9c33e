//! JSON as Python writes it, so that what is in a databag already is not taken for something else.

use std::io;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// The value as `json.dumps` gives it: a blank behind `,` and `:`, and nothing but ASCII.
#[must_use]
pub fn python(value: &Value) -> String {
    let mut text = Vec::new();
    // Memory takes whatever is written, and a value has only keys that are texts.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut text, Python));
    String::from_utf8(text).unwrap_or_default()
}

/// The value with all keys sorted.
#[must_use]
pub fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

/// The separators and escapes of Python.
struct Python;

fn separate<W: io::Write + ?Sized>(writer: &mut W, first: bool) -> io::Result<()> {
    writer.write_all(if first { b"" } else { b", " })
}

impl Formatter for Python {
    fn begin_array_value<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        separate(writer, first)
    }

    fn begin_object_key<W>(&mut self, writer: &mut W, first: bool) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        separate(writer, first)
    }

    fn begin_object_value<W>(&mut self, writer: &mut W) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        for character in fragment.chars() {
            if character.is_ascii() {
                write!(writer, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
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
