//! `openfga-k8s`, spoken to with curl.

use std::process::Command;

use charmwright::local::provider::Update;
use serde_json::{Value, json};

use super::database::servers;
use super::declared::{address, keeps_secrets, odd, output, provider, related, with};
use super::run;

/// What OpenFGA answers: status and body.
fn fga(update: &Update, token: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let mut config = format!("header = \"Authorization: Bearer {token}\"\n");
    config += &format!("url = \"http://{}{path}\"\n", address(update, 18080));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--write-out", "\n%{http_code}", "--config", "-"]);
    if let Some(body) = body {
        curl.args(["--header", "content-type: application/json"]);
        curl.args(["--data", &body.to_string()]);
    }
    let output = output(&mut curl, &config, "curl");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (
        status.parse().unwrap(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

#[test]
fn openfga_makes_a_store_for_each_relation_and_keeps_it() {
    let root = tempfile::tempdir().unwrap();
    let directory = odd(&root);
    let name = "openfga-k8s";
    let view = related(name, &directory, 2, &[("store_name", "web")]);
    let view = with(view, name, 3, &[("store_name", "api")]);
    let first = run(async {
        let mut openfga = provider(name);
        let update = openfga.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active");
        let answer = update.application_bags[&2].clone();
        let host = "openfga-k8s.demo.svc.cluster.local";
        assert_eq!(answer["http_api_url"], format!("http://{host}:18080"));
        assert_eq!(answer["grpc_api_url"], format!("http://{host}:18081"));
        assert_eq!(answer["token_secret_id"], "secret://openfga.2.token.secret");
        assert_ne!(answer["store_id"], update.application_bags[&3]["store_id"]);
        let token = &update.secrets["openfga.2.token.secret"].content["token"];
        keeps_secrets(&directory, &[token]);
        let store = format!("/stores/{}", answer["store_id"]);
        let (status, body) = fga(&update, token, &store, None);
        assert_eq!((status, &body["name"]), (200, &json!("web")));
        assert_eq!(fga(&update, "guess", &store, None).0, 401);
        let model = json!({"schema_version": "1.1", "type_definitions": [{"type": "user"}]});
        let (status, _) = fga(
            &update,
            token,
            &format!("{store}/authorization-models"),
            Some(&model),
        );
        assert_eq!(status, 201);
        openfga.stop(false).await;
        update
    });
    assert_eq!(servers(&directory), [0; 0]);
    run(async {
        let mut openfga = provider(name);
        let update = openfga.reconcile(&view).await.unwrap();
        assert_eq!(update.application_bags, first.application_bags);
        assert_eq!(update.secrets, first.secrets);
        let token = &update.secrets["openfga.2.token.secret"].content["token"];
        let models = format!(
            "/stores/{}/authorization-models",
            update.application_bags[&2]["store_id"]
        );
        let (_, body) = fga(&update, token, &models, None);
        assert_eq!(body["authorization_models"].as_array().unwrap().len(), 1);
        openfga.stop(true).await;
    });
}
