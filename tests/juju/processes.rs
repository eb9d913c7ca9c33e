//! The tools as processes: found, counted, and never left behind.

use std::time::Duration;

use charmwright::juju::{Error, Terminated, Tools, unless_terminated};

use super::fake::{self, Fake, run, until};

#[test]
fn a_tool_that_hangs_is_stopped_and_leaves_no_process() {
    run(async {
        let fake = Fake::new();
        fake.marks("config-get", "hang", "");
        let tools = Tools::in_directory(fake.path()).with_limit(Duration::from_secs(3));
        let error = tools.config_get().await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        let call = fake.call("config-get");
        assert!(!fake::exists(call.pid), "{} is left", call.pid);
    });
}

#[test]
fn eight_calls_run_together_and_no_more() {
    run(async {
        let fake = Fake::new();
        fake.marks("is-leader", "together", "8");
        fake.answers("is-leader", "false");
        let calls = (0..20).map(|_| fake.tools.is_leader());
        for leader in futures_util::future::join_all(calls).await {
            assert!(!leader.unwrap());
        }
        assert_eq!(fake.tools.calls(), 20);
        assert!(fake.at_once() <= 8, "{} at once", fake.at_once());
    });
}

#[test]
fn sigterm_ends_the_work_and_the_tools_that_run() {
    run(async {
        let fake = Fake::new();
        fake.marks("config-get", "hang", "");
        let terminate = async {
            until(|| fake.has_called("config-get")).await;
            nix::sys::signal::raise(nix::sys::signal::SIGTERM).unwrap();
            std::future::pending::<()>().await;
        };
        let work = async { tokio::join!(fake.tools.config_get(), terminate) };
        assert!(matches!(unless_terminated(work).await, Err(Terminated)));
        let pid = fake.call("config-get").pid;
        until(|| !fake::exists(pid)).await;
    });
}

#[test]
fn tools_are_found_on_the_path() {
    const MARK: &str = "TOOLS_ARE_ON_THE_PATH";
    if std::env::var_os(MARK).is_some() {
        run(async { assert!(Tools::new().is_leader().await.unwrap()) });
        return;
    }
    let fake = Fake::new();
    fake.answers("is-leader", "true");
    let path = std::env::var("PATH").unwrap();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::tools_are_found_on_the_path"])
        .env(MARK, "1")
        .env("PATH", format!("{}:{path}", fake.path().display()))
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fake.argv("is-leader"), ["--format=json"]);
}
