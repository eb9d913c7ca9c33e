//! What an application publishes for ingress (`ingress` v2, per application): JSON values in its bags.

use serde::de::DeserializeOwned;

use crate::local::model::Bag;
use crate::local::provider::RelationView;

/// A complete request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) strip_prefix: bool,
    /// The units that have an address, sorted.
    pub(super) units: Vec<String>,
}

/// What a relation says so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reading {
    /// The application has said nothing yet.
    Silent,
    /// Something is still to come: what.
    Incomplete(String),
    /// Ready to be served.
    Complete(Request),
}

/// Reads both bags of the other side.
///
/// # Errors
/// One line: a value that is no JSON or of the wrong kind.
pub(super) fn read(relation: &RelationView) -> Result<Reading, String> {
    let bag = &relation.remote_bag;
    if ["model", "name", "port"]
        .iter()
        .all(|key| !bag.contains_key(*key))
    {
        return Ok(Reading::Silent);
    }
    let model = value::<String>(bag, "model", "a text")?;
    let name = value::<String>(bag, "name", "a text")?;
    let port = value::<u16>(bag, "port", "a port")?;
    let strip_prefix = value::<bool>(bag, "strip-prefix", "true or false")?;
    let mut units = Vec::new();
    for (unit, bag) in &relation.remote_units {
        if value::<String>(bag, "ip", "a text")?.is_some_and(|ip| !ip.is_empty()) {
            units.push(unit.clone());
        }
    }
    units.sort_by_key(|unit| {
        unit.rsplit_once('/')
            .and_then(|(_, number)| number.parse::<u32>().ok())
    });
    Ok(match (model, name, port) {
        (Some(_), Some(_), Some(0)) => return Err("`port` is 0".into()),
        (Some(_), Some(_), Some(_)) if units.is_empty() => {
            Reading::Incomplete("no unit has published its address".into())
        }
        (Some(model), Some(name), Some(port)) => Reading::Complete(Request {
            model,
            name,
            port,
            strip_prefix: strip_prefix.unwrap_or(false),
            units,
        }),
        (None, ..) => Reading::Incomplete("`model` is missing".into()),
        (_, None, _) => Reading::Incomplete("`name` is missing".into()),
        _ => Reading::Incomplete("`port` is missing".into()),
    })
}

fn value<T: DeserializeOwned>(bag: &Bag, key: &str, kind: &str) -> Result<Option<T>, String> {
    match bag.get(key).map(String::as_str) {
        None | Some("" | "null") => Ok(None),
        Some(text) => serde_json::from_str(text)
            .map(Some)
            .map_err(|_| format!("`{key}` is not {kind} in JSON")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::provider::test_relation;

    /// The example of the contract.
    fn relation() -> RelationView {
        let mut relation = test_relation("ingress", "ingress");
        let set = |bag: &mut Bag, entries: &[(&str, &str)]| {
            bag.extend(
                entries
                    .iter()
                    .map(|(key, value)| ((*key).into(), (*value).into())),
            );
        };
        set(
            &mut relation.remote_bag,
            &[
                ("model", "\"demo\""),
                ("name", "\"web\""),
                ("port", "8000"),
                ("strip-prefix", "true"),
                ("is_port_open", "true"),
            ],
        );
        for (unit, ip) in [("web/10", "\"10.1.40.6\""), ("web/2", "\"10.1.40.5\"")] {
            set(
                relation.remote_units.entry(unit.into()).or_default(),
                &[("ip", ip)],
            );
        }
        relation.remote_units.insert("web/3".into(), Bag::new());
        relation
    }

    #[test]
    fn a_complete_request_lists_the_units_with_an_address() {
        let expected = Request {
            model: "demo".into(),
            name: "web".into(),
            port: 8000,
            strip_prefix: true,
            units: vec!["web/2".into(), "web/10".into()],
        };
        assert_eq!(read(&relation()), Ok(Reading::Complete(expected)));
    }

    #[test]
    fn what_is_missing_is_waited_for() {
        assert_eq!(
            read(&test_relation("ingress", "ingress")),
            Ok(Reading::Silent)
        );
        let mut half = relation();
        half.remote_bag.remove("port");
        assert_eq!(
            read(&half),
            Ok(Reading::Incomplete("`port` is missing".into()))
        );
        let mut homeless = relation();
        homeless.remote_units.clear();
        assert!(matches!(read(&homeless), Ok(Reading::Incomplete(_))));
    }

    #[test]
    fn values_of_another_kind_are_refused_by_name() {
        for (key, value) in [
            ("port", "\"web\""),
            ("port", "70000"),
            ("model", "demo"),
            ("port", "0"),
        ] {
            let mut wrong = relation();
            wrong.remote_bag.insert(key.into(), value.into());
            assert!(read(&wrong).unwrap_err().contains(key), "{key}={value}");
        }
    }
}
