//! The version of Juju that a model pretends to be.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `major.minor.patch`; a tag (`3.6-rc1.1`) and a fourth number (`3.5.4.1`) are ignored when comparing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// 2, 3 or 4.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, 0 where there is none.
    pub patch: u32,
}

impl Version {
    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::new(3, 6, 14)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a version of Juju such as `3.6.14`");
        let plain = text.split('-').next().unwrap_or_default();
        let mut numbers = plain.split('.').map(str::parse::<u32>);
        let mut next = || numbers.next().transpose().map_err(|_| wrong());
        let major = next()?.ok_or_else(wrong)?;
        let minor = next()?.ok_or_else(wrong)?;
        let patch = next()?.unwrap_or_default();
        Ok(Self::new(major, minor, patch))
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_fourth_numbers_do_not_count() {
        for (text, version) in [
            ("3.6.14", Version::new(3, 6, 14)),
            ("3.6-rc1.1", Version::new(3, 6, 0)),
            ("3.5.4.1", Version::new(3, 5, 4)),
        ] {
            assert_eq!(text.parse(), Ok(version), "{text}");
        }
        assert!("3".parse::<Version>().is_err());
        assert!("three.six".parse::<Version>().is_err());
    }
}
