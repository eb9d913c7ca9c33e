//! What a framework's extension adds to `charmcraft.yaml`, and what it reserves: the `charm` section of its data file.

use serde::Deserialize;

use super::Generation;
use super::runtime::PerGeneration;
use crate::yaml::{self, Mapping, Value};

/// What every framework's extension adds.
const COMMON: &str = include_str!("../../metadata/charm.yaml");

/// The `charm` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Charm {
    /// The framework's name for people.
    pub title: String,
    /// The bases on which it works, such as `ubuntu@24.04`, in the file's order.
    #[serde(deserialize_with = "bases")]
    bases: Vec<(String, Base)>,
    /// The workload container; its image is the resource of this name with `-image`.
    container: PerGeneration<String>,
    /// Names of options that start like this are not for users.
    #[serde(default)]
    pub reserved_option_prefixes: Vec<String>,
    /// Actions beside those that every framework has.
    #[serde(default)]
    actions: Mapping,
    /// Options that each endpoint of interface `oauth` gets, with the endpoint's name and `-` before theirs.
    #[serde(default)]
    oauth_options: Vec<Declared>,
    /// Options, in the order in which they are printed.
    #[serde(default)]
    options: Vec<Declared>,
}

/// A base on which the extension works.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// What the extension adds there.
    pub generation: Generation,
    /// Whether it works only when the user asks for what is experimental.
    #[serde(default)]
    pub experimental: bool,
    /// Whether `init` offers it.
    #[serde(default = "yes")]
    pub init: bool,
}

fn yes() -> bool {
    true
}

/// An option; what is not named here goes into `config.options` as it is.
#[derive(Clone, Debug, Deserialize)]
struct Declared {
    name: String,
    only: Option<Generation>,
    #[serde(flatten)]
    declaration: Mapping,
}

impl Charm {
    /// The bases on which the extension works.
    pub fn bases(&self) -> impl Iterator<Item = &str> {
        self.bases.iter().map(|(name, _)| name.as_str())
    }

    /// What there is to know of a base; `None` when the extension does not work there.
    #[must_use]
    pub fn base(&self, base: &str) -> Option<Base> {
        let known = self.bases.iter().find(|(name, _)| name == base);
        known.map(|(_, known)| *known)
    }

    /// Whether the extension adds the option, in any generation.
    #[must_use]
    pub fn has_option(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.name == name)
    }

    /// The options of a generation with their places in the list: names, and what `config.options` says of them.
    pub(super) fn options(
        &self,
        generation: Generation,
    ) -> impl Iterator<Item = (usize, (&str, &Mapping))> {
        let declared = self.options.iter().enumerate();
        declared
            .filter(move |(_, option)| option.only.is_none_or(|only| only == generation))
            .map(|(index, option)| (index, (option.name.as_str(), &option.declaration)))
    }

    /// The name of the workload's container.
    #[must_use]
    pub fn container(&self, generation: Generation) -> &str {
        self.container.of(generation).map_or("app", String::as_str)
    }

    /// What the extension adds, in `charmcraft.yaml`'s own words, for a project of which `framework` is the name; without
    /// `parts`.
    #[must_use]
    pub fn adds(&self, framework: &str, generation: Generation) -> Mapping {
        let container = self.container(generation);
        let image = format!("{container}-image");
        let common = yaml::Document::parse(COMMON)
            .map(|document| document.value)
            .unwrap_or_default();
        let section = match generation {
            Generation::V1 => "v1",
            Generation::V2 => "v2",
        };
        let mut adds = common
            .get(section)
            .and_then(Value::as_mapping)
            .cloned()
            .unwrap_or_default();
        if let Some(actions) = adds.get_mut("actions").and_then(Value::as_mapping_mut) {
            actions.extend(self.actions.clone());
        }
        adds.insert(
            "containers".into(),
            nested(&[container, "resource"], image.as_str().into()),
        );
        let mut resource = Mapping::new();
        resource.insert("type".into(), "oci-image".into());
        resource.insert(
            "description".into(),
            format!("{framework} application image.").into(),
        );
        adds.insert("resources".into(), nested(&[&image], resource.into()));
        let options: Mapping = self
            .options(generation)
            .map(|(_, (name, declaration))| (name.into(), declaration.clone().into()))
            .collect();
        adds.insert("config".into(), nested(&["options"], options.into()));
        adds
    }

    /// The options that an `oauth` endpoint gets, by full name.
    #[must_use]
    pub fn oauth_options(&self, endpoint: &str) -> Mapping {
        self.oauth_options
            .iter()
            .map(|option| {
                let mut declaration = option.declaration.clone();
                if let Some(Value::String(default)) = declaration.get_mut("default") {
                    *default = default.replace("{endpoint}", endpoint);
                }
                (
                    format!("{endpoint}-{}", option.name).into(),
                    declaration.into(),
                )
            })
            .collect()
    }
}

/// A mapping in its own order.
fn bases<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, Base)>, D::Error> {
    struct Bases;
    impl<'de> serde::de::Visitor<'de> for Bases {
        type Value = Vec<(String, Base)>;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a map")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut bases = Vec::new();
            while let Some(entry) = map.next_entry()? {
                bases.push(entry);
            }
            Ok(bases)
        }
    }
    deserializer.deserialize_map(Bases)
}

fn nested(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |value, key| {
        let mut mapping = Mapping::new();
        mapping.insert((*key).into(), value);
        mapping.into()
    })
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{Frameworks, names};

    #[test]
    fn every_framework_adds_sound_options() {
        for name in names() {
            let framework = Frameworks::shipped().find(name).unwrap().unwrap();
            let charm = framework.charm().unwrap();
            for base in charm.bases() {
                let base = charm.base(base).unwrap_or_else(|| panic!("{name}: {base}"));
                let adds = charm.adds(name, base.generation);
                let options = adds["config"]["options"].as_mapping().unwrap();
                assert!(
                    options.values().all(|option| option.get("type").is_some()),
                    "{name}"
                );
                assert!(
                    options.values().all(|option| option.get("only").is_none()),
                    "{name}"
                );
            }
        }
    }
}
