//! What a server that was killed leaves behind: processes for a moment, and its lock file.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use super::Program;

/// How long its processes may take to end by themselves, then after SIGQUIT.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends every process of the server of that data directory, then removes its lock file: without processes it says
/// nothing, and a stranger who got the same process id would keep the server from starting.
pub(super) async fn end(data: &Path, program: &dyn Program) {
    let Ok(data) = data.canonicalize() else {
        return;
    };
    for signal in [None, Some(Signal::SIGQUIT), Some(Signal::SIGKILL)] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let processes = processes(&data, program);
            if processes.is_empty() {
                if let Some(lock) = program.lock() {
                    let _ = std::fs::remove_file(data.join(lock));
                }
                return;
            }
            if let Some(signal) = signal {
                for process in processes {
                    let _ = kill(process, signal);
                }
            }
            if Instant::now() > deadline {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Every process of a server has the data directory as its working directory.
fn processes(data: &Path, program: &dyn Program) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let directory = std::fs::read_link(entry.path().join("cwd")).ok()?;
            if directory != data {
                return None;
            }
            // A shell of the user's may stand there as well.
            let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
            program.owns(name.trim_end()).then(|| Pid::from_raw(pid))
        })
        .collect()
}
