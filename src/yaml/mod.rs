//! YAML, behind one module: the crate can be replaced here alone.
//!
//! The crate is `yaml_serde`, the continuation of `serde_yaml` by the YAML organisation, taken under
//! the old name. It refuses duplicate keys and knows where in the text an error is.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use read::{Document, Position};
pub use serde_yaml::{Mapping, Number, Value};

mod read;
mod write;

/// A text that is not YAML, or not of the expected shape.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong, without the place.
    pub message: String,
    /// Line and column, both from 1, where the parser knows them.
    pub position: Option<(usize, usize)>,
}

impl From<serde_yaml::Error> for Error {
    fn from(error: serde_yaml::Error) -> Self {
        let position = error.location().map(|at| (at.line(), at.column()));
        let mut message = error.to_string();
        if let Some((line, column)) = position {
            let place = format!(" at line {line} column {column}");
            if let Some(start) = message.rfind(&place) {
                message.replace_range(start..start + place.len(), "");
            }
        }
        Self { message, position }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// The text is not YAML, has a duplicate key, or does not fit `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_yaml::from_str(text).map_err(Error::from)
}

/// Writes one YAML document, ending in a line break, such that readers of YAML 1.1 (Juju, Pebble, Python) and of
/// YAML 1.2 read the same: strings that one of them takes for something else are quoted.
///
/// # Errors
/// `value` cannot be expressed as YAML.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, Error> {
    let value = serde_yaml::to_value(value).map_err(Error::from)?;
    write::document(&value).map_or_else(|| serde_yaml::to_string(&value).map_err(Error::from), Ok)
}

/// Turns an already parsed value into `T`.
///
/// # Errors
/// The value does not fit `T`.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_yaml::from_value(value).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_its_line_and_column_apart_from_the_message() {
        let error = from_str::<Value>("a: 1\nb: [c\n").unwrap_err();
        assert!(
            error.position.is_some_and(|(line, _)| line >= 2),
            "{error:?}"
        );
        assert!(!error.message.ends_with("at line 3 column 1"), "{error:?}");
    }

    #[test]
    fn a_duplicate_key_is_refused() {
        let error = from_str::<Value>("a: 1\na: 2\n").unwrap_err();
        assert!(error.message.contains("duplicate"), "{error:?}");
    }
}
