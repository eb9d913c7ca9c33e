//! What a command runs in: environment, directory, user, terminal.

use std::collections::BTreeMap;

use charmwright::pebble::{Error, Exec, Output, Reason};

use crate::daemon::{Daemon, LONG, is_root};
use crate::exec::{run, sh};

fn refusal(result: Result<Output, Error>) -> (u16, Option<Reason>, String) {
    match result {
        Err(Error::Refused(error)) => (error.status, error.reason(), error.message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_environment_is_added_to_the_daemons() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        environment: BTreeMap::from([
            ("ODD".to_owned(), "a=b \"c\" $d\nnaïve".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]),
        ..sh("printf '%s|%s|%s' \"$ODD\" \"${EMPTY-unset}\" \"$INHERITED\"")
    };
    let output = run(client, exec).await;
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "a=b \"c\" $d\nnaïve||from the daemon"
    );
}

#[tokio::test]
async fn the_working_directory_is_as_asked() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let exec = Exec {
        working_dir: Some("/usr".into()),
        ..Exec::new(["pwd"])
    };
    assert_eq!(run(client, exec).await.stdout, b"/usr\n");
    let missing = Exec {
        working_dir: Some("/nope".into()),
        ..Exec::new(["pwd"])
    };
    assert_eq!(
        refusal(client.exec(missing).await),
        (
            500,
            Some(Reason::WorkingDirMissing),
            "cannot call exec: working directory \"/nope\" does not exist".into()
        )
    );
}

#[tokio::test]
async fn what_cannot_be_run_is_refused() {
    let Daemon { client, .. } = &Daemon::start().await;
    assert_eq!(
        refusal(client.exec(Exec::new([""; 0])).await),
        (400, None, "must specify command".into())
    );
    assert_eq!(
        refusal(client.exec(Exec::new(["no-such-program"])).await),
        (
            400,
            Some(Reason::UnknownCommand),
            "cannot find executable \"no-such-program\"".into()
        )
    );
    let user = Exec {
        user: Some("no-such-user".into()),
        ..Exec::new(["true"])
    };
    assert_eq!(
        refusal(client.exec(user).await),
        (
            400,
            Some(Reason::UnknownUser),
            "user: unknown user no-such-user".into()
        )
    );
    let group = Exec {
        user: Some(crate::daemon::user()),
        group: Some("no-such-group".into()),
        ..Exec::new(["true"])
    };
    assert_eq!(
        refusal(client.exec(group).await).1,
        Some(Reason::UnknownUser)
    );
    let id = Exec {
        user_id: Some(4_000_000),
        ..Exec::new(["true"])
    };
    assert_eq!(refusal(client.exec(id).await).1, Some(Reason::UnknownUser));
    let context = Exec {
        service_context: Some("zz".into()),
        ..Exec::new(["true"])
    };
    assert_eq!(
        refusal(client.exec(context).await),
        (
            400,
            Some(Reason::UnknownService),
            "context service \"zz\" not found".into()
        )
    );
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_a_failed_change() {
    let daemon = Daemon::start().await;
    let script = daemon.path("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let exec = Exec {
        timeout: Some(LONG),
        ..Exec::new([daemon.text("script")])
    };
    let error = daemon.client.exec(exec).await.unwrap_err();
    let Error::Change(error) = error else {
        panic!("{error:?}");
    };
    assert!(error.err.contains("no such file or directory"), "{error}");
}

#[tokio::test]
async fn a_command_runs_as_the_user_that_is_asked() {
    let Daemon { client, .. } = &Daemon::start().await;
    let name = if is_root() {
        "nobody".to_owned()
    } else {
        crate::daemon::user()
    };
    let exec = Exec {
        user: Some(name.clone()),
        working_dir: Some("/".into()),
        ..sh("id -un; echo $USER")
    };
    let expected = format!("{name}\n{name}\n");
    assert_eq!(
        String::from_utf8(run(client, exec).await.stdout)
            .unwrap()
            .lines()
            .next(),
        expected.lines().next()
    );
}

#[tokio::test]
async fn the_context_of_a_service_is_inherited() {
    let Daemon { client, .. } = &Daemon::start().await;
    let layer = "services: {web: {override: replace, command: run, working-dir: /usr, environment: {K: of the service}}}";
    client.add_layer("charm", layer, true).await.unwrap();
    let exec = Exec {
        service_context: Some("web".into()),
        ..sh("pwd; echo $K")
    };
    assert_eq!(run(client, exec).await.stdout, b"/usr\nof the service\n");
}

#[tokio::test]
async fn a_terminal_has_the_size_that_is_asked() {
    let Daemon { client, .. } = &Daemon::start().await;
    let exec = Exec {
        terminal: Some((120, 40)),
        ..sh("stty size; test -t 1 && echo terminal >&2")
    };
    let output = run(client, exec).await;
    assert_eq!(output.stdout, b"40 120\r\nterminal\r\n");
    assert_eq!(output.stderr, b"");
}
