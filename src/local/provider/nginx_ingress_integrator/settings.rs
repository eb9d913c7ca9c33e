//! The options of the charm, as far as they mean something here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Request;
use super::route::Pattern;
use crate::local::model::ConfigOption;

/// The options, as `config.yaml` of the charm has them. `path-routes` and `rewrite-target` have no default: unset, they
/// follow what the application asks for.
pub(super) fn options() -> BTreeMap<String, ConfigOption> {
    let option = |kind: &str, default: Option<Value>, description: &str| ConfigOption {
        kind: kind.into(),
        default,
        description: description.into(),
    };
    BTreeMap::from([
        (
            "path-routes".into(),
            option(
                "string",
                None,
                "The path to serve, such as `/`; unset: `/MODEL-APPLICATION`.",
            ),
        ),
        (
            "rewrite-enabled".into(),
            option(
                "boolean",
                Some(true.into()),
                "Whether paths are replaced by `rewrite-target`.",
            ),
        ),
        (
            "rewrite-target".into(),
            option(
                "string",
                None,
                "What paths are replaced by; unset: `/`, or the path without its prefix.",
            ),
        ),
        (
            "service-hostname".into(),
            option("string", Some("".into()), "The host name to serve."),
        ),
    ])
}

/// The options' values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Settings {
    pub(super) hostname: String,
    path: Option<Pattern>,
    rewrite_enabled: bool,
    rewrite_target: Option<String>,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// One line that says what to set.
    pub(super) fn read(
        application: &str,
        config: &BTreeMap<String, Value>,
    ) -> Result<Self, String> {
        let text = |name: &str| {
            let value = config
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let hostname = text("service-hostname").ok_or_else(|| {
            format!(
                "`service-hostname` is not set; run `charmwright local config {application} service-hostname=HOST`"
            )
        })?;
        if !is_hostname(&hostname) {
            return Err(format!(
                "`service-hostname` is `{}`: a host name has lower-case letters, digits, `-` and `.`",
                hostname.escape_default()
            ));
        }
        let path = match text("path-routes") {
            // The charm has one URL to publish, so it takes one path.
            Some(paths) if paths.contains(',') => {
                return Err("Ingress relation does not support multiple pathroutes.".into());
            }
            Some(path) => Some(Pattern::read(&path)?),
            None => None,
        };
        Ok(Self {
            hostname,
            path,
            rewrite_enabled: config
                .get("rewrite-enabled")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            rewrite_target: text("rewrite-target"),
        })
    }

    /// The pattern of an application's route, and what its paths are replaced by.
    pub(super) fn route(&self, request: &Request) -> (Pattern, Option<String>) {
        let pattern = self.path.clone().unwrap_or_else(|| {
            let path = format!("/{}-{}", request.model, request.name);
            if request.strip_prefix {
                Pattern::Rest(path)
            } else {
                Pattern::Prefix(path)
            }
        });
        let default = if request.strip_prefix { "/$2" } else { "/" };
        let rewrite = self.rewrite_enabled.then(|| {
            self.rewrite_target
                .clone()
                .unwrap_or_else(|| default.into())
        });
        (pattern, rewrite)
    }
}

/// What Kubernetes takes for a host name.
fn is_hostname(text: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.first().is_some_and(letter)
            && bytes.last().is_some_and(letter)
            && bytes.iter().all(|byte| letter(byte) || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(entries: &[(&str, Value)]) -> Result<Settings, String> {
        let mut config = BTreeMap::from([("service-hostname".to_owned(), Value::from("web"))]);
        config.extend(
            entries
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        Settings::read("nginx", &config)
    }

    fn request(strip_prefix: bool) -> Request {
        Request {
            model: "demo".into(),
            name: "web".into(),
            port: 8000,
            strip_prefix,
            units: Vec::new(),
        }
    }

    #[test]
    fn without_a_host_name_it_says_what_to_set() {
        let error = settings(&[("service-hostname", "".into())]).unwrap_err();
        assert_eq!(
            error,
            "`service-hostname` is not set; run `charmwright local config nginx service-hostname=HOST`"
        );
    }

    #[test]
    fn host_names_are_checked() {
        for good in ["web", "fastapi-hello-world", "a.b.c", "1.example"] {
            assert!(is_hostname(good), "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a..b", "a_b", "web:80", "a/b"] {
            assert!(!is_hostname(bad), "{bad}");
        }
    }

    #[test]
    fn the_tutorials_options_leave_paths_alone() {
        let settings = settings(&[
            ("path-routes", "/".into()),
            ("rewrite-enabled", false.into()),
        ])
        .unwrap();
        assert_eq!(
            settings.route(&request(true)),
            (Pattern::Prefix(String::new()), None)
        );
    }

    #[test]
    fn unset_options_follow_the_application() {
        let settings = settings(&[]).unwrap();
        let rest = Pattern::Rest("/demo-web".into());
        assert_eq!(settings.route(&request(true)), (rest, Some("/$2".into())));
        let plain = Pattern::Prefix("/demo-web".into());
        assert_eq!(settings.route(&request(false)), (plain, Some("/".into())));
    }

    #[test]
    fn several_paths_are_refused_as_the_charm_does() {
        let error = settings(&[("path-routes", "/a,/b".into())]).unwrap_err();
        assert_eq!(
            error,
            "Ingress relation does not support multiple pathroutes."
        );
    }
}
