//! What the extension makes of `charmcraft.yaml`.

mod merge;
mod refuse;

use merge::{merge, ordered};

use super::{FILE, Project, Switch, base, companions, custom_actions, integrations, paas_config};
use crate::frameworks::{Framework, Frameworks, Generation, charm::Charm};
use crate::project::{Error, Problem, closest_extension, sound};
use crate::yaml::{Mapping, Value};

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

    let mut adds = charm.adds(&framework.name, generation);
    refuse::check(project, mapping, extension, &charm, &adds)?;
    paas_config::check(
        &project.directory,
        extension,
        generation,
        runtime.json_logging.is_some(),
    )?;

    custom_actions(project, mapping, &mut adds)?;

    let mut merged = mapping.clone();
    normalise_endpoints(&mut merged);
    integrations::declare(&project.directory, &mut merged)?;
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

/// Adds the actions of `paas-config.yaml` that the project does not declare itself.
fn custom_actions(project: &Project, mapping: &Mapping, adds: &mut Mapping) -> Result<(), Error> {
    let mut declared = custom_actions::declarations(&project.directory, at(adds, &["actions"]))?;
    let users = at(mapping, &["actions"]);
    declared.retain(|name, _| users.is_none_or(|users| !users.contains_key(name)));
    if let Some(actions) = adds.get_mut("actions").and_then(Value::as_mapping_mut) {
        actions.extend(declared);
    } else if !declared.is_empty() {
        adds.insert("actions".into(), declared.into());
    }
    Ok(())
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
