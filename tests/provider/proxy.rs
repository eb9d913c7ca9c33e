//! `squid-forward-proxy`, spoken to with curl.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use charmwright::local::provider::Update;
use serde_json::{Value, json};

use super::declared::{address, keeps_secrets, names, odd, output, provider, view_of, with};
use super::{Bag, run};

/// What a GET through the proxy is answered with: the status, and what was got.
fn through(update: &Update, user: Option<&Bag>, url: &str) -> String {
    let mut config = format!(
        "proxy = \"http://{}\"\nurl = \"{url}\"\n",
        address(update, 3128)
    );
    if let Some(user) = user {
        config += &format!(
            "proxy-user = \"{}:{}\"\n",
            user["username"], user["password"]
        );
    }
    let mut curl = Command::new("curl");
    // No exception for this machine's own addresses.
    curl.args([
        "--silent",
        "--noproxy",
        "",
        "--write-out",
        " %{http_code}",
        "--config",
        "-",
    ]);
    String::from_utf8(output(&mut curl, &config, "curl").stdout).unwrap()
}

/// A web server that greets everybody.
fn web() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|it| it > 0) {
                request.extend(byte);
            }
            let _ = stream.write_all(answer);
        }
    });
    url
}

#[test]
fn a_forward_proxy_lets_each_request_through_with_a_user_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let directory = odd(&root);
    let id = "3f0c1f5e-8a51-4b7e-9d0a-2f1f6a1f7c11";
    let requests = json!([{"auth": [], "domains": [], "requirer": id}]).to_string();
    let name = "squid-forward-proxy";
    let empty = view_of(name, &directory);
    let mut view = with(empty.clone(), name, 6, &[("requests", &requests)]);
    let url = web();
    run(async {
        let mut proxy = provider(name);
        view.config.insert("status".into(), "pending".into());
        let update = proxy.reconcile(&view).await.unwrap();
        let answer = &update.application_bags[&6]["responses"];
        let answer: Value = serde_json::from_str(answer).unwrap();
        assert_eq!(answer, json!([{"requirer": id, "status": "pending"}]));

        view.config.insert("status".into(), "ready".into());
        let update = proxy.reconcile(&view).await.unwrap();
        assert_eq!(update.status.message, "ready: 1");
        let answer = &update.application_bags[&6]["responses"];
        let answer: Value = serde_json::from_str(answer).unwrap();
        let at = "http://squid-forward-proxy.demo.svc.cluster.local:3128";
        let label = format!("http-proxy.6.{id}.user.secret");
        let expected = json!([{
            "auth": "userpass", "http_proxy": at, "https_proxy": at, "requirer": id, "status": "ready",
            "user": format!("secret://{label}"),
        }]);
        assert_eq!(answer, expected);
        let user = update.secrets[&label].content.clone();
        assert_eq!(through(&update, Some(&user), &url), "hello 200");
        keeps_secrets(&directory, &[&user["password"]]);
        assert!(through(&update, None, &url).ends_with(" 407"));

        view.config
            .insert("hostname".into(), "proxy.example".into());
        view.config.insert("http-port".into(), 8888.into());
        let named = proxy.reconcile(&view).await.unwrap();
        assert!(named.application_bags[&6]["responses"].contains("http://proxy.example:8888"));
        assert!(names(&named).contains(&"proxy.example"));
        assert_eq!(named.services[0].port, 8888);

        let gone = proxy.reconcile(&empty).await.unwrap();
        assert_eq!(gone.status.message, "ready: 0");
        assert!(through(&gone, Some(&user), &url).ends_with(" 401"));
        proxy.stop(true).await;
    });
}
