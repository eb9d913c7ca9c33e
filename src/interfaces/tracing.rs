//! `tracing`: where spans go (contract: interfaces, section 8).

use serde::Deserialize;

use super::url::Url;
use super::{Context, Interface, Outcome, Provided, Reads, Relation, Request};

/// The protocol that we ask for and use.
const PROTOCOL: &str = "otlp_http";

/// A receiver of spans: tempo-coordinator-k8s, grafana-agent-k8s and what speaks like them.
#[derive(Clone, Copy, Debug)]
pub struct Tracing;

/// One entry of the provider's `receivers`.
#[derive(Deserialize)]
struct Receiver {
    protocol: Protocol,
    url: String,
}

#[derive(Deserialize)]
struct Protocol {
    name: String,
    #[serde(rename = "type")]
    transport: Transport,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Transport {
    Grpc,
    Http,
}

impl Interface for Tracing {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn request(&self, _context: &Context<'_>, _relation: &Relation) -> Request {
        let mut request = Request::default();
        request
            .app
            .insert("receivers".into(), format!("[\"{PROTOCOL}\"]"));
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        // What does not parse is not ready, in silence, as with the peer's library.
        let receivers: Vec<Receiver> = relation
            .remote_app
            .get("receivers")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let ours = |receiver: &&Receiver| {
            receiver.protocol.name == PROTOCOL && receiver.protocol.transport == Transport::Http
        };
        // A provider that has no receiver of the kind is as good as none (known defect 4).
        let Some(receiver) = receivers.iter().find(ours) else {
            return Outcome::Incomplete;
        };
        let url =
            Url::parse(&receiver.url).filter(|url| matches!(url.scheme.as_str(), "http" | "https"));
        let Some(url) = url else {
            return Outcome::Invalid(format!(
                "its `receivers` has no http or https URL for {PROTOCOL}"
            ));
        };
        let mut provided = Provided::default();
        for (name, value) in [
            ("OTEL_SERVICE_NAME", context.app.to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url.normalised()),
        ] {
            provided.variables.insert(name.into(), value);
        }
        Outcome::Ready(provided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(receivers: Option<&str>) -> Outcome {
        let mut relation = Relation::default();
        if let Some(text) = receivers {
            relation.remote_app.insert("receivers".into(), text.into());
        }
        let context = Context {
            unit: "web/1",
            leader: false,
            ..crate::interfaces::samples::context("3.6.14")
        };
        Tracing.outcome(&context, &relation)
    }

    #[test]
    fn the_first_otlp_http_receiver_is_the_endpoint() {
        for (receivers, url) in [
            (
                r#"[{"protocol": {"name": "otlp_http", "type": "http"}, "url": "http://tempo.demo.svc.cluster.local:4318"}]"#,
                "http://tempo.demo.svc.cluster.local:4318/",
            ),
            (
                r#"[{"protocol": {"name": "zipkin", "type": "http"}, "url": "http://t:9411"},
                    {"protocol": {"name": "otlp_http", "type": "http"}, "url": "https://T.example/otlp"},
                    {"protocol": {"name": "otlp_http", "type": "http"}, "url": "http://other:4318"}]"#,
                "https://t.example/otlp",
            ),
        ] {
            let Outcome::Ready(provided) = outcome(Some(receivers)) else {
                panic!("{receivers} is not ready")
            };
            let expected = [
                ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url.to_owned()),
                ("OTEL_SERVICE_NAME".to_owned(), "web".to_owned()),
            ];
            assert_eq!(provided.variables, expected.into());
            assert_eq!(provided.identity, None);
        }
    }

    #[test]
    fn other_protocols_and_what_does_not_parse_are_not_ready() {
        assert_eq!(outcome(None), Outcome::Incomplete);
        for receivers in [
            "",
            "[]",
            "{",
            "null",
            r#"["otlp_http"]"#,
            r#"[{"protocol": {"name": "otlp_grpc", "type": "grpc"}, "url": "tempo:4317"}]"#,
            r#"[{"protocol": {"name": "otlp_http", "type": "carrier pigeon"}, "url": "http://t:4318"}]"#,
        ] {
            assert_eq!(outcome(Some(receivers)), Outcome::Incomplete, "{receivers}");
        }
    }

    #[test]
    fn an_endpoint_that_is_no_url_is_invalid_and_the_reason_does_not_show_it() {
        for url in ["not-a-url", "tempo:4318", "ftp://t/", ""] {
            let receivers = format!(
                r#"[{{"protocol": {{"name": "otlp_http", "type": "http"}}, "url": "{url}"}}]"#
            );
            let Outcome::Invalid(reason) = outcome(Some(&receivers)) else {
                panic!("{url} is not invalid")
            };
            assert!(url.is_empty() || !reason.contains(url), "{reason}");
        }
    }
}
