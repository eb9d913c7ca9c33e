//! `rabbitmq-k8s` and `rabbitmq-server`, spoken to by AMQP and by the management API.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use charmwright::local::provider::Update;
use serde_json::Value;

use super::database::servers;
use super::declared::{address, keeps_secrets, names, odd, output, provider, view_of, with};
use super::{Bag, bag, run};

/// What the management API answers as that user: status and body.
fn rabbit(update: &Update, user: &str, password: &str, path: &str) -> (u16, Value) {
    let url = format!("{}{path}", update.addresses[0]);
    let config = format!("user = \"{user}:{password}\"\nurl = \"{url}\"\n");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--write-out", "\n%{http_code}", "--config", "-"]);
    let output = output(&mut curl, &config, "curl");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (
        status.parse().unwrap(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

#[test]
fn rabbitmq_gives_each_relation_a_user_and_a_vhost() {
    let root = tempfile::tempdir().unwrap();
    let directory = odd(&root);
    let host = "rabbitmq-k8s.demo.svc.cluster.local";
    let empty = view_of("rabbitmq-k8s", &directory);
    let web = [("username", "web"), ("vhost", "/")];
    let view = with(empty.clone(), "rabbitmq-k8s", 4, &web);
    let odd = [("username", "a/b \u{e4}"), ("vhost", "own/one")];
    let view = with(view, "rabbitmq-k8s", 5, &odd);
    let view = with(view, "rabbitmq-k8s", 6, &[("username", "late")]);
    let old = run(async {
        let mut rabbitmq = provider("rabbitmq-k8s");
        let update = rabbitmq.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "active");
        assert!(names(&update).contains(&host));
        let password = update.application_bags[&4]["password"].clone();
        let expected = bag(&[("hostname", host), ("password", &password)]);
        assert_eq!(update.application_bags[&4], expected);
        assert_eq!(update.unit_bags[&4], Bag::new());
        assert!(!update.application_bags.contains_key(&6));
        // It has no tag, so the API knows it and lets it see nothing.
        let (status, body) = rabbit(&update, "web", &password, "/api/whoami");
        assert_eq!(status, 401);
        assert!(
            body["reason"]
                .as_str()
                .unwrap()
                .contains("Not management user"),
            "{body}"
        );
        assert!(amqp(&update, "web", &password, "/"));
        keeps_secrets(&directory, &[&password]);
        let other = &update.application_bags[&5]["password"];
        assert!(amqp(&update, odd[0].1, other, "own/one"));
        assert!(!amqp(&update, odd[0].1, other, "/"));
        assert!(!amqp(&update, "web", other, "/"));

        let clash = with(view.clone(), "rabbitmq-k8s", 8, &web);
        let update = rabbitmq.reconcile(&clash).await.unwrap();
        assert_eq!(
            update.status.message,
            "web (relation 8): `web` belongs to relation 4"
        );
        assert!(amqp(&update, "web", &password, "/"));

        let gone = rabbitmq.reconcile(&empty).await.unwrap();
        assert!(gone.application_bags.is_empty());
        assert!(!amqp(&gone, "web", &password, "/"));
        let update = rabbitmq.reconcile(&view).await.unwrap();
        assert_ne!(update.application_bags[&4]["password"], password);
        rabbitmq.stop(false).await;
        update.application_bags
    });
    assert_eq!(servers(&directory), [0; 0]);
    // The other charm's server finds the same data: its units answer.
    run(async {
        let mut rabbitmq = provider("rabbitmq-server");
        let update = rabbitmq.reconcile(&view).await.unwrap();
        assert_eq!(update.application_bags[&4], Bag::new());
        let host = "rabbitmq-k8s-0.rabbitmq-k8s-endpoints.demo.svc.cluster.local";
        assert_eq!(update.unit_bags[&4]["hostname"], host);
        assert_eq!(update.unit_bags[&4]["password"], old[&4]["password"]);
        assert!(amqp(&update, "web", &old[&4]["password"], "/"));
        let log = std::fs::read_to_string(directory.join("server.log")).unwrap();
        assert!(!log.contains(&old[&4]["password"]));
        rabbitmq.stop(true).await;
    });
    assert!(!directory.exists());
}

/// Whether that user can open the vhost by AMQP 0-9-1: the frames are those of the specification.
fn amqp(update: &Update, user: &str, password: &str, vhost: &str) -> bool {
    let mut stream = TcpStream::connect(address(update, 5672)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream.write_all(b"AMQP\0\0\x09\x01").unwrap();
    // Connection.Start.
    assert_eq!(method(&mut stream), Some((10, 10)));
    let response = format!("\0{user}\0{password}");
    let mut start_ok = vec![0, 10, 0, 11, 0, 0, 0, 0, 5];
    start_ok.extend(b"PLAIN");
    start_ok.extend(u32::try_from(response.len()).unwrap().to_be_bytes());
    start_ok.extend(response.as_bytes());
    start_ok.extend(b"\x05en_US");
    frame(&mut stream, &start_ok);
    // Connection.Tune, or the end when the password is wrong.
    if method(&mut stream) != Some((10, 30)) {
        return false;
    }
    frame(&mut stream, &[0, 10, 0, 31, 0, 1, 0, 2, 0, 0, 0, 0]);
    let mut open = vec![0, 10, 0, 40, u8::try_from(vhost.len()).unwrap()];
    open.extend(vhost.as_bytes());
    open.extend([0, 0]);
    frame(&mut stream, &open);
    // Connection.OpenOk, or Connection.Close.
    method(&mut stream) == Some((10, 41))
}

/// Class and method of the next frame.
fn method(stream: &mut TcpStream) -> Option<(u16, u16)> {
    let mut head = [0; 7];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes(head[3..].try_into().unwrap());
    let mut rest = vec![0; usize::try_from(length).unwrap() + 1];
    stream.read_exact(&mut rest).ok()?;
    let number = |at: usize| u16::from_be_bytes(rest[at..at + 2].try_into().unwrap());
    Some((number(0), number(2)))
}

fn frame(stream: &mut TcpStream, payload: &[u8]) {
    let mut bytes = vec![1, 0, 0];
    bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes.push(0xce);
    stream.write_all(&bytes).unwrap();
}
