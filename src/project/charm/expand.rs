//! What the extension makes of `charmcraft.yaml`.

use super::{FILE, Project, base, companions, paas_config};
use crate::frameworks::{Framework, Frameworks, Generation, charm::Charm};
use crate::project::{Error, Problem, closest_extension, sound};
use crate::yaml::{Mapping, Value};

/// Whether the user asked for what is experimental.
///
/// The peer's variable does it; the tutorial sets it where nothing needs it, which is fine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// `CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS` is set, and not empty.
    On,
    /// It is not.
    Off,
}

impl Switch {
    /// The variable.
    pub const VARIABLE: &str = "CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS";

    /// As the environment has it.
    #[must_use]
    pub fn from_environment() -> Self {
        match std::env::var_os(Self::VARIABLE) {
            Some(value) if !value.is_empty() => Self::On,
            _ => Self::Off,
        }
    }
}

/// A project with what its extension adds.
#[derive(Clone, Debug)]
pub struct Expanded {
    /// All of it, in the peer's order of keys.
    pub project: Mapping,
    /// The framework.
    pub framework: Framework,
    /// What the user's options have before their names as variables.
    pub(super) user_prefix: String,
    /// The variables that the framework's own options become, each with its option.
    pub(super) option_variables: Vec<(String, String)>,
    /// The base, such as `ubuntu@24.04`.
    pub base: String,
    /// What follows from the base.
    pub generation: Generation,
    /// What the user should know, though it is no mistake.
    pub remarks: Vec<String>,
}

/// The order in which the peer prints keys; others follow.
const ORDER: &[&str] = &[
    "name",
    "title",
    "version",
    "summary",
    "description",
    "base",
    "build-base",
    "platforms",
    "contact",
    "issues",
    "source-code",
    "website",
    "links",
    "license",
    "parts",
    "type",
    "charm-libs",
    "actions",
    "analysis",
    "assumes",
    "charm-user",
    "containers",
    "devices",
    "extra-bindings",
    "peers",
    "provides",
    "requires",
    "resources",
    "storage",
    "subordinate",
    "terms",
    "config",
];

/// Merges the project with what its extension adds.
///
/// # Errors
/// The first thing that the extension does not allow, in the peer's words.
pub fn expand(project: &Project, switch: Switch) -> Result<Expanded, Error> {
    let mut mapping = project.mapping();
    let extensions = match mapping.shift_remove("extensions") {
        Some(Value::Sequence(names)) if !names.is_empty() => names,
        _ => {
            return Err(project
                .problem(
                    &["extensions"],
                    format!(
                        "{FILE} has no `extensions`: nothing says which framework the app is of"
                    ),
                )
                .hint("add\nextensions:\n- fastapi-framework")
                .into());
        }
    };
    let mut expanded: Option<Expanded> = None;
    for extension in &extensions {
        let extension = extension.as_str().unwrap_or_default();
        let step = apply(project, &mapping, extension, switch)?;
        mapping.clone_from(&step.project);
        expanded = Some(step);
    }
    let Some(mut expanded) = expanded else {
        return Err(Error::Usage("no extension".into()));
    };
    if let Some(platforms) = mapping.get("platforms").and_then(Value::as_mapping) {
        let written = base::write_out(platforms);
        mapping.insert("platforms".into(), written.into());
    }
    companions::no_second_source(project, &mapping)?;
    expanded.project = ordered(mapping);
    Ok(expanded)
}

fn ordered(mut mapping: Mapping) -> Mapping {
    let mut ordered: Mapping = ORDER
        .iter()
        .filter_map(|key| {
            mapping
                .shift_remove(key)
                .map(|value| ((*key).into(), value))
        })
        .collect();
    ordered.extend(mapping);
    ordered
}

/// Applies one extension: the peer's checks in the peer's order, then the merge.
fn apply(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
    switch: Switch,
) -> Result<Expanded, Error> {
    let frameworks = Frameworks::of_charm_project(&project.directory);
    let Some(framework) = frameworks.of_extension(extension)? else {
        let known = frameworks.extensions();
        let message = format!(
            "Extension '{extension}' does not exist\nDetailed information: Registered extensions: ['{}']",
            known.join("', '")
        );
        let hint =
            closest_extension(extension, &known).map(|name| format!("did you mean `{name}`?"));
        return Err(Problem {
            hint,
            ..project.problem(&["extensions"], message)
        }
        .into());
    };
    let framework = sound(framework)?;
    let (charm, runtime) = (framework.charm()?, framework.runtime()?);
    let (base, generation, remarks) = choose_base(project, mapping, extension, &charm, switch)?;

    match mapping.get("type") {
        Some(Value::String(kind)) if kind == "charm" => {}
        kind => {
            let kind = kind
                .and_then(Value::as_str)
                .map_or_else(|| "None".to_owned(), |kind| format!("'{kind}'"));
            return Err(project
                .problem(
                    &["type"],
                    format!("the '{extension}' extension is incompatible with type {kind}"),
                )
                .hint("write `type: charm`")
                .into());
        }
    }
    companions::cos_custom(&project.directory)?;
    if mapping
        .get("parts")
        .is_some_and(|parts| parts.get("charm").is_some())
    {
        let message =
            format!("the '{extension}' extension is incompatible with customized charm part");
        return Err(project.problem(&["parts", "charm"], message).into());
    }
    let never: Vec<&str> = ["devices", "extra-bindings", "storage"]
        .into_iter()
        .filter(|key| mapping.get(key).is_some_and(|value| !falsy(value)))
        .collect();
    if let [first, ..] = never.as_slice() {
        let message = format!(
            "the '{extension}' extension is incompatible with the provided field(s): {}",
            never.join(", ")
        );
        return Err(project.problem(&[first], message).into());
    }

    let mut adds = charm.adds(&framework.name, generation);
    for key in ["assumes", "containers", "resources", "peers"] {
        if mapping
            .get(key)
            .is_some_and(|value| !falsy(value) && Some(value) != adds.get(key))
        {
            let message = format!(
                "'{key}' in {FILE} conflicts with a reserved field in the {extension} extension, please remove it."
            );
            return Err(project.problem(&[key], message).into());
        }
    }
    for path in [
        &["actions"][..],
        &["requires"],
        &["provides"],
        &["config", "options"],
    ] {
        no_overlap(project, mapping, &adds, path, extension)?;
    }
    for option in at(mapping, &["config", "options"])
        .into_iter()
        .flat_map(Mapping::keys)
        .filter_map(Value::as_str)
    {
        if let Some(prefix) = charm
            .reserved_option_prefixes
            .iter()
            .find(|prefix| option.starts_with(prefix.as_str()))
        {
            let message = format!(
                "config.options '{option}' starts with {extension} reserved configuration prefix '{prefix}', please rename or remove it"
            );
            return Err(project
                .problem(&["config", "options", option], message)
                .into());
        }
    }
    no_default_for_non_optional(project, mapping)?;
    paas_config::check(
        &project.directory,
        extension,
        generation,
        runtime.json_logging.is_some(),
    )?;

    let mut merged = mapping.clone();
    normalise_endpoints(&mut merged);
    for (endpoint, declaration) in at(&merged.clone(), &["requires"]).into_iter().flatten() {
        if declaration.get("interface").and_then(Value::as_str) == Some("oauth")
            && let Some(endpoint) = endpoint.as_str()
            && let Some(options) = adds
                .get_mut("config")
                .and_then(|config| config.get_mut("options"))
                .and_then(Value::as_mapping_mut)
        {
            options.extend(charm.oauth_options(endpoint));
        }
    }
    adds.insert("parts".into(), parts(project, &framework));
    merge(&mut merged, adds);
    Ok(Expanded {
        project: merged,
        framework,
        option_variables: runtime.option_variables(generation).collect(),
        user_prefix: runtime.user_prefix,
        base,
        generation,
        remarks,
    })
}

fn choose_base(
    project: &Project,
    mapping: &Mapping,
    extension: &str,
    charm: &Charm,
    switch: Switch,
) -> Result<(String, Generation, Vec<String>), Error> {
    let bases = base::bases(mapping);
    let base = match bases.as_slice() {
        [one] => one.clone(),
        [] => {
            let problem = project.problem(&["base"], format!("{FILE} has no `base`"));
            return Err(problem.hint("add `base: ubuntu@24.04`").into());
        }
        many => {
            let message = format!(
                "Extension does not support multiple bases: {}",
                many.join(", ")
            );
            return Err(project.problem(&["platforms"], message).into());
        }
    };
    let Some(known) = charm.base(&base) else {
        let hint = format!(
            "it works on {}",
            charm.bases().collect::<Vec<_>>().join(", ")
        );
        return Err(project
            .problem(
                &["base"],
                format!("Extension '{extension}' does not support base(s): {base}"),
            )
            .hint(hint)
            .into());
    };
    let mut remarks = Vec::new();
    if known.experimental {
        if switch == Switch::Off {
            let message = format!("Extension '{extension}' is experimental on base(s): {base}");
            return Err(project
                .problem(&["base"], message)
                .hint(format!("set {}=1 to use it all the same", Switch::VARIABLE))
                .into());
        }
        remarks.push(format!(
            "*EXPERIMENTAL* extension '{extension}' enabled for base(s): {base}"
        ));
    }
    Ok((base, known.generation, remarks))
}

/// The mapping at `path`, if there is one.
fn at<'a>(mapping: &'a Mapping, path: &[&str]) -> Option<&'a Mapping> {
    let (last, before) = path.split_last()?;
    before
        .iter()
        .try_fold(mapping, |mapping, key| mapping.get(key)?.as_mapping())?
        .get(last)?
        .as_mapping()
}

/// What the peer takes as not given.
fn falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
        Value::Bool(true) | Value::Tagged(_) => false,
    }
}

fn no_overlap(
    project: &Project,
    mapping: &Mapping,
    adds: &Mapping,
    path: &[&str],
    extension: &str,
) -> Result<(), Error> {
    let (Some(users), Some(ours)) = (at(mapping, path), at(adds, path)) else {
        return Ok(());
    };
    let mut both: Vec<&str> = users
        .keys()
        .filter(|key| ours.contains_key(*key))
        .filter_map(Value::as_str)
        .collect();
    both.sort_unstable();
    let [first, ..] = both.as_slice() else {
        return Ok(());
    };
    let message = format!(
        "overlapping keys {{'{}'}} in {} of {FILE} which conflict with the {extension} extension, please rename or remove it",
        both.join("', '"),
        path.join(".")
    );
    let place: Vec<&str> = path.iter().copied().chain([*first]).collect();
    Err(project.problem(&place, message).into())
}

fn no_default_for_non_optional(project: &Project, mapping: &Mapping) -> Result<(), Error> {
    let wrong: Vec<&str> = at(mapping, &["config", "options"])
        .into_iter()
        .flatten()
        .filter(|(_, option)| {
            option.get("optional") == Some(&Value::Bool(false))
                && option.get("default").is_some_and(|value| !falsy(value))
        })
        .filter_map(|(name, _)| name.as_str())
        .collect();
    let [first, ..] = wrong.as_slice() else {
        return Ok(());
    };
    let message = format!(
        "Non-optional configuration options can not have default values.\nPlease either remove the default value or set optional field to true or \
         remove it for the {} configuration option(s).",
        wrong.join(", ")
    );
    Err(project
        .problem(&["config", "options", first], message)
        .into())
}

/// `db: postgresql_client` is short for `db: {interface: postgresql_client}`.
fn normalise_endpoints(mapping: &mut Mapping) {
    for role in ["requires", "provides"] {
        for (_, endpoint) in mapping
            .get_mut(role)
            .and_then(Value::as_mapping_mut)
            .into_iter()
            .flatten()
        {
            if let Value::String(interface) = endpoint {
                let mut long = Mapping::new();
                long.insert("interface".into(), interface.as_str().into());
                *endpoint = long.into();
            }
        }
    }
}

/// Parts with which charmcraft itself can pack the printed project: the executable, put at `bin/dispatch`, and the
/// files that go into a charm as they are.
fn parts(project: &Project, framework: &Framework) -> Value {
    let mut charm = Mapping::new();
    charm.insert("plugin".into(), "dump".into());
    charm.insert("source".into(), "bin".into());
    let mut parts = Mapping::new();
    parts.insert("charm".into(), charm.into());
    let files: Vec<Value> = companions::packed_as_they_are(&project.directory)
        .into_iter()
        .map(str::to_owned)
        .chain(companions::own_framework(&project.directory, framework))
        .map(Value::from)
        .collect();
    if !files.is_empty() {
        let mut dump = Mapping::new();
        dump.insert("plugin".into(), "dump".into());
        dump.insert("source".into(), ".".into());
        dump.insert("stage".into(), files.into());
        parts.insert("files".into(), dump.into());
    }
    parts.into()
}

/// Adds to the user's values what they do not have, by the peer's rules.
fn merge(users: &mut Mapping, adds: Mapping) {
    for (key, added) in adds {
        match (users.get_mut(&key), added) {
            (Some(Value::Mapping(user)), Value::Mapping(added)) => merge(user, added),
            (Some(Value::Sequence(user)), Value::Sequence(mut added)) => {
                let strings = user.iter().chain(&added).all(Value::is_string);
                for item in std::mem::take(user) {
                    if !strings || !added.contains(&item) {
                        added.push(item);
                    }
                }
                *user = added;
            }
            (Some(user), added) => {
                if falsy(user) {
                    *user = added;
                }
            }
            (None, added) => {
                users.insert(key, added);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_str;

    #[test]
    fn merging_keeps_what_the_user_gave() {
        for (users, adds, expected) in [
            ("{a: 1}", "{a: 2, b: 3}", "{a: 1, b: 3}"),
            (
                "{a: null, b: '', c: 0, d: []}",
                "{a: 1, b: x, c: 2, d: [e]}",
                "{a: 1, b: x, c: 2, d: [e]}",
            ),
            ("{m: {x: 1}}", "{m: {x: 2, y: 3}}", "{m: {x: 1, y: 3}}"),
            ("{l: [b, a]}", "{l: [a, c]}", "{l: [a, c, b]}"),
            ("{l: [{x: 1}]}", "{l: [{x: 1}]}", "{l: [{x: 1}, {x: 1}]}"),
        ] {
            let mut merged: Mapping = from_str(users).unwrap();
            merge(&mut merged, from_str(adds).unwrap());
            assert_eq!(
                merged,
                from_str::<Mapping>(expected).unwrap(),
                "{users} and {adds}"
            );
        }
    }
}
