//! Frameworks are data: `metadata/frameworks/NAME.yaml`, embedded in the executable.
//!
//! Each file has one section for each user of it, read by the type of that name alone: `charm` ([`charm::Charm`]) is
//! what the extension adds to `charmcraft.yaml`, `rock` ([`rock::Rock`]) what it adds to `rockcraft.yaml`, `runtime`
//! ([`runtime::Runtime`]) what the running charm needs to know.

pub mod charm;
pub mod rock;
pub mod runtime;

/// The peer's two generations; which one follows from the charm's base (decisions, "Two generations").
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// Bases 22.04 and 24.04, paas-charm 1.x.
    V1,
    /// Bases from 26.04 on, paas-charm 2.x.
    V2,
}

/// The extensions by name, sorted, with their frameworks' files.
const FILES: &[(&str, &str)] = &[
    (
        "django-framework",
        include_str!("../../metadata/frameworks/django.yaml"),
    ),
    (
        "expressjs-framework",
        include_str!("../../metadata/frameworks/expressjs.yaml"),
    ),
    (
        "fastapi-framework",
        include_str!("../../metadata/frameworks/fastapi.yaml"),
    ),
    (
        "flask-framework",
        include_str!("../../metadata/frameworks/flask.yaml"),
    ),
    (
        "go-framework",
        include_str!("../../metadata/frameworks/go.yaml"),
    ),
    (
        "spring-boot-framework",
        include_str!("../../metadata/frameworks/spring-boot.yaml"),
    ),
];

/// What an extension's name has after its framework's.
const EXTENSION_SUFFIX: &str = "-framework";

/// The names of the frameworks that are there, sorted: `fastapi`.
pub fn names() -> impl Iterator<Item = &'static str> {
    extensions().filter_map(|extension| extension.strip_suffix(EXTENSION_SUFFIX))
}

/// The names of the extensions, which are those of `init`'s profiles too, sorted: `fastapi-framework`.
pub fn extensions() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(extension, _)| *extension)
}

/// The framework of an extension: `fastapi` for `fastapi-framework`. `None` when there is no such extension.
#[must_use]
pub fn of_extension(extension: &str) -> Option<&'static str> {
    let name = extension.strip_suffix(EXTENSION_SUFFIX)?;
    names().find(|known| *known == name)
}

/// A framework's name, as kept here, and the text of its file.
#[must_use]
pub fn text(name: &str) -> Option<(&'static str, &'static str)> {
    let (extension, text) = FILES
        .iter()
        .find(|(extension, _)| extension.strip_suffix(EXTENSION_SUFFIX) == Some(name))?;
    Some((extension.strip_suffix(EXTENSION_SUFFIX)?, text))
}
