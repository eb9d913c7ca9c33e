//! The identifier of one relation, `db:7`.

use std::fmt;
use std::str::FromStr;

/// One relation of an endpoint, written `endpoint:number`. Juju goes by the number alone.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RelationId {
    endpoint: String,
    number: u64,
}

impl RelationId {
    /// The relation `number` of `endpoint`.
    #[must_use]
    pub fn new(endpoint: impl Into<String>, number: u64) -> Self {
        Self {
            endpoint: endpoint.into(),
            number,
        }
    }

    /// The endpoint's name; empty when Juju gave a bare number.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The number, unique in the model.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for RelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.endpoint.is_empty() {
            write!(f, "{}", self.number)
        } else {
            write!(f, "{}:{}", self.endpoint, self.number)
        }
    }
}

impl FromStr for RelationId {
    type Err = ();

    /// Reads `endpoint:number` or `number`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (endpoint, number) = match text.rsplit_once(':') {
            Some(("", _)) => return Err(()),
            Some(parts) => parts,
            None => ("", text),
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        Ok(Self::new(endpoint, number.parse().map_err(|_| ())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_written_as_juju_writes_it() {
        for text in ["db:7", "my-db:0", "7"] {
            assert_eq!(text.parse::<RelationId>().unwrap().to_string(), text);
        }
        for text in ["", ":7", "db:", "db:-1", "db:x", "db:+1"] {
            assert_eq!(text.parse::<RelationId>(), Err(()), "{text}");
        }
    }
}
