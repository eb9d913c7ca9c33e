//! `JUJU_VERSION`, the only probe of what the controller can do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Juju version as `major.minor.patch`. A tag (`3.6-rc1.1`) and a fourth number (`3.5.4.1`) are
/// ignored; a tagged version has patch 0, so that it never claims what came in a patch release.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct JujuVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, 0 when absent or behind a tag.
    pub patch: u32,
}

/// What is no version of Juju.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a version of Juju such as `3.6.14`")]
pub struct NotAVersion(String);

impl JujuVersion {
    /// The version of these three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Secrets are usable (3.0.3).
    #[must_use]
    pub fn has_secrets(self) -> bool {
        self >= Self::new(3, 0, 3)
    }

    /// User secrets may be given through config (3.3).
    #[must_use]
    pub fn has_user_secrets(self) -> bool {
        self >= Self::new(3, 3, 0)
    }

    /// `open-port` has an effect on Kubernetes (3.0.3).
    #[must_use]
    pub fn opens_ports(self) -> bool {
        self >= Self::new(3, 0, 3)
    }

    /// The workload's Pebble forwards logs (3.4).
    #[must_use]
    pub fn has_log_forwarding(self) -> bool {
        self >= Self::new(3, 4, 0)
    }

    /// Custom Pebble notices become events (3.4).
    #[must_use]
    pub fn has_custom_notices(self) -> bool {
        self >= Self::new(3, 4, 0)
    }

    /// Failing and recovering Pebble checks become events (3.6).
    #[must_use]
    pub fn has_check_events(self) -> bool {
        self >= Self::new(3, 6, 0)
    }

    /// Pebble's `exec` takes a `service-context` (3.1.6, but not 3.2.0).
    #[must_use]
    pub fn has_exec_service_context(self) -> bool {
        self >= Self::new(3, 1, 6) && self != Self::new(3, 2, 0)
    }

    /// `relation-model-get` exists (3.6.2).
    #[must_use]
    pub fn has_relation_model_get(self) -> bool {
        self >= Self::new(3, 6, 2)
    }

    /// `relation-ids` may still list a relation in its own broken hook (before 3.5).
    #[must_use]
    pub fn lists_broken_relations(self) -> bool {
        self < Self::new(3, 5, 0)
    }
}

impl fmt::Display for JujuVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for JujuVersion {
    type Err = NotAVersion;

    /// Reads `major.minor[.patch|-tag…][.build]`; anything else is an error.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        parse(text).ok_or_else(|| NotAVersion(text.into()))
    }
}

impl TryFrom<String> for JujuVersion {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, NotAVersion> {
        text.parse()
    }
}

impl From<JujuVersion> for String {
    fn from(version: JujuVersion) -> Self {
        version.to_string()
    }
}

fn parse(text: &str) -> Option<JujuVersion> {
    let (numbers, tag) = match text.split_once('-') {
        Some((_, "")) => return None,
        Some((numbers, _)) => (numbers, true),
        None => (text, false),
    };
    let number = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let numbers: Vec<u32> = numbers.split('.').map(number).collect::<Option<_>>()?;
    let (major, minor, patch) = match *numbers {
        [major, minor] => (major, minor, 0),
        [major, minor, patch] | [major, minor, patch, _] => (major, minor, patch),
        _ => return None,
    };
    let patch = if tag { 0 } else { patch };
    Some(JujuVersion::new(major, minor, patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags_and_fourth_numbers() {
        for (text, expected) in [
            ("3.6.14", JujuVersion::new(3, 6, 14)),
            ("2.9.49", JujuVersion::new(2, 9, 49)),
            ("3.5.4.1", JujuVersion::new(3, 5, 4)),
            ("3.6-rc1.1", JujuVersion::new(3, 6, 0)),
            ("4.0-beta5", JujuVersion::new(4, 0, 0)),
            ("3.6.0-ubuntu", JujuVersion::new(3, 6, 0)),
            ("4.0", JujuVersion::new(4, 0, 0)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "3",
            "3.",
            ".6",
            "3.x.1",
            "3.6.1.2.3",
            "3.6-",
            "+3.6.1",
            "99999999999.1.1",
        ] {
            let wrong = NotAVersion(text.into());
            assert_eq!(text.parse::<JujuVersion>(), Err(wrong), "{text}");
        }
    }

    #[test]
    fn knows_when_each_feature_came() {
        let v = JujuVersion::new;
        assert!(!v(3, 0, 2).has_secrets() && v(3, 0, 3).has_secrets());
        assert!(!v(2, 9, 99).opens_ports() && v(4, 0, 0).opens_ports());
        assert!(!v(3, 2, 9).has_user_secrets() && v(3, 3, 0).has_user_secrets());
        assert!(!v(3, 3, 9).has_log_forwarding() && v(3, 4, 0).has_log_forwarding());
        assert!(!v(3, 6, 1).has_relation_model_get() && v(3, 6, 2).has_relation_model_get());
        assert!(v(3, 1, 6).has_exec_service_context() && !v(3, 2, 0).has_exec_service_context());
        assert!(v(3, 10, 0) > v(3, 9, 9));
    }
}
