//! Where what a part installs comes to lie in the image: its `organize`, and the lists `stage` and `prime`.

use std::path::Path;

use super::Error;
use super::include::children;
use super::plan::RockFile;
use crate::yaml::{Mapping, Value};

/// Never laid out, wherever they are asked for: what tools leave in a project's directory.
const LEFT_OUT: [&str; 8] = [
    ".charmwright",
    ".git",
    ".tox",
    ".venv",
    ".yarn",
    "__pycache__",
    "node_modules",
    "venv",
];

/// The keys of a part that say where its files go (contract: tooling, D.5).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Placement {
    /// Pattern below what is installed → path in the image without the leading `/`; a directory when it ends in one.
    organize: Vec<(String, String)>,
    /// `stage` and `prime`: paths in the image to take, those with `-` before them to leave out.
    lists: [List; 2],
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct List {
    taken: Vec<String>,
    excluded: Vec<String>,
}

/// How much of a path is taken.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Taken {
    Nothing,
    /// Something below it.
    Some,
    All,
}

impl Placement {
    /// As the part says.
    pub(super) fn of(part: &Mapping) -> Self {
        let organize = part.get("organize").and_then(Value::as_mapping);
        Self {
            organize: organize
                .into_iter()
                .flatten()
                .filter_map(|(from, to)| Some((from.as_str()?.to_owned(), to.as_str()?.to_owned())))
                .collect(),
            lists: ["stage", "prime"].map(|key| List::of(part.get(key))),
        }
    }

    /// The files in the directory `installed` with their places, sorted by these, each there once. A directory that is
    /// taken as a whole is not looked into.
    ///
    /// # Errors
    /// [`Error::Read`] for a directory that cannot be listed, [`Error::App`] for a path with `..`.
    pub fn place(&self, installed: &Path) -> Result<Vec<RockFile>, Error> {
        let mut files = Vec::new();
        let mut moved: Vec<String> = Vec::new();
        for (pattern, to) in &self.organize {
            if [pattern, to].iter().any(|path| leaves(path)) {
                return Err(Error::App(format!(
                    "`{pattern}: {to}` in an `organize` of `{}` leaves its directory; remove the `..`",
                    super::FILE
                )));
            }
            let pattern = pattern.trim_end_matches('/');
            let mut found = Vec::new();
            let names: Vec<&str> = pattern.split('/').collect();
            find(installed, "", &names, &mut found)?;
            for source in found {
                if moved.contains(&source) {
                    continue;
                }
                let into = if to.ends_with('/') || is_pattern(pattern) {
                    join(to, source.rsplit('/').next().unwrap_or_default())
                } else {
                    to.clone()
                };
                if !is_left_out(&source) {
                    self.add(&installed.join(&source), &into, &mut files)?;
                }
                moved.push(source);
            }
        }
        for name in children(installed)? {
            self.stay(installed, &name, &moved, &mut files)?;
        }
        files.sort_by(|a, b| a.target.cmp(&b.target));
        files.dedup_by(|later, earlier| later.target.starts_with(&earlier.target));
        Ok(files)
    }

    /// The first pattern of `organize` that nothing in the directory `installed` matches.
    ///
    /// # Errors
    /// [`Error::Read`] for a directory that cannot be listed.
    pub fn unmatched(&self, installed: &Path) -> Result<Option<&str>, Error> {
        for (pattern, _) in &self.organize {
            let mut found = Vec::new();
            let names: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
            find(installed, "", &names, &mut found)?;
            if found.is_empty() {
                return Ok(Some(pattern));
            }
        }
        Ok(None)
    }

    /// Adds what is not moved, at its own path.
    fn stay(
        &self,
        installed: &Path,
        path: &str,
        moved: &[String],
        files: &mut Vec<RockFile>,
    ) -> Result<(), Error> {
        if is_left_out(path) || moved.iter().any(|moved| moved == path) {
            return Ok(());
        }
        let below = format!("{path}/");
        if !moved.iter().any(|moved| moved.starts_with(&below)) {
            return self.add(&installed.join(path), path, files);
        }
        for name in children(&installed.join(path))? {
            self.stay(installed, &join(path, &name), moved, files)?;
        }
        Ok(())
    }

    /// Adds a path; a directory of which only some is taken is taken apart.
    fn add(&self, source: &Path, target: &str, files: &mut Vec<RockFile>) -> Result<(), Error> {
        let [stage, prime] = &self.lists;
        match stage.takes(target).min(prime.takes(target)) {
            Taken::All => files.push(RockFile {
                source: source.to_path_buf(),
                target: Path::new("/").join(target),
            }),
            Taken::Some if source.is_dir() && !source.is_symlink() => {
                for name in children(source)? {
                    if !is_left_out(&name) {
                        self.add(&source.join(&name), &join(target, &name), files)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl List {
    fn of(list: Option<&Value>) -> Self {
        let mut read = Self::default();
        for entry in list.and_then(Value::as_sequence).into_iter().flatten() {
            let entry = entry.as_str().unwrap_or_default();
            let (list, path) = match entry.strip_prefix('-') {
                Some(path) => (&mut read.excluded, path.trim_start()),
                None => (&mut read.taken, entry),
            };
            list.push(path.trim_matches('/').to_owned());
        }
        read
    }

    /// An empty list takes everything but what it excludes.
    fn takes(&self, target: &str) -> Taken {
        let most = |list: &[String]| {
            let found = list.iter().map(|pattern| covers(pattern, target));
            found.max().unwrap_or(Taken::Nothing)
        };
        let taken = if self.taken.is_empty() {
            Taken::All
        } else {
            most(&self.taken)
        };
        match most(&self.excluded) {
            Taken::All => Taken::Nothing,
            Taken::Some => taken.min(Taken::Some),
            Taken::Nothing => taken,
        }
    }
}

/// How much of the path the pattern stands for: all when it matches the path or a directory above it.
fn covers(pattern: &str, path: &str) -> Taken {
    fn walk(pattern: &[&str], path: &[&str]) -> Taken {
        match (pattern, path) {
            ([], _) => Taken::All,
            (_, []) => Taken::Some,
            (["**", rest @ ..], [_, below @ ..]) => walk(rest, path).max(walk(pattern, below)),
            ([name, rest @ ..], [found, below @ ..]) if matches(name, found) => walk(rest, below),
            _ => Taken::Nothing,
        }
    }
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    walk(&pattern, &path)
}

/// The paths below `installed` that match, sorted.
fn find(
    installed: &Path,
    path: &str,
    pattern: &[&str],
    found: &mut Vec<String>,
) -> Result<(), Error> {
    let Some((first, rest)) = pattern.split_first() else {
        found.push(path.to_owned());
        return Ok(());
    };
    let directory = installed.join(path);
    if *first == "**" {
        find(installed, path, rest, found)?;
    }
    if !is_pattern(first) {
        let below = join(path, first);
        return match installed.join(&below).symlink_metadata() {
            Ok(_) => find(installed, &below, rest, found),
            Err(_) => Ok(()),
        };
    }
    if !directory.is_dir() || directory.is_symlink() {
        return Ok(());
    }
    for name in children(&directory)? {
        let below = join(path, &name);
        if *first == "**" {
            if !name.starts_with('.') {
                find(installed, &below, pattern, found)?;
            }
        } else if matches(first, &name) {
            find(installed, &below, rest, found)?;
        }
    }
    Ok(())
}

/// Whether the name matches a pattern with `*` and `?`; a leading dot only by a dot.
fn matches(pattern: &str, name: &str) -> bool {
    fn walk(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                walk(rest, name)
                    || name
                        .split_first()
                        .is_some_and(|(_, name)| walk(pattern, name))
            }
            (['?', rest @ ..], [_, name @ ..]) => walk(rest, name),
            ([a, rest @ ..], [b, name @ ..]) if a == b => walk(rest, name),
            _ => false,
        }
    }
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    walk(&pattern, &name)
}

fn leaves(path: &str) -> bool {
    path.split('/').any(|name| name == "..")
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

fn join(directory: &str, name: &str) -> String {
    match directory.trim_end_matches('/') {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    }
}

fn is_left_out(path: &str) -> bool {
    path.split('/').any(|name| {
        LEFT_OUT.contains(&name)
            || [".charm", ".rock"]
                .iter()
                .any(|end| name.ends_with(end) && name != *end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn parts_move_their_files_and_the_lists_choose() {
        let directory = tempfile::tempdir().unwrap();
        for path in [
            ".env",
            "bin/web",
            "bin/migrate",
            "db.sqlite3",
            "lib/a.jar",
            "lib/deep/b.jar",
            "lib/.hidden/c.jar",
            "venv/x",
            "web_amd64.charm",
        ] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (part, placed) in [
            ("{}", "/.env /bin /db.sqlite3 /lib"),
            (
                "{organize: {'*': django/app/, '.*': django/app/}, stage: [-django/app/db.sqlite3]}",
                "/django/app/.env /django/app/bin /django/app/lib",
            ),
            (
                "{organize: {bin/migrate: app/migrate, bin/web: usr/local/bin/web}, stage: [app/migrate, usr/local/bin/web]}",
                "/app/migrate /usr/local/bin/web",
            ),
            (
                "{organize: {'**/*.jar': app/}, prime: [app]}",
                "/app/a.jar /app/b.jar",
            ),
            (
                "{organize: {lib: opt/lib}, stage: ['opt/*/deep', '-opt/lib/deep/c']}",
                "/opt/lib/deep/b.jar",
            ),
            (
                "{organize: {gone: app/gone, lib/gone: x}, stage: [app]}",
                "",
            ),
            ("{stage: [bin/], prime: ['- bin/web']}", "/bin/migrate"),
            (
                "{organize: {bin/web: app/web}, stage: ['**/migrate']}",
                "/bin/migrate",
            ),
        ] {
            let part: Mapping = crate::yaml::from_str(part).unwrap();
            let files = Placement::of(&part).place(directory.path()).unwrap();
            let targets: Vec<String> = files
                .iter()
                .map(|file| file.target.display().to_string())
                .collect();
            assert_eq!(targets.join(" "), placed, "{part:?}");
        }
    }

    #[test]
    fn nothing_is_put_outside_the_image_or_taken_from_outside() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("x"), "").unwrap();
        for organize in ["{x: ../x}", "{x: app/../../x}", "{../x: x}"] {
            let part = format!("{{organize: {organize}}}");
            let part: Mapping = crate::yaml::from_str(&part).unwrap();
            let error = Placement::of(&part).place(directory.path()).unwrap_err();
            assert!(error.to_string().ends_with("remove the `..`"), "{error}");
        }
    }

    #[test]
    fn a_pattern_needs_a_dot_for_a_dot() {
        for (pattern, name, expected) in [
            ("*", "x", true),
            ("*", ".x", false),
            (".*", ".x", true),
            ("*.jar", "a.b.jar", true),
            ("*.jar", "a.jar.original", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
