//! A URL taken apart the way the apps' variables need it (contract: interfaces, "URL parts").
//!
//! It is a splitter after RFC 3986 that never normalises: what a provider sent reaches the app as it is. Several
//! hosts are tolerated; the first one gives host name and port (known defect 2).

use std::collections::BTreeMap;

pub use crate::percent::{percent_decode, percent_encode};

/// The parts of a URL.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Url {
    /// The whole, as given.
    pub text: String,
    /// Before `://`, in lower case.
    pub scheme: String,
    /// Between `//` and the path.
    pub netloc: String,
    /// From the first `/` on, without parameters.
    pub path: String,
    /// After `;` in the last path segment.
    pub params: String,
    /// After `?`.
    pub query: String,
    /// After `#`.
    pub fragment: String,
    /// Percent-decoded.
    pub username: Option<String>,
    /// Percent-decoded.
    pub password: Option<String>,
    /// The first host, in lower case, without brackets.
    pub hostname: Option<String>,
    /// The first host's port.
    pub port: Option<u16>,
}

impl Url {
    /// Takes a URL apart; `None` when it has no scheme, no host, or a port that is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !valid || text.chars().any(|c| c.is_control() || c == ' ') {
            return None;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (netloc, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let segment = path.rfind('/').map_or(0, |at| at + 1);
        let (path, params) = match path.get(segment..).and_then(|last| last.find(';')) {
            Some(at) => (path.get(..segment + at)?, path.get(segment + at + 1..)?),
            None => (path, ""),
        };
        let (user, hosts) = netloc
            .rsplit_once('@')
            .map_or((None, netloc), |(user, hosts)| (Some(user), hosts));
        let (username, password) = match user.map(|user| user.split_once(':').unwrap_or((user, "")))
        {
            Some((name, secret)) => {
                let has_password = user.is_some_and(|user| user.contains(':'));
                (
                    Some(percent_decode(name)),
                    has_password.then(|| percent_decode(secret)),
                )
            }
            None => (None, None),
        };
        let (hostname, port) = host_and_port(hosts.split(',').next()?)?;
        Some(Self {
            text: text.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            netloc: netloc.to_owned(),
            path: path.to_owned(),
            params: params.to_owned(),
            query: query.to_owned(),
            fragment: fragment.to_owned(),
            username,
            password,
            hostname: Some(hostname),
            port,
        })
    }

    /// The URL as the peer's libraries give it: a final `/` where there is no path, no default port, the host in lower
    /// case.
    #[must_use]
    pub fn normalised(&self) -> String {
        let scheme = &self.scheme;
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let (user, host) = match self.netloc.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), self.netloc.as_str()),
        };
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        let tail = self.text.split_once("://").map_or("", |(_, rest)| {
            rest.get(self.netloc.len()..).unwrap_or_default()
        });
        let slash = if tail.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{user}{host}{slash}{tail}")
    }

    /// The variables `PREFIX_CONNECT_STRING` … `PREFIX_PORT`.
    #[must_use]
    pub fn variables(&self, prefix: &str) -> BTreeMap<String, String> {
        let mut variables: BTreeMap<String, String> = [
            ("CONNECT_STRING", &self.text),
            ("SCHEME", &self.scheme),
            ("NETLOC", &self.netloc),
            ("PATH", &self.path),
            ("PARAMS", &self.params),
            ("QUERY", &self.query),
            ("FRAGMENT", &self.fragment),
        ]
        .into_iter()
        .map(|(name, value)| (format!("{prefix}_{name}"), value.clone()))
        .collect();
        let optional = [
            ("USERNAME", self.username.clone()),
            ("PASSWORD", self.password.clone()),
            ("HOSTNAME", self.hostname.clone()),
            ("PORT", self.port.map(|port| port.to_string())),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                variables.insert(format!("{prefix}_{name}"), value);
            }
        }
        variables
    }

    /// The variables of a database's URL: as [`Url::variables`], and `PREFIX_NAME`.
    #[must_use]
    pub fn database_variables(&self, prefix: &str) -> BTreeMap<String, String> {
        let mut variables = self.variables(prefix);
        let name = self.path.strip_prefix('/').unwrap_or(&self.path);
        if !name.is_empty() {
            variables.insert(format!("{prefix}_NAME"), name.to_owned());
        }
        variables
    }
}

fn host_and_port(host: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']')?;
        (name, port.strip_prefix(':').unwrap_or(port))
    } else {
        host.split_once(':').unwrap_or((host, ""))
    };
    if name.is_empty() {
        return None;
    }
    let port = if port.is_empty() {
        None
    } else {
        Some(port.parse().ok()?)
    };
    Some((name.to_lowercase(), port))
}

/// Splits a list of URLs at those commas that begin another URL: hosts and queries may hold commas themselves.
#[must_use]
pub fn split_list(text: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(comma) = rest
        .get(from..)
        .and_then(|tail| tail.find(','))
        .map(|at| from + at)
    {
        let next = rest.get(comma + 1..).unwrap_or_default();
        let scheme = next.split_once("://").map_or("", |(scheme, _)| scheme);
        let begins = !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if begins {
            urls.push(rest.get(..comma).unwrap_or_default());
            rest = next;
            from = 0;
        } else {
            from = comma + 1;
        }
    }
    urls.push(rest);
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_apart_what_the_contract_shows() {
        let url = Url::parse("postgresql://u1:p%401@PG.demo:5432/web?x=1").unwrap();
        let variables = url.database_variables("P");
        for (name, value) in [
            (
                "P_CONNECT_STRING",
                "postgresql://u1:p%401@PG.demo:5432/web?x=1",
            ),
            ("P_SCHEME", "postgresql"),
            ("P_NETLOC", "u1:p%401@PG.demo:5432"),
            ("P_PATH", "/web"),
            ("P_PARAMS", ""),
            ("P_QUERY", "x=1"),
            ("P_FRAGMENT", ""),
            ("P_USERNAME", "u1"),
            ("P_PASSWORD", "p@1"),
            ("P_HOSTNAME", "pg.demo"),
            ("P_PORT", "5432"),
            ("P_NAME", "web"),
        ] {
            assert_eq!(
                variables.get(name).map(String::as_str),
                Some(value),
                "{name}"
            );
        }
        assert_eq!(variables.len(), 12);
    }

    #[test]
    fn several_hosts_give_the_first_one() {
        let url = Url::parse("mongodb://u:p@m-0:27017,m-1:27018/web?replicaSet=m").unwrap();
        assert_eq!(
            (url.hostname.as_deref(), url.port),
            (Some("m-0"), Some(27017))
        );
        assert_eq!(url.netloc, "u:p@m-0:27017,m-1:27018");
        let without_ports = Url::parse("mongodb://u:p@m-0,m-1/web").unwrap();
        assert_eq!(
            (without_ports.hostname.as_deref(), without_ports.port),
            (Some("m-0"), None)
        );
    }

    #[test]
    fn a_list_is_split_at_urls_only() {
        assert_eq!(
            split_list("mysql://a:1/x,mysql://b:2/x"),
            ["mysql://a:1/x", "mysql://b:2/x"]
        );
        assert_eq!(
            split_list("mongodb://a:1,b:2/x?y=1,2"),
            ["mongodb://a:1,b:2/x?y=1,2"]
        );
        assert_eq!(split_list(""), [""]);
    }

    #[test]
    fn refuses_what_is_no_url() {
        for text in [
            "",
            "web",
            "://x",
            "a b://c",
            "postgresql://",
            "postgresql://h:port/x",
            "postgresql://h:70000/",
            "x://a\nb",
        ] {
            assert_eq!(Url::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn keeps_odd_but_valid_parts() {
        let url = Url::parse("redis://[::1]:6379/a/b;p=1#f").unwrap();
        assert_eq!(
            (url.hostname.as_deref(), url.port),
            (Some("::1"), Some(6379))
        );
        assert_eq!(
            (
                url.path.as_str(),
                url.params.as_str(),
                url.fragment.as_str()
            ),
            ("/a/b", "p=1", "f")
        );
        let user_only = Url::parse("x://u@h").unwrap();
        assert_eq!(
            (user_only.username.as_deref(), user_only.password),
            (Some("u"), None)
        );
    }

    #[test]
    fn encoding_and_decoding_agree() {
        for text in ["p@/1", "ä€", "a%b", "plain", "%zz", ":?#[]"] {
            assert_eq!(percent_decode(&percent_encode(text)), text);
        }
        assert_eq!(percent_encode("p@/1"), "p%40%2F1");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
        assert_eq!(percent_decode("%ff"), "%ff");
    }
}
