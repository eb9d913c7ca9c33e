//! The body that `relation-set --file -` and `state-set --file -` read.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A mapping of strings as JSON that YAML readers take for the same strings.
///
/// Juju reads the body with go-yaml, to which some JSON is not what it is to JSON readers: control
/// characters are refused even when quoted, line breaks of YAML 1.1 (U+0085, and in old versions
/// U+2028 and U+2029) are folded, and escapes of surrogate pairs are refused. So exactly the former
/// are escaped and everything beyond the basic plane goes as it is.
pub(super) fn body<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let entries: BTreeMap<&str, &str> = entries.into_iter().collect();
    let mut body = String::from("{");
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            body.push_str(", ");
        }
        quote(&mut body, key);
        body.push_str(": ");
        quote(&mut body, value);
    }
    body.push_str("}\n");
    body
}

fn quote(body: &mut String, text: &str) {
    body.push('"');
    for character in text.chars() {
        match character {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            '\n' => body.push_str("\\n"),
            '\r' => body.push_str("\\r"),
            '\t' => body.push_str("\\t"),
            '\0'..'\u{20}'
            | '\u{7f}'..'\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a String cannot fail.
                let _ = write!(body, "\\u{:04x}", u32::from(character));
            }
            other => body.push(other),
        }
    }
    body.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_yaml_would_refuse_or_fold_and_nothing_else() {
        assert_eq!(body([]), "{}\n");
        assert_eq!(
            body([
                ("b", "q\"\\\n\r\té😀\0\u{7f}\u{85}\u{2028}\u{feff}"),
                ("a", "")
            ]),
            "{\"a\": \"\", \"b\": \"q\\\"\\\\\\n\\r\\té😀\\u0000\\u007f\\u0085\\u2028\\ufeff\"}\n"
        );
    }
}
