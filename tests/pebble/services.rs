//! Services, changes and signals.

use std::time::{Duration, Instant};

use charmwright::pebble::{
    Change, ChangeId, ChangeSelect, Client, Error, Reason, ServiceStatus, Startup,
};

use crate::daemon::{Daemon, LONG};

async fn layer(client: &Client, services: &str) {
    let layer = format!("services: {services}");
    client.add_layer("charm", &layer, true).await.unwrap();
}

async fn finish(client: &Client, change: Result<ChangeId, Error>) -> Change {
    client.wait_change(&change.unwrap(), LONG).await.unwrap()
}

async fn status(client: &Client, name: &str) -> ServiceStatus {
    client.services(&[name]).await.unwrap().remove(0).current
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, Option<Reason>, String) {
    match result {
        Err(Error::Refused(error)) => (error.status, error.reason(), error.message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn services_are_listed_started_stopped_and_restarted() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(client, "{b: {override: replace, command: sleep 100}, a: {override: replace, command: sleep 100, startup: enabled}}").await;
    let services = client.services(&[]).await.unwrap();
    let names: Vec<_> = services
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(services[0].startup, Startup::Enabled);
    assert_eq!(services[1].startup, Startup::Disabled);
    assert_eq!(services[0].current, ServiceStatus::Inactive);
    assert_eq!(client.services(&["nope"]).await.unwrap(), []);

    let change = finish(client, client.autostart().await).await;
    assert_eq!(
        (change.kind.as_str(), change.status.as_str()),
        ("autostart", "Done")
    );
    assert_eq!(status(client, "a").await, ServiceStatus::Active);
    assert_eq!(status(client, "b").await, ServiceStatus::Inactive);
    let since = client.services(&["a"]).await.unwrap()[0]
        .current_since
        .clone();

    finish(client, client.start(&["a", "b"]).await).await;
    assert_eq!(
        client.services(&["a"]).await.unwrap()[0].current_since,
        since,
        "left alone"
    );
    assert!(
        client
            .services(&[])
            .await
            .unwrap()
            .iter()
            .all(|service| service.is_running())
    );

    finish(client, client.restart(&["a"]).await).await;
    assert_ne!(
        client.services(&["a"]).await.unwrap()[0].current_since,
        since
    );

    finish(client, client.stop(&["a", "b"]).await).await;
    assert_eq!(status(client, "a").await, ServiceStatus::Inactive);
    finish(client, client.restart(&["b"]).await).await;
    assert_eq!(
        status(client, "b").await,
        ServiceStatus::Active,
        "restart starts a stopped one"
    );
}

#[tokio::test]
async fn replan_restarts_what_changed_and_nothing_else() {
    let Daemon { client, .. } = &Daemon::start().await;
    let plan = |value: &str| {
        format!("{{a: {{override: replace, command: sleep 100, startup: enabled, environment: {{K: '{value}'}}}},
            b: {{override: replace, command: sleep 100, startup: enabled}}}}")
    };
    layer(client, &plan("1")).await;
    let change = finish(client, client.replan().await).await;
    assert_eq!(change.kind, "replan");
    let first = client.services(&[]).await.unwrap();

    let change = finish(client, client.replan().await).await;
    assert!(
        change.tasks.iter().all(|task| task.kind == "start"),
        "{change:?}"
    );
    assert_eq!(
        client.services(&[]).await.unwrap(),
        first,
        "nothing changed"
    );

    layer(client, &plan("2")).await;
    assert_eq!(
        client.services(&[]).await.unwrap(),
        first,
        "not before replan"
    );
    finish(client, client.replan().await).await;
    let second = client.services(&[]).await.unwrap();
    assert_ne!(second[0].current_since, first[0].current_since);
    assert_eq!(second[1], first[1]);
}

#[tokio::test]
async fn a_service_that_exits_in_its_first_second_is_a_failed_change_with_its_output() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(client, "{web: {override: replace, startup: enabled, command: sh -c 'echo starting; echo boom >&2; exit 3'}}").await;
    let change = client.replan().await.unwrap();
    let error = client.wait_change(&change, LONG).await.unwrap_err();
    assert!(!error.is_unreachable());
    let Error::Change(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!((error.id, error.kind.as_str()), (change, "replan"));
    assert!(
        error
            .err
            .starts_with("cannot perform the following tasks:\n- Start service \"web\""),
        "{}",
        error.err
    );
    assert!(
        error.err.contains("exited quickly with code 3"),
        "{}",
        error.err
    );
    let output: Vec<_> = error.tasks[0]
        .log
        .join("\n")
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(
        output.iter().any(|line| line.trim() == "boom"),
        "{output:?}"
    );
    drop(output);
    assert_eq!(status(client, "web").await, ServiceStatus::Backoff);
}

#[tokio::test]
async fn the_last_output_of_a_service_that_failed_is_at_hand() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(
        client,
        "{web: {override: replace, command: sh -c 'echo boom; echo bang; exit 3'}}",
    )
    .await;
    let change = client.start(&["web"]).await.unwrap();
    let Err(Error::Change(error)) = client.wait_change(&change, LONG).await else {
        panic!("it started");
    };
    assert_eq!(error.service_output().collect::<Vec<_>>(), ["boom", "bang"]);
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_a_failed_change() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(
        client,
        "{web: {override: replace, command: /no/such/program}}",
    )
    .await;
    let change = client.start(&["web"]).await.unwrap();
    let error = client.wait_change(&change, LONG).await.unwrap_err();
    assert!(matches!(error, Error::Change(_)), "{error:?}");
    assert!(
        error.to_string().contains("no such file or directory"),
        "{error}"
    );
}

#[tokio::test]
async fn a_change_that_takes_longer_than_the_limit_is_a_timeout_and_can_still_be_waited_for() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(client, "{web: {override: replace, command: sleep 100}}").await;
    for limit in [Duration::ZERO, Duration::from_millis(50)] {
        let change = client.start(&["web"]).await.unwrap();
        let error = client.wait_change(&change, limit).await.unwrap_err();
        let Error::Timeout {
            limit: told,
            output: None,
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(told, limit);
        client.wait_change(&change, LONG).await.unwrap();
        finish(client, client.stop(&["web"]).await).await;
    }
}

#[tokio::test]
async fn a_change_longer_than_one_step_of_waiting_is_waited_for() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(client, "{web: {override: replace, command: \"sh -c 'trap : TERM; while :; do sleep 0.1; done'\", kill-delay: 5s}}").await;
    finish(client, client.start(&["web"]).await).await;
    let begin = Instant::now();
    finish(client, client.stop(&["web"]).await).await;
    assert!(
        begin.elapsed() > Duration::from_secs(4),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn changes_are_looked_at_listed_and_aborted() {
    let Daemon { client, .. } = &Daemon::start().await;
    layer(client, "{web: {override: replace, command: sleep 100}}").await;
    let change = finish(client, client.start(&["web"]).await).await;
    assert_eq!(client.change(&change.id).await.unwrap(), change);
    let all = client
        .changes(ChangeSelect::All, Some("web"))
        .await
        .unwrap();
    assert_eq!(all, std::slice::from_ref(&change));
    assert_eq!(
        client
            .changes(ChangeSelect::InProgress, None)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        client
            .changes(ChangeSelect::Ready, Some("other"))
            .await
            .unwrap(),
        []
    );
    let (status, _, message) = refusal(client.abort_change(&change.id).await);
    assert_eq!(status, 400, "{message}");

    let unknown = ChangeId::from("99");
    for result in [
        client.change(&unknown).await,
        client.wait_change(&unknown, LONG).await,
        client.abort_change(&unknown).await,
    ] {
        assert!(result.as_ref().unwrap_err().is_not_found());
        assert_eq!(
            refusal(result),
            (
                404,
                Some(Reason::UnknownChange),
                "cannot find change with id \"99\"".into()
            )
        );
    }
}

#[tokio::test]
async fn what_cannot_be_done_to_services_is_refused() {
    let Daemon { client, .. } = &Daemon::start().await;
    assert_eq!(
        refusal(client.start(&[]).await),
        (400, None, "must specify services for start action".into())
    );
    for (result, text) in [
        (
            client.start(&["zz"]).await,
            "cannot start services: service \"zz\" does not exist",
        ),
        (
            client.stop(&["zz"]).await,
            "cannot stop services: service \"zz\" does not exist",
        ),
        (
            client.restart(&["zz"]).await,
            "cannot restart services: service \"zz\" does not exist",
        ),
    ] {
        assert_eq!(
            refusal(result),
            (400, Some(Reason::UnknownService), text.into())
        );
    }
    assert_eq!(
        refusal(client.autostart().await),
        (
            400,
            Some(Reason::NoDefaultServices),
            "no default services".into()
        )
    );
    assert!(
        client.replan().await.is_ok(),
        "nothing to replan is no error"
    );
}

#[tokio::test]
async fn a_signal_reaches_a_running_service_only() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let (ready, marker) = (daemon.path("ready"), daemon.path("marker"));
    // Not SIGHUP, which whoever runs the tests with `nohup` has made children ignore.
    layer(client, &format!(
        "{{web: {{override: replace, command: \"sh -c 'trap \\\"touch {}\\\" USR1; touch {}; while :; do sleep 0.1; done'\"}}}}",
        marker.display(), ready.display()
    )).await;
    assert_eq!(
        refusal(client.send_signal("SIGUSR1", &["web"]).await),
        (
            500,
            Some(Reason::ServiceNotRunning),
            "cannot send signal to \"web\": service is not running".into()
        )
    );
    assert_eq!(
        refusal(client.send_signal("SIGUSR1", &["zz"]).await).1,
        Some(Reason::ServiceNotRunning)
    );
    finish(client, client.start(&["web"]).await).await;
    while !ready.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.send_signal("SIGUSR1", &["web"]).await.unwrap();
    let begin = Instant::now();
    while !marker.exists() {
        assert!(begin.elapsed() < LONG, "the signal did not arrive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (status, _, message) = refusal(client.send_signal("SIGNOPE", &["web"]).await);
    assert_eq!(status, 500, "{message}");
}
