//! Two of the tests as `nobody`, where nothing of this repository may be seen.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::{pebble, succeeded};

/// A program on PATH or where `go install` puts it.
fn program(name: &str, install: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    std::env::split_paths(&path)
        .chain([home.join("go/bin")])
        .map(|directory| directory.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no `{name}`: run `{install}`"))
}

#[test]
fn as_an_ordinary_user() {
    if std::env::var_os("IMAGES").is_some() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let exporter = program(
        "statsd_exporter",
        "go install github.com/prometheus/statsd_exporter@v0.26.0",
    );
    // Where this repository is, an ordinary user may not be allowed to look.
    for (from, name) in [
        (exporter, "statsd_exporter"),
        (pebble(), "pebble"),
        (std::env::current_exe().unwrap(), "test"),
        (
            env!("CARGO_BIN_EXE_charmwright").into(),
            "charmwright-container",
        ),
    ] {
        let to = home.path().join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let executable = home.path().join("charmwright-container");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&executable)
        .arg("user-namespace")
        .arg(home.path().join("test"))
        .args([
            "--exact",
            "expressjs::an_express_app_answers_with_its_packages",
        ])
        .arg("gunicorn::a_flask_app_answers_through_gunicorn_and_is_counted_by_the_statsd_exporter")
        .env("PEBBLE", home.path().join("pebble"))
        .env("TMPDIR", home.path())
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", home.path().display()))
        .env("IMAGES", home.path().join("images"))
        .env("CHARMWRIGHT", executable)
        .env_remove("GOBIN")
        .env_remove("GOPATH")
        .current_dir(home.path())
        .output()
        .expect("no `setpriv`: run `apt install util-linux`");
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("2 passed"), "{said}");
}
