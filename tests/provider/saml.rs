//! `saml-integrator`: what the options say.

use super::talk::provider;
use super::{Bag, bag, relation, run, view};

#[test]
fn saml_data_is_what_the_options_say() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut saml = provider("saml-integrator");
        let mut view = view("saml", directory.path());
        view.relations
            .insert(3, relation("saml", "saml", Bag::new()));
        for (option, value) in [
            ("entity_id", "https://idp.example/entity"),
            ("sign_on_url", "https://idp.example/sso"),
            ("certificate", "MIIAAA,MIIBBB"),
        ] {
            view.config.insert(option.into(), value.into());
        }
        let update = saml.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active", "{}", update.status.message);
        let expected = bag(&[
            ("entity_id", "https://idp.example/entity"),
            (
                "single_sign_on_service_redirect_binding",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            ),
            (
                "single_sign_on_service_redirect_url",
                "https://idp.example/sso",
            ),
            ("x509certs", "MIIAAA,MIIBBB"),
        ]);
        assert_eq!(update.application_bags[&3], expected);
        saml.stop(true).await;
    });
}
