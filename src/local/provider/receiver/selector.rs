//! Queries of log lines: `{name="value", other!="value"} |= "text" != "text"`, the part of LogQL that needs no regular
//! expressions (Grafana's documentation of LogQL's log queries).

use serde_json::Value;

/// A query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selector {
    /// Label, whether it has to be equal, value.
    labels: Vec<(String, bool, String)>,
    /// Whether the line has to contain it, text.
    lines: Vec<(bool, String)>,
}

impl Selector {
    /// Reads a query.
    ///
    /// # Errors
    /// One line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "cannot read the query `{text}`: here it is `{{label=\"value\", …}}` with `|= \"text\"` or `!= \"text\"` \
                 behind"
            )
        };
        let mut selector = Self::default();
        let inside = text.trim().strip_prefix('{').ok_or_else(wrong)?;
        let mut rest = inside.trim_start();
        while !rest.starts_with('}') {
            let end = rest.find(['=', '!']).ok_or_else(wrong)?;
            let (name, after) = rest.split_at(end);
            let (equal, after) = match after.strip_prefix("!=") {
                Some(after) => (false, after),
                None => (true, after.strip_prefix('=').ok_or_else(wrong)?),
            };
            let (value, after) = quoted(after).ok_or_else(wrong)?;
            selector.labels.push((name.trim().into(), equal, value));
            let after = after.trim_start();
            rest = after.strip_prefix(',').unwrap_or(after).trim_start();
        }
        rest = rest.get(1..).unwrap_or_default().trim_start();
        while !rest.is_empty() {
            let (wanted, after) = match (rest.strip_prefix("|="), rest.strip_prefix("!=")) {
                (Some(after), _) => (true, after),
                (None, Some(after)) => (false, after),
                (None, None) => return Err(wrong()),
            };
            let (part, after) = quoted(after).ok_or_else(wrong)?;
            selector.lines.push((wanted, part));
            rest = after.trim_start();
        }
        Ok(selector)
    }

    /// Whether a line of a stream with these labels is meant. A label that is not there is empty.
    pub(super) fn selects(&self, labels: &Value, line: &str) -> bool {
        let label = |name: &str| labels.get(name).and_then(Value::as_str).unwrap_or_default();
        self.labels
            .iter()
            .all(|(name, equal, value)| (label(name) == value) == *equal)
            && self
                .lines
                .iter()
                .all(|(wanted, part)| line.contains(part.as_str()) == *wanted)
    }
}

/// A text in quotes, as in JSON, and what follows; in backticks it is as it stands.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((value.into(), rest));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values.next()?.ok()?;
    let rest = text.get(values.byte_offset()..)?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_text_select_lines() {
        let labels = json!({"juju_unit": "web/0", "pebble_service": "app"});
        for (query, expected) in [
            ("{}", true),
            ("{juju_unit=\"web/0\"}", true),
            (
                " { juju_unit = \"web/0\" , pebble_service != \"x\", } ",
                true,
            ),
            ("{juju_unit=\"web/1\"}", false),
            ("{juju_unit!=\"web/0\"}", false),
            ("{other=\"\"}", true),
            ("{} |= \"hello \\\"you\\\"\"", true),
            ("{} |= `bye`", false),
            ("{} != \"bye\" |= \"hello\"", true),
        ] {
            let selector = Selector::read(query).unwrap();
            assert_eq!(
                selector.selects(&labels, "hello \"you\""),
                expected,
                "{query}"
            );
        }
    }

    #[test]
    fn other_queries_are_refused() {
        for query in [
            "",
            "x",
            "{",
            "{a}",
            "{a=~\"x\"}",
            "{a=\"x\"",
            "{} | json",
            "{} |= x",
            "rate({}[5m])",
        ] {
            assert!(Selector::read(query).is_err(), "{query}");
        }
    }
}
