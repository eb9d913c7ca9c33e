//! The user's own `cos_custom/`: which files of it count, and why the others do not.

use std::fs;
use std::path::Path;

/// Its name, in the project and in the charm.
pub const DIRECTORY: &str = "cos_custom";

/// How deep its sub-directories may be nested.
const DEPTH: usize = 8;

/// How large one of its files may be, in bytes: what is in a databag must fit into Juju's database.
const LARGEST: u64 = 1 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Dashboard,
    LokiRules,
    PrometheusRules,
}

const KINDS: [(&str, Kind); 3] = [
    ("grafana_dashboards", Kind::Dashboard),
    ("loki_alert_rules", Kind::LokiRules),
    ("prometheus_alert_rules", Kind::PrometheusRules),
];

impl Kind {
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Dashboard => &[".json", ".json.tmpl", ".tmpl"],
            Self::LokiRules | Self::PrometheusRules => &[".rule", ".rules", ".yaml", ".yml"],
        }
    }
}

/// A file that counts.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) kind: Kind,
    /// Where it is, relative to the directory of its kind.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// Its path as people know it.
    pub(super) fn full_path(&self) -> String {
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind);
        let directory = kind.map_or("", |(directory, _)| directory);
        format!("{DIRECTORY}/{directory}/{}", self.path)
    }

    /// Its path as it is published: nothing of the framework's has that name.
    pub(super) fn published_path(&self) -> String {
        match self.path.rsplit_once('/') {
            Some((directory, name)) => format!("{directory}/custom_{name}"),
            None => format!("custom_{}", self.path),
        }
    }
}

/// One line on a file that does not count.
pub(super) fn left_out(path: &str, reason: &str) -> String {
    format!("`{path}` is left out: {reason}")
}

/// The files in the directory of a charm or a project, sorted, and what is left out. Names that begin with a dot are
/// nobody's concern.
pub(super) fn read(charm: &Path) -> (Vec<File>, Vec<String>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let root = charm.join(DIRECTORY);
    for name in names(&root, DIRECTORY, &mut problems) {
        let path = root.join(&name);
        match KINDS.iter().find(|(directory, _)| *directory == name) {
            Some((_, kind)) if path.is_dir() => {
                walk(&path, *kind, "", DEPTH, &mut files, &mut problems);
            }
            _ => {
                let known = KINDS
                    .map(|(directory, _)| format!("`{directory}/`"))
                    .join(", ");
                let reason = format!("only {known} count");
                problems.push(left_out(&format!("{DIRECTORY}/{name}"), &reason));
            }
        }
    }
    (files, problems)
}

fn walk(
    directory: &Path,
    kind: Kind,
    relative: &str,
    depth: usize,
    files: &mut Vec<File>,
    problems: &mut Vec<String>,
) {
    let file = |path: String| File {
        kind,
        path,
        text: String::new(),
    };
    let here = file(relative.to_owned()).full_path();
    if depth == 0 {
        problems.push(left_out(&here, "it is nested too deeply"));
        return;
    }
    for name in names(directory, &here, problems) {
        let path = directory.join(&name);
        let separator = if relative.is_empty() { "" } else { "/" };
        let mut file = file(format!("{relative}{separator}{name}"));
        if path.is_dir() {
            walk(&path, kind, &file.path, depth - 1, files, problems);
            continue;
        }
        match text(&path, kind, &name) {
            Ok(text) => {
                file.text = text;
                files.push(file);
            }
            Err(reason) => problems.push(left_out(&file.full_path(), &reason)),
        }
    }
}

fn names(directory: &Path, shown: &str, problems: &mut Vec<String>) -> Vec<String> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            problems.push(left_out(shown, &error.to_string()));
            return Vec::new();
        }
    };
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok().map(name)).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort_unstable();
    names
}

fn text(path: &Path, kind: Kind, name: &str) -> Result<String, String> {
    if !kind.endings().iter().any(|ending| name.ends_with(ending)) {
        return Err(format!(
            "its name must end in {}",
            kind.endings().join(", ")
        ));
    }
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let content = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(content).map_err(|_| "it is no UTF-8".into())
}
