//! Processes that outlive the handle on them: known by number and start time, so that a number used again is not hit.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::error::{Error, Trying};
use super::{SHARED, root_file_system};

const RECORD: &str = "process.json";
/// How long a killed process may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// One process.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Process {
    pub(super) pid: i32,
    /// In clock ticks since boot: field 22 of proc_pid_stat(5).
    start: u64,
}

impl Process {
    /// The running process `pid`.
    pub(super) fn find(pid: i32) -> io::Result<Self> {
        let start = start_time(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
            .ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { pid, start })
    }

    /// Whether it still runs; one that ended and was not waited for does not.
    pub(super) fn runs(self) -> bool {
        Self::find(self.pid).is_ok_and(|now| now == self)
    }

    /// Sends the signal if it still runs.
    pub(super) fn signal(self, signal: Signal) -> io::Result<()> {
        if !self.runs() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Err(Errno::ESRCH) => Ok(()),
            result => Ok(result?),
        }
    }
}

/// The start time in the text of `/proc/PID/stat`, or `None` for a process that has ended. The name in parentheses
/// may hold anything, so that counting starts behind the last one. A process whose first thread has ended is a zombie
/// in name only while others run: what it is PID 1 of ends with the last of them.
fn start_time(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let threads: u64 = fields.nth(16)?.parse().ok()?;
    if matches!(state, "Z" | "X") && threads <= 1 {
        return None;
    }
    fields.nth(1)?.parse().ok()
}

/// The processes of one container, as noted beside it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record {
    /// Pebble, PID 1 of the container.
    pub(super) pebble: Process,
    /// The process that waits for it.
    pub(super) supervisor: Process,
}

impl Record {
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        fs::write(directory.join(RECORD), serde_json::to_vec(self)?)
    }
}

/// Ends what a daemon that died left of the container in `directory`, and removes what only a running container
/// needs. Namespaces, and with them mounts and sockets, go with the last process. Does nothing when nothing is left.
///
/// # Errors
/// [`Error::Io`] when a process cannot be ended or a file cannot be removed.
pub fn cleanup(directory: &Path) -> Result<(), Error> {
    end_recorded(directory)?;
    for name in [SHARED, root_file_system::STAGE, super::charm_command::STAGE] {
        gone(directory, name, |path| fs::remove_dir_all(path))?;
    }
    Ok(())
}

/// Ends the processes noted in the directory, which stays as it is.
pub(super) fn end_recorded(directory: &Path) -> Result<(), Error> {
    let Ok(text) = fs::read(directory.join(RECORD)) else {
        return Ok(());
    };
    if let Ok(found) = serde_json::from_slice::<Record>(&text) {
        for process in [found.pebble, found.supervisor] {
            end(process).trying(|| format!("end process {}", process.pid))?;
        }
    }
    gone(directory, RECORD, |path| fs::remove_file(path))
}

fn gone(
    directory: &Path,
    name: &str,
    remove: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Error> {
    let path = directory.join(name);
    match remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).trying(|| format!("remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

fn end(process: Process) -> io::Result<()> {
    process.signal(Signal::SIGKILL)?;
    let limit = Instant::now() + GONE;
    while process.runs() {
        if Instant::now() > limit {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        for (name, state, threads, expected) in [
            ("pebble", "S", 9, Some(4711)),
            (") Z 0 (", "R", 1, Some(4711)),
            ("pebble", "Z", 2, Some(4711)),
            ("pebble", "Z", 1, None),
            ("pebble", "X", 0, None),
        ] {
            let rest = format!("1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 {threads} 0 4711 9 9");
            let text = format!("7 ({name}) {state} {rest}");
            assert_eq!(start_time(&text), expected, "{text}");
        }
        assert_eq!(start_time(""), None);
        assert_eq!(start_time("7 (x) S 1"), None);
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let here = Process::find(std::process::id().cast_signed()).unwrap();
        assert!(here.runs());
        let before = Process {
            start: here.start - 1,
            ..here
        };
        assert!(!before.runs());
        before.signal(Signal::SIGKILL).unwrap();
    }
}
