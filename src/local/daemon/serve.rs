//! Answers the command line.

use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Daemon, requests};
use crate::local::protocol::{Answer, Command, Request, VERSION};

/// Requests hold databags and options, not files.
const REQUEST_LIMIT: u64 = 64 << 20;

/// Serves until all is to end; answers with the stream of who asked for that.
pub(super) async fn serve(daemon: Rc<Daemon>, listener: UnixListener) -> Option<UnixStream> {
    let (destroyer, mut destroyed) = unbounded_channel();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::task::spawn_local(one(Rc::clone(&daemon), stream, destroyer.clone()));
                }
                Err(error) => {
                    daemon.say("ERROR", &format!("cannot accept a command: {error}"));
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
            stream = destroyed.recv() => return stream,
        }
    }
}

async fn one(daemon: Rc<Daemon>, stream: UnixStream, destroyer: UnboundedSender<UnixStream>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    let read = (&mut reader)
        .take(REQUEST_LIMIT)
        .read_until(b'\n', &mut line)
        .await;
    if read.is_err() {
        return;
    }
    let mut stream = reader.into_inner();
    let command = match understand(&line) {
        Ok(Command::Destroy) => {
            let _ = destroyer.send(stream);
            return;
        }
        Ok(command) => command,
        Err(why) => {
            send(&mut stream, &Answer::Failed(why)).await;
            return;
        }
    };
    let (progress, mut lines) = unbounded_channel();
    let work = requests::carry_out(&daemon, command, progress);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            Some(line) = lines.recv() => send(&mut stream, &Answer::Progress(line)).await,
            result = &mut work => break result,
        }
    };
    while let Ok(line) = lines.try_recv() {
        send(&mut stream, &Answer::Progress(line)).await;
    }
    let answer = match result {
        Ok(value) => Answer::Done(value),
        Err(why) => Answer::Failed(why),
    };
    send(&mut stream, &answer).await;
}

fn understand(line: &[u8]) -> Result<Command, String> {
    let request: Request = serde_json::from_slice(line)
        .map_err(|error| format!("the daemon does not understand the request: {error}"))?;
    if request.command.get("do").and_then(|it| it.as_str()) == Some("destroy") {
        return Ok(Command::Destroy);
    }
    if request.version != VERSION {
        return Err(format!(
            "this model was started by charmwright {VERSION}, and this is {}; use that version, or end the model with \
             `charmwright local destroy`",
            request.version
        ));
    }
    serde_json::from_value(request.command)
        .map_err(|error| format!("the daemon does not understand the request: {error}"))
}

/// A command line that went away needs no answer.
pub(super) async fn send(stream: &mut UnixStream, answer: &Answer) {
    if let Ok(mut text) = serde_json::to_vec(answer) {
        text.push(b'\n');
        let _ = stream.write_all(&text).await;
        let _ = stream.flush().await;
    }
}
