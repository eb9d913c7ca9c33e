//! Workload containers with a real Pebble, as root and as an ordinary user.
//!
//! Nearly every test runs twice: as it is, and by [`ordinary_user::as_an_ordinary_user`], which runs this executable
//! again as `nobody` in the user namespace that the daemon would make.

#![allow(clippy::unwrap_used)]
// `Dial` is the type that providers have; everything stays on one thread.
#![allow(clippy::arc_with_non_send_sync)]

mod charm;
mod image;
mod inside;
mod life;
mod ordinary_user;
mod requests;
mod services;
mod world;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn pebble() -> PathBuf {
    let path = std::env::var_os("PEBBLE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/.build/pebble"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "no Pebble at `{}`: run `integration/pebble.sh`",
        path.display()
    );
    path
}

/// Whether the test runs as the machine's root.
fn root() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .unwrap()
        .contains("4294967295")
}

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        tokio::time::timeout(4 * LIMIT, test)
            .await
            .expect("the test takes too long");
    }));
}

fn succeeded(output: &std::process::Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
