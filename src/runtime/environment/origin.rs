//! Where a variable comes from.

use std::fmt;

use serde::Serialize;

/// Where a variable's value comes from; as text for people.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Origin {
    /// The charm's own code.
    Code,
    /// What the framework has for an option that the project does not declare, or for the port.
    FrameworkDefault {
        /// The option, or `port`, `metrics-port`, `metrics-path`.
        of: String,
    },
    /// What the framework's table makes of other facts, or sets always.
    FrameworkRule {
        /// Those facts: options, `port`, `metrics-port`, `metrics-path`.
        of: Vec<String>,
    },
    /// The model's proxies for charms.
    ModelConfig {
        /// The key of `juju model-config`.
        key: String,
    },
    /// An option, set or with the default that the charm declares.
    Option {
        /// The option.
        option: String,
    },
    /// The content of the secret that an option names.
    OptionSecret {
        /// The option.
        option: String,
        /// The secret's key.
        key: String,
    },
    /// `paas-config.yaml`.
    PaasConfig {
        /// The key.
        key: String,
    },
    /// The secret key that the units share.
    PeerSecret {
        /// The peer relation's endpoint; empty while there is none.
        endpoint: String,
    },
    /// What a provider says.
    Relation {
        /// Our endpoint.
        endpoint: String,
        /// Keys of the provider's databags and secrets, where the table of interfaces tells.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// What the framework's table makes of what a provider says.
    RelationRule {
        /// Our endpoint.
        endpoint: String,
        /// The variables of other frameworks that it is made of.
        of: Vec<String>,
    },
    /// The image.
    Rock,
    /// The application's name in the cluster.
    Service,
    /// The application's other units.
    Units,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |formatter: &mut fmt::Formatter<'_>, word: &str, names: &[String]| {
            if names.is_empty() {
                return Ok(());
            }
            write!(formatter, "{word}{}", names.join(", "))
        };
        match self {
            Self::Code => formatter.write_str("the charm's own code"),
            Self::FrameworkDefault { of } => write!(formatter, "framework's default of {of}"),
            Self::FrameworkRule { of } => {
                formatter.write_str("framework")?;
                list(formatter, ", made of ", of)
            }
            Self::ModelConfig { key } => write!(formatter, "model config {key}"),
            Self::Option { option } => write!(formatter, "option {option}"),
            Self::OptionSecret { option, key } => {
                write!(formatter, "option {option}, its secret's {key}")
            }
            Self::PaasConfig { key } => write!(formatter, "paas-config.yaml {key}"),
            Self::PeerSecret { endpoint } if endpoint.is_empty() => {
                formatter.write_str("peer relation")
            }
            Self::PeerSecret { endpoint } => write!(formatter, "peer relation {endpoint}"),
            Self::Relation { endpoint, keys } => {
                write!(formatter, "relation {endpoint}")?;
                list(formatter, ", ", keys)
            }
            Self::RelationRule { endpoint, of } => {
                write!(formatter, "framework, made of relation {endpoint}")?;
                list(formatter, ": ", of)
            }
            Self::Rock => formatter.write_str("rock"),
            Self::Service => formatter.write_str("the application's name in the cluster"),
            Self::Units => formatter.write_str("the other units"),
        }
    }
}

/// A variable as one source sets it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Who sets it.
    pub origin: Origin,
}

impl Assignment {
    /// A variable of an origin.
    pub fn new(name: impl Into<String>, value: impl Into<String>, origin: Origin) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            origin,
        }
    }
}
