//! Notes of processes in files, so that a daemon that follows one that was killed can end what that one left.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Notes a process group by its leader. A note that cannot be written is not worth failing for.
pub(super) fn write(path: &Path, pid: i32) {
    if let Some(start) = start_time(pid) {
        let _ = fs::write(path, format!("{pid} {start}"));
    }
}

/// Kills the process group of a note, if its leader is still the one that was noted, and removes the note.
pub(super) fn kill(path: &Path) {
    let Ok(text) = fs::read_to_string(path) else {
        return;
    };
    let mut words = text.split_whitespace();
    let pid = words.next().and_then(|pid| pid.parse::<i32>().ok());
    if let Some(pid) = pid.filter(|pid| *pid > 1)
        && start_time(pid).as_deref() == words.next()
    {
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = fs::remove_file(path);
}

/// Field 22 of proc_pid_stat(5); numbers of processes are used again, with another start.
fn start_time(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn only_the_process_that_was_noted_is_killed() {
        let root = tempfile::tempdir().unwrap();
        let note = root.path().join("pid");
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        fs::write(&note, format!("{pid} 1")).unwrap();
        kill(&note);
        assert!(child.try_wait().unwrap().is_none());
        write(&note, pid);
        kill(&note);
        assert!(!child.wait().unwrap().success());
        assert!(!note.exists());
    }
}
