//! Apps of every framework, laid out as their rocks would have them and started by a real Pebble.
//!
//! The projects are made here, as small as they can be, with the packages of `integration/apps`, which
//! `integration/setup.sh` fetches. What is built of them is kept in `target/tmp/layout`, so that
//! only the first run is slow. Tests run as they are, and some once more by [`ordinary_user::as_an_ordinary_user`].

#![allow(clippy::unwrap_used)]
// `Dial` is the type that providers have; everything stays on one thread.
#![allow(clippy::arc_with_non_send_sync)]

mod expressjs;
mod go;
mod gunicorn;
mod ordinary_user;
mod project;
mod spring_boot;
mod unit;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        tokio::time::timeout(Duration::from_secs(500), test)
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
