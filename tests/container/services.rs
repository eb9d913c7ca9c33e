//! Units beside each other, and the services that they reach by name.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use charmwright::local::container::{Container, Service, Target};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UnixListener};

use super::requests::{ask_pebble, get, start_app};
use super::world::World;
use super::{LIMIT, run};

#[test]
fn units_listen_on_the_same_port_and_reach_each_other_and_the_machine_by_name() {
    run(async {
        let world = World::new();
        let (first, second) = tokio::join!(world.unit("web/0"), world.unit("web/1"));
        assert_eq!(get(&first, "/hostname").await, "web-0");
        assert_eq!(get(&second, "/hostname").await, "web-1");

        let socket = world.path().join("database.socket");
        let database = UnixListener::bind(&socket).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server_address: SocketAddr = server.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = database.accept().await {
                stream.write_all(b"unix").await.unwrap();
            }
        });
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                stream.write_all(b"tcp").await.unwrap();
            }
        });
        let service = |names: &[&str], port, target| Service {
            hostnames: names.iter().map(ToString::to_string).collect(),
            port,
            target,
        };
        let database = service(
            &["db.demo.svc.cluster.local", "db"],
            5432,
            Target::Unix(socket),
        );
        let server = service(&["cache"], 5432, Target::Tcp(server_address));
        let peer = service(
            &["peer"],
            80,
            Target::Unit {
                unit: "web/1".into(),
                port: 8080,
            },
        );
        let all = [database.clone(), server.clone(), peer.clone()];
        first.set_services(&all).await.unwrap();
        first.set_services(&all).await.unwrap();
        for name in ["db", "db.demo.svc.cluster.local"] {
            assert_eq!(get(&first, &format!("/tcp/{name}/5432")).await, "unix");
        }
        assert_eq!(get(&first, "/tcp/cache/5432").await, "tcp");
        // The other unit has none of it.
        assert_eq!(get(&second, "/tcp/db/5432").await, "gaierror");
        // A unit is reached by the callback.
        let hosts = get(&first, "/etc/hosts").await;
        assert!(hosts.contains(" peer\n"), "{hosts}");
        let peer_address = hosts
            .lines()
            .find(|line| line.ends_with(" peer"))
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        assert!(peer_address.starts_with("127."));
        let answer = ask_service(&first, "peer", 80).await;
        assert!(answer.contains("web-1"), "{answer}");

        // The same name and port with another target, and one that goes.
        let moved = service(
            &["db.demo.svc.cluster.local", "db"],
            5432,
            Target::Tcp(server_address),
        );
        first.set_services(&[moved, peer]).await.unwrap();
        assert_eq!(get(&first, "/tcp/db/5432").await, "tcp");
        assert_eq!(get(&first, "/tcp/cache/5432").await, "gaierror");
        first.restart().await.unwrap();
        start_app(&first).await;
        assert_eq!(get(&first, "/tcp/db/5432").await, "tcp");
        first.stop().await.unwrap();
        second.stop().await.unwrap();
    });
}

/// What a program in the container is told by the app of another unit.
async fn ask_service(container: &Container, host: &str, port: u16) -> String {
    let script = format!(
        "import urllib.request; open('/tmp/answer', 'w').write(urllib.request.urlopen('http://{host}:{port}/hostname').read().decode())"
    );
    let body = serde_json::json!({"command": ["/bin/python3", "-c", script], "timeout": "20s"})
        .to_string();
    let answer = ask_pebble(&container.socket(), "POST", "/v1/exec", &body).await;
    let limit = Instant::now() + LIMIT;
    loop {
        let text = get(container, "/tmp/answer").await;
        if text.starts_with("web-") || Instant::now() > limit {
            return format!("{text} {answer}");
        }
        // Pebble begins once somebody reads the command's output.
        let task = answer
            .split("\"task-id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap()
            .to_owned();
        for name in ["control", "stdio", "stderr"] {
            let stream = tokio::net::UnixStream::connect(container.socket())
                .await
                .unwrap();
            if let Ok((socket, _)) = tokio_tungstenite::client_async(
                format!("ws://localhost/v1/tasks/{task}/websocket/{name}"),
                stream,
            )
            .await
            {
                std::mem::forget(socket);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
