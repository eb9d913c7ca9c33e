//! The unit agent: answers hook tools from the model, writes their calls down, and kills where it was told to.

use std::rc::Rc;

use charmwright::local::hook_tool::{Context, LogLine, Reply, Request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::world::World;

/// One call of a hook tool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    pub tool: String,
    pub arguments: Vec<String>,
    pub stdin: String,
    pub code: u8,
}

impl Call {
    /// Whether it changes anything but what the unit itself remembers.
    pub fn writes(&self) -> bool {
        const READS: [&str; 10] = [
            "config-get",
            "goal-state",
            "is-leader",
            "network-get",
            "opened-ports",
            "relation-get",
            "relation-ids",
            "relation-list",
            "secret-get",
            "status-get",
        ];
        !READS.contains(&self.tool.as_str())
    }
}

/// Where a hook is cut off with SIGKILL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Cut {
    /// Nowhere.
    #[default]
    Never,
    /// When its hook tool of this number, from 1, was carried out and before it hears of it.
    Tool(usize),
    /// When its request to Pebble of this number, from 1, is on its way.
    Request(usize),
    /// With SIGTERM instead, when its hook tool of this number was carried out.
    Terminate(usize),
    /// Not at all: its hook tool of this number fails for no good reason.
    Fail(usize),
    /// Not the hook: Pebble dies when its request of this number, from 1, is on its way.
    Pebble(usize),
}

/// How a dispatch went.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    pub event: String,
    /// The exit code; none when it was killed.
    pub code: Option<i32>,
    pub calls: Vec<Call>,
    /// Requests to Pebble, as `GET /v1/plan`; only where they were watched.
    pub requests: Vec<String>,
    pub log: Vec<LogLine>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn writes(&self) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.writes()).collect()
    }
}

/// A dispatch that runs.
pub(super) struct Running {
    pub id: String,
    pub context: Context,
    pub calls: Vec<Call>,
    pub requests: Vec<String>,
    pub cut: Cut,
    pub process: Option<Pid>,
    pub killed: bool,
}

impl Running {
    pub fn kill(&mut self) {
        self.killed = true;
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = self.process {
            kill(process, signal).unwrap();
        }
    }
}

pub(super) fn serve(world: &Rc<World>, listener: UnixListener) {
    let world = Rc::downgrade(world);
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let world = world.clone();
            tokio::task::spawn_local(async move {
                let Some(world) = world.upgrade() else { return };
                // A tool whose hook was killed is gone too.
                let _ = answer(&world, stream).await;
            });
        }
    });
}

async fn answer(world: &World, stream: UnixStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let request: Request = serde_json::from_str(&line)?;
    let reply = run(world, request);
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    stream.write_all(&text).await
}

fn run(world: &World, request: Request) -> Reply {
    let mut running = world.running.borrow_mut();
    let found = running
        .values_mut()
        .find(|running| running.id == request.context && !running.killed);
    let Some(running) = found else {
        return Reply {
            stderr: "ERROR the hook is over\n".into(),
            code: 1,
            ..Reply::default()
        };
    };
    let number = running.calls.len() + 1;
    let reply = if running.cut == Cut::Fail(number) {
        Reply {
            stderr: "ERROR connection is shut down\n".into(),
            code: 1,
            ..Reply::default()
        }
    } else {
        running.context.run(
            &mut world.model.borrow_mut(),
            &request.tool,
            &request.arguments,
            request.stdin.as_bytes(),
        )
    };
    running.calls.push(Call {
        tool: request.tool,
        arguments: request.arguments,
        stdin: request.stdin,
        code: reply.code,
    });
    match running.cut {
        Cut::Tool(at) if at == number => running.kill(),
        Cut::Terminate(at) if at == number => running.signal(Signal::SIGTERM),
        _ => {}
    }
    reply
}
