//! Checks, health, notices and logs.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use charmwright::pebble::{CheckLevel, CheckStatus, Error, NoticeFilter, Reason, Startup};

use crate::daemon::{Daemon, LONG};

#[tokio::test]
async fn checks_are_up_down_and_inactive_and_make_the_health() {
    let Daemon { client, .. } = &Daemon::start().await;
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = open.local_addr().unwrap().port();
    let layer = format!(
        "checks: {{bad: {{override: replace, level: ready, period: 50ms, timeout: 40ms, threshold: 2, tcp: {{host: 127.0.0.1, port: 1}}}},
            good: {{override: replace, level: alive, period: 50ms, timeout: 40ms, tcp: {{host: 127.0.0.1, port: {port}}}}},
            idle: {{override: replace, startup: disabled, exec: {{command: 'true'}}}}}}"
    );
    client.add_layer("checks", &layer, true).await.unwrap();
    let change = client.replan().await.unwrap();
    client.wait_change(&change, LONG).await.unwrap();
    let begin = Instant::now();
    let checks = loop {
        let checks = client.checks(None, &[]).await.unwrap();
        if checks[0].status == CheckStatus::Down && checks[1].successes > Some(0) {
            break checks;
        }
        assert!(begin.elapsed() < LONG, "{checks:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["bad", "good", "idle"]);
    assert_eq!(checks[0].level.as_deref(), Some("ready"));
    assert!(
        checks[0].failures >= 2 && checks[0].threshold == 2,
        "{checks:?}"
    );
    assert!(checks[0].change_id.is_some());
    assert_eq!(checks[1].status, CheckStatus::Up);
    assert_eq!(checks[2].status, CheckStatus::Inactive);
    assert_eq!(checks[2].startup, Some(Startup::Disabled));
    assert_eq!(
        client
            .checks(Some(CheckLevel::Alive), &[])
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        client.checks(None, &["idle", "nope"]).await.unwrap().len(),
        1
    );

    assert!(client.health(Some(CheckLevel::Alive), &[]).await.unwrap());
    assert!(!client.health(Some(CheckLevel::Ready), &[]).await.unwrap());
    assert!(!client.health(None, &[]).await.unwrap());
    assert!(client.health(None, &["good"]).await.unwrap());

    assert_eq!(client.start_checks(&["idle"]).await.unwrap(), ["idle"]);
    assert_eq!(client.start_checks(&["idle"]).await.unwrap(), [""; 0]);
    assert_eq!(
        client.stop_checks(&["bad", "idle"]).await.unwrap(),
        ["bad", "idle"]
    );
    assert!(
        client.health(None, &[]).await.unwrap(),
        "a stopped check is not ill"
    );
    let Err(Error::Refused(error)) = client.start_checks(&["zz"]).await else {
        panic!("there is no such check");
    };
    assert_eq!(error.reason(), Some(Reason::UnknownCheck), "{error}");
}

#[tokio::test]
async fn notices_are_recorded_counted_filtered_and_waited_for() {
    let Daemon { client, .. } = &Daemon::start().await;
    let data = BTreeMap::from([("name".to_owned(), "naïve \"x\"".to_owned())]);
    let id = client.notify("example.com/x", &data, None).await.unwrap();
    let again = client
        .notify(
            "example.com/x",
            &BTreeMap::new(),
            Some(Duration::from_secs(3600)),
        )
        .await
        .unwrap();
    assert_eq!(id, again, "type and key make the notice");
    client.notify("example.com/y", &data, None).await.unwrap();

    let custom = NoticeFilter {
        types: vec!["custom".into()],
        ..NoticeFilter::default()
    };
    let notices = client.notices(&custom).await.unwrap();
    let keys: Vec<_> = notices.iter().map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, ["example.com/x", "example.com/y"]);
    assert_eq!(
        (notices[0].id.as_str(), notices[0].occurrences),
        (id.as_str(), 2)
    );
    assert_eq!(notices[1].last_data, data);
    assert_eq!(notices[1].r#type, "custom");
    assert!(notices[0].user_id.is_some());
    assert_eq!(client.notice(&id).await.unwrap(), notices[0]);

    let late = NoticeFilter {
        after: Some(notices[1].last_repeated.clone()),
        all_users: true,
        ..custom.clone()
    };
    assert_eq!(client.notices(&late).await.unwrap(), []);
    assert_eq!(
        client
            .wait_notices(&late, Duration::from_millis(20))
            .await
            .unwrap(),
        []
    );
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.wait_notices(&late, LONG).await })
    };
    tokio::task::yield_now().await;
    client.notify("example.com/z", &data, None).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap()[0].key, "example.com/z");

    let one = NoticeFilter {
        keys: vec!["example.com/y".into()],
        ..NoticeFilter::default()
    };
    assert_eq!(client.notices(&one).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_is_told_of_by_notices() {
    let Daemon { client, .. } = &Daemon::start().await;
    let layer = "services: {web: {override: replace, command: sleep 100}}";
    client.add_layer("charm", layer, true).await.unwrap();
    let change = client.start(&["web"]).await.unwrap();
    client.wait_change(&change, LONG).await.unwrap();
    let filter = NoticeFilter {
        types: vec!["change-update".into()],
        keys: vec![change.to_string()],
        ..NoticeFilter::default()
    };
    let notices = client.notices(&filter).await.unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].last_data["kind"], "start");
}

#[tokio::test]
async fn a_notice_that_is_not_as_it_must_be_is_refused() {
    let Daemon { client, .. } = &Daemon::start().await;
    let large = BTreeMap::from([("k".to_owned(), "x".repeat(5000))]);
    for (key, data) in [
        ("nodomain", BTreeMap::new()),
        ("", BTreeMap::new()),
        (
            &*format!("example.com/{}", "x".repeat(300)),
            BTreeMap::new(),
        ),
        ("example.com/x", large),
    ] {
        let error = client.notify(key, &data, None).await.unwrap_err();
        assert!(
            matches!(&error, Error::Refused(error) if error.status == 400),
            "{error:?}"
        );
    }
    let Err(Error::Refused(error)) = client.notice("99").await else {
        panic!("there is no such notice");
    };
    assert_eq!(error.status, 404);
}

#[tokio::test]
async fn logs_are_read_and_followed() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let go = daemon.path("go");
    let layer = format!(
        "services: {{web: {{override: replace, command: \"sh -c 'echo one; echo two; while ! test -e {}; do sleep 0.05; done; echo three; exec sleep 100'\"}}}}",
        go.display()
    );
    client.add_layer("charm", &layer, true).await.unwrap();
    let change = client.start(&["web"]).await.unwrap();
    client.wait_change(&change, LONG).await.unwrap();
    let entries = client.logs(&["web"], 10).await.unwrap();
    let messages: Vec<_> = entries.iter().map(|entry| entry.message.as_str()).collect();
    assert_eq!(messages, ["one", "two"]);
    assert_eq!(entries[0].service, "web");
    assert_eq!(client.logs(&[], 1).await.unwrap()[0].message, "two");

    let mut stream = client.follow_logs(&["web"], 1).await.unwrap();
    assert_eq!(stream.next(LONG).await.unwrap().unwrap().message, "two");
    assert_eq!(stream.next(Duration::from_millis(20)).await.unwrap(), None);
    std::fs::write(&go, "").unwrap();
    assert_eq!(stream.next(LONG).await.unwrap().unwrap().message, "three");
}
