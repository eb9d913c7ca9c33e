//! `hydra`, with a real OpenID Connect provider.

use charmwright::local::provider::{Update, View};
use serde_json::{Value, json};

use super::talk::{is_private, provider, python};
use super::{Bag, bag, relation, run, view};

/// A browser that logs in, and the application behind it.
const LOG_IN: &str = r#"
import base64, http.cookiejar, json, sys, urllib.error, urllib.parse, urllib.request

given = json.load(sys.stdin)
bag = given["bag"]

class Stop(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, url):
        if not url.startswith(bag["issuer_url"]):
            raise StopIteration(url)
        return super().redirect_request(request, file, code, message, headers, url)

def result(**fields):
    print(json.dumps(fields))
    sys.exit()

cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(cookies, Stop())
query = {"client_id": bag["client_id"], "redirect_uri": given["redirect_uri"], "response_type": "code",
         "scope": given["scope"], "state": "s1", "nonce": "n1"}
try:
    form = browser.open(bag["authorization_endpoint"] + "?" + urllib.parse.urlencode(query))
except urllib.error.HTTPError as error:
    result(refused=error.code)
assert b'type="password"' in form.read()
wrong = 0
try:
    browser.open(form.geturl(), b"login=user&password=wrong")
except urllib.error.HTTPError as error:
    wrong = error.code
try:
    data = urllib.parse.urlencode({"login": "user@example.com", "password": given["password"]}).encode()
    browser.open(form.geturl(), data)
except StopIteration as back:
    url = back.args[0]
assert url.startswith(given["redirect_uri"]), url
answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
assert answer["state"] == "s1", answer
basic = base64.b64encode(f"{bag['client_id']}:{given['secret']}".encode()).decode()
data = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": given["redirect_uri"]}
request = urllib.request.Request(
    bag["token_endpoint"], urllib.parse.urlencode(data).encode(), {"Authorization": f"Basic {basic}"})
try:
    tokens = json.load(urllib.request.urlopen(request))
except urllib.error.HTTPError as error:
    result(token=error.code)
payload = tokens["id_token"].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
user = json.load(urllib.request.urlopen(urllib.request.Request(bag["userinfo_endpoint"], headers=bearer)))
keys = json.load(urllib.request.urlopen(bag["jwks_endpoint"]))
result(claims=claims, user=user, wrong=wrong, scope=tokens["scope"], key=keys["keys"][0]["n"])
"#;

const CALLBACK: &str = "http://web.example:8081/demo-web/callback";

fn request(redirect_uri: &str) -> Bag {
    bag(&[
        ("redirect_uri", redirect_uri),
        ("scope", "openid profile email"),
        ("grant_types", r#"["authorization_code"]"#),
        ("audience", "[]"),
        ("token_endpoint_auth_method", "client_secret_basic"),
    ])
}

fn related(directory: &std::path::Path) -> View {
    let mut view = view("hydra", directory);
    view.relations
        .insert(4, relation("oauth", "oauth", request(CALLBACK)));
    view
}

fn secret(update: &Update, id: u32) -> &str {
    &update.secrets[&format!("oauth.{id}.client.secret")].content["secret"]
}

async fn log_in(view: &View, update: &Update, id: u32, secret: &str, redirect_uri: &str) -> Value {
    let password = std::fs::read_to_string(view.directory.join("password")).unwrap();
    let given = json!({
        "bag": update.application_bags[&id], "password": password.trim(), "secret": secret,
        "redirect_uri": redirect_uri, "scope": "openid profile email",
    });
    serde_json::from_str(&python(LOG_IN, &given).await).unwrap()
}

#[test]
fn a_person_logs_in_to_the_application_and_keys_and_clients_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let view = related(directory.path());
    run(async {
        let mut hydra = provider("hydra");
        let update = hydra.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active", "{}", update.status.message);
        let bag = &update.application_bags[&4];
        let issuer = &bag["issuer_url"];
        for (key, path) in [
            ("authorization_endpoint", "/oauth2/auth"),
            ("introspection_endpoint", "/oauth2/introspect"),
            ("jwks_endpoint", "/.well-known/jwks.json"),
            ("token_endpoint", "/oauth2/token"),
            ("userinfo_endpoint", "/userinfo"),
        ] {
            assert_eq!(bag[key], format!("{issuer}{path}"));
        }
        assert_eq!(bag["client_secret_id"], "secret://oauth.4.client.secret");
        assert_eq!(
            (bag["jwt_access_token"].as_str(), bag["ca_chain"].as_str()),
            ("False", "[]")
        );
        // Browsers and applications reach it at the same address.
        assert_eq!(update.services[0].hostnames, ["127.0.0.1"]);
        assert_eq!(
            *issuer,
            format!("http://127.0.0.1:{}", update.services[0].port)
        );

        let answer = log_in(&view, &update, 4, secret(&update, 4), CALLBACK).await;
        assert_eq!(answer["wrong"], 401);
        assert_eq!(answer["scope"], "openid profile email");
        let claims = &answer["claims"];
        assert_eq!(claims["iss"], issuer.as_str());
        assert_eq!(claims["aud"], bag["client_id"].as_str());
        assert_eq!(claims["nonce"], "n1");
        assert_eq!(claims["email"], "user@example.com");
        assert_eq!(answer["user"]["sub"], claims["sub"]);
        assert_eq!(answer["user"]["email"], "user@example.com");
        assert_eq!(
            log_in(&view, &update, 4, "guess", CALLBACK).await["token"],
            401
        );
        let refused = log_in(&view, &update, 4, "", "http://evil.example/callback").await;
        assert_eq!(refused["refused"], 400);

        hydra.stop(false).await;
        for file in ["kept.json", "password", "settings.jsonl", "data/keys.json"] {
            is_private(&directory.path().join(file));
        }
        let again = hydra.reconcile(&view).await.unwrap();
        assert_eq!(again.application_bags, update.application_bags);
        let later = log_in(&view, &again, 4, secret(&update, 4), CALLBACK).await;
        assert_eq!(later["key"], answer["key"]);
        hydra.stop(true).await;
    });
}

#[test]
fn every_relation_has_a_client_of_its_own_which_follows_its_redirect_address() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut hydra = provider("hydra");
        let mut view = related(directory.path());
        let update = hydra.reconcile(&view).await.unwrap();
        let first = update.application_bags[&4]["client_id"].clone();
        // The application has no address yet.
        view.relations
            .insert(9, relation("oauth", "oauth", bag(&[("scope", "openid")])));
        let update = hydra.reconcile(&view).await.unwrap();
        assert!(!update.application_bags.contains_key(&9));
        let other = "http://127.0.0.1:5000/login/oauth2/code/oidc";
        view.relations
            .insert(9, relation("oauth", "oauth", request(other)));
        let moved = "http://web.example:8082/callback";
        view.relations
            .insert(4, relation("oauth", "oauth", request(moved)));
        let update = hydra.reconcile(&view).await.unwrap();
        assert_eq!(update.application_bags[&4]["client_id"], first);
        assert_ne!(update.application_bags[&9]["client_id"], first);
        for (id, redirect_uri) in [(9, other), (4, moved)] {
            let answer = log_in(&view, &update, id, secret(&update, id), redirect_uri).await;
            assert_eq!(answer["user"]["email"], "user@example.com", "{answer}");
        }
        assert_eq!(
            log_in(&view, &update, 4, "", CALLBACK).await["refused"],
            400
        );
        assert_eq!(
            log_in(&view, &update, 4, secret(&update, 9), moved).await["token"],
            401
        );
        hydra.stop(true).await;
    });
}
