//! The `.charm` itself: its zip, entry by entry, and what Juju's own reader makes of it.

// Helpers of tests are not themselves tests, which is what the lint excepts.
#![allow(clippy::unwrap_used)]

mod archive;
mod failures;
mod juju;
mod reading;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_charmwright");

const PROJECT: &str = "name: hello-world\ntype: charm\nbase: ubuntu@24.04\nplatforms: {amd64: null}\nsummary: s\n\
                       description: d\nextensions: [fastapi-framework]\n";

/// A project directory with the given `charmcraft.yaml`.
fn project(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("charmcraft.yaml"), text).unwrap();
    directory
}

fn charmwright(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(EXECUTABLE)
        .args(arguments)
        .current_dir(directory)
        .env("CHARMCRAFT_ENABLE_EXPERIMENTAL_EXTENSIONS", "1")
        .output()
        .unwrap()
}

fn packed(directory: &Path) -> PathBuf {
    let output = charmwright(directory, &["pack"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    directory.join(said.trim().strip_prefix("Packed ").unwrap())
}

/// What Juju's own reader says of a charm: what it found, or its error.
fn judge(charm: &Path, expand: Option<&Path>) -> Result<serde_json::Value, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/integration/charmreader.sh");
    let built = Command::new(script).output().unwrap();
    assert!(
        built.status.success(),
        "integration/charmreader.sh failed: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    let reader = String::from_utf8(built.stdout).unwrap();
    let output = Command::new(reader.trim())
        .arg(charm)
        .args(expand)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
