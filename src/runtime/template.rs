//! Values made of others, as data files write them: `jdbc:{SCHEME}://{NETLOC|hosts}[?{QUERY}]`.
//!
//! `{NAME}` stands for a value, `{NAME or OTHER}` for the first of them that is there, `{NAME|FILTER}` for what the filter
//! makes of it; filters may follow each other. What is between `[` and `]` is left out when a value in it is missing or
//! empty; when one outside is, there is no result at all. A bracket or brace that is meant is written twice.
//!
//! | filter | of | gives |
//! |---|---|---|
//! | `encode` | any text | it with reserved characters as `%40`, for a URL that is built |
//! | `first` | a comma list | its first item |
//! | `hosts` | `user:password@host:port,host:port` of a URL | what is after the `@` |
//! | `json` | any text | it as a JSON string, with its quotes |
//! | `lines` | a JSON list or a comma list | its items, one a line |
//! | `list` | a JSON list | it as Python writes it; nothing where it is empty |
//! | `name`, `parent` | a path | its last part, and what is before that |
//! | `pem` | a certificate | it, with the lines around it that it may lack |
//! | `A=B` | any text | `B` where it is `A`, else the text; `A=` is nothing where it is `A` |

use std::borrow::Cow;

use crate::cos::python;
use crate::interfaces::url::percent_encode;

/// The filters that are words.
const FILTERS: &[&str] = &[
    "encode", "first", "hosts", "json", "lines", "list", "name", "parent", "pem",
];

/// A template taken apart.
#[derive(Clone, Debug, Default)]
struct Template<'a>(Vec<Piece<'a>>);

#[derive(Clone, Debug)]
enum Piece<'a> {
    Text(Cow<'a, str>),
    Value {
        names: Vec<&'a str>,
        filters: Vec<&'a str>,
    },
    Optional(Template<'a>),
}

/// Fills a template; `None` when a value that it needs is missing or empty, or when it is malformed.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    Template::parse(template).ok()?.fill(&value)
}

/// The names that a template has, in its order; none where it is malformed.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    sound_names(template).unwrap_or_default().into_iter()
}

/// The names that a template has, in its order; one that it uses twice comes twice.
///
/// # Errors
/// It is malformed; the text says how.
pub fn sound_names(template: &str) -> Result<Vec<&str>, String> {
    let mut all = Vec::new();
    Template::parse(template)?.names(&mut all);
    Ok(all)
}

impl<'a> Template<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut rest = text;
        Self::pieces(&mut rest, false)
    }

    /// The pieces up to the end, or up to the `]` of the optional part that we are in.
    fn pieces(rest: &mut &'a str, optional: bool) -> Result<Self, String> {
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let at = rest.find(['{', '}', '[', ']']).unwrap_or(rest.len());
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            *rest = from;
            let doubled = ["{{", "}}", "[[", "]]"]
                .into_iter()
                .find(|twice| from.starts_with(twice));
            if let Some(twice) = doubled {
                let (one, after) = (twice.get(..1), from.get(2..));
                pieces.push(Piece::Text(one.unwrap_or_default().into()));
                *rest = after.unwrap_or_default();
            } else if let Some(after) = from.strip_prefix('{') {
                let (inside, after) = after
                    .split_once('}')
                    .ok_or("a `{` is not closed; write `{{` where you mean one")?;
                pieces.push(value(inside)?);
                *rest = after;
            } else if let Some(after) = from.strip_prefix('[') {
                if optional {
                    return Err("a `[` is inside another; write `[[` where you mean one".into());
                }
                *rest = after;
                pieces.push(Piece::Optional(Self::pieces(rest, true)?));
            } else if let Some(after) = from.strip_prefix(']').filter(|_| optional) {
                *rest = after;
                return Ok(Self(pieces));
            } else {
                let (alone, after) = (from.get(..1), from.get(1..));
                pieces.push(Piece::Text(alone.unwrap_or_default().into()));
                *rest = after.unwrap_or_default();
            }
        }
        if optional {
            return Err("a `[` is not closed; write `[[` where you mean one".into());
        }
        Ok(Self(pieces))
    }

    fn names(&self, all: &mut Vec<&'a str>) {
        for piece in &self.0 {
            match piece {
                Piece::Text(_) => {}
                Piece::Value { names, .. } => all.extend(names),
                Piece::Optional(inside) => inside.names(all),
            }
        }
    }

    fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Optional(inside) => {
                    filled.push_str(&inside.fill(value).unwrap_or_default());
                }
                Piece::Value { names, filters } => {
                    let there = |text: &String| !text.is_empty();
                    let mut found = names.iter().find_map(|name| value(name).filter(there))?;
                    for filter in filters {
                        let part = part(&found, filter)?.into_owned();
                        found = part;
                    }
                    filled.push_str(&Some(found).filter(there)?);
                }
            }
        }
        Some(filled)
    }
}

fn value(inside: &str) -> Result<Piece<'_>, String> {
    let mut parts = inside.split('|').map(str::trim);
    let names: Vec<&str> = parts.next().unwrap_or_default().split(" or ").collect();
    let names: Vec<&str> = names.into_iter().map(str::trim).collect();
    let is_name = |name: &&str| {
        let of_name = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        !name.is_empty() && name.chars().all(of_name)
    };
    if !names.iter().all(is_name) {
        return Err(format!("`{{{inside}}}` names nothing"));
    }
    let filters: Vec<&str> = parts.collect();
    let unknown = |filter: &&&str| !filter.contains('=') && !FILTERS.contains(filter);
    if let Some(filter) = filters.iter().find(unknown) {
        let known = FILTERS.join("`, `");
        return Err(format!(
            "`{{{inside}}}` has the filter `{filter}`, which there is not; there are `{known}` and `A=B`"
        ));
    }
    Ok(Piece::Value { names, filters })
}

fn part<'a>(value: &'a str, filter: &'a str) -> Option<Cow<'a, str>> {
    let path = || value.trim_end_matches('/').rsplit_once('/');
    let part = match filter {
        "encode" => return Some(percent_encode(value).into()),
        "first" => value
            .split(',')
            .map(str::trim)
            .find(|item| !item.is_empty()),
        "hosts" => Some(value.rsplit_once('@').map_or(value, |(_, hosts)| hosts)),
        "json" => return Some(python(&value.into()).into()),
        "lines" => return Some(items(value).join("\n").into()),
        "list" => {
            let list: Vec<serde_json::Value> = serde_json::from_str(value).ok()?;
            return Some(if list.is_empty() {
                "".into()
            } else {
                python(&list.into()).into()
            });
        }
        "name" => path().map(|(_, name)| name).filter(|name| !name.is_empty()),
        "parent" => path().map(|(parent, _)| if parent.is_empty() { "/" } else { parent }),
        "pem" if !value.contains("-----BEGIN ") => {
            let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
            return Some(format!("{begin}\n{value}\n{end}").into());
        }
        "pem" => Some(value),
        pair => pair
            .split_once('=')
            .map(|(from, to)| if value == from { to } else { value }),
    };
    part.map(Cow::Borrowed)
}

/// The items of a JSON list, or else of a comma list.
fn items(value: &str) -> Vec<String> {
    let json: Result<Vec<String>, _> = serde_json::from_str(value);
    json.unwrap_or_else(|_| {
        let items = value.split(',').map(|item| item.trim().to_owned());
        items.filter(|item| !item.is_empty()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        let value = match name {
            "SCHEME" => "postgresql",
            "NETLOC" => "u:p%401@[::1]:5432,pg-2:5433",
            "QUERY" => "sslmode=require",
            "EMPTY" => "",
            "path" => "/a/b",
            "short" => "/metrics",
            "root" => "/",
            "bare" => "MII",
            "list" => r#"["a", "b\"c"]"#,
            "none" => "[]",
            "commas" => " a, b,,c",
            "word" => "host",
            "pem" => "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_names_in_a_template_are_told() {
        let found: Vec<&str> = names("jdbc:{SCHEME}://{NETLOC|hosts}[?{QUERY}]").collect();
        assert_eq!(found, ["SCHEME", "NETLOC", "QUERY"]);
        assert_eq!(names("none, {").count(), 0);
    }

    #[test]
    fn values_take_their_places_and_what_is_optional_may_be_missing() {
        for (template, filled) in [
            ("framework", Some("framework")),
            (
                "jdbc:{SCHEME}://{NETLOC|hosts}[?{QUERY}]",
                Some("jdbc:postgresql://[::1]:5432,pg-2:5433?sslmode=require"),
            ),
            ("x[?{EMPTY}][#{NONE}]y", Some("xy")),
            ("{EMPTY}", None),
            ("a{NONE}", None),
            ("{path|parent} {path|name}", Some("/a b")),
            ("{short|parent} {short|name}", Some("/ metrics")),
            ("{root|name}", None),
            (
                "{bare|pem}",
                Some("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"),
            ),
            (
                "{pem|pem}",
                Some("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"),
            ),
            ("{NONE or EMPTY or short}", Some("/metrics")),
            ("{NONE or EMPTY}", None),
            ("{word|host=virtual}", Some("virtual")),
            ("{word|path=x|host=y|y=z}", Some("z")),
            ("{word|other=virtual}", Some("host")),
            ("{word|host=}", None),
            ("x[{word|host=}]", Some("x")),
            (
                "{NETLOC|encode}",
                Some("u%3Ap%25401%40%5B%3A%3A1%5D%3A5432%2Cpg-2%3A5433"),
            ),
            ("{commas|first}", Some("a")),
            ("{commas|lines}", Some("a\nb\nc")),
            ("{list|lines}", Some("a\nb\"c")),
            ("{list|list}", Some(r#"["a", "b\"c"]"#)),
            ("{none|list}", None),
            ("{path|list}", None),
            (r#"{{"name": {path|json}}}"#, Some(r#"{"name": "/a/b"}"#)),
            (r#"[["{word}"]]"#, Some(r#"["host"]"#)),
            ("a]b}c", Some("a]b}c")),
            ("{path|unknown}", None),
            ("{path", None),
            ("[{path}", None),
        ] {
            assert_eq!(fill(template, value).as_deref(), filled, "{template}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_template_is_told() {
        assert_eq!(
            sound_names("{a or b|first}[{c}]{{d}}"),
            Ok(vec!["a", "b", "c"])
        );
        for (template, reason) in [
            ("{", "`{` is not closed"),
            ("[{a}", "`[` is not closed"),
            ("[a[{b}]]", "inside another"),
            ("{}", "names nothing"),
            ("{a or }", "names nothing"),
            ("{\"a\": 1}", "names nothing"),
            ("{a|frist}", "has the filter `frist`, which there is not"),
        ] {
            let error = sound_names(template).unwrap_err();
            assert!(error.contains(reason), "{template}: {error}");
        }
    }
}
