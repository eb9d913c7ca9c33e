//! Python packages that tests need: those of `integration/gunicorn/NAME.txt`, installed once for each content.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The directory with the packages, for `PYTHONPATH`.
pub fn directory(name: &str) -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("integration/gunicorn")
        .join(format!("{name}.txt"));
    let pins = fs::read_to_string(&requirements).unwrap();
    let key: String = pins
        .trim()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{key}"));
    let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if directory.exists() {
        return directory;
    }
    let new = directory.with_extension(format!("{}.new", std::process::id()));
    let _ = fs::remove_dir_all(&new);
    // The app runs as another user, who must be able to read what pip writes.
    let output = Command::new("/bin/sh")
        .args(["-c", "umask 022 && exec \"$@\"", "sh"])
        .args(["/bin/python3", "-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .arg("--target")
        .arg(&new)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cannot install {name}: run `integration/setup.sh`: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Another test process may have been faster.
    if fs::rename(&new, &directory).is_err() {
        fs::remove_dir_all(&new).unwrap();
    }
    directory
}
