//! `KEY=VALUE` arguments.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::super::output::Failure;
use super::place::Place;

/// `KEY=VALUE`, as clap parses it.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not KEY=VALUE")),
    }
}

/// `NAME=PATH`, made absolute.
pub(super) fn paths(
    place: &Place,
    pairs: &[(String, String)],
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    pairs
        .iter()
        .map(|(name, path)| Ok((name.clone(), place.absolute(path.as_ref())?)))
        .collect()
}

/// `KEY=VALUE`, or `KEY#file=PATH` for the content of a file.
pub(super) fn contents(pairs: &[(String, String)]) -> Result<BTreeMap<String, String>, Failure> {
    pairs
        .iter()
        .map(|(key, value)| match key.strip_suffix("#file") {
            Some(key) => {
                let content = fs::read_to_string(value)
                    .map_err(|error| Failure::new(format!("cannot read `{value}`: {error}")))?;
                Ok((key.to_owned(), content))
            }
            None => Ok((key.clone(), value.clone())),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_anything_even_equals_signs() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err());
        assert!(pair("=b").is_err());
    }
}
