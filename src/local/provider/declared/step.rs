//! What is done with a running server: see [`Step`].

use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::description::Step;
use super::programs::Programs;
use super::{http, template};
use crate::local::model::Bag;
use crate::local::provider::server::PATH;

/// How long a server that restarts is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one program may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Why a step failed.
enum Failure {
    /// There is no connection: the server may be on its way up.
    Gone,
    /// The server or the description says no: one line, without secrets.
    Refused(String),
}

/// Does the steps in turn, and gives what they keep. A server that restarts is waited for.
///
/// # Errors
/// One line that names the server, without secrets.
pub(super) async fn perform(
    steps: &[Step],
    title: &str,
    scope: &Value,
    programs: &Programs,
) -> Result<Bag, String> {
    let mut kept = Bag::new();
    for step in steps {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match attempt(step, title, scope, programs, &mut kept).await {
                Ok(()) => break,
                Err(Failure::Refused(line)) => return Err(line),
                Err(Failure::Gone) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(Failure::Gone) => return Err(format!("{title} accepts no connection")),
            }
        }
    }
    Ok(kept)
}

/// Whether all steps succeed now.
pub(super) async fn succeed(steps: &[Step], scope: &Value, programs: &Programs) -> bool {
    for step in steps {
        if attempt(step, "", scope, programs, &mut Bag::new())
            .await
            .is_err()
        {
            return false;
        }
    }
    true
}

async fn attempt(
    step: &Step,
    title: &str,
    scope: &Value,
    programs: &Programs,
    kept: &mut Bag,
) -> Result<(), Failure> {
    if let Some(port) = &step.connect {
        let port = template::text(&format!("{{port.{port}}}"), scope)?;
        let address = format!("127.0.0.1:{port}");
        return match TcpStream::connect(address).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::Gone),
        };
    }
    if let Some(request) = &step.http {
        return ask(step, request, title, scope, kept).await;
    }
    match &step.run {
        Some(program) => run(step, program, title, scope, programs).await,
        None => Ok(()),
    }
}

async fn ask(
    step: &Step,
    request: &str,
    title: &str,
    scope: &Value,
    kept: &mut Bag,
) -> Result<(), Failure> {
    let line = template::text(request, scope)?;
    let (method, url) = line.split_once(' ').unwrap_or(("GET", &line));
    let mut headers = Vec::new();
    for (name, value) in &step.headers {
        headers.push((name.clone(), template::text(value, scope)?));
    }
    if let Some(basic) = &step.basic {
        let encoded = STANDARD.encode(template::text(basic, scope)?);
        headers.push(("authorization".into(), format!("Basic {encoded}")));
    }
    let body = match &step.body {
        Value::Null => None,
        Value::String(text) => Some(template::text(text, scope)?),
        body => {
            headers.push(("content-type".into(), "application/json".into()));
            Some(template::structure(body, scope, &[])?.to_string())
        }
    };
    let Ok((status, answer)) = http::send(method, url, &headers, body).await else {
        return Err(Failure::Gone);
    };
    let right: &[u16] = match step.expect.as_slice() {
        [] => &[200, 201, 204],
        codes => codes,
    };
    if !right.contains(&status) {
        return Err(Failure::Refused(format!(
            "{title} answers {status} to `{request}`"
        )));
    }
    if step.keep.is_empty() {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    for (name, pointer) in &step.keep {
        let Some(value) = answer.pointer(pointer) else {
            let line = format!("{title} answers without `{pointer}` to `{request}`");
            return Err(Failure::Refused(line));
        };
        kept.insert(name.clone(), template::plain(value));
    }
    Ok(())
}

async fn run(
    step: &Step,
    program: &str,
    title: &str,
    scope: &Value,
    programs: &Programs,
) -> Result<(), Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::Refused(format!("{title}: cannot run `{program}`: {error}"))
    };
    let found = programs.get(program).ok_or_else(|| cannot(&"unknown"))?;
    let mut command = Command::new(found);
    for argument in &step.arguments {
        command.arg(template::text(argument, scope)?);
    }
    command
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C.UTF-8");
    for (name, value) in &step.environment {
        command.env(name, template::text(value, scope)?);
    }
    let input = template::text(&step.input, scope)?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A client that found no server has closed its end; its output tells.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = match timeout(LIMIT, child.wait_with_output()).await {
        Ok(output) => output.map_err(|error| cannot(&error))?,
        Err(_) => return Err(Failure::Refused(format!("{title} does not answer"))),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    match &step.says {
        Some(says) if text.contains(says.as_str()) => Ok(()),
        None if output.status.success() => Ok(()),
        _ if text.is_empty() => Err(Failure::Gone),
        // What it says may quote a secret.
        _ => Err(Failure::Refused(format!(
            "{title} refuses what `{program}` asks"
        ))),
    }
}

impl From<String> for Failure {
    fn from(line: String) -> Self {
        Self::Refused(line)
    }
}
