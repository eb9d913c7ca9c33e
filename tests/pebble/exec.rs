//! Commands: what goes in and comes out, and how they end.

use std::time::{Duration, Instant};

use charmwright::pebble::exec::Chunk;
use charmwright::pebble::{Client, Error, Exec, Limits, Output, OutputLimit, Process};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::daemon::{Daemon, LONG, is_alive, wait_gone};

pub fn sh(script: &str) -> Exec {
    Exec::new(["sh", "-c", script])
}

/// The first line of output, which must come in one piece or more.
pub async fn first_line(process: &mut Process) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        match tokio::time::timeout(LONG, process.outputs.next())
            .await
            .unwrap()
            .unwrap()
        {
            Some(Chunk::Stdout(data)) => line.extend_from_slice(&data),
            other => panic!("{other:?}"),
        }
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

pub async fn run(client: &Client, exec: Exec) -> Output {
    tokio::time::timeout(LONG, client.exec(exec))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn output_error_output_input_and_exit_code_are_apart() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        stdin: b"hi\n".to_vec(),
        timeout: Some(LONG),
        ..sh("cat; echo warn >&2; exit 3")
    };
    let output = run(client, exec).await;
    assert_eq!(
        (output.exit_code, &*output.stdout, &*output.stderr),
        (3, &b"hi\n"[..], &b"warn\n"[..])
    );
    assert!(!output.truncated && !output.is_success());
    let error = Error::from(output.check("sh").unwrap_err());
    let Error::Command(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (error.exit_code, error.last_line().as_deref()),
        (3, Some("warn"))
    );
}

#[tokio::test]
async fn a_command_that_reads_to_the_end_of_nothing_ends() {
    let Daemon { client, .. } = &Daemon::start().await;
    let output = run(client, Exec::new(["cat"])).await;
    assert_eq!(
        (output.exit_code, output.stdout.len(), output.stderr.len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn outputs_can_be_combined() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        combine_stderr: true,
        ..sh("echo one; echo two >&2; echo three")
    };
    let output = run(client, exec).await;
    assert_eq!(
        (&*output.stdout, &*output.stderr),
        (&b"one\ntwo\nthree\n"[..], &b""[..])
    );
}

#[tokio::test]
async fn output_that_is_not_utf_8_comes_as_it_is() {
    let Daemon { client, .. } = &Daemon::start().await;
    let output = run(
        client,
        sh(r"printf '\377\376\000\200'; printf 'caf\351\n' >&2"),
    )
    .await;
    assert_eq!(output.stdout, [0xff, 0xfe, 0x00, 0x80]);
    assert_eq!(output.stderr, b"caf\xe9\n");
    assert_eq!(output.last_line().as_deref(), Some("caf\u{fffd}"));
}

#[tokio::test]
async fn ten_megabytes_of_output_are_all_there_when_wanted() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        output_limit: OutputLimit::UNLIMITED,
        ..sh("yes 0123456 | head -c 10485760; yes e | head -c 1048576 >&2")
    };
    let output = run(client, exec).await;
    assert_eq!(
        (output.stdout.len(), output.stderr.len()),
        (10 << 20, 1 << 20)
    );
    assert!(output.stdout.chunks(8).all(|line| line == b"0123456\n"));
    assert!(!output.truncated);
}

#[tokio::test]
async fn ten_megabytes_of_output_are_cut_to_the_limit_and_hold_nothing_up() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        output_limit: OutputLimit { head: 6, tail: 5 },
        ..sh("echo first; yes | head -c 10485760; echo last")
    };
    let output = run(client, exec).await;
    assert_eq!(output.stdout, b"first\nlast\n");
    assert!(output.truncated);
    let output = run(client, sh("yes | head -c 10485760")).await;
    assert_eq!((output.stdout.len(), output.truncated), (512 << 10, true));
}

#[tokio::test]
async fn much_input_flows_while_much_output_does() {
    let Daemon { client, .. } = &Daemon::start().await;
    let input: Vec<u8> = (0..4_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let exec = Exec {
        stdin: input.clone(),
        output_limit: OutputLimit::UNLIMITED,
        ..Exec::new(["cat"])
    };
    assert!(run(client, exec).await.stdout == input);
}

#[tokio::test]
async fn a_command_that_does_not_read_its_input_ends_all_the_same() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        stdin: vec![0; 4_000_000],
        ..sh("exit 7")
    };
    assert_eq!(run(client, exec).await.exit_code, 7);
}

#[tokio::test]
async fn a_command_that_never_ends_is_killed_and_what_it_printed_is_there() {
    let Daemon { client, .. } = &Daemon::start().await;
    let limit = Duration::from_millis(700);
    let exec = Exec {
        timeout: Some(limit),
        ..sh("echo $$; echo soon >&2; exec sleep 1000")
    };
    let begin = Instant::now();
    let error = client.exec(exec).await.unwrap_err();
    assert!(begin.elapsed() < LONG);
    assert!(!error.is_unreachable());
    assert_eq!(error.to_string(), "command `sh` did not end within 700ms");
    let Error::Timeout {
        limit: told,
        output: Some(output),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((told, output.exit_code), (limit, -1));
    assert_eq!(output.last_line().as_deref(), Some("soon"));
    wait_gone(
        String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap(),
    )
    .await;
}

#[tokio::test]
async fn a_command_that_leaves_a_process_behind_at_its_timeout_holds_nobody_up() {
    let daemon = Daemon::start_with(Limits {
        request: Duration::from_secs(5),
        ..Limits::default()
    })
    .await;
    let exec = Exec {
        timeout: Some(Duration::from_millis(700)),
        ..sh("sleep 1000 & echo $!; wait")
    };
    let begin = Instant::now();
    let error = daemon.client.exec(exec).await.unwrap_err();
    assert!(begin.elapsed() < LONG);
    let Error::Timeout {
        output: Some(output),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    let child = output.last_line().unwrap().parse().unwrap();
    if is_alive(child) {
        kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
    }
}

#[tokio::test]
async fn a_command_whose_caller_goes_away_is_killed() {
    let Daemon { client, .. } = &Daemon::start().await;
    let mut process = client
        .start_exec(&sh("echo $$; exec sleep 1000"))
        .await
        .unwrap();
    let pid = first_line(&mut process).await.parse().unwrap();
    assert!(is_alive(pid));
    drop(process);
    wait_gone(pid).await;
}

#[tokio::test]
async fn a_command_can_be_talked_to_and_signalled() {
    let Daemon { client, .. } = &Daemon::start().await;
    let script =
        "trap 'echo caught; exit 9' USR1; read line; echo got $line; while :; do sleep 0.05; done";
    let mut process = client.start_exec(&sh(script)).await.unwrap();
    process.stdin.write(b"hello\n").await.unwrap();
    assert_eq!(first_line(&mut process).await, "got hello");
    process.control.signal("SIGUSR1").await.unwrap();
    assert_eq!(first_line(&mut process).await, "caught");
    assert_eq!(process.outputs.next().await.unwrap(), None);
    assert_eq!(client.wait_exec(&process.change).await.unwrap(), 9);
}

#[tokio::test]
async fn a_command_that_a_signal_ends_has_128_and_its_number() {
    let Daemon { client, .. } = &Daemon::start().await;
    assert_eq!(run(client, sh("kill -TERM $$")).await.exit_code, 143);
    assert_eq!(run(client, sh("kill -KILL $$")).await.exit_code, 137);
}

#[tokio::test]
async fn many_commands_run_at_the_same_time() {
    let Daemon { client, .. } = &Daemon::start().await;
    let runs = (0..20).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            client
                .exec(sh(&format!("echo {number}; exit {number}")))
                .await
        })
    });
    for (number, running) in runs.collect::<Vec<_>>().into_iter().enumerate() {
        let output = running.await.unwrap().unwrap();
        assert_eq!(output.stdout, format!("{number}\n").into_bytes());
        assert_eq!(output.exit_code, number as i32);
    }
}
