//! `rabbitmq`: a message broker, in the styles of rabbitmq-k8s and of rabbitmq-server (contract: interfaces, section 5).

use std::net::Ipv6Addr;

use super::url::{Url, percent_decode, percent_encode};
use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, table};

/// A broker. The first style tells host and password in the application's bag, the second in each unit's.
#[derive(Clone, Debug)]
pub struct RabbitMq {
    prefix: String,
}

const PORT: u16 = 5672;
const VHOST: &str = "/";

impl RabbitMq {
    /// The broker of a row of the table.
    #[must_use]
    pub fn of(row: &table::Row) -> Self {
        Self {
            prefix: row.prefix.clone().unwrap_or_default(),
        }
    }
}

/// A host of the broker, and our password there.
#[derive(Clone, Copy)]
struct Node<'a> {
    host: &'a str,
    password: &'a str,
}

impl Interface for RabbitMq {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            remote_units: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, _relation: &Relation) -> Request {
        let mut request = Request::default();
        for (key, value) in [("username", context.app), ("vhost", VHOST)] {
            request.app.insert(key.into(), value.into());
        }
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let app = node(&relation.remote_app, None);
        let units = units(relation, app.map(|node| node.password));
        let Some(main) = app.or_else(|| units.first().copied()) else {
            return Outcome::Incomplete;
        };
        let Some(url) = Url::parse(&main.url(context.app)) else {
            return Outcome::Invalid("its `hostname` makes no URL".into());
        };
        let nodes = if units.is_empty() { vec![main] } else { units };
        let urls: Vec<String> = nodes
            .iter()
            .map(|node| node.url(context.app))
            .filter(|url| Url::parse(url).is_some())
            .collect();
        let mut variables = url.variables(&self.prefix);
        let vhost = url.path.strip_prefix('/').unwrap_or_default();
        variables.insert(format!("{}_VHOST", self.prefix), percent_decode(vhost));
        variables.insert(format!("{}_CONNECT_STRINGS", self.prefix), urls.join(","));
        // The peer migrates whenever the broker is another one, and not for a new password alone.
        let hosts: Vec<&str> = nodes.iter().map(|node| node.host).collect();
        Outcome::Ready(Provided {
            identity: Some(format!("amqp|{}|{}", main.host, hosts.join(","))),
            variables,
            ..Provided::default()
        })
    }
}

/// What a bag tells; what is missing there makes it none.
fn node<'a>(bag: &'a Bag, password: Option<&'a str>) -> Option<Node<'a>> {
    let field = |key: &str| {
        let value = bag.get(key).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    };
    Some(Node {
        host: field("hostname")?,
        password: field("password").or(password)?,
    })
}

/// The provider's units in the order of their numbers, without those that are not complete (known defect 42).
fn units<'a>(relation: &'a Relation, password: Option<&'a str>) -> Vec<Node<'a>> {
    let number = |unit: &str| unit.rsplit('/').next().and_then(|n| n.parse::<u64>().ok());
    let mut units: Vec<_> = relation.remote_units.iter().collect();
    units.sort_by_key(|(unit, _)| number(unit));
    let nodes = units.into_iter().filter_map(|(_, bag)| node(bag, password));
    nodes.collect()
}

impl Node<'_> {
    fn url(&self, user: &str) -> String {
        let (user, password) = (percent_encode(user), percent_encode(self.password));
        let vhost = percent_encode(VHOST);
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.to_owned(),
        };
        format!("amqp://{user}:{password}@{host}:{PORT}/{vhost}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::{bag, context};

    fn rabbitmq() -> RabbitMq {
        RabbitMq {
            prefix: "RABBITMQ".into(),
        }
    }

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn related(app: Pairs<'_>, units: &[(&str, Pairs<'_>)]) -> Relation {
        let units = units.iter();
        Relation {
            endpoint: "rabbitmq".into(),
            remote_app: bag(app),
            remote_units: units.map(|(n, pairs)| ((*n).into(), bag(pairs))).collect(),
            ..Relation::default()
        }
    }

    fn outcome(app: Pairs<'_>, units: &[(&str, Pairs<'_>)]) -> Outcome {
        rabbitmq().outcome(&context("3.6.14"), &related(app, units))
    }

    fn ready(app: Pairs<'_>, units: &[(&str, Pairs<'_>)]) -> Provided {
        match outcome(app, units) {
            Outcome::Ready(provided) => provided,
            other => panic!("{app:?} {units:?} is {other:?}"),
        }
    }

    fn strings(provided: &Provided) -> (&str, &str) {
        let get = |name: &str| provided.variables[name].as_str();
        (
            get("RABBITMQ_CONNECT_STRING"),
            get("RABBITMQ_CONNECT_STRINGS"),
        )
    }

    #[test]
    fn user_and_vhost_are_asked_for_at_once() {
        let request = rabbitmq().request(&context("3.6.14"), &Relation::default());
        assert_eq!(request.app, bag(&[("username", "web"), ("vhost", "/")]));
        assert_eq!(request.unit, Bag::new());
    }

    #[test]
    fn both_styles_of_the_contract_give_the_same_variables() {
        let app: Pairs<'_> = &[("hostname", "mq.demo"), ("password", "pw")];
        for provided in [
            ready(app, &[("mq/0", &[])]),
            ready(app, &[]),
            ready(&[], &[("mq/0", app)]),
            // A complete application's bag stands above the units'.
            ready(app, &[("mq/0", &[("hostname", "mq.demo")])]),
        ] {
            let url = "amqp://web:pw@mq.demo:5672/%2F";
            let expected = bag(&[
                ("RABBITMQ_CONNECT_STRING", url),
                ("RABBITMQ_CONNECT_STRINGS", url),
                ("RABBITMQ_FRAGMENT", ""),
                ("RABBITMQ_HOSTNAME", "mq.demo"),
                ("RABBITMQ_NETLOC", "web:pw@mq.demo:5672"),
                ("RABBITMQ_PARAMS", ""),
                ("RABBITMQ_PASSWORD", "pw"),
                ("RABBITMQ_PATH", "/%2F"),
                ("RABBITMQ_PORT", "5672"),
                ("RABBITMQ_QUERY", ""),
                ("RABBITMQ_SCHEME", "amqp"),
                ("RABBITMQ_USERNAME", "web"),
                ("RABBITMQ_VHOST", "/"),
            ]);
            assert_eq!(provided.variables, expected);
        }
    }

    #[test]
    fn several_hosts_are_in_the_order_of_unit_numbers_without_incomplete_ones() {
        let node: fn(&str) -> [(&str, &str); 2] = |host| [("hostname", host), ("password", "pw")];
        let (two, ten) = (node("10.0.0.2"), node("fe80::10"));
        let provided = ready(
            &[],
            &[
                ("mq/10", &ten),
                ("mq/2", &two),
                ("mq/0", &[("hostname", "10.0.0.1")]),
                ("mq/1", &[("password", "pw"), ("hostname", "")]),
            ],
        );
        assert_eq!(
            strings(&provided),
            (
                "amqp://web:pw@10.0.0.2:5672/%2F",
                "amqp://web:pw@10.0.0.2:5672/%2F,amqp://web:pw@[fe80::10]:5672/%2F"
            )
        );
        let app: Pairs<'_> = &[("hostname", "mq"), ("password", "pw")];
        let provided = ready(
            app,
            &[
                ("mq/1", &[("hostname", "mq-1")]),
                ("mq/0", &[("hostname", "mq-0")]),
            ],
        );
        assert_eq!(
            strings(&provided),
            (
                "amqp://web:pw@mq:5672/%2F",
                "amqp://web:pw@mq-0:5672/%2F,amqp://web:pw@mq-1:5672/%2F"
            )
        );
    }

    #[test]
    fn a_password_is_encoded_in_urls_and_plain_beside() {
        let provided = ready(&[("hostname", "mq"), ("password", "p@/1:#")], &[]);
        let url = "amqp://web:p%40%2F1%3A%23@mq:5672/%2F";
        assert_eq!(strings(&provided), (url, url));
        assert_eq!(provided.variables["RABBITMQ_PASSWORD"], "p@/1:#");
    }

    #[test]
    fn half_of_the_data_waits() {
        for (app, unit) in [
            (&[][..], &[][..]),
            (&[("hostname", "mq")], &[]),
            (&[("password", "pw")], &[]),
            (&[("hostname", "mq"), ("password", "")], &[]),
            (&[("hostname", "mq")], &[("hostname", "mq-0")]),
            (&[], &[("hostname", "mq-0")]),
            (&[], &[("password", "pw")]),
        ] {
            assert_eq!(
                outcome(app, &[("mq/0", unit)]),
                Outcome::Incomplete,
                "{app:?} {unit:?}"
            );
        }
        assert_eq!(outcome(&[], &[]), Outcome::Incomplete);
    }

    #[test]
    fn a_host_that_is_none_is_invalid_and_the_reason_shows_no_value() {
        for host in ["mq secret", "mq:x", "mq:5672"] {
            let Outcome::Invalid(reason) = outcome(&[("hostname", host), ("password", "pw")], &[])
            else {
                panic!("{host} is not invalid")
            };
            assert_eq!(reason, "its `hostname` makes no URL");
        }
    }

    #[test]
    fn another_host_is_another_broker_and_another_password_is_not() {
        let identity = |host: &str, password: &str| {
            ready(&[("hostname", host), ("password", password)], &[]).identity
        };
        assert_eq!(identity("mq", "a"), identity("mq", "b"));
        assert_ne!(identity("mq", "a"), identity("other", "a"));
    }
}
