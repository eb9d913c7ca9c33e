//! Programs of the machine: those that build, and those that the container is to find.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::root_file_system::PATH;

/// The program on the PATH of this process, or where `go install` puts programs, which few have on theirs.
pub(in crate::local) fn on_path(name: &str) -> Option<PathBuf> {
    let mut directories = search_path().into_iter();
    directories.find_map(|directory| {
        let program = directory.join(name);
        is_program(&program).then_some(program)
    })
}

/// The PATH of this process, and where `go install` puts programs.
pub(in crate::local) fn search_path() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let path = variable("PATH").unwrap_or_default();
    let go = [
        variable("GOBIN").map(PathBuf::from),
        variable("GOPATH").map(|path| PathBuf::from(path).join("bin")),
        variable("HOME").map(|home| PathBuf::from(home).join("go/bin")),
    ];
    std::env::split_paths(&path)
        .chain(go.into_iter().flatten())
        .collect()
}

/// The program that a container finds on its PATH when the image has none.
pub(super) fn in_container(name: &str) -> Option<PathBuf> {
    std::env::split_paths(PATH)
        .map(|directory| directory.join(name))
        .find(|program| is_program(program))
}

/// What to say of a program that the app needs and the container does not have.
pub(super) fn missing(name: &str, install: &str) -> String {
    match on_path(name) {
        Some(found) => format!(
            "the app needs `{name}`, and `{}` is not seen in its container, which has this machine's `/usr` only; run \
             `{install}`",
            found.display()
        ),
        None => format!(
            "the app needs `{name}`, which is not installed on this machine; run `{install}`"
        ),
    }
}

/// Whether that is a file that can be executed.
pub(in crate::local) fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The path as the machine has it, where `/bin`, `/lib` and the like are links to what is below `/usr`: a directory of
/// the image would hide them.
pub(super) fn settled(path: &Path) -> PathBuf {
    let below = path.strip_prefix("/").unwrap_or(path);
    let mut names = below.components();
    let Some(first) = names.next() else {
        return path.to_owned();
    };
    match std::fs::read_link(Path::new("/").join(first)) {
        Ok(to) => Path::new("/").join(to).join(names.as_path()),
        Err(_) => Path::new("/").join(below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_where_the_machine_has_it() {
        let linked = std::fs::read_link("/bin").is_ok_and(|to| to == Path::new("usr/bin"));
        for (path, expected) in [
            ("/bin/x", if linked { "/usr/bin/x" } else { "/bin/x" }),
            ("bin/x", if linked { "/usr/bin/x" } else { "/bin/x" }),
            ("/usr/bin/x", "/usr/bin/x"),
            ("/app", "/app"),
            ("/", "/"),
        ] {
            assert_eq!(settled(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn a_missing_program_is_told_with_the_command_that_installs_it() {
        assert_eq!(in_container("no-such-program"), None);
        assert_eq!(
            missing("no-such-program", "apt-get install it"),
            "the app needs `no-such-program`, which is not installed on this machine; run `apt-get install it`"
        );
    }
}
