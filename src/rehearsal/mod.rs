//! What the charm would make of options and relations that are only told of: its own code, upon an observation that is
//! made up instead of read. Nothing is deployed, run or changed.

mod made_up;
mod relation;
mod source;
mod veil;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::charm::Code;
use crate::interfaces::{Bag, Provided, Relation, Request};
use crate::local::model::{self, ConfigOption};
use crate::project;
use crate::runtime::charm;
use crate::runtime::decide::{decide, of_code};
use crate::runtime::decision::Verdict;
use crate::runtime::environment::{self, Origin};
use crate::runtime::integrations::Integrations;
use crate::runtime::observation::{Container, Observation, Workload};
use crate::runtime::{integration_files, layer, options};
use crate::yaml::Value as Yaml;

pub use veil::Veil;

/// What to suppose.
#[derive(Clone, Debug, Default)]
pub struct Supposed {
    /// The charm's project, a directory that a charm was unpacked into, or a packed charm.
    pub project: PathBuf,
    /// The directory of `rockcraft.yaml`, if not the project's or the one above it.
    pub rock: Option<PathBuf>,
    /// Options that are set.
    pub config: BTreeMap<String, String>,
    /// The contents of secrets that options name as `secret://LABEL`, by label.
    pub secrets: BTreeMap<String, Bag>,
    /// Files that tell of relations.
    pub relations: Vec<PathBuf>,
    /// The application's name; the charm's where none is given.
    pub application: Option<String>,
    /// The model's name.
    pub model: String,
    /// The unit's number.
    pub unit: u64,
    /// How many units there are, from 0 on.
    pub units: u64,
    /// The model's proxies by key, such as `juju-http-proxy`.
    pub model_config: BTreeMap<String, String>,
}

/// What the charm would make of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The app's variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Files that relations give, with the endpoint of each, by path.
    pub files: BTreeMap<String, String>,
    /// What the charm writes into its own databags, by endpoint.
    pub written: BTreeMap<String, Request>,
    /// The unit's status.
    pub verdict: Verdict,
    /// What the user should know besides.
    pub remarks: Vec<String>,
    /// Hides what is secret in values.
    pub veil: Veil,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether that is an option which nobody has set.
    pub is_default: bool,
    /// Who else sets it, to no effect.
    pub over: Vec<Origin>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The project cannot be used.
    #[error(transparent)]
    Project(#[from] project::Error),
    /// The charm in it cannot be used.
    #[error(transparent)]
    Charm(#[from] charm::Error),
    /// The rock's project cannot be used.
    #[error(transparent)]
    Rock(#[from] project::rock::Error),
    /// An option cannot be set so.
    #[error("{0}; the charm's `config.yaml` declares {1}")]
    Option(model::ConfigError, String),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Asked(String),
}

/// Tells.
///
/// # Errors
/// The project, an option or a file about a relation cannot be used at all. What a deployed charm would say in a status
/// is no error.
pub fn rehearse(supposed: &Supposed) -> Result<Told, Error> {
    rehearse_with(supposed, Code::default())
}

/// The same for a charm with code of its own.
///
/// # Errors
/// As [`rehearse`].
pub fn rehearse_with(supposed: &Supposed, code: Code) -> Result<Told, Error> {
    let source = source::read(supposed)?;
    let mut remarks = source.remarks;
    let set = config(supposed, &source.options)?;
    let mut config = model::default_options(&source.options);
    config.extend(set.clone());
    let charm = source.charm.with_code(code);
    let mut observation =
        made_up::observation(supposed, charm, &source.services, source.assets, config)?;
    for path in &supposed.relations {
        relation::add(path, &mut observation)?;
    }

    // As in a hook, but with those options and relations that are in order even where others are not.
    let (options, _) = options::examine(&observation);
    let port = environment::port(&observation, &options);
    relation::settle(&mut observation, port);
    let decision = decide(&observation);
    let integrations = Integrations::of(&observation, port);
    let rock = rock(&observation);
    let mut sources = environment::Sources {
        options: &options,
        port,
        secret_key: &observation.fresh_key,
        provided: &integrations.provided,
        rock: &Bag::new(),
        code: &Bag::new(),
    };
    // Where it cannot be asked, the status says so.
    let code = of_code(&observation, &sources).unwrap_or_default();
    (sources.rock, sources.code) = (&rock, &code);
    let list = environment::list(&observation, &sources);
    let veil = Veil::of(&observation, &list);
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for assignment in list {
        let is_default = match &assignment.origin {
            Origin::Option { option } => !set.contains_key(option),
            _ => false,
        };
        let mut over = Vec::new();
        if let Some(before) = variables.remove(&assignment.name) {
            over = before.over;
            over.push(before.origin);
        }
        over.retain(|origin| *origin != assignment.origin);
        let variable = Variable {
            value: assignment.value,
            origin: assignment.origin,
            is_default,
            over,
        };
        variables.insert(assignment.name, variable);
    }
    let files = files(&observation, &integrations);
    remarks.extend(decision.remarks);
    Ok(Told {
        files,
        variables,
        written: written(&observation),
        verdict: decision.verdict.unwrap_or_else(Verdict::active),
        remarks,
        veil,
    })
}

/// The options that are set, each of its type.
fn config(
    supposed: &Supposed,
    options: &BTreeMap<String, ConfigOption>,
) -> Result<BTreeMap<String, Value>, Error> {
    let mut texts = supposed.config.clone();
    let mut set = BTreeMap::new();
    for (name, _) in options.iter().filter(|(_, option)| option.kind == "secret") {
        let Some(text) = texts.get(name) else {
            continue;
        };
        if let Some(label) = text.strip_prefix(relation::SECRET_SCHEME) {
            if !supposed.secrets.contains_key(label) {
                return Err(Error::Asked(format!(
                    "option `{name}`: `{text}` refers to no secret; add `--secret {label}:KEY=VALUE`"
                )));
            }
            set.insert(name.clone(), Value::from(text.as_str()));
            texts.remove(name);
        }
    }
    let declared = || {
        let names: Vec<String> = options.keys().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let typed = model::typed_options(options, &texts);
    set.extend(typed.map_err(|error| match error {
        error @ model::ConfigError::Unknown { .. } => Error::Option(error, declared()),
        error => Error::Asked(error.to_string()),
    })?);
    Ok(set)
}

fn written(observation: &Observation) -> BTreeMap<String, Request> {
    let relations = observation.relations.iter();
    let request = |relation: &Relation| Request {
        app: relation.local_app.clone(),
        unit: relation.local_unit.clone(),
        ..Request::default()
    };
    relations
        .map(|relation| (relation.endpoint.clone(), request(relation)))
        .collect()
}

/// The files that relations give, each with its endpoint.
fn files(observation: &Observation, integrations: &Integrations) -> BTreeMap<String, String> {
    let empty = Container::default();
    let of = |provided: &Provided| {
        let files =
            integration_files::to_write(observation, &empty, std::slice::from_ref(provided));
        let endpoint = provided.endpoint.clone();
        files
            .into_iter()
            .map(move |file| (file.path, endpoint.clone()))
    };
    integrations.provided.iter().flat_map(of).collect()
}

/// The variables that the app's service has in the rock.
fn rock(observation: &Observation) -> Bag {
    let Workload::Reachable(container) = &observation.workload else {
        return Bag::new();
    };
    let main = observation.charm.runtime.service.as_str();
    match container.services.get(main) {
        Some(Yaml::Mapping(service)) => layer::environment_of(service),
        _ => Bag::new(),
    }
}
