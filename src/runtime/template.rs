//! Values made of others, as a framework's data file writes them: `jdbc:{SCHEME}://{NETLOC|hosts}[?{QUERY}]`.
//!
//! `{NAME}` stands for a value, `{NAME|FILTER}` for a part of it. What is between `[` and `]` is left out when a value
//! in it is missing or empty; when one outside is, there is no result at all.

use std::borrow::Cow;

/// Fills a template; `None` when a value that it needs is missing or empty, or when it is malformed.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        if let Some(optional) = from.strip_prefix('[') {
            let (inside, after) = optional.split_once(']')?;
            filled.push_str(
                &fill(inside, &value as &dyn Fn(&str) -> Option<String>).unwrap_or_default(),
            );
            rest = after;
        } else {
            let (name, after) = from.strip_prefix('{')?.split_once('}')?;
            let (name, filter) = name.split_once('|').unwrap_or((name, ""));
            let value = value(name).filter(|value| !value.is_empty())?;
            filled.push_str(&part(&value, filter)?);
            rest = after;
        }
    }
    filled.push_str(rest);
    Some(filled)
}

/// The names that a template needs, in its order; one that it uses twice comes twice.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| {
        let (name, _) = part.split_once('}')?;
        Some(name.split_once('|').map_or(name, |(name, _)| name))
    })
}

/// The names of a template; `None` when it is malformed.
pub fn sound_names(template: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        let from = rest.get(at..)?;
        if let Some(optional) = from.strip_prefix('[') {
            let (inside, after) = optional.split_once(']')?;
            found.extend(sound_names(inside)?);
            rest = after;
        } else {
            let (name, after) = from.strip_prefix('{')?.split_once('}')?;
            let (name, filter) = name.split_once('|').unwrap_or((name, ""));
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || !name.chars().all(is_name) || !FILTERS.contains(&filter) {
                return None;
            }
            found.push(name);
            rest = after;
        }
    }
    Some(found)
}

/// What may be after `|`.
const FILTERS: &[&str] = &["", "hosts", "name", "parent", "pem"];

fn part<'a>(value: &'a str, filter: &str) -> Option<Cow<'a, str>> {
    let path = || value.trim_end_matches('/').rsplit_once('/');
    let part = match filter {
        "" => Some(value),
        // Of a URL's `user:password@host:port,host:port`.
        "hosts" => Some(value.rsplit_once('@').map_or(value, |(_, hosts)| hosts)),
        // Of a path.
        "parent" => path().map(|(parent, _)| if parent.is_empty() { "/" } else { parent }),
        "name" => path().map(|(_, name)| name).filter(|name| !name.is_empty()),
        // Of a certificate that may lack the lines around it: all of it, with them.
        "pem" if !value.contains("-----BEGIN ") => {
            let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
            return Some(format!("{begin}\n{value}\n{end}").into());
        }
        "pem" => Some(value),
        _ => None,
    };
    part.map(Cow::Borrowed)
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
            "pem" => "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_names_in_a_template_are_told() {
        let found: Vec<&str> = names("jdbc:{SCHEME}://{NETLOC|hosts}[?{QUERY}]{").collect();
        assert_eq!(found, ["SCHEME", "NETLOC", "QUERY"]);
        assert_eq!(names("none").count(), 0);
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
            ("{path|unknown}", None),
            ("{path", None),
            ("[{path}", None),
        ] {
            assert_eq!(fill(template, value).as_deref(), filled, "{template}");
        }
    }

    #[test]
    fn the_names_of_a_template_are_told() {
        for (template, expected) in [
            ("plain", Some(&[][..])),
            ("{a}[?{b|name}]{C.d}", Some(&["a", "b", "C.d"])),
            ("{a", None),
            ("[x", None),
            ("{a|b}", None),
            ("{}", None),
            ("{\"a\": 1}", None),
        ] {
            assert_eq!(sound_names(template).as_deref(), expected, "{template}");
        }
    }
}
