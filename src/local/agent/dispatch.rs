//! One dispatch as a process: environment, output, end.

use std::cell::RefCell;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use super::{Agent, output};
use crate::local::container;
use crate::local::daemon::Daemon;
use crate::local::hook_tool::{self, Context};
use crate::local::model::{self, QueuedEvent};
use crate::local::process_record;

/// What an action may print for its results.
const CAPTURE_LIMIT: usize = 1 << 20;
/// How long output may be waited for once the process has ended: something it left behind may hold it open.
const DRAIN: Duration = Duration::from_secs(1);
/// How long a dispatch has to end when its pod goes.
const GRACE: Duration = Duration::from_secs(5);

/// How a dispatch ended.
pub(super) enum End {
    /// With 0: its writes are to be committed.
    Success(Box<Context>),
    /// Otherwise, with what happened.
    Failed(String),
    /// By a signal from outside.
    Interrupted,
}

/// A dispatch that runs, with its process group.
pub(super) struct Running {
    group: Pid,
}

impl Running {
    pub fn interrupt(&self) {
        let group = self.group;
        let _ = killpg(group, Signal::SIGTERM);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(GRACE).await;
            let _ = killpg(group, Signal::SIGKILL);
        });
    }

    pub fn kill(&self) {
        let _ = killpg(self.group, Signal::SIGKILL);
    }
}

impl Agent {
    /// Runs the charm's executable for one event.
    pub(super) async fn run_charm(
        self: &Rc<Self>,
        daemon: &Rc<Daemon>,
        event: &QueuedEvent,
        name: &str,
    ) -> End {
        let id = daemon.next_context(&self.unit, name);
        let ended = self.run_process(daemon, event, name, &id).await;
        let context = daemon.contexts.borrow_mut().remove(&id);
        match ended {
            Ok(status) => judge(status, context),
            Err(why) => End::Failed(why),
        }
    }

    async fn run_process(
        self: &Rc<Self>,
        daemon: &Rc<Daemon>,
        event: &QueuedEvent,
        name: &str,
        id: &str,
    ) -> Result<ExitStatus, String> {
        let directory = daemon.directory.unit(&self.unit);
        let charm = directory.join("charm");
        let resources = directory.join("resources");
        let environment = {
            let state = daemon.state.borrow();
            let model = &state.model;
            lay_out_resources(model, &self.unit, &resources)?;
            let agent = model::Agent {
                charm_directory: charm.clone(),
                context_id: id.to_owned(),
                socket: daemon.directory.hook_socket(),
                resources: resources.clone(),
            };
            let context = Context::new(model, &self.unit, event, &resources);
            daemon.contexts.borrow_mut().insert(id.to_owned(), context);
            event.environment(model, &self.unit, &agent)
        };
        let containers = daemon.container_directories(&self.unit);
        let command = container::charm_command(&charm, &containers).map_err(|e| e.to_string())?;
        let mut command = tokio::process::Command::from(command);
        command
            .env_clear()
            .envs(environment)
            .env("PATH", crate::local::daemon::tools_path(daemon))
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            format!("cannot run `{}`: {error}", charm.join("dispatch").display())
        })?;
        if let Some(pid) = child.id() {
            let pid = pid.cast_signed();
            process_record::write(&directory.join("dispatch.pid"), pid);
            *self.running.borrow_mut() = Some(Running {
                group: Pid::from_raw(pid),
            });
        }
        let captured = Rc::new(RefCell::new([String::new(), String::new()]));
        let mut readers = Vec::new();
        if let Some(stream) = child.stdout.take() {
            readers.push(self.reader(daemon, event, name, stream, 0, &captured));
        }
        if let Some(stream) = child.stderr.take() {
            readers.push(self.reader(daemon, event, name, stream, 1, &captured));
        }
        let status = child.wait().await.map_err(|error| error.to_string());
        let _ = std::fs::remove_file(directory.join("dispatch.pid"));
        let drain = async {
            for reader in readers {
                let _ = reader.await;
            }
        };
        let _ = tokio::time::timeout(DRAIN, drain).await;
        let status = status?;
        if let QueuedEvent::Action { action } = event {
            let [stdout, stderr] = captured.take();
            note_results(daemon, *action, status, stdout, stderr);
        }
        Ok(status)
    }

    fn reader(
        self: &Rc<Self>,
        daemon: &Rc<Daemon>,
        event: &QueuedEvent,
        name: &str,
        stream: impl tokio::io::AsyncRead + Unpin + 'static,
        which: usize,
        captured: &Rc<RefCell<[String; 2]>>,
    ) -> tokio::task::JoinHandle<()> {
        let (agent, daemon) = (Rc::clone(self), Rc::clone(daemon));
        let origin = format!("unit.{}.{name}", self.unit);
        let level = if which == 0 { "DEBUG" } else { "WARNING" };
        let action = matches!(event, QueuedEvent::Action { .. });
        let captured = Rc::clone(captured);
        tokio::task::spawn_local(async move {
            output::lines(stream, |line| {
                agent.write_log(&daemon, level, &origin, line);
                if let Some(text) = captured.borrow_mut().get_mut(which)
                    && action
                    && text.len() + line.len() < CAPTURE_LIMIT
                {
                    text.push_str(line);
                    text.push('\n');
                }
            })
            .await;
        })
    }
}

fn judge(status: ExitStatus, context: Option<Context>) -> End {
    const FROM_OUTSIDE: [i32; 4] = [
        Signal::SIGTERM as i32,
        Signal::SIGKILL as i32,
        Signal::SIGINT as i32,
        Signal::SIGHUP as i32,
    ];
    match (status.code(), status.signal(), context) {
        (Some(0), _, Some(context)) => End::Success(Box::new(context)),
        (Some(0), _, None) => End::Failed("its context was lost".into()),
        (Some(code), _, _) => End::Failed(format!("exit status {code}")),
        (None, Some(signal), _) if FROM_OUTSIDE.contains(&signal) => End::Interrupted,
        (None, signal, _) => {
            let name = signal
                .and_then(|number| Signal::try_from(number).ok())
                .map_or("an unknown signal", Signal::as_str);
            End::Failed(format!("ended by {name}"))
        }
    }
}

fn note_results(daemon: &Daemon, id: u32, status: ExitStatus, stdout: String, stderr: String) {
    let mut state = daemon.state.borrow_mut();
    let Some(action) = state.model.actions.get_mut(&id) else {
        return;
    };
    let code = status.code().unwrap_or(-1);
    action
        .results
        .insert("return-code".into(), Value::from(code));
    for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
        if !text.is_empty() {
            action.results.insert(name.into(), Value::String(text));
        }
    }
}

fn lay_out_resources(
    model: &model::Model,
    unit: &str,
    resources: &std::path::Path,
) -> Result<(), String> {
    for (name, content) in hook_tool::resource_files(model, unit) {
        let path = resources.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| crate::local::store::write_private(&path, content.as_bytes()));
        written.map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    }
    Ok(())
}
