//! What can be wrong with a rock project.

use std::io;
use std::path::PathBuf;

/// Why a rock project was refused. Texts that users know from rockcraft are kept word for word.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no project file.
    #[error(
        "Project file 'rockcraft.yaml' not found in '{}'; make one with `charmwright rock init --profile fastapi-framework`", .0.display()
    )]
    Missing(PathBuf),
    /// A file or directory could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The project file is not YAML, has a duplicate key or is not a mapping.
    #[error("error parsing 'rockcraft.yaml'{}: {message}", place(*.position))]
    Yaml {
        /// What the parser says.
        message: String,
        /// Line and column, from 1.
        position: Option<(usize, usize)>,
    },
    /// An extension that is not known.
    #[error("Extension '{0}' does not exist")]
    UnknownExtension(String),
    /// The extension cannot be used on the project's base.
    #[error("Extension '{extension}' does not support base: '{base}'")]
    UnsupportedBase {
        /// The extension.
        extension: String,
        /// The value of `base`.
        base: String,
    },
    /// The extension is experimental on this base, and the switch is not set.
    #[error("Extension is experimental: '{0}'")]
    Experimental(String),
    /// The extension does not fit the app in the directory; the text may have several lines.
    #[error("{0}")]
    App(String),
    /// The merged project breaks rules; one text for each.
    #[error("Bad rockcraft.yaml content:{}", .0.iter().map(|text| format!("\n- {text}")).collect::<String>())]
    Content(Vec<String>),
    /// The project uses no framework, so nothing is known of its layout.
    #[error(
        "`{}` uses no framework extension; add `extensions: [fastapi-framework]`", .0.display()
    )]
    NoFramework(PathBuf),
    /// The framework's file has no `local`.
    #[error(
        "the file of the framework `{0}` does not say how the local model lays its apps out: add `local: {{}}` to its \
         section `rock`, or give `--resource` a directory that is a root file system"
    )]
    NotLaidOut(String),
    /// An unknown profile, or a framework of the project's own whose file is broken.
    #[error(transparent)]
    Framework(#[from] crate::project::Error),
    /// `init` would overwrite the file.
    #[error(
        "Cannot initialise project in '{}' because it would overwrite existing files.\nExisting files are:\n  - rockcraft.yaml\nRecommended resolution: Initialise the project in an empty directory or remove the existing files.", .0.display()
    )]
    Exists(PathBuf),
    /// `init --name` got a name that a rock cannot have.
    #[error(
        "`{0}` is not a valid rock name; use lowercase letters, digits and single hyphens, beginning with a letter and not ending in a hyphen"
    )]
    Name(String),
}

fn place(position: Option<(usize, usize)>) -> String {
    position.map_or_else(String::new, |(line, column)| {
        format!(" at line {line}, column {column}")
    })
}

impl From<crate::frameworks::Error> for Error {
    fn from(error: crate::frameworks::Error) -> Self {
        Self::Framework(error.into())
    }
}
