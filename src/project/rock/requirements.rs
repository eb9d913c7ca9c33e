//! Which packages a Python project requires, by name.

use std::fs;
use std::path::Path;

use super::Error;

/// What a project requires.
#[derive(Clone, Debug, Default)]
pub(super) struct Required {
    /// Every requirement as it is written, in lower case, without comments.
    lines: Vec<String>,
    /// The packages' names.
    names: Vec<String>,
}

impl Required {
    /// Reads a `requirements.txt` or `pyproject.toml`. Files included by `-r` are not followed.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|source| Error::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let is_toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        let lines = if is_toml {
            from_pyproject(&text)
                .map_err(|error| Error::App(format!("cannot read `pyproject.toml`: {error}")))?
        } else {
            text.lines().map(str::to_owned).collect()
        };
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.trim().to_lowercase())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let names = lines.iter().filter_map(|line| name(line)).collect();
        Ok(Self { lines, names })
    }

    /// Whether a requirement mentions the package, be it in another's name or in an address: `fastapi-users` brings
    /// fastapi too, so this is how rockcraft looks at it.
    pub fn mentions(&self, package: &str) -> bool {
        self.lines.iter().any(|line| line.contains(package))
    }

    /// Takes the version from a package that is required as well: the requirement decides, as it is installed last.
    pub fn loosen(&self, package: &mut String) {
        if name(package).is_some_and(|name| self.has(&name)) {
            let end = package
                .find(']')
                .map(|end| end + 1)
                .or_else(|| package.find(['=', '<', '>', '~', '!', ';', ' ', '@']));
            package.truncate(end.unwrap_or(package.len()));
        }
    }

    /// Whether the package is required by its own name; an extra of another does not count.
    pub fn has(&self, package: &str) -> bool {
        self.names.iter().any(|name| name == package)
    }
}

fn from_pyproject(text: &str) -> Result<Vec<String>, toml::de::Error> {
    let project: toml::Table = toml::from_str(text)?;
    let lines = project
        .get("project")
        .and_then(|project| project.get("dependencies"))
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str().map(str::to_owned));
    Ok(lines.collect())
}

/// The package of one requirement, normalised as the package index does: lower case, with `-` for `_` and `.`; `None`
/// for an option, or for an address that does not tell.
fn name(line: &str) -> Option<String> {
    let line = line.rsplit_once("#egg=").map_or(line, |(_, egg)| egg);
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_address = name.starts_with(['-', '.']) || rest.starts_with(['/', ':', '+']);
    (!name.is_empty() && !is_address).then(|| name.to_lowercase().replace(['_', '.'], "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_a_line_is_its_name_without_versions_extras_and_markers() {
        for (line, package) in [
            ("fastapi", Some("fastapi")),
            (
                "FastAPI[standard]==0.115 ; python_version > '3'",
                Some("fastapi"),
            ),
            ("flask>=2", Some("flask")),
            ("gunicorn[gevent]", Some("gunicorn")),
            ("ruamel.yaml", Some("ruamel-yaml")),
            ("gevent @ https://example.com/x.zip", Some("gevent")),
            (
                "-e git+https://example.com/x.git#egg=gevent",
                Some("gevent"),
            ),
            ("git+https://example.com/x.git", None),
            ("./wheels/gevent-0.1-py3-none-any.whl", None),
            ("-r base.txt", None),
            ("--hash=sha256:00", None),
        ] {
            assert_eq!(name(line).as_deref(), package, "{line}");
        }
    }

    #[test]
    fn a_required_version_decides_over_the_extensions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("requirements.txt");
        fs::write(&path, "Gunicorn==22.0.0\n").unwrap();
        let required = Required::read(&path).unwrap();
        for (package, left) in [
            ("gunicorn~=23.0", "gunicorn"),
            ("gunicorn[gevent]~=23.0", "gunicorn[gevent]"),
            ("gunicorn", "gunicorn"),
            ("uvicorn>=1", "uvicorn>=1"),
        ] {
            let mut package = package.to_owned();
            required.loosen(&mut package);
            assert_eq!(package, left);
        }
    }

    #[test]
    fn a_package_is_mentioned_in_others_names_but_not_in_comments() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("requirements.txt");
        for (text, mentioned) in [
            ("FastAPI-users\n", true),
            ("-r fastapi.txt\n", true),
            ("  # fastapi\nx\n", false),
            ("", false),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(
                Required::read(&path).unwrap().mentions("fastapi"),
                mentioned
            );
        }
    }
}
