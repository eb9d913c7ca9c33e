//! How the tests of servers speak to them: curl and Python, without blocking the thread that serves.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use charmwright::local::container::Target;
use charmwright::local::provider::{Provider, Update, registry};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The provider of that charm's name.
pub fn provider(name: &str) -> Box<dyn Provider> {
    registry::create(name).unwrap()
}

/// The port of this machine behind a port of a service.
pub fn port(update: &Update, port: u16) -> u16 {
    let mut services = update.services.iter();
    let service = services.find(|service| service.port == port).unwrap();
    match &service.target {
        Target::Tcp(address) => address.port(),
        other => panic!("no port: {other:?}"),
    }
}

async fn output(program: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; run `integration/setup.sh`"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

/// What curl gets, given its arguments and the request's body: status and body.
pub async fn curl(arguments: &[&str], body: &str) -> (u16, String) {
    let mut all = vec![
        "--silent",
        "--show-error",
        "--max-time",
        "30",
        "--write-out",
        "\n%{http_code}",
    ];
    if !body.is_empty() {
        all.extend(["--data-binary", "@-"]);
    }
    all.extend(arguments);
    let output = output("curl", &all, body).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {arguments:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

/// A JSON answer.
pub async fn get_json(url: &str) -> Value {
    let (status, text) = curl(&["--globoff", url], "").await;
    assert_eq!(status, 200, "{url}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Asks until the answer is right.
pub async fn eventually(url: &str, right: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = get_json(url).await;
        if right(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{url}: {answer:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Runs a Python program with a JSON text as its input; gives what it prints.
pub async fn python(program: &str, input: &Value) -> String {
    let output = output("/usr/bin/python3", &["-c", program], &input.to_string()).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Nobody else can read a file of the provider's.
pub fn is_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
}
