//! Which request goes where, and under which path. Pure.

use std::cell::Cell;

/// How a path is matched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Pattern {
    /// Kubernetes' `Prefix`: whole path elements.
    Prefix(String),
    /// `PATH(/|$)(.*)`: the same, with the slash and the rest as `$1` and `$2`.
    Rest(String),
}

impl Pattern {
    /// Reads one of `path-routes`.
    ///
    /// # Errors
    /// One line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!(
                "`path-routes` has `{text}`: a path starts with `/`"
            ));
        }
        let (path, pattern): (&str, fn(String) -> Self) = match text.strip_suffix("(/|$)(.*)") {
            Some(path) => (path, Self::Rest),
            None => (text, Self::Prefix),
        };
        if path
            .contains(|letter: char| "()[]{}*+?^$|\\#".contains(letter) || letter.is_whitespace())
        {
            return Err(format!(
                "`path-routes` has `{text}`: here a route is a plain path or `PATH(/|$)(.*)`"
            ));
        }
        Ok(pattern(path.trim_end_matches('/').to_owned()))
    }

    /// The path that it matches, without a closing slash; empty for all.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Prefix(path) | Self::Rest(path) => path,
        }
    }

    /// The captures `$1` and `$2` when it matches.
    fn captures<'a>(&self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let rest = path.strip_prefix(self.path())?;
        let captures = match rest.strip_prefix('/') {
            Some(rest) => ("/", rest),
            None if rest.is_empty() => ("", ""),
            None => return None,
        };
        match self {
            Self::Prefix(_) => Some(("", "")),
            Self::Rest(_) => Some(captures),
        }
    }
}

/// One route to the units of an application.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) pattern: Pattern,
    /// What the path is replaced by, with `$1` and `$2`; `None` leaves it.
    pub(super) rewrite: Option<String>,
    pub(super) application: String,
    /// Sorted.
    pub(super) units: Vec<String>,
    /// The port in the units.
    pub(super) port: u16,
    /// Counts requests, for taking turns.
    pub(super) turn: Cell<usize>,
}

impl Route {
    /// All units, the one whose turn it is first.
    pub(super) fn units_in_turn(&self) -> Vec<String> {
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let mut units = self.units.clone();
        if !units.is_empty() {
            let count = units.len();
            units.rotate_left(turn % count);
        }
        units
    }

    /// The path and query that the unit sees.
    pub(super) fn target(&self, path: &str, query: Option<&str>) -> String {
        let mut target = match (&self.rewrite, self.pattern.captures(path)) {
            (Some(rewrite), Some((first, second))) => {
                rewrite.replace("$1", first).replace("$2", second)
            }
            _ => path.to_owned(),
        };
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        if let Some(query) = query {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(query);
        }
        target
    }
}

/// Everything that the proxy serves now.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// The host name of all routes.
    pub(super) hostname: String,
    pub(super) routes: Vec<Route>,
    /// Why there are no routes.
    pub(super) reason: String,
}

impl Table {
    /// The route of the longest path that matches.
    pub(super) fn find(&self, host: &str, path: &str) -> Option<&Route> {
        if !without_port(host).eq_ignore_ascii_case(&self.hostname) {
            return None;
        }
        self.routes
            .iter()
            .filter(|route| route.pattern.captures(path).is_some())
            .max_by_key(|route| route.pattern.path().len())
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(pattern: &str, rewrite: Option<&str>) -> Route {
        Route {
            pattern: Pattern::read(pattern).unwrap(),
            rewrite: rewrite.map(str::to_owned),
            application: pattern.into(),
            units: vec!["web/0".into(), "web/1".into(), "web/2".into()],
            port: 8080,
            turn: Cell::new(0),
        }
    }

    #[test]
    fn the_longest_whole_element_prefix_wins() {
        let table = Table {
            hostname: "web.example".into(),
            routes: vec![
                route("/", None),
                route("/api", None),
                route("/api/v2/", None),
            ],
            reason: String::new(),
        };
        let found = |host, path| {
            table
                .find(host, path)
                .map(|route| route.application.as_str())
        };
        assert_eq!(found("web.example", "/"), Some("/"));
        assert_eq!(found("WEB.example:8081", "/api"), Some("/api"));
        assert_eq!(found("web.example", "/apis"), Some("/"));
        assert_eq!(found("web.example", "/api/v2/x"), Some("/api/v2/"));
        assert_eq!(found("other.example", "/"), None);
        assert_eq!(found("", "/"), None);
    }

    #[test]
    fn paths_are_rewritten_as_nginx_does() {
        let cases = [
            ("/", None, "/a/b", "/a/b"),
            ("/", Some("/"), "/a/b", "/"),
            ("/api", Some("/v1"), "/api/x", "/v1"),
            ("/demo-web(/|$)(.*)", Some("/$2"), "/demo-web", "/"),
            ("/demo-web(/|$)(.*)", Some("/$2"), "/demo-web/", "/"),
            (
                "/demo-web(/|$)(.*)",
                Some("/$2"),
                "/demo-web/a%20b/c",
                "/a%20b/c",
            ),
            ("/demo-web(/|$)(.*)", Some("$2"), "/demo-web/a", "/a"),
        ];
        for (pattern, rewrite, path, expected) in cases {
            assert_eq!(
                route(pattern, rewrite).target(path, None),
                expected,
                "{pattern} {path}"
            );
        }
        assert_eq!(route("/", Some("/")).target("/a", Some("x=1")), "/?x=1");
        assert_eq!(
            route("/", Some("/?y=2")).target("/a", Some("x=1")),
            "/?y=2&x=1"
        );
    }

    #[test]
    fn units_take_turns() {
        let route = route("/", None);
        assert_eq!(route.units_in_turn(), ["web/0", "web/1", "web/2"]);
        assert_eq!(route.units_in_turn(), ["web/1", "web/2", "web/0"]);
    }

    #[test]
    fn other_expressions_are_refused() {
        for text in ["api", "", "/a.*", "/a(b)", "/a b"] {
            assert!(Pattern::read(text).is_err(), "{text}");
        }
    }
}
