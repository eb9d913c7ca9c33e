//! What a model leaves behind, seen from the kernel's side.

use std::fs;
use std::path::Path;

/// Processes, mounts and sockets that have to do with the directory: nothing once its model is destroyed.
pub fn of(directory: &Path) -> Vec<String> {
    let name = directory.to_str().unwrap();
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        if id == std::process::id() {
            continue;
        }
        let process = entry.path();
        let read = |file: &str| {
            let bytes = fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let link = |file: &str| {
            let target = fs::read_link(process.join(file)).unwrap_or_default();
            target.display().to_string()
        };
        let command = read("cmdline");
        for (what, text) in [
            ("arguments", command.clone()),
            ("directory", link("cwd")),
            ("executable", link("exe")),
            ("mounts", read("mountinfo")),
        ] {
            if text.contains(name) {
                left.push(format!("process {id} (`{command}`) by its {what}"));
            }
        }
    }
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    for (what, file) in [
        ("mount", "/proc/self/mountinfo"),
        ("socket", "/proc/net/unix"),
    ] {
        for line in read(file).lines().filter(|line| line.contains(name)) {
            left.push(format!("{what} {line}"));
        }
    }
    left
}
