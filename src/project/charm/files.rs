//! The YAML files at the root of a `.charm` (contract: tooling, C.3 and C.4).

use super::{Expanded, Platform};
use crate::yaml::{self, Mapping, Value};

/// Keys of `metadata.yaml` that have the same name in `charmcraft.yaml`.
const SAME: &[&str] = &[
    "assumes",
    "charm-user",
    "containers",
    "description",
    "devices",
    "extra-bindings",
    "name",
    "peers",
    "provides",
    "requires",
    "resources",
    "storage",
    "subordinate",
    "summary",
    "terms",
];

/// What the charm reads of itself, as texts.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// `metadata.yaml`
    pub metadata: String,
    /// `config.yaml`
    pub config: Option<String>,
    /// `manifest.yaml`
    pub manifest: String,
}

impl Texts {
    /// The files that `pack` would put into a charm of the project; `None` when they cannot be written as YAML.
    #[must_use]
    pub fn of(expanded: &Expanded) -> Option<Self> {
        let any = Platform {
            label: String::new(),
            architecture: String::new(),
        };
        let text = |value: Value| yaml::to_string(&value).ok();
        Some(Self {
            metadata: text(metadata(expanded))?,
            config: config(expanded).and_then(text),
            manifest: text(manifest(expanded, &any))?,
        })
    }
}

/// `metadata.yaml`: keys sorted, nothing empty.
pub(super) fn metadata(expanded: &Expanded) -> Value {
    let project = &expanded.project;
    let mut metadata: Mapping = SAME
        .iter()
        .filter_map(|key| project.get(key).map(|value| ((*key).into(), value.clone())))
        .collect();
    let links = project.get("links");
    let link = |key: &str| links.and_then(|links| links.get(key)).cloned();
    for (key, value) in [
        ("display-name", project.get("title").cloned()),
        ("docs", link("documentation")),
        ("maintainers", link("contact").map(as_list)),
        ("issues", link("issues").map(with_slash)),
        ("source", link("source").map(with_slash)),
        ("website", link("website").map(with_slash)),
    ] {
        if let Some(value) = value {
            metadata.insert(key.into(), value);
        }
    }
    metadata.retain(|_, value| !empty(value));
    sorted(&metadata.into())
}

/// `config.yaml`, if there is any.
pub(super) fn config(expanded: &Expanded) -> Option<Value> {
    expanded
        .project
        .get("config")
        .filter(|config| !empty(config))
        .map(sorted)
}

/// `actions.yaml`, if there is any. An action of which nothing is said is one without parameters.
pub(super) fn actions(expanded: &Expanded) -> Option<Value> {
    let mut actions = expanded
        .project
        .get("actions")
        .filter(|actions| !empty(actions))?
        .clone();
    for (_, action) in actions.as_mapping_mut().into_iter().flatten() {
        if action.is_null() {
            *action = Mapping::new().into();
        }
    }
    Some(sorted(&actions))
}

/// `manifest.yaml`: the base, always with a channel that is a string. Juju reads `bases` alone; the rest is for people
/// and for `charmwright` itself. There is no clock in it, so that packing twice gives the same bytes.
pub(super) fn manifest(expanded: &Expanded, platform: &Platform) -> Value {
    let (name, channel) = expanded
        .base
        .split_once('@')
        .unwrap_or((&expanded.base, ""));
    let mut base = Mapping::new();
    base.insert("name".into(), name.into());
    base.insert("channel".into(), channel.into());
    base.insert(
        "architectures".into(),
        Value::Sequence(vec![platform.architecture.as_str().into()]),
    );
    let attribute = |name: &str, result: &str| {
        let mut attribute = Mapping::new();
        attribute.insert("name".into(), name.into());
        attribute.insert("result".into(), result.into());
        Value::from(attribute)
    };
    let mut analysis = Mapping::new();
    let attributes = vec![
        attribute("language", "unknown"),
        attribute("framework", "unknown"),
    ];
    analysis.insert("attributes".into(), Value::Sequence(attributes));
    let mut charmwright = Mapping::new();
    charmwright.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    charmwright.insert("framework".into(), expanded.framework.name.as_str().into());
    let mut manifest = Mapping::new();
    manifest.insert("bases".into(), Value::Sequence(vec![base.into()]));
    manifest.insert("analysis".into(), analysis.into());
    manifest.insert("charmwright".into(), charmwright.into());
    manifest.into()
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(mapping) => mapping.is_empty(),
        _ => false,
    }
}

fn as_list(value: Value) -> Value {
    match value {
        Value::Sequence(_) => value,
        one => Value::Sequence(vec![one]),
    }
}

/// A bare host gets a `/`, as the peer writes it.
fn with_slash(value: Value) -> Value {
    match value {
        Value::String(url) => {
            let host = url.split_once("://").map_or("", |(_, rest)| rest);
            Value::String(if !host.is_empty() && !host.contains(['/', '?', '#']) {
                format!("{url}/")
            } else {
                url
            })
        }
        Value::Sequence(many) => Value::Sequence(many.into_iter().map(with_slash).collect()),
        other => other,
    }
}

/// With the keys of all mappings in it sorted.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Mapping(mapping) => {
            let mut entries: Vec<(Value, Value)> = mapping
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
            Value::Mapping(entries.into_iter().collect())
        }
        Value::Sequence(items) => Value::Sequence(items.iter().map(sorted).collect()),
        scalar => scalar.clone(),
    }
}
