//! The framework that a project asks for, by its extension's name.

use super::{Error, Problem};
use crate::frameworks::{Framework, Frameworks};

/// The framework of `init`'s profile, found sound.
///
/// # Errors
/// There is none, or the project's own file of it is broken.
pub(crate) fn profile(frameworks: &Frameworks, profile: &str) -> Result<Framework, Error> {
    match frameworks.of_extension(profile)? {
        Some(framework) => sound(framework),
        None => {
            let known = frameworks.extensions();
            let hint = closest_extension(profile, &known).map_or_else(
                || {
                    let name = profile.strip_suffix("-framework").unwrap_or("NAME");
                    format!("a framework of your own goes into `metadata/frameworks/{name}.yaml` of the project")
                },
                |name| format!("did you mean `{name}`?"),
            );
            Err(Error::Profile(format!(
                "there is no profile `{profile}`; there are {}\nhint: {hint}",
                known.join(", ")
            )))
        }
    }
}

/// The framework, unless its file is broken.
///
/// # Errors
/// Everything that is wrong with the file.
pub(crate) fn sound(framework: Framework) -> Result<Framework, Error> {
    let problems: Vec<Problem> = framework
        .problems()
        .into_iter()
        .map(Problem::from)
        .collect();
    if problems.is_empty() {
        Ok(framework)
    } else {
        Err(Error::Problems { problems })
    }
}

/// The extension that the user may have meant. What all their names end with makes none alike.
pub(crate) fn closest_extension<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    const SUFFIX: &str = "-framework";
    let full: Vec<&str> = known.iter().map(String::as_str).collect();
    let short: Vec<&str> = full
        .iter()
        .map(|name| name.strip_suffix(SUFFIX).unwrap_or(name))
        .collect();
    let of_short = |word: &str| {
        let found = closest(word, &short)?;
        let mut pairs = short.iter().zip(&full);
        pairs.find_map(|(short, full)| (*short == found).then_some(*full))
    };
    match word.strip_suffix(SUFFIX) {
        Some(name) => of_short(name),
        None => closest(word, &full).or_else(|| of_short(word)),
    }
}

/// The name most like `word`, if any is like it at all.
pub(crate) fn closest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    names
        .iter()
        .map(|name| (distance(word, name), *name))
        .filter(|(distance, name)| *distance <= 1.max(name.len().min(word.len()) / 3))
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put, taken away or changed to make one of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = row.get(j).copied().unwrap_or(0) + usize::from(x != *y);
            let put = next.last().copied().unwrap_or(0) + 1;
            let take = row.get(j + 1).copied().unwrap_or(0) + 1;
            next.push(change.min(put).min(take));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_extensions_end_with_makes_none_alike() {
        let known = ["django-framework", "fastapi-framework", "go-framework"].map(str::to_owned);
        for (word, expected) in [
            ("fastapi-framwork", Some("fastapi-framework")),
            ("fast-api-framework", Some("fastapi-framework")),
            ("fastapi", Some("fastapi-framework")),
            ("rails-framework", None),
        ] {
            assert_eq!(closest_extension(word, &known), expected, "{word}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_the_right_one() {
        let names = ["fastapi-framework", "flask-framework", "go-framework"];
        assert_eq!(
            closest("fastapi-framwork", &names),
            Some("fastapi-framework")
        );
        assert_eq!(closest("rails", &names), None);
        assert_eq!(
            closest("requirs", &["requires", "resources"]),
            Some("requires")
        );
    }
}
