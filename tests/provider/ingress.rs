//! The reverse proxy between real sockets.

use std::net::SocketAddr;

use charmwright::local::container::Target;
use charmwright::local::provider::Provider;
use charmwright::local::provider::nginx_ingress_integrator::NginxIngressIntegrator;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::front::{
    Conduct, Front, HOST, Units, get, model, port, read_request, relate, send, set, start_unit, url,
};
use super::run;

#[test]
fn the_tutorials_request_reaches_the_unit() {
    run(async {
        let mut front = Front::over(&["web/0"], Conduct::Echo).await;
        let (port, update) = (front.port, &front.update);
        let url = url(update, 2);
        assert_eq!(url, format!("http://fastapi-hello-world:{port}/"));
        assert_eq!(update.addresses, std::slice::from_ref(&url));
        assert_eq!(
            (update.status.status.as_str(), &update.status.message),
            ("active", &url)
        );
        let service = &update.services[0];
        assert_eq!(
            service.hostnames,
            ["fastapi-hello-world"],
            "the URL works in containers too"
        );
        assert_eq!(
            service.target,
            Target::Tcp(SocketAddr::from(([127, 0, 0, 1], service.port)))
        );

        let answer = front.get("/a/b%20c?x=1").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            !answer.to_ascii_lowercase().contains("keep-alive"),
            "{answer}"
        );
        let (head, echo) = answer
            .split_once("\r\n\r\nweb/0\n")
            .unwrap_or_else(|| panic!("{answer}"));
        assert!(head.contains("content-length") || head.contains("Content-Length"));
        assert!(echo.starts_with("GET /a/b%20c?x=1 HTTP/1.1\r\n"), "{echo}");
        let echo = echo.to_ascii_lowercase();
        for line in [
            format!("host: fastapi-hello-world:{port}"),
            format!("x-forwarded-host: fastapi-hello-world:{port}"),
            format!("x-forwarded-port: {port}"),
            "x-forwarded-for: 127.0.0.1".into(),
            "x-forwarded-proto: http".into(),
        ] {
            assert!(
                echo.contains(&format!("\r\n{line}\r\n")),
                "{line} in {echo}"
            );
        }
        assert!(!echo.contains("connection: close"), "{echo}");

        let answer = get(port, "another-host", "/").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");

        let post = format!(
            "POST / HTTP/1.1\r\nHost: fastapi-hello-world\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
            100_000,
            "x".repeat(100_000)
        );
        let answer = send(port, &post).await;
        assert!(answer.ends_with(&"x".repeat(100_000)));
        front.ingress.stop(true).await;
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    });
}

#[test]
fn the_port_stays_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        run(async {
            let mut ingress = NginxIngressIntegrator::default();
            let view = model(directory.path(), &Units::default(), &["web/0"]);
            let first = url(&ingress.reconcile(&view).await.unwrap(), 2);
            assert_eq!(url(&ingress.reconcile(&view).await.unwrap(), 2), first);
            ingress.stop(false).await;
            first
        })
    };
    assert_eq!(start(), start());
}

#[test]
fn it_says_what_it_waits_for() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let mut ingress = NginxIngressIntegrator::default();
        let full = model(directory.path(), &Units::default(), &["web/0"]);
        let mut alone = full.clone();
        alone.relations.clear();
        let mut nameless = full.clone();
        nameless.config.clear();
        let mut homeless = full.clone();
        relate(&mut homeless, 2, "web", &[]);
        let mut several = full.clone();
        set(&mut several, "path-routes", json!("/a,/b"));
        let cases = [
            (&alone, "waiting", "waiting for relation"),
            (&nameless, "blocked", "`service-hostname` is not set"),
            (
                &homeless,
                "waiting",
                "waiting for web: no unit has published its address",
            ),
            (
                &several,
                "blocked",
                "Ingress relation does not support multiple pathroutes.",
            ),
        ];
        for (view, status, message) in cases {
            let update = ingress.reconcile(view).await.unwrap();
            assert_eq!(update.status.status, status);
            assert!(
                update.status.message.starts_with(message),
                "{}",
                update.status.message
            );
            assert!(update.application_bags.is_empty());
            let answer = get(port(&update.addresses[0]), HOST, "/").await;
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(answer.contains(message), "{answer}");
        }
        ingress.stop(true).await;
    });
}

#[test]
fn unset_options_give_each_application_its_own_prefix() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let units = Units::default();
        start_unit(&units, "web/0", Conduct::Echo).await;
        start_unit(&units, "api/0", Conduct::Echo).await;
        let mut ingress = NginxIngressIntegrator::default();
        let mut view = model(directory.path(), &units, &["web/0"]);
        relate(&mut view, 5, "api", &["api/0"]);
        let update = ingress.reconcile(&view).await.unwrap();
        assert_eq!(update.status.status, "blocked", "both cannot have /");

        view.config.remove("path-routes");
        view.config.remove("rewrite-enabled");
        let update = ingress.reconcile(&view).await.unwrap();
        let port = port(&url(&update, 5));
        assert_eq!(
            url(&update, 5),
            format!("http://fastapi-hello-world:{port}/demo-api")
        );
        let answer = get(port, HOST, "/demo-api/items?x=1").await;
        assert!(
            answer.contains("\r\n\r\napi/0\nGET /items?x=1 HTTP/1.1"),
            "{answer}"
        );
        let answer = get(port, HOST, "/demo-web").await;
        assert!(answer.contains("\r\n\r\nweb/0\nGET / HTTP/1.1"), "{answer}");
        assert!(get(port, HOST, "/").await.starts_with("HTTP/1.1 404 "));

        // With a path and rewriting left on, nginx sends everything to the target.
        view.relations.remove(&5);
        set(&mut view, "path-routes", json!("/"));
        ingress.reconcile(&view).await.unwrap();
        let answer = get(port, HOST, "/items").await;
        assert!(answer.contains("\r\n\r\nweb/0\nGET / HTTP/1.1"), "{answer}");
        ingress.stop(true).await;
    });
}

#[test]
fn units_take_turns_and_a_dead_one_is_passed_over() {
    run(async {
        let mut front = Front::over(&["web/0", "web/1"], Conduct::Echo).await;
        let port = front.port;
        let who = async || {
            let answer = front.get("/").await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            answer.contains("\r\n\r\nweb/1\n")
        };
        assert_ne!(who().await, who().await);

        front.units.borrow_mut().remove("web/1");
        assert!(!who().await && !who().await);

        start_unit(&front.units, "web/1", Conduct::Die).await;
        assert!(!who().await && !who().await);
        // What was sent to a unit is not sent to another.
        let post = "POST / HTTP/1.1\r\nHost: fastapi-hello-world\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
        let mut answers = [send(port, post).await, send(port, post).await];
        answers.sort();
        assert!(answers[0].starts_with("HTTP/1.1 200 "), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 502 "), "{}", answers[1]);

        front.units.borrow_mut().clear();
        let answer = front.get("/").await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        assert!(
            answer.contains("no unit of `web` answers on port 8080"),
            "{answer}"
        );
        front.ingress.stop(true).await;
    });
}

#[test]
fn an_upgrade_passes_through() {
    run(async {
        let mut front = Front::over(&["web/0"], Conduct::Upgrade).await;
        let mut stream = front.connect().await;
        let request = "GET /ws HTTP/1.1\r\nHost: fastapi-hello-world\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_request(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(
            answer.to_ascii_lowercase().contains("upgrade: websocket"),
            "{answer}"
        );
        stream.write_all(b"hello, there").await.unwrap();
        let mut echo = [0; 12];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"hello, there");
        front.ingress.stop(true).await;
        assert_eq!(
            stream.read(&mut echo).await.unwrap_or(0),
            0,
            "stopping ends it"
        );
    });
}

#[test]
fn bodies_stream_in_both_directions() {
    run(async {
        let mut front = Front::over(&["web/0"], Conduct::Slow).await;
        let mut stream = front.connect().await;
        let request =
            "POST / HTTP/1.1\r\nHost: fastapi-hello-world\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("half") {
            let mut bytes = [0; 256];
            let count = stream.read(&mut bytes).await.unwrap();
            assert_ne!(count, 0, "{answer}");
            answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        stream.write_all(b"4\r\nmore\r\n0\r\n\r\n").await.unwrap();
        let mut rest = [0; 4];
        stream.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"done");
        front.ingress.stop(true).await;
    });
}

#[test]
fn nonsense_gets_an_answer_not_a_crash() {
    run(async {
        let mut front = Front::over(&["web/0"], Conduct::Echo).await;
        for request in [
            "nonsense\r\n\r\n",
            "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            &format!(
                "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
                "y".repeat(200_000)
            ),
        ] {
            let mut stream = front.connect().await;
            let _ = stream.write_all(request.as_bytes()).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.is_empty() || answer.contains(" 4"), "{answer}");
        }
        assert!(front.get("/").await.starts_with("HTTP/1.1 200 "));
        front.ingress.stop(true).await;
    });
}
