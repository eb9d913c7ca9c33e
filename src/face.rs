//! The name the executable was called by decides what it does.

use std::ffi::OsString;
use std::path::Path;

/// What the executable is, by the last element of its own path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Face {
    /// `dispatch`: the charm runtime, one event and exit.
    Dispatch,
    /// A hook tool of the local model, by its name, such as `relation-get`.
    HookTool(&'static str),
    /// A step of making a container, which needs a process of its own.
    Container,
    /// Anything else: the command line.
    CommandLine,
}

impl Face {
    /// The face for the program name `argv[0]`, of which only the last path element counts.
    #[must_use]
    pub fn of(program: Option<&OsString>) -> Self {
        let name = program
            .map(Path::new)
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name == "dispatch" {
            return Self::Dispatch;
        }
        if name == crate::local::container::HELPER {
            return Self::Container;
        }
        crate::local::hook_tool::NAMES
            .iter()
            .find(|tool| **tool == name)
            .map_or(Self::CommandLine, |tool| Self::HookTool(tool))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_by_the_last_path_element() {
        for (program, face) in [
            (
                "/var/lib/juju/agents/unit-web-0/charm/dispatch",
                Face::Dispatch,
            ),
            ("./dispatch", Face::Dispatch),
            ("/tools/relation-get", Face::HookTool("relation-get")),
            ("charmwright-container", Face::Container),
            ("charmwright", Face::CommandLine),
            ("dispatch-old", Face::CommandLine),
        ] {
            assert_eq!(Face::of(Some(&OsString::from(program))), face, "{program}");
        }
        assert_eq!(Face::of(None), Face::CommandLine);
    }
}
