//! An app that people log in to, and whose logs, metrics and spans arrive where they are looked for.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::process::{Command, Stdio};

use journey::{Journey, append};
use serde_json::Value;

const APP: &str = "fastapi-hello-world";
const CHARM: &str = "./charm/fastapi-hello-world_amd64.charm";

const ENDPOINTS: &str = "
requires:
  s3: {interface: s3, optional: false, limit: 1}
  smtp: {interface: smtp, optional: false, limit: 1}
  oidc: {interface: oauth, optional: false, limit: 1}
  tracing: {interface: tracing, optional: true, limit: 1}
";

/// What an app does with its variables, with nothing but Python.
const USES: &str = r#"


@app.get("/login")
def login() -> str:
    import json
    import os
    import urllib.parse

    query = {
        "client_id": os.environ["APP_OIDC_CLIENT_ID"],
        "redirect_uri": os.environ["APP_BASE_URL"].rstrip("/") + "/callback",
        "response_type": "code",
        "scope": json.loads(os.environ["APP_OIDC_CLIENT_KWARGS"])["scope"],
    }
    return os.environ["APP_OIDC_AUTHORIZE_URL"] + "?" + urllib.parse.urlencode(query)


@app.get("/callback")
def callback(code: str) -> str:
    import base64
    import json
    import os
    import urllib.parse
    import urllib.request

    client = f"{os.environ['APP_OIDC_CLIENT_ID']}:{os.environ['APP_OIDC_CLIENT_SECRET']}"
    data = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": os.environ["APP_BASE_URL"].rstrip("/") + "/callback",
    }
    request = urllib.request.Request(
        os.environ["APP_OIDC_ACCESS_TOKEN_URL"],
        urllib.parse.urlencode(data).encode(),
        {"Authorization": "Basic " + base64.b64encode(client.encode()).decode()},
    )
    token = json.load(urllib.request.urlopen(request))["access_token"]
    request = urllib.request.Request(os.environ["APP_OIDC_USER_URL"], headers={"Authorization": f"Bearer {token}"})
    return json.load(urllib.request.urlopen(request))["email"]


@app.get("/work")
def work() -> str:
    import json
    import os
    import urllib.request

    print("working for somebody", flush=True)
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "work",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000250000000",
    }
    service = {"key": "service.name", "value": {"stringValue": os.environ["OTEL_SERVICE_NAME"]}}
    spans = {"resourceSpans": [{"resource": {"attributes": [service]}, "scopeSpans": [{"spans": [span]}]}]}
    request = urllib.request.Request(
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "v1/traces",
        json.dumps(spans).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return str(response.status)


@app.get("/mail")
def mail() -> str:
    import os
    import smtplib
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "app@example.com", "person@example.com", "greetings"
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=30) as server:
        server.login(os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"])
        server.send_message(message)
    return "sent"


@app.get("/store")
def store() -> str:
    import datetime
    import hashlib
    import hmac
    import os
    import urllib.parse
    import urllib.request

    region, endpoint = os.environ["S3_REGION"], os.environ["S3_ENDPOINT"]
    host = urllib.parse.urlsplit(endpoint).netloc
    path = f"/{os.environ['S3_BUCKET']}/object"

    def ask(method: str, body: bytes | None) -> bytes:
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{region}/s3/aws4_request"
        headers = {"host": host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
        names = ";".join(headers)
        listed = "".join(f"{name}:{value}\n" for name, value in headers.items())
        text = f"{method}\n{path}\n\n{listed}\n{names}\nUNSIGNED-PAYLOAD"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(text.encode()).hexdigest()}"
        key = f"AWS4{os.environ['S3_SECRET_KEY']}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        credential = f"{os.environ['S3_ACCESS_KEY']}/{scope}"
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        request = urllib.request.Request(endpoint + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()

    ask("PUT", b"stored")
    return ask("GET", None).decode()


@app.get("/metrics")
def metrics():
    from fastapi.responses import PlainTextResponse

    return PlainTextResponse("greetings_total 7\n")
"#;

/// A browser: opens the address, fills in the form, and prints the code that it is sent back with.
const BROWSER: &str = r#"
import http.cookiejar, sys, urllib.parse, urllib.request

class Stop(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, url):
        if "/callback?" in url:
            raise StopIteration(url)
        return super().redirect_request(request, file, code, message, headers, url)

cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(cookies, Stop())
form = browser.open(sys.argv[1])
with open(sys.argv[2]) as file:
    data = urllib.parse.urlencode({"login": "user", "password": file.read().strip()}).encode()
try:
    browser.open(form.geturl(), data)
except StopIteration as back:
    print(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back.args[0]).query))["code"])
"#;

/// The address of an application that is built in.
fn address(journey: &Journey, application: &str) -> String {
    let status = journey.status();
    let addresses = &status["applications"][application]["addresses"];
    addresses[0].as_str().unwrap().to_owned()
}

fn url(journey: &Journey, path: &str) -> String {
    let status = journey.status();
    let unit = &status["applications"][APP]["units"][format!("{APP}/0")];
    format!("{}/{path}", unit["addresses"][0].as_str().unwrap())
}

/// Asks until the answer has that text.
fn says(journey: &Journey, url: &str, text: &str) {
    journey.responds(url, text, |(status, body)| {
        *status == 200 && body.contains(text)
    });
}

fn log_in(journey: &Journey) -> String {
    let (status, address) = journey.get(&url(journey, "login"));
    assert_eq!(status, 200, "{address}");
    let address: String = serde_json::from_str(&address).unwrap();
    let password = journey.cwd.join(".charmwright/providers/hydra/password");
    let output = Command::new("/usr/bin/python3")
        .args(["-c", BROWSER, &address])
        .arg(password)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_person_logs_in_and_what_the_app_does_is_seen() {
    let mut journey = Journey::new();
    let project = journey.directory().join(APP);
    journey.copy_app("fastapi/1-hello", &project);
    journey.cwd.clone_from(&project);
    append(&project.join("app.py"), USES);
    journey.charmwright(&["rock", "init", "--profile", "fastapi-framework"]);
    let profile = "--profile=fastapi-framework";
    journey.charmwright(&["init", profile, "--name", APP, "charm"]);
    append(&project.join("charm/charmcraft.yaml"), ENDPOINTS);
    journey.charmwright(&["pack", "--project-dir", "charm", "--output", "charm"]);
    journey.local(&["deploy", CHARM, "--resource", "app-image=."]);
    let built_in = [
        "hydra",
        "loki-k8s",
        "nginx-ingress-integrator",
        "prometheus-k8s",
        "s3-integrator",
        "smtp-integrator",
        "tempo-coordinator-k8s",
    ];
    for charm in built_in {
        journey.local(&["deploy", charm]);
        let endpoint = match charm {
            "smtp-integrator" => "smtp-integrator:smtp",
            charm => charm,
        };
        journey.local(&["integrate", APP, endpoint]);
    }
    journey.local(&[
        "config",
        "nginx-ingress-integrator",
        "service-hostname=hello.example",
    ]);
    journey.settles(APP, "active", "");

    let code = log_in(&journey);
    let callback = url(&journey, &format!("callback?code={code}"));
    assert_eq!(journey.get(&callback), (200, "\"user@example.com\"".into()));

    assert_eq!(journey.get(&url(&journey, "work")), (200, "\"200\"".into()));
    let tempo = address(&journey, "tempo-coordinator-k8s");
    let trace = format!("\"rootServiceName\":\"{APP}\",\"rootTraceName\":\"work\"");
    says(&journey, &format!("{tempo}/api/search"), &trace);

    let loki = address(&journey, "loki-k8s");
    says(
        &journey,
        &loki,
        &format!("{APP}/0 fastapi working for somebody"),
    );

    let prometheus = address(&journey, "prometheus-k8s");
    says(
        &journey,
        &format!("{prometheus}/api/v1/query?query=greetings_total"),
        &format!("\"juju_unit\":\"{APP}/0\""),
    );
    let (_, rules) = journey.get(&format!("{prometheus}/api/v1/rules"));
    let rules: Value = serde_json::from_str(&rules).unwrap();
    let groups = rules["data"]["groups"].as_array().unwrap();
    assert!(!groups.is_empty(), "{rules:#}");

    assert_eq!(
        journey.get(&url(&journey, "store")),
        (200, "\"stored\"".into())
    );
    assert_eq!(
        journey.get(&url(&journey, "mail")),
        (200, "\"sent\"".into())
    );
    let mails = address(&journey, "smtp-integrator");
    says(&journey, &mails, "Subject: greetings");
    journey.destroy();
}
