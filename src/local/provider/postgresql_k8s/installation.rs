//! Where the machine's PostgreSQL is.

use std::path::{Path, PathBuf};

use crate::local::provider::database::{Installation, output_of, sudo};

/// A directory with `initdb`, `postgres` and `psql` of one major version.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Found {
    directory: PathBuf,
    /// The major version, such as `15`.
    major: u32,
}

/// Finds the newest PostgreSQL, or the one of the major version that made existing data.
///
/// # Errors
/// One line with the command that installs what is missing.
pub(super) async fn find(major: Option<u32>) -> Result<Installation, String> {
    let mut found = Vec::new();
    for directory in candidates().await {
        if !complete(&directory)
            || found
                .iter()
                .any(|known: &Found| known.directory == directory)
        {
            continue;
        }
        if let Some(version) = major_of(&directory).await {
            found.push(Found {
                directory,
                major: version,
            });
        }
    }
    let directory = choose(found, major)?.directory;
    Ok(Installation {
        create: directory.join("initdb"),
        server: directory.join("postgres"),
        client: directory.join("psql"),
    })
}

fn choose(mut found: Vec<Found>, major: Option<u32>) -> Result<Found, String> {
    // Stable: of two of the same version the first candidate wins.
    found.sort_by_key(|installation| std::cmp::Reverse(installation.major));
    let sudo = sudo();
    match (
        found
            .into_iter()
            .find(|each| major.is_none_or(|major| each.major == major)),
        major,
    ) {
        (Some(installation), _) => Ok(installation),
        (None, None) => Err(format!(
            "PostgreSQL is not installed on this machine; run `{sudo}apt-get install --yes postgresql`"
        )),
        (None, Some(major)) => Err(format!(
            "the database was made by PostgreSQL {major}, which is not installed; \
             run `{sudo}apt-get install --yes postgresql-{major}`"
        )),
    }
}

/// Debian keeps the server's programs off PATH; others have them on it.
async fn candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        candidates.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    if let Some(path) = std::env::var_os("PATH") {
        candidates.extend(std::env::split_paths(&path));
    }
    if let Some(text) = output_of(Path::new("pg_config"), "--bindir").await {
        candidates.push(PathBuf::from(text.trim()));
    }
    // A link on PATH leads to the directory where the rest is.
    let resolve = |directory: PathBuf| {
        let initdb = directory.join("initdb").canonicalize().ok()?;
        initdb.parent().map(Path::to_path_buf)
    };
    candidates.into_iter().filter_map(resolve).collect()
}

fn complete(directory: &Path) -> bool {
    ["initdb", "postgres", "psql"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

async fn major_of(directory: &Path) -> Option<u32> {
    // initdb --version works as root, unlike postgres itself on some versions.
    parse_major(&output_of(&directory.join("initdb"), "--version").await?)
}

/// `initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `… 17beta1` → the major version.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once(") ")?.1;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(major: u32) -> Found {
        Found {
            directory: PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
            major,
        }
    }

    #[test]
    fn versions_are_read() {
        let of = parse_major;
        assert_eq!(
            of("initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(of("initdb (PostgreSQL) 17beta1"), Some(17));
        assert_eq!(of("initdb"), None);
    }

    #[test]
    fn the_newest_is_taken_unless_data_wants_another() {
        let found = vec![installation(9), installation(16), installation(14)];
        assert_eq!(choose(found.clone(), None), Ok(installation(16)));
        assert_eq!(choose(found.clone(), Some(14)), Ok(installation(14)));
        let error = choose(found, Some(13)).unwrap_err();
        assert!(
            error.contains("apt-get install --yes postgresql-13"),
            "{error}"
        );
    }

    #[test]
    fn a_machine_without_it_gets_the_command() {
        let error = choose(Vec::new(), None).unwrap_err();
        assert!(
            error.contains("apt-get install --yes postgresql`"),
            "{error}"
        );
    }
}
