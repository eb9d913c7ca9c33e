//! Answers hook tools: one connection, one line of JSON each way, for each.

use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::Daemon;
use crate::local::hook_tool::{Reply, Request};

/// More than any databag that a model would survive.
const REQUEST_LIMIT: u64 = 256 << 20;

/// Serves for ever.
pub(super) async fn serve(daemon: Rc<Daemon>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::task::spawn_local(one(Rc::clone(&daemon), stream));
            }
            Err(error) => {
                daemon.say("ERROR", &format!("cannot accept a hook tool: {error}"));
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn one(daemon: Rc<Daemon>, mut stream: UnixStream) {
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(read.take(REQUEST_LIMIT));
    if reader.read_until(b'\n', &mut line).await.is_err() {
        return;
    }
    let reply = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => answer(&daemon, &request),
        Err(error) => refuse(&format!("the request is not understood: {error}")),
    };
    let Ok(mut text) = serde_json::to_vec(&reply) else {
        return;
    };
    text.push(b'\n');
    let _ = write.write_all(&text).await;
    let _ = write.shutdown().await;
}

fn answer(daemon: &Rc<Daemon>, request: &Request) -> Reply {
    let found = daemon.contexts.borrow_mut().remove(&request.context);
    let Some(mut context) = found else {
        return refuse(&format!("no hook context \"{}\"", request.context));
    };
    let reply = context.run(
        &mut daemon.state.borrow_mut().model,
        &request.tool,
        &request.arguments,
        request.stdin.as_bytes(),
    );
    let log = std::mem::take(&mut context.log);
    let changes = std::mem::take(&mut context.changes);
    let agent = daemon.agents.borrow().get(context.unit()).cloned();
    if let Some(agent) = agent {
        for line in &log {
            agent.log_from_charm(daemon, &line.level, &line.message);
        }
    }
    daemon
        .contexts
        .borrow_mut()
        .insert(request.context.clone(), context);
    if matches!(
        request.tool.as_str(),
        "status-set" | "application-version-set" | "secret-get" | "action-log"
    ) || !changes.is_empty()
    {
        daemon.apply(changes);
    }
    reply
}

fn refuse(message: &str) -> Reply {
    Reply {
        stderr: format!("ERROR {message}\n"),
        code: 1,
        ..Reply::default()
    }
}
