//! A daemon that is not there, goes away, or hangs.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use charmwright::pebble::{Client, Error, Exec, Limits, UnreachableCause};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::daemon::{Daemon, LONG};
use crate::exec::first_line;

fn cause(error: &Error) -> &UnreachableCause {
    match error {
        Error::Unreachable(unreachable) => &unreachable.cause,
        other => panic!("reachable: {other:?}"),
    }
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_absent() {
    let directory = tempfile::tempdir().unwrap();
    for path in ["pebble.socket", "no/such/directory/pebble.socket"] {
        let client = Client::new(directory.path().join(path));
        let error = client.system_info().await.unwrap_err();
        assert!(
            matches!(cause(&error), UnreachableCause::Absent),
            "{error:?}"
        );
        assert!(error.is_unreachable());
        assert!(error.to_string().contains("not found"), "{error}");
        assert!(
            client
                .exec(Exec::new(["true"]))
                .await
                .unwrap_err()
                .is_unreachable()
        );
        assert!(
            client
                .read_file("/etc/passwd")
                .await
                .unwrap_err()
                .is_unreachable()
        );
    }
}

#[tokio::test]
async fn a_socket_that_nobody_listens_at_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pebble.socket");
    drop(UnixListener::bind(&path).unwrap());
    let error = Client::new(&path).plan().await.unwrap_err();
    assert!(
        matches!(cause(&error), UnreachableCause::Refused),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_killed_daemon_leaves_a_dead_socket_and_a_stopped_one_none() {
    let mut daemon = Daemon::start().await;
    daemon.kill();
    let error = daemon.client.system_info().await.unwrap_err();
    assert!(
        matches!(cause(&error), UnreachableCause::Refused),
        "{error:?}"
    );
    daemon.run().await;
    daemon.stop();
    let error = daemon.client.system_info().await.unwrap_err();
    assert!(
        matches!(cause(&error), UnreachableCause::Absent),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_kept_connection_survives_a_restart_for_reading_and_writing() {
    let mut daemon = Daemon::start().await;
    let layer = "services: {web: {override: replace, command: sleep 1}}";
    daemon.client.add_layer("one", layer, false).await.unwrap();
    // Started over a client of its own, so that the write below is the first to meet the dead connection.
    let fresh = Client::new(daemon.path("pebble.socket"));
    let client = std::mem::replace(&mut daemon.client, fresh);
    daemon.kill();
    daemon.run().await;
    client.add_layer("one", layer, false).await.unwrap();
    assert_eq!(client.services(&[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_daemon_killed_while_a_change_goes_on_is_unreachable_and_back_after_its_restart() {
    let mut daemon = Daemon::start().await;
    let layer = "services: {web: {override: replace, command: sleep 20, startup: enabled}}";
    daemon.client.add_layer("charm", layer, true).await.unwrap();
    let change = daemon.client.replan().await.unwrap();
    let client = daemon.client.clone();
    let waiting = tokio::spawn(async move { client.wait_change(&change, LONG).await });
    tokio::task::yield_now().await;
    daemon.kill();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    daemon.run().await;
    assert!(daemon.client.plan().await.unwrap().services.is_empty());
    daemon.client.add_layer("charm", layer, true).await.unwrap();
    let change = daemon.client.replan().await.unwrap();
    daemon.client.wait_change(&change, LONG).await.unwrap();
}

#[tokio::test]
async fn a_daemon_killed_while_a_command_runs_is_unreachable() {
    let mut daemon = Daemon::start().await;
    let exec = Exec::new(["sh", "-c", "echo $$; exec sleep 100"]);
    let mut process = daemon.client.start_exec(&exec).await.unwrap();
    let pid: i32 = first_line(&mut process).await.parse().unwrap();
    daemon.kill();
    let error = process.outputs.next().await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    let error = daemon.client.wait_exec(&process.change).await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn a_daemon_killed_while_a_command_runs_to_its_end_is_unreachable() {
    let mut daemon = Daemon::start().await;
    let marker = daemon.path("pid");
    let script = format!("echo $$ >{}; exec sleep 100", marker.display());
    let client = daemon.client.clone();
    let running = tokio::spawn(async move { client.exec(Exec::new(["sh", "-c", &script])).await });
    let pid: i32 = loop {
        let written = std::fs::read_to_string(&marker).unwrap_or_default();
        if let Some(pid) = written.strip_suffix('\n') {
            break pid.parse().unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    daemon.kill();
    let error = running.await.unwrap().unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn a_daemon_that_hangs_is_silent_and_holds_nobody_up() {
    let limit = Duration::from_millis(300);
    let daemon = Daemon::start_with(Limits {
        request: Duration::from_secs(20),
        ..Limits::default()
    })
    .await;
    let hasty = Client::with_limits(
        daemon.client.socket(),
        Limits {
            request: limit,
            transfer: limit,
            ..Limits::default()
        },
    );
    daemon.freeze().await;
    let begin = Instant::now();
    for error in [
        hasty.system_info().await.unwrap_err(),
        hasty.read_file("/etc/passwd").await.unwrap_err(),
        hasty.exec(Exec::new(["true"])).await.unwrap_err(),
        hasty.logs(&[], 1).await.unwrap_err(),
        hasty.remove(&["/nope"], true).await.unwrap_err(),
    ] {
        assert!(
            matches!(cause(&error), UnreachableCause::Silent(after) if *after == limit),
            "{error:?}"
        );
        assert!(error.is_unreachable());
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    daemon.signal(Signal::SIGCONT);
    daemon.client.system_info().await.unwrap();
}

#[tokio::test]
async fn a_daemon_that_hangs_while_a_command_runs_is_noticed_though_it_has_no_timeout() {
    let daemon = Daemon::start().await;
    let hasty = Client::with_limits(
        daemon.client.socket(),
        Limits {
            request: Duration::from_secs(3),
            ..Limits::default()
        },
    );
    let marker = daemon.path("running");
    let script = format!("touch {}; exec sleep 60", marker.display());
    let running = tokio::spawn(async move { hasty.exec(Exec::new(["sh", "-c", &script])).await });
    while !marker.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    daemon.freeze().await;
    let error = tokio::time::timeout(LONG, running)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
}

#[tokio::test]
async fn a_socket_path_longer_than_an_address_works() {
    let daemon = Daemon::start().await;
    let long = daemon.path(&"long".repeat(30));
    std::fs::create_dir(&long).unwrap();
    std::os::unix::fs::symlink(daemon.client.socket(), long.join("pebble.socket")).unwrap();
    let client = Client::new(long.join("pebble.socket"));
    client.system_info().await.unwrap();
    let absent = Client::new(long.join("nope"));
    let error = absent.system_info().await.unwrap_err();
    assert!(
        matches!(cause(&error), UnreachableCause::Absent),
        "{error:?}"
    );
}
