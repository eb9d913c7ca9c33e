//! `ingress`, version 2, per application (contract: interfaces, section 12).

use serde::Deserialize;

use super::url::Url;
use super::{Context, Interface, Outcome, Provided, Reads, Relation, Request};

/// An HTTP ingress: traefik-k8s, nginx-ingress-integrator and what speaks like them.
#[derive(Clone, Copy, Debug)]
pub struct Ingress;

#[derive(Deserialize)]
struct Published {
    url: String,
}

impl Interface for Ingress {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            local_unit: true,
            address: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = Request::default();
        for (key, value) in [("model", json(context.model)), ("name", json(context.app))] {
            request.app.insert(key.into(), value);
        }
        request.app.insert("port".into(), context.port.to_string());
        request.app.insert("strip-prefix".into(), "true".into());
        if context.port_open {
            request.app.insert("is_port_open".into(), "true".into());
        }
        request.unit.insert("host".into(), json(context.fqdn));
        // nginx-ingress-integrator skips units without an address: an unknown one is better left as it was.
        if let Some(address) = &relation.address {
            request.unit.insert("ip".into(), json(address));
        }
        request
    }

    fn outcome(&self, _context: &Context<'_>, relation: &Relation) -> Outcome {
        let Some(text) = relation
            .remote_app
            .get("ingress")
            .filter(|text| !text.is_empty())
        else {
            return Outcome::Incomplete;
        };
        // Malformed data must not take the app down: it falls back to its address in the cluster (known defect 10).
        let url = match serde_json::from_str::<Option<Published>>(text) {
            Ok(None) => return Outcome::Incomplete,
            Ok(Some(published)) => Url::parse(&published.url),
            Err(_) => None,
        };
        match url.filter(|url| matches!(url.scheme.as_str(), "http" | "https")) {
            Some(url) => Outcome::Ready(Provided {
                base_url: Some(url.normalised()),
                ..Provided::default()
            }),
            None => Outcome::Invalid("its `ingress` holds no http or https URL".into()),
        }
    }
}

fn json(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::context;

    fn outcome(ingress: Option<&str>) -> Outcome {
        let mut relation = Relation::default();
        if let Some(text) = ingress {
            relation.remote_app.insert("ingress".into(), text.into());
        }
        let context = context("3.6.14");
        Ingress.outcome(&context, &relation)
    }

    #[test]
    fn the_url_becomes_the_base_url() {
        for (given, url) in [
            (
                "https://apps.example/demo-web",
                "https://apps.example/demo-web",
            ),
            ("http://apps.example", "http://apps.example/"),
            ("http://App.Example:80/x?y", "http://app.example/x?y"),
            ("https://apps.example:8443/", "https://apps.example:8443/"),
        ] {
            let text = format!(r#"{{"url": "{given}"}}"#);
            let Outcome::Ready(provided) = outcome(Some(&text)) else {
                panic!("{given} is not ready")
            };
            assert_eq!(provided.base_url.as_deref(), Some(url));
        }
    }

    #[test]
    fn nothing_yet_is_incomplete_and_nonsense_is_invalid() {
        assert_eq!(outcome(None), Outcome::Incomplete);
        assert_eq!(outcome(Some("null")), Outcome::Incomplete);
        for text in [
            "{",
            "{}",
            r#"{"url": 1}"#,
            r#"{"url": "ftp://x/"}"#,
            r#"{"url": "nothing"}"#,
            "[]",
        ] {
            assert!(matches!(outcome(Some(text)), Outcome::Invalid(_)), "{text}");
        }
    }
}
