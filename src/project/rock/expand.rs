//! The project with what its extension adds.

use std::path::Path;

use super::Error;
use super::checks::{self, App};
use super::document::Document;
use super::include::{self, Included};
use super::merge::merge;
use super::validate;
use crate::frameworks::Frameworks;
use crate::frameworks::rock::Rock as Framework;
use crate::project::sound;
use crate::yaml::{Mapping, Value};

/// The variable that lets experimental extensions be used.
const SWITCH: &str = "ROCKCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS";

/// The order in which top-level keys are printed; others follow in the user's order.
const ORDER: [&str; 13] = [
    "name",
    "title",
    "summary",
    "description",
    "version",
    "adopt-info",
    "base",
    "build-base",
    "platforms",
    "run-user",
    "services",
    "checks",
    "parts",
];

/// Whether experimental extensions may be used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Switch {
    /// They may.
    On,
    /// They are refused.
    #[default]
    Off,
}

impl Switch {
    /// From `ROCKCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS`: on when it is set and not empty.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os(SWITCH) {
            Some(value) if !value.is_empty() => Self::On,
            _ => Self::Off,
        }
    }
}

/// A project after its extension was applied.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// The merged project: no `extensions`, platforms filled in.
    pub project: Mapping,
    /// Remarks that stop nothing, such as a listed file that is not there.
    pub remarks: Vec<String>,
    /// What the extension found out; `None` for a project without one.
    pub(super) applied: Option<Applied>,
}

/// What applying an extension found out.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub framework: Framework,
    pub included: Option<Included>,
    pub npm_package: String,
}

/// Reads `rockcraft.yaml` of the directory and merges its extension into it.
///
/// # Errors
/// The file is missing or not YAML, the extension is unknown, experimental with the switch off, or does not fit the
/// base or the app, or the merged project breaks rockcraft's rules.
pub fn expand(directory: &Path, switch: Switch) -> Result<Expanded, Error> {
    let document = Document::read(directory)?;
    let mut project = document.content.clone();
    project.remove("extensions");
    let mut applied = None;
    for extension in document.extensions()? {
        let framework = Frameworks::in_directory(directory)
            .of_extension(&extension)?
            .ok_or_else(|| Error::UnknownExtension(extension.clone()))?;
        let framework = sound(framework)?.rock()?;
        check_base(&document, &framework, &extension, switch)?;
        let app = checks::check(&document, &framework)?;
        let included = framework
            .install
            .as_ref()
            .map(|install| include::included(&document, &framework, install, &app))
            .transpose()?;
        merge(
            &mut project,
            &snippet(&document, &framework, &app, included.as_ref()),
        );
        applied = Some(Applied {
            framework,
            included,
            npm_package: app.npm_package,
        });
    }
    validate::check(&mut project)?;
    let remarks = applied
        .as_ref()
        .map(|applied| remarks(&document, applied))
        .unwrap_or_default();
    Ok(Expanded {
        project: ordered(project),
        remarks,
        applied,
    })
}

fn check_base(
    document: &Document,
    framework: &Framework,
    extension: &str,
    switch: Switch,
) -> Result<(), Error> {
    let base = document.text("base").unwrap_or_default().to_owned();
    let is = |list: &[String], base: &str| list.iter().any(|known| known == base);
    let supported = is(&framework.bases, &base)
        && (base != "bare"
            || document
                .text("build-base")
                .is_some_and(|build| is(&framework.build_bases, build)));
    if !supported {
        return Err(Error::UnsupportedBase {
            extension: extension.to_owned(),
            base,
        });
    }
    let experimental = is(&framework.experimental, &base) || is(&framework.experimental, "all");
    if experimental && switch == Switch::Off {
        return Err(Error::Experimental(extension.to_owned()));
    }
    Ok(())
}

/// What the extension adds.
fn snippet(
    document: &Document,
    framework: &Framework,
    app: &App,
    included: Option<&Included>,
) -> Mapping {
    let mut services = framework.services.clone();
    if let Some(Value::Mapping(service)) = services.get_mut(framework.service.as_str()) {
        service.insert("command".into(), command(document, framework, app).into());
    }
    let mut snippet = Mapping::new();
    snippet.insert("run-user".into(), validate::USER.into());
    snippet.insert("services".into(), Value::Mapping(services));
    snippet.insert(
        "parts".into(),
        Value::Mapping(parts(document, framework, app, included)),
    );
    snippet
}

fn command(document: &Document, framework: &Framework, app: &App) -> String {
    let entry = app
        .entry_point
        .as_ref()
        .map_or("", |found| found.entry.as_str());
    let worker_class = if app.required.has("gevent") {
        "gevent"
    } else {
        "sync"
    };
    framework
        .command
        .replace("{entry}", entry)
        .replace("{name}", document.text("name").unwrap_or_default())
        .replace("{worker-class}", worker_class)
}

fn parts(
    document: &Document,
    framework: &Framework,
    app: &App,
    included: Option<&Included>,
) -> Mapping {
    let mut parts = Mapping::new();
    for source in [&framework.parts, &Framework::common_parts()] {
        let on_base = match document.text("base") {
            Some("bare") => &source.bare,
            _ => &source.ubuntu,
        };
        let by_file = source
            .files
            .iter()
            .filter(|(file, _)| document.directory.join(file).exists())
            .map(|(_, parts)| parts);
        for more in [&source.any, on_base].into_iter().chain(by_file) {
            merge(&mut parts, more);
        }
    }
    if let (Some(install), Some(included)) = (&framework.install, included) {
        match parts.get_mut(install.part.as_str()) {
            Some(Value::Mapping(part)) if !install.optional || !included.organize.is_empty() => {
                included.describe(part, install);
            }
            _ => {
                parts.shift_remove(install.part.as_str());
            }
        }
    }
    let words = words(document, framework, app);
    let mut named = Mapping::new();
    for (name, part) in parts {
        let name = name.as_str().unwrap_or_default();
        let full = format!("{}/{name}", framework.extension());
        let mut part = with_words(&part, &words);
        if let Value::Mapping(part) = &mut part {
            yield_to_user(document, framework, name, &full, part);
        }
        named.insert(full.into(), part);
    }
    named
}

/// Leaves out of a part what the user's own words replace.
fn yield_to_user(
    document: &Document,
    framework: &Framework,
    name: &str,
    full: &str,
    part: &mut Mapping,
) {
    let follows_command = framework.parts.follows_command.as_deref() == Some(name);
    if follows_command && checks::has_command(document, framework) {
        part.insert("organize".into(), Value::Mapping(Mapping::new()));
    }
    let by_user: Vec<&Value> = match document.at(&["parts", full, "organize"]) {
        Some(Value::Mapping(organize)) => organize.values().collect(),
        _ => Vec::new(),
    };
    if let Some(Value::Mapping(organize)) = part.get_mut("organize") {
        // What the user puts in the same place replaces ours.
        organize.retain(|_, target| !by_user.contains(&&*target));
        if follows_command {
            let staged = organize.values().chain(by_user).cloned().collect();
            part.insert("stage".into(), Value::Sequence(staged));
        }
    }
    if let Some(kept) = framework.parts.yielding.get(name)
        && document.at(&["parts", full]).is_some()
    {
        part.retain(|key, _| {
            key.as_str()
                .is_some_and(|key| kept.iter().any(|kept| kept == key))
        });
    }
}

/// What stands for the words in braces in the data of parts.
fn words(document: &Document, framework: &Framework, app: &App) -> [(&'static str, String); 4] {
    let python = document
        .text("build-base")
        .and_then(|base| framework.python.get(base));
    [
        (
            "{name}",
            document.text("name").unwrap_or_default().to_owned(),
        ),
        ("{package}", document.package()),
        ("{python}", python.cloned().unwrap_or_default()),
        ("{npm-package}", app.npm_package.clone()),
    ]
}

fn with_words(value: &Value, words: &[(&'static str, String)]) -> Value {
    match value {
        Value::String(text) => words
            .iter()
            .fold(text.clone(), |text, (word, by)| text.replace(word, by))
            .into(),
        Value::Sequence(items) => items.iter().map(|item| with_words(item, words)).collect(),
        Value::Mapping(map) => Value::Mapping(
            map.iter()
                .map(|(key, value)| (with_words(key, words), with_words(value, words)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn remarks(document: &Document, applied: &Applied) -> Vec<String> {
    let Applied {
        framework,
        included: Some(included),
        ..
    } = applied
    else {
        return Vec::new();
    };
    if included.by_user {
        return included
            .organize
            .iter()
            .filter(|(source, _)| !document.directory.join(source).exists())
            .map(|(source, target)| {
                format!("`{target}` is listed in rockcraft.yaml, but there is no `{source}` in the project")
            })
            .collect();
    }
    let Some(install) = &framework.install else {
        return Vec::new();
    };
    let only_defaults = install.entry_point && !included.list.is_empty();
    if only_defaults && checks::has_command(document, framework) {
        return vec![format!(
            "`{}` has a command of its own, so the app's module is not looked for, and the image gets {} only; list \
             all of the app's files in `{}` of the part `{}/{}`",
            framework.service,
            included.list.join(", "),
            install.list,
            framework.extension(),
            install.part
        )];
    }
    Vec::new()
}

fn ordered(mut project: Mapping) -> Mapping {
    let mut ordered = Mapping::new();
    for key in ORDER {
        if let Some(value) = project.shift_remove(key) {
            ordered.insert(key.into(), value);
        }
    }
    ordered.extend(project);
    ordered
}
