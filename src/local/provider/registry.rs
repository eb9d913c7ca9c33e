//! The applications that are built in, by the name of the charm that they stand in for.

use super::Provider;
use super::declared::{Code, Declared};
use super::nginx_ingress_integrator::NginxIngressIntegrator;
use super::receiver::{self, Receiver};
use super::{mysql_k8s, postgresql_k8s, prometheus_k8s};

/// What makes a provider, with nothing started yet.
enum Kind {
    /// Code.
    Built(fn() -> Box<dyn Provider>),
    /// `metadata/providers/*.yaml`, with what it cannot say.
    Declared(&'static str, Option<Code>),
}

/// A description without code.
macro_rules! declared {
    ($name:literal) => {
        (
            $name,
            Kind::Declared(
                include_str!(concat!("../../../metadata/providers/", $name, ".yaml")),
                None,
            ),
        )
    };
}

/// A description with the code beside it.
macro_rules! with_code {
    ($name:literal, $code:path) => {
        (
            $name,
            Kind::Declared(
                include_str!(concat!("../../../metadata/providers/", $name, ".yaml")),
                Some($code),
            ),
        )
    };
}

/// Sorted by name.
const BUILT_IN: &[(&str, Kind)] = &[
    with_code!("hydra", super::hydra::code),
    (
        receiver::LOKI.name,
        Kind::Built(|| Box::new(Receiver::new(&receiver::LOKI))),
    ),
    (
        mysql_k8s::NAME,
        Kind::Built(|| Box::new(mysql_k8s::provider())),
    ),
    (
        super::nginx_ingress_integrator::NAME,
        Kind::Built(|| Box::new(NginxIngressIntegrator::default())),
    ),
    declared!("openfga-k8s"),
    (
        postgresql_k8s::NAME,
        Kind::Built(|| Box::new(postgresql_k8s::provider())),
    ),
    (
        prometheus_k8s::NAME,
        Kind::Built(|| Box::new(prometheus_k8s::provider())),
    ),
    declared!("rabbitmq-k8s"),
    declared!("rabbitmq-server"),
    declared!("redis-k8s"),
    declared!("s3-integrator"),
    declared!("saml-integrator"),
    with_code!("smtp-integrator", super::smtp_integrator::code),
    declared!("squid-forward-proxy"),
    (
        receiver::TEMPO.name,
        Kind::Built(|| Box::new(Receiver::new(&receiver::TEMPO))),
    ),
    declared!("valkey"),
];

/// A name that is no built-in application.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no application `{name}` is built in; {}built in are {}", .suggestion.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default(), list())]
pub struct Unknown {
    /// What was asked for.
    pub name: String,
    /// The closest name, when one is close.
    pub suggestion: Option<&'static str>,
}

/// The names of the built-in applications, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// Makes the provider of that name. Nothing is started before its first `reconcile`.
///
/// # Errors
/// [`Unknown`], with the closest name.
pub fn create(name: &str) -> Result<Box<dyn Provider>, Unknown> {
    match find(name) {
        Some(Kind::Built(provider)) => Ok(provider()),
        Some(Kind::Declared(text, code)) => Ok(Box::new(Declared::new(text, description, *code))),
        None => Err(Unknown {
            name: name.into(),
            suggestion: closest(name),
        }),
    }
}

fn find(name: &str) -> Option<&'static Kind> {
    let found = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    found.map(|(_, kind)| kind)
}

/// The description of that name.
fn description(name: &str) -> Option<&'static str> {
    match find(name)? {
        Kind::Declared(text, _) => Some(text),
        Kind::Built(_) => None,
    }
}

fn list() -> String {
    names()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn closest(name: &str) -> Option<&'static str> {
    if name.len() > 100 {
        return None;
    }
    names()
        .map(|built_in| {
            let known_part =
                name.len() >= 4 && (built_in.contains(name) || name.contains(built_in));
            (
                if known_part {
                    0
                } else {
                    distance(name, built_in)
                },
                built_in,
            )
        })
        .min()
        .filter(|(distance, built_in)| *distance <= built_in.len() / 2)
        .map(|(_, built_in)| built_in)
}

/// Levenshtein's distance, in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, from) in left.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((to, above), diagonal) in right.iter().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or_default();
            next.push(
                (diagonal + usize::from(from != *to))
                    .min(above + 1)
                    .min(before + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_a_charm_of_that_name() {
        for name in names() {
            assert_eq!(create(name).unwrap().charm().name, name);
        }
    }

    #[test]
    fn every_description_can_be_read_and_no_argument_has_a_secret() {
        for (name, kind) in BUILT_IN {
            if let Kind::Declared(text, _) = kind {
                super::super::declared::check(name, text, description);
            }
        }
    }

    #[test]
    fn an_unknown_name_gets_the_closest_one() {
        let suggestion = |name| create(name).err().unwrap().suggestion;
        assert_eq!(suggestion("postgresql"), Some("postgresql-k8s"));
        assert_eq!(suggestion("postgres-k8s"), Some("postgresql-k8s"));
        assert_eq!(suggestion("mysql"), Some("mysql-k8s"));
        assert_eq!(
            suggestion("nginx-ingress"),
            Some("nginx-ingress-integrator")
        );
        assert_eq!(
            suggestion("nginx-ingres-integrator"),
            Some("nginx-ingress-integrator")
        );
        assert_eq!(suggestion("redis"), Some("redis-k8s"));
        assert_eq!(suggestion("rabbitmq"), Some("rabbitmq-k8s"));
        assert_eq!(suggestion("kafka"), None);
        assert_eq!(suggestion(""), None);
        let message = create("postgresql").err().unwrap().to_string();
        assert!(
            message.starts_with(
                "no application `postgresql` is built in; did you mean `postgresql-k8s`? built in are `hydra`, "
            ),
            "{message}"
        );
    }

    #[test]
    fn distances_count_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
    }
}
