//! The same tests as `nobody`, over odd mounts, and what to do where the machine refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::{pebble, root, succeeded};

#[test]
fn a_machine_that_refuses_namespaces_says_what_to_enable() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all \
                  -- \"$0\" charmwright-container";
    // Inside a user namespace the setting is that namespace's own.
    let executable =
        std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("charmwright-container");
    std::os::unix::fs::symlink(executable, &link).unwrap();
    let script = script.replace("charmwright-container", "user-namespace true");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", &script])
        .arg(&link)
        .output()
        .expect("no `unshare`: run `apt install util-linux`");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        errors.ends_with(
            "run `sudo sysctl -w user.max_user_namespaces=15000`, or run charmwright as root\n"
        ),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

/// A copy of this test with all it needs, and a command that runs it as `nobody`.
struct OrdinaryUser(tempfile::TempDir);

impl OrdinaryUser {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        // Where this repository is, an ordinary user may not be allowed to look.
        for (from, name) in [
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
        Self(home)
    }

    /// `before` is a program that ends by running its arguments.
    fn test(&self, before: &[&str], arguments: &[&str]) {
        let home = self.0.path();
        let executable = home.join("charmwright-container");
        let mut words: Vec<&str> = before.to_vec();
        words.extend([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--",
        ]);
        let output = Command::new(words[0])
            .args(&words[1..])
            .arg(&executable)
            .arg("user-namespace")
            .arg(home.join("test"))
            .args(arguments)
            .env("PEBBLE", home.join("pebble"))
            .env("TMPDIR", home)
            .env("CHARMWRIGHT", executable)
            .current_dir(home)
            .output()
            .expect("no `setpriv` or `unshare`: run `apt install util-linux`");
        succeeded(&output);
    }
}

#[test]
fn as_an_ordinary_user() {
    if root() {
        let arguments = [
            "--skip",
            "as_an_ordinary_user",
            "--skip",
            "what_is_mounted_below",
        ];
        OrdinaryUser::new().test(&[], &arguments);
    }
}

/// Mounts of the machine that a user namespace may not look behind.
const MOUNTS: &str = "mount -t tmpfs tmpfs /opt && echo seen > /opt/file && mkdir /opt/mounted && \
                      mount -t tmpfs tmpfs /opt/mounted && echo seen > /opt/mounted/file && \
                      chmod 666 /opt/file /opt/mounted/file && \
                      mount --bind /etc/hosts /etc/hosts && MOUNTED=1 exec \"$@\"";

#[test]
fn what_is_mounted_below_a_directory_is_shown_too() {
    if !root() {
        return;
    }
    let before = ["unshare", "--mount", "sh", "-c", MOUNTS, "sh"];
    let arguments = [
        "--exact",
        "inside::the_app_is_reached_and_is_laid_out_as_in_its_rock",
    ];
    let mut command = Command::new(before[0]);
    command
        .args(&before[1..])
        .arg(std::env::current_exe().unwrap())
        .args(arguments);
    succeeded(
        &command
            .output()
            .expect("no `unshare`: run `apt install util-linux`"),
    );
    OrdinaryUser::new().test(&before, &arguments);
}
