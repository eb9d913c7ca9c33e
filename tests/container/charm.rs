//! The charm's process, which finds the sockets of its own unit.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use charmwright::local::container::charm_command;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::requests::boot_id;
use super::run;
use super::world::World;

#[test]
fn a_charm_finds_the_sockets_of_its_own_unit() {
    run(async {
        let world = World::new();
        let (first, second) = tokio::join!(world.unit("web/0"), world.unit("web/1"));
        let charm = world.path().join("charm");
        fs::create_dir(&charm).unwrap();
        let dispatch = charm.join("dispatch");
        fs::write(
            &dispatch,
            "#!/bin/sh\npwd\nprintf '%s %s\n' \"$GREETING\" \"$0\"\ncurl --silent --unix-socket /charm/containers/app/pebble.socket http://localhost/v1/system-info\nls /charm/containers\nexit 7\n",
        ).unwrap();
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755)).unwrap();
        for unit in [&first, &second] {
            let containers = BTreeMap::from([
                ("app".to_owned(), unit.specification().directory.clone()),
                (
                    "second-container".to_owned(),
                    world.path().join("units/other"),
                ),
            ]);
            let output = charm_command(&charm, &containers)
                .unwrap()
                .env_clear()
                .env("GREETING", "hello")
                .env("PATH", "/usr/bin:/bin")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(7), "{text} {errors}");
            assert!(
                text.starts_with(&format!("{0}\nhello {0}/dispatch\n", charm.display())),
                "{text}"
            );
            assert!(text.contains(&boot_id(unit).await), "{text} {errors}");
            assert!(text.ends_with("app\nsecond-container\n"), "{text}");
        }
        assert!(!Path::new("/charm/containers/second-container").exists());
        first.stop().await.unwrap();
        second.stop().await.unwrap();
    });
}

#[test]
fn a_hook_that_runs_meanwhile_finds_the_container_again() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let charm = world.path().join("charm");
        fs::create_dir(&charm).unwrap();
        let dispatch = charm.join("dispatch");
        fs::write(
            &dispatch,
            "#!/bin/sh\necho begun\nread line\n\
             exec curl --silent --unix-socket /charm/containers/app/pebble.socket http://localhost/v1/system-info\n",
        )
        .unwrap();
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755)).unwrap();
        let directory = unit.specification().directory.clone();
        let containers = BTreeMap::from([("app".to_owned(), directory)]);
        let mut hook = tokio::process::Command::from(charm_command(&charm, &containers).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut begun = [0; 6];
        hook.stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut begun)
            .await
            .unwrap();
        let before = boot_id(&unit).await;
        unit.restart().await.unwrap();
        let after = boot_id(&unit).await;
        hook.stdin
            .take()
            .unwrap()
            .write_all(b"go on\n")
            .await
            .unwrap();
        let output = hook.wait_with_output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&after) && before != after, "{text}");
        unit.stop().await.unwrap();
    });
}
