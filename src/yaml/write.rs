//! Writing YAML in block style, as the peers' tools do, quoted for readers of YAML 1.1 and 1.2 alike.

use std::fmt::Write;

use super::{Mapping, Value};

/// The document, or `None` when it has a tag or a key that is no scalar, which this writer does not do.
pub(super) fn document(value: &Value) -> Option<String> {
    let mut out = String::new();
    node(&mut out, value, 0, Place::Document)?;
    Some(out)
}

/// Where a node stands, which decides what is before it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// Alone.
    Document,
    /// After `key:`.
    Value,
    /// After `-`.
    Item,
}

/// Writes `value`, whose own lines are indented by `indent`, up to and with the line break.
fn node(out: &mut String, value: &Value, indent: usize, place: Place) -> Option<()> {
    match value {
        Value::Mapping(mapping) if !mapping.is_empty() => {
            if place == Place::Value {
                out.push('\n');
            }
            entries(out, mapping, indent, place)?;
        }
        Value::Sequence(items) if !items.is_empty() => {
            if place == Place::Value {
                out.push('\n');
            }
            for (index, item) in items.iter().enumerate() {
                if index > 0 || place != Place::Item {
                    spaces(out, indent);
                } else {
                    out.push(' ');
                }
                out.push('-');
                node(out, item, indent + 2, Place::Item)?;
            }
        }
        scalar => {
            if place != Place::Document {
                out.push(' ');
            }
            match scalar {
                Value::Null => out.push_str("null"),
                Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
                Value::Number(number) => write!(out, "{number}").ok()?,
                Value::String(text) => string(out, text, indent),
                Value::Mapping(_) => out.push_str("{}"),
                Value::Sequence(_) => out.push_str("[]"),
                Value::Tagged(_) => return None,
            }
            out.push('\n');
        }
    }
    Some(())
}

fn entries(out: &mut String, mapping: &Mapping, indent: usize, place: Place) -> Option<()> {
    for (index, (key, value)) in mapping.iter().enumerate() {
        if index > 0 || place != Place::Item {
            spaces(out, indent);
        } else {
            out.push(' ');
        }
        match key {
            Value::String(text) => out.push_str(&one_line(text)),
            Value::Null => out.push_str("null"),
            Value::Bool(value) => write!(out, "{value}").ok()?,
            Value::Number(number) => write!(out, "{number}").ok()?,
            _ => return None,
        }
        out.push(':');
        // A list under a key stands at the key's own indent, as the peers' writer has it.
        let below = match value {
            Value::Sequence(_) => indent,
            _ => indent + 2,
        };
        node(out, value, below, Place::Value)?;
    }
    Some(())
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

fn string(out: &mut String, text: &str, indent: usize) {
    if literal_is_exact(text) {
        // Content at the document's level would begin at column 0, which a literal may not.
        let indent = indent.max(2);
        out.push('|');
        if !text.ends_with('\n') {
            out.push('-');
        } else if text.ends_with("\n\n") {
            out.push('+');
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            out.push('\n');
            if !line.is_empty() {
                spaces(out, indent);
                out.push_str(line);
            }
        }
    } else {
        out.push_str(&one_line(text));
    }
}

/// Whether a literal block says exactly this text without an indentation indicator.
fn literal_is_exact(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || printable(c))
        && text
            .trim_end_matches('\n')
            .lines()
            .all(|line| !line.ends_with(' '))
        && text
            .lines()
            .next()
            .is_some_and(|line| !line.trim().is_empty())
        && text
            .lines()
            .all(|line| line.is_empty() || !line.trim().is_empty())
}

fn one_line(text: &str) -> String {
    if plain_is_exact(text) {
        text.to_owned()
    } else if text.chars().all(printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if printable(c) => quoted.push(c),
            c if u32::from(c) <= 0xff => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) <= 0xffff => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Printable in YAML 1.1 on one line, and no line break of Unicode's.
fn printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether every reader takes the text, not quoted, as this very string.
fn plain_is_exact(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    let indicator = matches!(
        first,
        '-' | '?'
            | ':'
            | ','
            | '['
            | ']'
            | '{'
            | '}'
            | '#'
            | '&'
            | '*'
            | '!'
            | '|'
            | '>'
            | '\''
            | '"'
            | '%'
            | '@'
            | '`'
            | '='
            | '~'
            | '<'
    );
    !indicator
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(printable)
        && !means_another_type(text, first)
}

/// Booleans and null in any spelling of YAML 1.1, and what may be a number, a time (`12:30:45`) or a date.
fn means_another_type(text: &str, first: char) -> bool {
    const WORDS: &[&str] = &["false", "n", "no", "null", "off", "on", "true", "y", "yes"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        || (first.is_ascii_digit() || matches!(first, '+' | '-' | '.'))
            && (text
                .chars()
                .all(|c| c.is_ascii_hexdigit() || "xXoO_:.+-tTzZ ".contains(c))
                || text
                    .trim_start_matches(['+', '-'])
                    .eq_ignore_ascii_case(".inf")
                || text.eq_ignore_ascii_case(".nan"))
}

#[cfg(test)]
mod tests {
    use super::super::{from_str, to_string};
    use super::*;

    #[test]
    fn strings_that_some_reader_takes_for_another_type_are_quoted() {
        for text in [
            "24.04",
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "n",
            "null",
            "Null",
            "~",
            "true",
            "1e3",
            "",
            "0755",
            "0o17",
            "0x1f",
            "1_000",
            "12:30:45",
            "190:20:30.15",
            "2026-11-21",
            "2026-11-21T09:21:22Z",
            ".inf",
            "-.INF",
            ".nan",
            "+1",
            "-1",
            "1.",
            ".5",
            "=",
            "<<",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "a:",
            " a",
            "a ",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "[a",
            "{a",
            "'a",
            "\"a",
            "|",
            ">",
        ] {
            let value = Value::String(text.into());
            let written = to_string(&value).unwrap();
            assert!(written.starts_with(['\'', '"']), "{text} became {written}");
            assert_eq!(from_str::<Value>(&written).unwrap(), value);
            let mut mapping = Mapping::new();
            mapping.insert(value.clone(), value);
            let written = to_string(&mapping).unwrap();
            assert!(written.starts_with(['\'', '"']), "{text} became {written}");
            assert_eq!(from_str::<Mapping>(&written).unwrap(), mapping);
        }
    }

    #[test]
    fn strings_that_every_reader_takes_as_they_are_stay_plain() {
        for text in [
            "Hello, world!",
            "/metrics",
            "a-b",
            "ubuntu@24.04",
            "k8s-api",
            "juju >= 3.6",
            "x:y",
            "é",
            "1st",
        ] {
            assert_eq!(
                to_string(&Value::String(text.into())).unwrap(),
                format!("{text}\n")
            );
        }
    }

    #[test]
    fn any_text_comes_back_as_it_was() {
        for text in [
            "a\nb\n",
            "a\nb",
            "a\n\nb\n\n",
            "\na",
            " a\nb",
            "a \nb",
            "a\n  b\n",
            "a\tb",
            "a\rb",
            "\u{7}",
            "\u{85}\u{2028}",
            "\u{feff}",
            "\n",
            "a\n \nb",
            "tab\n\tb",
            "# no comment\nb",
            "- a\n- b\n",
            "\u{1f600}\n",
            "---\nb\n",
            "a\n---\n",
            "a\n...\nb",
        ] {
            let value: Value = from_str(&to_string(&Value::String(text.into())).unwrap()).unwrap();
            assert_eq!(value, Value::String(text.into()), "alone: {text:?}");
            let nested = Value::Sequence(vec![Value::Sequence(vec![
                Value::String(text.into()),
                Value::String("z".into()),
            ])]);
            assert_eq!(
                from_str::<Value>(&to_string(&nested).unwrap()).unwrap(),
                nested,
                "nested: {text:?}"
            );
        }
    }

    #[test]
    fn the_layout_is_the_peers() {
        let text = "a:\n- b: 1\n  c:\n    d: null\n- - x\n  - z\n- {}\ne:\n  f: |\n    g\n    h\n  i: []\n";
        assert_eq!(to_string(&from_str::<Value>(text).unwrap()).unwrap(), text);
    }
}
