//! The text of `gunicorn.conf.py`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the rock's statsd exporter listens (contract: runtime, section 8).
const STATSD_HOST: &str = "localhost:9125";
/// What gunicorn takes for its standard output and error.
pub const STANDARD_STREAM: &str = "-";

const JSON_LOGGING: &str = include_str!("../../../metadata/frameworks/gunicorn/json_logging.py");
const TRACING: &str = include_str!("../../../metadata/frameworks/gunicorn/tracing.py");

/// Imports what the tracing part of the config file does: succeeds where the packages are there.
pub const TRACING_PROBE: &str =
    include_str!("../../../metadata/frameworks/gunicorn/tracing_probe.py");

/// What the file says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigFile<'a> {
    /// The port, on all addresses.
    pub port: u16,
    /// The app's directory.
    pub directory: &'a str,
    /// The access log: a path or [`STANDARD_STREAM`].
    pub access_log: &'a str,
    /// The error log: a path or [`STANDARD_STREAM`].
    pub error_log: &'a str,
    /// More settings, by gunicorn's names for them.
    pub settings: &'a BTreeMap<&'a str, i64>,
    /// Whether logs are lines of JSON.
    pub json_logging: bool,
    /// Whether workers send spans.
    pub tracing: Tracing,
}

/// Whether workers send spans.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tracing {
    /// Nobody takes them.
    Off,
    /// They do.
    On,
    /// They would, but the packages for it are not there; the file remembers it.
    Lacking,
}

impl ConfigFile<'_> {
    /// The text: the same for the same facts.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("# Written by the charm, which replaces it when it differs.\n");
        let bind = format!("[{}]", literal(&format!("0.0.0.0:{}", self.port)));
        for (name, value) in [
            ("bind", bind),
            ("chdir", literal(self.directory)),
            ("accesslog", literal(self.access_log)),
            ("errorlog", literal(self.error_log)),
            ("statsd_host", literal(STATSD_HOST)),
        ] {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{name} = {value}");
        }
        for (name, value) in self.settings {
            let _ = writeln!(text, "{name} = {value}");
        }
        if self.tracing == Tracing::Lacking {
            text.push_str("# Spans could be sent, but the packages for it are not there.\n");
        }
        let tracing = self.tracing == Tracing::On;
        for (wanted, part) in [(self.json_logging, JSON_LOGGING), (tracing, TRACING)] {
            if wanted {
                text.push('\n');
                text.push_str(part);
            }
        }
        text
    }
}

/// Whether gunicorn needs no more than SIGHUP to go from one file to another. Before version 27 it keeps its logger,
/// with the settings that the logger was made with, for as long as it runs.
#[must_use]
pub fn reload_suffices(old: &str, new: &str) -> bool {
    const RELOADED: &[&str] = &["bind", "keepalive", "threads", "timeout", "workers"];
    let kept = |text: &str| {
        let is_kept = |line: &&str| {
            let name = line.split_once('=').map_or("", |(name, _)| name.trim_end());
            !line.trim().is_empty() && !line.starts_with('#') && !RELOADED.contains(&name)
        };
        let mut lines: Vec<String> = text.lines().filter(is_kept).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    kept(old) == kept(new)
}

/// The text as a Python string.
fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\\' | '\'' => literal.extend(['\\', character]),
            ' '..='~' => literal.push(character),
            other => {
                let _ = write!(literal, "\\U{:08x}", u32::from(other));
            }
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(settings: &'a BTreeMap<&'a str, i64>) -> ConfigFile<'a> {
        ConfigFile {
            port: 8000,
            directory: "/flask/app",
            access_log: STANDARD_STREAM,
            error_log: STANDARD_STREAM,
            settings,
            json_logging: false,
            tracing: Tracing::Off,
        }
    }

    #[test]
    fn the_plain_file_has_the_settings_of_the_contract_and_no_more() {
        let settings = [("workers", 4), ("timeout", -1)].into();
        let text = file(&settings).text();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "bind = ['0.0.0.0:8000']",
                "chdir = '/flask/app'",
                "accesslog = '-'",
                "errorlog = '-'",
                "statsd_host = 'localhost:9125'",
                "timeout = -1",
                "workers = 4",
            ]
        );
    }

    #[test]
    fn json_and_tracing_add_their_own_parts() {
        let settings = BTreeMap::new();
        let plain = file(&settings);
        for (json_logging, tracing) in [(false, false), (true, false), (false, true), (true, true)]
        {
            let text = ConfigFile {
                json_logging,
                tracing: if tracing { Tracing::On } else { Tracing::Off },
                ..plain.clone()
            }
            .text();
            assert_eq!(text.contains("\nlogger_class = "), json_logging);
            assert_eq!(text.contains("\ndef post_fork("), tracing);
            assert_eq!(
                text.contains(
                    "\naccess_log_format = '%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\" %({x-request-id}o)s'\n"
                ),
                tracing
            );
        }
    }

    #[test]
    fn any_text_is_one_python_string() {
        for (text, expected) in [
            ("-", "'-'"),
            ("it's", r"'it\'s'"),
            ("a\\b", r"'a\\b'"),
            ("a\nb", r"'a\U0000000ab'"),
            ("ä😀", r"'\U000000e4\U0001f600'"),
        ] {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn what_the_logger_is_made_of_needs_a_restart_and_all_else_a_reload() {
        let none = BTreeMap::new();
        let more = [("workers", 3), ("threads", 2)].into();
        let old = file(&none);
        let new = file(&more);
        assert!(reload_suffices(&old.text(), &new.text()));
        let moved = ConfigFile {
            port: 9000,
            ..old.clone()
        };
        assert!(reload_suffices(&old.text(), &moved.text()));
        for changed in [
            ConfigFile {
                access_log: "/var/log/flask/access.log",
                ..old.clone()
            },
            ConfigFile {
                json_logging: true,
                ..old.clone()
            },
            ConfigFile {
                tracing: Tracing::On,
                ..old.clone()
            },
        ] {
            assert!(!reload_suffices(&old.text(), &changed.text()));
            assert!(!reload_suffices(&changed.text(), &old.text()));
        }
    }

    #[test]
    fn a_file_that_lacks_tracing_is_another_but_runs_the_same() {
        let settings = BTreeMap::new();
        let plain = file(&settings);
        let lacking = ConfigFile {
            tracing: Tracing::Lacking,
            ..plain.clone()
        };
        assert_ne!(plain.text(), lacking.text());
        assert!(reload_suffices(&plain.text(), &lacking.text()));
    }

    #[test]
    fn the_peers_file_is_taken_over_by_a_reload() {
        let peer = "chdir = '/flask/app'\nbind = ['0.0.0.0:8000']\n\naccesslog = '-'\nerrorlog = '-'\nstatsd_host = 'localhost:9125'\nworkers = 2\n";
        assert!(reload_suffices(peer, &file(&BTreeMap::new()).text()));
    }
}
