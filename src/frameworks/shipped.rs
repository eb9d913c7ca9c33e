//! The frameworks that are in the executable.

use super::EXTENSION_SUFFIX;

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

/// What is in their folders, sorted.
const FOLDERS: &[(&str, &str)] = &[
    (
        "django/rockcraft.yaml",
        include_str!("../../metadata/frameworks/django/rockcraft.yaml"),
    ),
    (
        "expressjs/rockcraft.yaml",
        include_str!("../../metadata/frameworks/expressjs/rockcraft.yaml"),
    ),
    (
        "fastapi/rockcraft.yaml",
        include_str!("../../metadata/frameworks/fastapi/rockcraft.yaml"),
    ),
    (
        "fastapi/uvicorn-log-config.json",
        include_str!("../../metadata/frameworks/fastapi/uvicorn-log-config.json"),
    ),
    (
        "fastapi/uvicorn_log_handler.py",
        include_str!("../../metadata/frameworks/fastapi/uvicorn_log_handler.py"),
    ),
    (
        "flask/rockcraft.yaml",
        include_str!("../../metadata/frameworks/flask/rockcraft.yaml"),
    ),
    (
        "go/rockcraft.yaml",
        include_str!("../../metadata/frameworks/go/rockcraft.yaml"),
    ),
    (
        "spring-boot/rockcraft.yaml",
        include_str!("../../metadata/frameworks/spring-boot/rockcraft.yaml"),
    ),
];

/// The names of the frameworks in the executable, sorted: `fastapi`.
pub fn names() -> impl Iterator<Item = &'static str> {
    extensions().filter_map(|extension| extension.strip_suffix(EXTENSION_SUFFIX))
}

/// The names of their extensions, which are those of `init`'s profiles too, sorted: `fastapi-framework`.
pub fn extensions() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(extension, _)| *extension)
}

/// The text of a framework's file.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(extension, _)| extension.strip_suffix(EXTENSION_SUFFIX) == Some(name))
        .map(|(_, text)| *text)
}

/// A file in the folder of a framework of the executable.
#[must_use]
pub fn shipped_file(framework: &str, name: &str) -> Option<&'static str> {
    FOLDERS
        .iter()
        .find(|(path, _)| path.split_once('/') == Some((framework, name)))
        .map(|(_, text)| *text)
}
