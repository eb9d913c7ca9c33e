//! Which packages a Python project requires, by name.

use std::fs;
use std::path::Path;

use super::Error;

/// The packages that a `requirements.txt` or `pyproject.toml` names, normalised as the package index does: lower
/// case, with `-` for `_` and `.`. Extras do not count; files included by `-r` are not followed.
pub(super) fn required(path: &Path) -> Result<Vec<String>, Error> {
    let bytes = fs::read(path).map_err(|source| Error::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let text = String::from_utf8_lossy(&bytes);
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        return from_pyproject(&text)
            .map_err(|error| Error::App(format!("cannot read `pyproject.toml`: {error}")));
    }
    Ok(text.lines().filter_map(name).collect())
}

fn from_pyproject(text: &str) -> Result<Vec<String>, toml::de::Error> {
    let project: toml::Table = toml::from_str(text)?;
    Ok(project
        .get("project")
        .and_then(|project| project.get("dependencies"))
        .and_then(toml::Value::as_array)
        .map(|lines| {
            lines
                .iter()
                .filter_map(|line| name(line.as_str()?))
                .collect()
        })
        .unwrap_or_default())
}

/// The package of one line; `None` for an option, a comment or an empty line.
fn name(line: &str) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // A repository or archive can name its package at the end.
    if let Some((_, egg)) = line.split_once("#egg=") {
        return name(egg);
    }
    if line.starts_with('-') {
        return None;
    }
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let file = rest.starts_with(['/', ':']) || name.ends_with(".whl") || name.starts_with('.');
    let name = if file {
        // A wheel's file name begins with its package's.
        line.rsplit('/').next()?.split('-').next()?
    } else {
        name
    };
    (!name.is_empty()).then(|| name.to_lowercase().replace(['_', '.'], "-"))
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
            ("fastapi @ https://example.com/x.zip", Some("fastapi")),
            ("git+https://example.com/x.git#egg=fastapi", Some("fastapi")),
            (
                "-e git+https://example.com/x.git#egg=fastapi",
                Some("fastapi"),
            ),
            ("./wheels/fastapi-0.1-py3-none-any.whl", Some("fastapi")),
            ("fastapi-0.1-py3-none-any.whl", Some("fastapi")),
            ("# fastapi", None),
            ("-r base.txt", None),
            ("--hash=sha256:00", None),
            ("", None),
        ] {
            assert_eq!(name(line).as_deref(), package, "{line}");
        }
    }
}
