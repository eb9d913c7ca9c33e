//! What an app finds in its container, and what of it reaches the machine.

use std::fs;
use std::path::Path;

use tokio::net::TcpStream;

use super::requests::{ask_pebble, boot_id, get, post, say, start_app};
use super::world::{APP, World};
use super::{root, run};

#[test]
fn the_app_is_reached_and_is_laid_out_as_in_its_rock() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        assert_eq!(get(&unit, "/app/app.py").await, APP);
        assert_eq!(get(&unit, "/id").await, if root() { "584792" } else { "0" });
        assert_eq!(get(&unit, "/hostname").await, "web-0");
        assert!(
            get(&unit, "/etc/hosts")
                .await
                .contains("web-0.web-endpoints.demo.svc.cluster.local web-0\n")
        );
        assert_eq!(get(&unit, "/list/home").await, "");
        assert_eq!(get(&unit, "/list/tmp").await, "");
        assert_eq!(get(&unit, "/etc/shadow").await, "");
        assert!(get(&unit, "/etc/passwd").await.contains("\n_daemon_:x:"));
        // Not visible: this repository, wherever it is, and the state beside the images.
        assert_eq!(
            get(&unit, &format!("/list{}", env!("CARGO_MANIFEST_DIR"))).await,
            "FileNotFoundError"
        );
        assert_eq!(
            get(&unit, &format!("/list{}", world.path().display())).await,
            "FileNotFoundError"
        );
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 app.py"), "{plan}");
        // PID 1 is Pebble, as Juju starts it.
        let arguments = get(&unit, "/proc/1/cmdline").await;
        assert!(
            arguments.starts_with("/charm/bin/pebble\0run\0--create-dirs\0--hold\0"),
            "{arguments:?}"
        );

        if std::env::var_os("MOUNTED").is_some() {
            for path in ["/opt/file", "/opt/mounted/file"] {
                assert_eq!(get(&unit, path).await, "seen\n", "{path}");
                post(&unit, path).await;
                assert_eq!(fs::read_to_string(path).unwrap(), "seen\n", "{path}");
            }
        }

        let address = unit.publish(8080).await.unwrap();
        assert_eq!(unit.publish(8080).await.unwrap(), address);
        assert!(address.ip().is_loopback());
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(say(&mut stream, "GET", "/hostname").await.unwrap(), "web-0");
        unit.stop().await.unwrap();
    });
}

#[test]
fn nothing_written_inside_reaches_the_machine_and_a_restart_is_fresh() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let address = unit.publish(8080).await.unwrap();
        let before = boot_id(&unit).await;
        let mark = format!("mark-{}", std::process::id());
        for directory in ["/tmp", "/app", "/var/tmp", "/dev/shm"] {
            let path = format!("{directory}/{mark}");
            post(&unit, &path).await;
            assert_eq!(get(&unit, &path).await, "written", "{path}");
            assert!(!Path::new(&path).exists(), "{path}");
        }
        assert!(
            !world
                .path()
                .join("images/web/root/app")
                .join(&mark)
                .exists()
        );
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_ne!(boot_id(&unit).await, before);
        for directory in ["/tmp", "/app", "/var/tmp", "/dev/shm"] {
            assert_eq!(
                get(&unit, &format!("{directory}/{mark}")).await,
                "FileNotFoundError"
            );
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(say(&mut stream, "GET", "/hostname").await.unwrap(), "web-0");
        unit.stop().await.unwrap();
    });
}
