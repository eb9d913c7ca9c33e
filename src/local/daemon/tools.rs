//! The directory that a hook finds first on its PATH: the executable under the name of each hook tool.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::Daemon;
use crate::local::hook_tool::NAMES;

/// Copies the running executable into `directory` and links it under each hook tool's name, so that a build or an
/// upgrade meanwhile does not change the tools of a running model.
pub(super) fn lay_out(directory: &Path) -> io::Result<()> {
    let copy = directory.join("charmwright");
    let beside = directory.join("charmwright.new");
    fs::copy("/proc/self/exe", &beside)?;
    fs::rename(&beside, &copy)?;
    for name in NAMES {
        let link = directory.join(name);
        if fs::read_link(&link).is_ok_and(|target| target == Path::new("charmwright")) {
            continue;
        }
        let _ = fs::remove_file(&link);
        symlink("charmwright", &link)?;
    }
    Ok(())
}

/// `PATH` of a hook: the tools, then the system's directories.
pub(in crate::local) fn path(daemon: &Daemon) -> String {
    const SYSTEM: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    format!("{}:{SYSTEM}", daemon.directory.join("tools").display())
}
