//! Where the machine's programs are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::description::Description;
use crate::local::container::{is_program, search_path};
use crate::local::provider::database::{output_of, sudo};

/// Where distributions put servers, which are not on everybody's PATH.
const DIRECTORIES: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/usr/libexec"];

/// Executables by the description's names for them.
pub(super) type Programs = BTreeMap<String, PathBuf>;

/// Finds all programs.
///
/// # Errors
/// One line with the command that installs what is missing.
pub(super) fn find(description: &Description) -> Result<Programs, String> {
    let mut directories = search_path();
    directories.extend(DIRECTORIES.iter().map(PathBuf::from));
    let mut programs = Programs::new();
    for (name, candidates) in &description.programs {
        let found = candidates
            .iter()
            .flat_map(|candidate| directories.iter().map(move |place| place.join(candidate)))
            .find(|path| is_program(path));
        let Some(found) = found else {
            let names: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
            return Err(missing(
                description,
                &format!(" ({} is missing)", names.join(" or ")),
            ));
        };
        programs.insert(name.clone(), found);
    }
    Ok(programs)
}

/// That something is not installed, with the command that installs it.
pub(super) fn missing(description: &Description, what: &str) -> String {
    let sudo = match description.install.starts_with("apt-get ") {
        true => sudo(),
        false => "",
    };
    format!(
        "{} is not installed on this machine{what}; run `{sudo}{}`",
        description.title, description.install
    )
}

/// The version that a program tells behind `mark`; empty when it does not.
pub(super) async fn version(program: &Path, mark: &str) -> String {
    let text = output_of(program, "--version").await.unwrap_or_default();
    let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
    let version = rest.split(|letter: char| letter.is_whitespace() || letter == ',');
    version.take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_told_with_the_command_that_installs_it() {
        let names = vec!["/no/such-server".to_owned(), "no-such-server".to_owned()];
        let mut description = Description {
            title: "Nothing".into(),
            install: "go install example.org/no-such-server@v1".into(),
            programs: BTreeMap::from([("server".into(), names)]),
            ..Description::default()
        };
        assert_eq!(
            find(&description).unwrap_err(),
            "Nothing is not installed on this machine (`/no/such-server` or `no-such-server` is missing); \
             run `go install example.org/no-such-server@v1`"
        );
        description.install = "apt-get install --yes nothing".into();
        let error = find(&description).unwrap_err();
        assert!(error.ends_with("apt-get install --yes nothing`"), "{error}");
    }

    #[test]
    fn the_first_candidate_that_is_there_is_taken() {
        let description = Description {
            programs: BTreeMap::from([("server".into(), vec!["no-such".into(), "/bin/sh".into()])]),
            ..Description::default()
        };
        assert_eq!(find(&description).unwrap()["server"], Path::new("/bin/sh"));
    }
}
