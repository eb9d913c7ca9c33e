//! `KEY=VALUE` arguments.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::super::output::Failure;
use super::place::Place;

/// `KEY=VALUE`, as clap parses it.
pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), String> {
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
pub(in crate::cli) fn contents(
    pairs: &[(String, String)],
) -> Result<BTreeMap<String, String>, Failure> {
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

/// Secrets by label: `LABEL:KEY`, or a key that is a label of its own.
pub(in crate::cli) fn secrets(
    given: BTreeMap<String, String>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut secrets: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (name, value) in given {
        let (label, key) = name.split_once(':').unwrap_or((&name, &name));
        secrets
            .entry(label.to_owned())
            .or_default()
            .insert(key.to_owned(), value);
    }
    secrets
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
