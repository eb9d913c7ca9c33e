//! Starts the daemon: once as the command line, which waits for the word `ready`, once as the new process.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Daemon, hook_tools, recovery, serve, tools};
use crate::juju::JujuVersion;
use crate::local::container;
use crate::local::model::Model;
use crate::local::protocol::Answer;
use crate::local::store::{Directory, State, remove_tree};
use crate::streams::{errln, outln};

/// What the new process says once it serves, or when another one does.
const READY: &str = "ready";

/// How long a dispatch that was asked to end is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Starts a daemon for `directory` and waits until it serves.
///
/// # Errors
/// One line that says why there is none.
pub fn start(directory: &Directory) -> Result<(), String> {
    directory.create().map_err(|error| error.to_string())?;
    let path = directory.log("daemon");
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    let mut child = Command::new("/proc/self/exe")
        .args(["local", "--dir"])
        .arg(directory.parent())
        .arg("daemon")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| format!("cannot start the daemon: {error}"))?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        let _ = BufReader::new(stdout).read_line(&mut said);
    }
    match said.trim_end() {
        READY => Ok(()),
        "" => Err(format!(
            "the daemon ended at once; see `{}`",
            path.display()
        )),
        problem => Err(problem.to_owned()),
    }
}

/// The daemon itself, until it ends.
#[must_use]
pub fn main(directory: &Directory) -> ExitCode {
    match run(directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            outln!("{why}");
            errln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(directory: &Directory) -> Result<(), String> {
    // A new session: what ends the terminal does not end the model.
    let _ = nix::unistd::setsid();
    let Some(_lock) = lock(directory)? else {
        outln!("{READY}");
        return Ok(());
    };
    container::enter_user_namespace().map_err(|error| error.to_string())?;
    let state = directory.load().map_err(|error| error.to_string())?;
    recovery::clean_up(directory)?;
    tools::lay_out(&directory.join("tools")).map_err(|error| {
        format!(
            "cannot write `{}`: {error}",
            directory.join("tools").display()
        )
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let local = tokio::task::LocalSet::new();
    let fresh = state.is_none();
    let state = match state {
        Some(state) => state,
        None => new_state(directory)?,
    };
    local.block_on(&runtime, live(directory.clone(), state, fresh))
}

fn lock(directory: &Directory) -> Result<Option<Flock<File>>, String> {
    let path = directory.join("daemon.lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("cannot open `{}`: {error}", path.display()))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(format!("cannot lock `{}`: {error}", path.display())),
    }
}

/// Whether no daemon runs for `directory`.
#[must_use]
pub fn is_gone(directory: &Directory) -> bool {
    !directory.join("daemon.lock").exists() || matches!(lock(directory), Ok(Some(_)))
}

async fn live(directory: Directory, state: State, fresh: bool) -> Result<(), String> {
    let commands = listen(directory.daemon_socket())?;
    let tools = listen(directory.hook_socket())?;
    // Received and not acted on: the terminal's end is not the model's.
    let _hangups = signal(SignalKind::hangup());
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let daemon = Daemon::new(directory, state);
    daemon.say("INFO", "serving");
    daemon.changed();
    if !fresh {
        daemon.resume();
    }
    tokio::task::spawn_local(hook_tools::serve(Rc::clone(&daemon), tools));
    outln!("{READY}");
    let _ = std::io::stdout().flush();
    detach_output();
    let destroyer = tokio::select! {
        stream = serve::serve(Rc::clone(&daemon), commands) => stream,
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    daemon.end(destroyer.is_some()).await;
    daemon.say("INFO", "ended");
    if let Some(mut stream) = destroyer {
        serve::send(&mut stream, &Answer::Done(serde_json::Value::Null)).await;
    }
    Ok(())
}

/// Who started the daemon reads its output to the end: it must not stay open.
fn detach_output() {
    if let Ok(null) = OpenOptions::new().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

fn listen(path: PathBuf) -> Result<UnixListener, String> {
    remove_tree(&path)
        .and_then(|()| UnixListener::bind(&path))
        .map_err(|error| format!("cannot listen on `{}`: {error}", path.display()))
}

fn new_state(directory: &Directory) -> Result<State, String> {
    let uuid = new_uuid()?;
    let name = model_name(directory);
    Ok(State {
        model: Model::new(&name, &uuid, JujuVersion::default()),
        update_status_interval: 300,
        ..State::default()
    })
}

/// The project directory's name, as far as it can be a model's: lower-case letters, digits and `-`.
fn model_name(directory: &Directory) -> String {
    let name = directory.parent().file_name().unwrap_or_default();
    let name: String = name
        .to_string_lossy()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "local" } else { name }.to_owned()
}

/// A version 4 UUID.
fn new_uuid() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("cannot make a UUID: {error}"))?;
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | 0x4 << 76;
    let number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok(format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    ))
}

impl Daemon {
    /// Takes a model up again that another daemon has left.
    fn resume(self: &Rc<Self>) {
        let (units, providers): (Vec<String>, Vec<String>) = self.read(|model| {
            let all = model.applications.iter();
            let all =
                all.flat_map(|(name, it)| it.units.keys().map(move |n| format!("{name}/{n}")));
            all.partition(|unit| model.runs_charm(unit))
        });
        for unit in &units {
            self.state.borrow_mut().model.restarted(unit);
        }
        for unit in units.iter().chain(&providers) {
            self.start_unit(unit);
        }
    }

    /// Stops everything; data of providers goes too when the model is to be `destroyed`.
    async fn end(self: &Rc<Self>, destroyed: bool) {
        self.closing.set(true);
        let agents: Vec<_> = self.agents.borrow().values().cloned().collect();
        for agent in &agents {
            agent.interrupt();
        }
        let deadline = tokio::time::Instant::now() + GRACE;
        while !destroyed
            && agents.iter().any(|agent| agent.is_dispatching())
            && tokio::time::Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for agent in &agents {
            agent.kill();
        }
        let pods: Vec<_> = self.pods.borrow().values().cloned().collect();
        let runners: Vec<_> = self.runners.borrow().values().cloned().collect();
        let ends = pods.iter().map(|pod| pod.end());
        futures_util::future::join_all(ends).await;
        let ends = runners.iter().map(|runner| runner.ended(destroyed));
        futures_util::future::join_all(ends).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_of_version_4() {
        let uuid = new_uuid().unwrap();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(
            matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'),
            "{uuid}"
        );
    }

    #[test]
    fn a_model_is_named_after_its_directory() {
        for (path, name) in [
            ("/x/Hello World", "hello-world"),
            ("/x/demo", "demo"),
            ("/", "local"),
        ] {
            assert_eq!(model_name(&Directory::below(path.as_ref())), name, "{path}");
        }
    }
}
