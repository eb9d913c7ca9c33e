//! How a container ends: stopped, killed, cleaned up, or with its daemon.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use charmwright::local::container;
use tokio::net::TcpStream;

use super::requests::{get, start_app};
use super::world::{World, processes};
use super::{LIMIT, run};

#[test]
fn stop_leaves_no_process_no_mount_and_no_listening_socket() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let address = unit.publish(8080).await.unwrap();
        assert!(unit.runs());
        assert!(!processes(world.path()).is_empty());
        unit.stop().await.unwrap();
        unit.stop().await.unwrap();
        unit.ended().await;
        assert!(!unit.runs());
        assert_eq!(processes(world.path()), Vec::<String>::new());
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        assert!(
            !mounts.contains(&world.path().display().to_string()),
            "{mounts}"
        );
        assert!(TcpStream::connect(address).await.is_err());
        assert!(unit.dial(8080).await.is_err());
        assert!(!container::pebble_socket(&unit.specification().directory).exists());
    });
}

#[test]
fn a_killed_pebble_takes_everything_along_and_is_noticed() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let record =
            fs::read_to_string(unit.specification().directory.join("process.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let pebble = record["pebble"]["pid"].to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pebble])
                .status()
                .unwrap()
                .success()
        );
        tokio::time::timeout(LIMIT, unit.ended()).await.unwrap();
        assert!(unit.dial(8080).await.is_err());
        assert_eq!(processes(world.path()), Vec::<String>::new());
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_eq!(get(&unit, "/hostname").await, "web-0");
        unit.stop().await.unwrap();
    });
}

#[test]
fn cleanup_ends_what_a_daemon_left() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let directory = unit.specification().directory.clone();
        container::cleanup(&directory).unwrap();
        container::cleanup(&directory).unwrap();
        tokio::time::timeout(LIMIT, unit.ended()).await.unwrap();
        assert_eq!(processes(world.path()), Vec::<String>::new());
        // One that is started over an old record begins with the same.
        let again = world.unit("web/0").await;
        again.stop().await.unwrap();
    });
}

/// Not a test: the daemon that the next one kills.
#[test]
fn daemon() {
    if std::env::var_os("DAEMON").is_none() {
        return;
    }
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        eprintln!("directory:{}", world.path().display());
        unit.ended().await;
    });
}

#[test]
fn a_daemon_that_is_killed_takes_its_containers_along() {
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "life::daemon", "--nocapture"])
        .env("DAEMON", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(daemon.stderr.take().unwrap()));
    let directory = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("directory:").map(PathBuf::from))
        .expect("the daemon starts a container");
    assert!(!processes(&directory).is_empty());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let limit = Instant::now() + LIMIT;
    while !processes(&directory).is_empty() {
        assert!(Instant::now() < limit, "{:?}", processes(&directory));
        std::thread::sleep(Duration::from_millis(5));
    }
    container::cleanup(&directory.join("units/web-0/app")).unwrap();
    fs::remove_dir_all(directory).unwrap();
}
