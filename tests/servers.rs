//! An app that uses the servers that are built in: each by the variables that it gets, until the relation is gone.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod journey;

use std::io::{Read, Write};
use std::net::TcpListener;

use journey::{Journey, append};

const APP: &str = "fastapi-hello-world";
const CHARM: &str = "./charm/fastapi-hello-world_amd64.charm";

const ENDPOINTS: &str = "
requires:
  http-proxy: {interface: http_proxy, optional: true, limit: 1}
  openfga: {interface: openfga, optional: true, limit: 1}
  rabbitmq: {interface: rabbitmq, optional: true, limit: 1}
  redis: {interface: redis, optional: true, limit: 1}
  valkey: {interface: valkey_client, optional: true, limit: 1}
";

/// Speaks to each server in its own protocol, with nothing but Python.
const USES: &str = r#"


def redis_says(prefix: str) -> str:
    import os
    import socket

    def variable(name: str) -> str:
        return os.environ.get(f"{prefix}_DB_{name}", "")

    with socket.create_connection((variable("HOSTNAME"), int(variable("PORT"))), 10) as connection:
        if variable("PASSWORD"):
            connection.sendall(f"AUTH {variable('USERNAME')} {variable('PASSWORD')}\r\n".encode())
            connection.recv(100)
        connection.sendall(b"INCR visits\r\n")
        return connection.recv(100).decode().strip()


@app.get("/redis")
def redis() -> str:
    return redis_says("REDIS")


@app.get("/valkey")
def valkey() -> str:
    return redis_says("VALKEY")


@app.get("/rabbitmq")
def rabbitmq() -> str:
    import os
    import socket
    import struct

    def variable(name: str) -> str:
        return os.environ[f"RABBITMQ_{name}"]

    def read(connection: socket.socket) -> tuple[int, int]:
        _, _, size = struct.unpack(">BHI", connection.recv(7, socket.MSG_WAITALL))
        payload = connection.recv(size + 1, socket.MSG_WAITALL)
        return struct.unpack(">HH", payload[:4])

    def write(connection: socket.socket, payload: bytes) -> None:
        connection.sendall(struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce")

    with socket.create_connection((variable("HOSTNAME"), int(variable("PORT"))), 10) as connection:
        connection.sendall(b"AMQP\0\0\x09\x01")
        read(connection)
        login = f"\0{variable('USERNAME')}\0{variable('PASSWORD')}".encode()
        write(
            connection,
            struct.pack(">HHIB", 10, 11, 0, 5) + b"PLAIN" + struct.pack(">I", len(login)) + login + b"\x05en_US",
        )
        read(connection)
        write(connection, struct.pack(">HHHIH", 10, 31, 1, 131072, 0))
        vhost = variable("VHOST").encode()
        write(connection, struct.pack(">HHB", 10, 40, len(vhost)) + vhost + b"\0\0")
        return "open" if read(connection) == (10, 41) else "refused"


@app.get("/openfga")
def openfga() -> str:
    import json
    import os
    import urllib.request

    request = urllib.request.Request(
        f"{os.environ['FGA_HTTP_API_URL']}/stores/{os.environ['FGA_STORE_ID']}",
        headers={"Authorization": f"Bearer {os.environ['FGA_TOKEN']}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        return json.load(response)["name"]


@app.get("/through")
def through(url: str) -> str:
    import os
    import urllib.request

    proxy = urllib.request.ProxyHandler({"http": os.environ["http_proxy"]})
    with urllib.request.build_opener(proxy).open(url, timeout=10) as response:
        return response.read().decode()
"#;

fn url(journey: &Journey, path: &str) -> String {
    let status = journey.status();
    let unit = &status["applications"][APP]["units"][format!("{APP}/0")];
    format!("{}/{path}", unit["addresses"][0].as_str().unwrap())
}

/// A server of this machine, where no container reaches.
fn greeter() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|it| it > 0) {
                request.extend(byte);
            }
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
    });
    format!("http://{address}/")
}

#[test]
fn an_app_uses_the_servers_that_are_built_in() {
    let mut journey = Journey::new();
    let project = journey.directory().join(APP);
    journey.copy_app("fastapi/1-hello", &project);
    journey.cwd.clone_from(&project);
    append(&project.join("app.py"), USES);
    journey.charmwright(&["rock", "init", "--profile", "fastapi-framework"]);
    let profile = "--profile=fastapi-framework";
    journey.charmwright(&["init", profile, "--name", APP, "charm"]);
    append(&project.join("charm/charmcraft.yaml"), ENDPOINTS);
    journey.charmwright(&["pack", "--project-dir", "charm", "--output", "charm"]);
    journey.local(&["deploy", CHARM, "--resource", "app-image=."]);
    let built_in = [
        "openfga-k8s",
        "rabbitmq-k8s",
        "rabbitmq-server",
        "redis-k8s",
        "squid-forward-proxy",
        "valkey",
    ];
    for charm in built_in {
        journey.local(&["deploy", charm]);
    }
    for charm in ["rabbitmq-k8s", "valkey"] {
        journey.local(&["integrate", APP, charm]);
    }
    journey.settles(APP, "active", "");
    journey.answers(&url(&journey, "valkey"), 200, "\":1\"");
    journey.answers(&url(&journey, "rabbitmq"), 200, "\"open\"");

    // A proxy's answer may take people: nothing goes out before.
    journey.local(&["config", "squid-forward-proxy", "status=pending"]);
    journey.local(&["integrate", APP, "squid-forward-proxy"]);
    journey.settles(
        APP,
        "waiting",
        "Waiting for http-proxy: squid-forward-proxy says that the request is pending",
    );
    journey.local(&["config", "squid-forward-proxy", "status=ready"]);
    journey.settles(APP, "active", "");
    let through = format!("through?url={}", greeter());
    journey.answers(&url(&journey, &through), 200, "\"hello\"");

    // The other charm's databags lead to another server.
    journey.local(&["remove-relation", APP, "rabbitmq-k8s"]);
    journey.responds(&url(&journey, "rabbitmq"), "no variables", |(status, _)| {
        *status == 500
    });
    journey.local(&["integrate", APP, "rabbitmq-server"]);
    journey.settles(APP, "active", "");
    journey.answers(&url(&journey, "rabbitmq"), 200, "\"open\"");

    journey.local(&["remove-relation", APP, "valkey"]);
    journey.responds(&url(&journey, "valkey"), "no variables", |(status, _)| {
        *status == 500
    });

    journey.local(&["integrate", APP, "openfga-k8s"]);
    journey.local(&["integrate", APP, "redis-k8s"]);
    journey.settles(APP, "active", "");
    journey.answers(&url(&journey, "redis"), 200, "\":1\"");
    // The name of stores in this generation of charms.
    journey.answers(&url(&journey, "openfga"), 200, "\"app-store\"");
    journey.destroy();
}
