//! `saml`: who signs users in (contract: interfaces, section 6).

use super::url::Url;
use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request};

/// An identity provider: saml-integrator and what speaks like it.
#[derive(Clone, Copy, Debug)]
pub struct Saml;

/// The service whose URL the app is told.
const SIGN_ON: &str = "single_sign_on_service";

impl Interface for Saml {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            ..Reads::default()
        }
    }

    fn request(&self, _context: &Context<'_>, _relation: &Relation) -> Request {
        Request::default()
    }

    fn outcome(&self, _context: &Context<'_>, relation: &Relation) -> Outcome {
        let bag = &relation.remote_app;
        if bag.values().all(String::is_empty) {
            return Outcome::Incomplete;
        }
        match variables(bag) {
            Ok(variables) => Outcome::Ready(Provided {
                // The peer migrates whenever the provider has said something.
                identity: Some(format!("saml {variables:?}")),
                variables,
                ..Provided::default()
            }),
            Err(reason) => Outcome::Invalid(reason),
        }
    }
}

/// What the app is told; the error names the key and shows no value.
fn variables(bag: &Bag) -> Result<Bag, String> {
    let text = |key: &str| bag.get(key).map(|text| text.trim()).unwrap_or_default();
    let required = |key: &str, text: &str| match text {
        "" => Err(format!("it has no `{key}`")),
        text => Ok(text.to_owned()),
    };
    let certificates = text("x509certs");
    let certificate = certificates.split(',').next().unwrap_or_default().trim();
    let mut variables: Bag = [
        (
            "SAML_ENTITY_ID".into(),
            required("entity_id", text("entity_id"))?,
        ),
        (
            "SAML_SIGNING_CERTIFICATE".into(),
            required("x509certs", certificate)?,
        ),
    ]
    .into();
    if !text("metadata_url").is_empty() {
        variables.insert("SAML_METADATA_URL".into(), url(bag, "metadata_url")?);
    }
    for (key, method) in bag.keys().filter_map(|key| Some((key, method(key)?))) {
        let endpoint = key.strip_suffix("_url").unwrap_or(key);
        let address = url(bag, key)?;
        let response = format!("{endpoint}_response_url");
        if !text(&response).is_empty() {
            url(bag, &response)?;
        }
        let binding = format!("{endpoint}_binding");
        let binding = required(&binding, text(&binding))?;
        let is_sign_on = endpoint.strip_suffix(method) == Some(SIGN_ON);
        if is_sign_on && binding.to_lowercase().contains("redirect") {
            let name = "SAML_SINGLE_SIGN_ON_REDIRECT_URL".to_owned();
            variables.entry(name).or_insert(address);
        }
    }
    Ok(variables)
}

/// How an endpoint is reached, where the key is that of an endpoint's URL.
fn method(key: &str) -> Option<&'static str> {
    let endpoint = key.strip_suffix("_url")?;
    let mut methods = ["_post", "_redirect"].into_iter();
    methods.find(|method| endpoint.ends_with(method))
}

fn url(bag: &Bag, key: &str) -> Result<String, String> {
    bag.get(key)
        .and_then(|text| Url::parse(text.trim()))
        .filter(|url| matches!(url.scheme.as_str(), "http" | "https"))
        .map(|url| url.normalised())
        .ok_or_else(|| format!("its `{key}` is no http or https URL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::{bag, context};

    const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

    fn outcome(pairs: &[(&str, &str)]) -> Outcome {
        let relation = Relation {
            remote_app: bag(pairs),
            ..Relation::default()
        };
        let context = context("3.6.14");
        assert_eq!(Saml.request(&context, &relation), Request::default());
        Saml.outcome(&context, &relation)
    }

    fn ready(pairs: &[(&str, &str)]) -> Provided {
        match outcome(pairs) {
            Outcome::Ready(provided) => provided,
            other => panic!("{pairs:?} is {other:?}"),
        }
    }

    #[test]
    fn the_contracts_example_gives_all_variables() {
        let provided = ready(&[
            ("entity_id", "https://idp.example/entity"),
            ("metadata_url", "https://idp.example/metadata"),
            ("x509certs", "MIIAAA,MIIBBB"),
            (
                "single_sign_on_service_redirect_url",
                "https://idp.example/sso",
            ),
            ("single_sign_on_service_redirect_binding", REDIRECT),
        ]);
        let expected = bag(&[
            ("SAML_ENTITY_ID", "https://idp.example/entity"),
            ("SAML_METADATA_URL", "https://idp.example/metadata"),
            (
                "SAML_SINGLE_SIGN_ON_REDIRECT_URL",
                "https://idp.example/sso",
            ),
            ("SAML_SIGNING_CERTIFICATE", "MIIAAA"),
        ]);
        assert_eq!(provided.variables, expected);
    }

    #[test]
    fn what_is_optional_is_left_out_and_a_bare_host_gains_a_slash() {
        let least = [("entity_id", "idp"), ("x509certs", "MIIAAA")];
        let expected = bag(&[
            ("SAML_ENTITY_ID", "idp"),
            ("SAML_SIGNING_CERTIFICATE", "MIIAAA"),
        ]);
        assert_eq!(ready(&least).variables, expected);
        // Only signing on by redirect is told.
        let others = [
            ("single_sign_on_service_post_url", "https://idp/post"),
            ("single_sign_on_service_post_binding", POST),
            ("single_logout_service_redirect_url", "https://idp/out"),
            ("single_logout_service_redirect_binding", REDIRECT),
            (
                "single_logout_service_redirect_response_url",
                "https://idp/done",
            ),
        ];
        assert_eq!(
            ready(&[&least[..], &others].concat()).variables,
            expected,
            "{others:?}"
        );
        let with_url = [&least[..], &[("metadata_url", "https://IDP.example")]].concat();
        let url = ready(&with_url).variables.remove("SAML_METADATA_URL");
        assert_eq!(url.as_deref(), Some("https://idp.example/"));
    }

    #[test]
    fn a_bag_without_anything_waits_and_one_without_a_certificate_is_invalid() {
        assert_eq!(outcome(&[]), Outcome::Incomplete);
        assert_eq!(outcome(&[("entity_id", "")]), Outcome::Incomplete);
        for (pairs, key) in [
            (&[("entity_id", "secret")][..], "x509certs"),
            (&[("entity_id", "secret"), ("x509certs", "")], "x509certs"),
            (&[("entity_id", "secret"), ("x509certs", ",B")], "x509certs"),
            (&[("x509certs", "secret")], "entity_id"),
            (&[("entity_id", " "), ("x509certs", "secret")], "entity_id"),
        ] {
            let Outcome::Invalid(reason) = outcome(pairs) else {
                panic!("{pairs:?} is not invalid")
            };
            assert_eq!(reason, format!("it has no `{key}`"));
        }
    }

    #[test]
    fn a_bad_url_or_a_missing_binding_of_any_endpoint_is_invalid_and_its_reason_shows_no_value() {
        let least = [("entity_id", "idp"), ("x509certs", "MIIAAA")];
        for (more, reason) in [
            (
                &[("metadata_url", "not a url")][..],
                "its `metadata_url` is no http or https URL",
            ),
            (
                &[("metadata_url", "ftp://secret/")],
                "its `metadata_url` is no http or https URL",
            ),
            (
                &[
                    ("artifact_service_post_url", "secret"),
                    ("artifact_service_post_binding", POST),
                ],
                "its `artifact_service_post_url` is no http or https URL",
            ),
            (
                &[
                    ("a_redirect_url", "https://idp/"),
                    ("a_redirect_response_url", "secret"),
                    ("a_redirect_binding", REDIRECT),
                ],
                "its `a_redirect_response_url` is no http or https URL",
            ),
            (
                &[("single_sign_on_service_redirect_url", "https://idp/")],
                "it has no `single_sign_on_service_redirect_binding`",
            ),
        ] {
            let outcome = outcome(&[&least[..], more].concat());
            assert_eq!(outcome, Outcome::Invalid(reason.into()), "{more:?}");
        }
    }

    #[test]
    fn whatever_changes_makes_another_identity() {
        let identity = |entity: &str, certificate: &str| {
            ready(&[("entity_id", entity), ("x509certs", certificate)]).identity
        };
        assert_eq!(identity("a", "A,B"), identity("a", "A"));
        assert_ne!(identity("a", "A"), identity("b", "A"));
        assert_ne!(identity("a", "A"), identity("a", "B"));
    }
}
