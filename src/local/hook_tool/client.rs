//! The hook tool as a process: sends the call to the agent's socket, prints the answer.
//!
//! It starts for every call that a charm makes, so it does nothing else. Files that arguments name are read here, not
//! by the server, since the charm's file system may be another.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reply::{Reply, Request};

/// The hook tool as a process. Needs `JUJU_CONTEXT_ID` and, as a Unix socket's path, `JUJU_AGENT_SOCKET_ADDRESS`.
#[must_use]
pub fn main(tool: &'static str, arguments: &[OsString]) -> ExitCode {
    let outcome = call(tool, arguments);
    let reply = outcome.unwrap_or_else(|(message, code)| Reply {
        stdout: String::new(),
        stderr: format!("ERROR {message}\n"),
        code,
    });
    let out = std::io::stdout().write_all(reply.stdout.as_bytes());
    let err = std::io::stderr().write_all(reply.stderr.as_bytes());
    match out.and(err) {
        Ok(()) => ExitCode::from(reply.code),
        Err(_) => ExitCode::FAILURE,
    }
}

fn call(tool: &str, arguments: &[OsString]) -> Result<Reply, (String, u8)> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let context =
        variable("JUJU_CONTEXT_ID").ok_or_else(|| ("JUJU_CONTEXT_ID not set".to_owned(), 1))?;
    let address = variable("JUJU_AGENT_SOCKET_ADDRESS")
        .ok_or_else(|| ("JUJU_AGENT_SOCKET_ADDRESS not set".to_owned(), 1))?;
    let (arguments, stdin) = read_files(tool, arguments).map_err(|message| (message, 2))?;
    let request = Request {
        context,
        tool: tool.into(),
        arguments,
        stdin,
    };
    exchange(&address, &request).map_err(|error| {
        let message = format!("cannot reach the unit agent at `{address}`: {error}");
        (message, 1)
    })
}

fn exchange(address: &str, request: &Request) -> std::io::Result<Reply> {
    let mut stream = connect(address)?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&answer)?)
}

/// A path; `unix:` before it is tolerated, and `@` for a socket in the abstract name space or, failing that, a file.
fn connect(address: &str) -> std::io::Result<UnixStream> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    let path = address.strip_prefix("unix:").unwrap_or(address);
    let Some(name) = path.strip_prefix('@') else {
        return UnixStream::connect(path);
    };
    let hidden =
        SocketAddr::from_abstract_name(name).and_then(|address| UnixStream::connect_addr(&address));
    hidden.or_else(|_| UnixStream::connect(name))
}

/// The arguments with the files that they name read: `--file` as standard input, `key#file=path` as `key#base64=…`.
fn read_files(tool: &str, arguments: &[OsString]) -> Result<(Vec<String>, String), String> {
    let mut texts = Vec::new();
    for argument in arguments.iter().skip(1) {
        let text = argument
            .to_str()
            .ok_or_else(|| format!("argument {argument:?} is not UTF-8"))?;
        texts.push(text.to_owned());
    }
    let mut stdin = String::new();
    let takes_file = matches!(
        tool,
        "relation-set" | "secret-add" | "secret-set" | "state-set"
    );
    if !takes_file {
        return Ok((texts, stdin));
    }
    let (mut flags, mut wants_path) = (true, false);
    for text in &mut texts {
        let path = if wants_path {
            Some(text.clone())
        } else if flags {
            let after = text.strip_prefix("--file=");
            after
                .or_else(|| text.strip_prefix("-file="))
                .map(str::to_owned)
        } else {
            None
        };
        if let Some(path) = path {
            stdin = read_text(&path)?;
            *text = if wants_path { "-" } else { "--file=-" }.into();
            wants_path = false;
        } else if flags && text == "--" {
            flags = false;
        } else if flags && matches!(text.as_str(), "--file" | "-file") {
            wants_path = true;
        } else if tool.starts_with("secret-")
            && let Some((key, path)) = text
                .split_once('=')
                .and_then(|(key, path)| Some((key.strip_suffix("#file")?, path)))
        {
            let content = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
            *text = format!("{key}#base64={}", STANDARD.encode(content));
        }
    }
    Ok((texts, stdin))
}

fn read_text(path: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| cannot_read(path, &error))?;
    Ok(text)
}

fn cannot_read(path: &str, error: &std::io::Error) -> String {
    format!("cannot read `{path}`: {error}")
}
