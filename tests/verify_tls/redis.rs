use std::process::{Command, Output, Stdio};

use super::certificates::Authority;
use super::server::Server;
use super::{App, connects, program, refuses};

/// A server that speaks TLS only.
fn server(authority: &Authority) -> Server {
    let mut server = Server::new(&authority.issue("localhost"));
    std::fs::write(server.path("ca.crt"), authority.pem()).unwrap();
    let port = server.port.to_string();
    server.start(
        &program("redis-server", &[], "redis-server"),
        &[
            "--port",
            "0",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--tls-port",
            &port,
            "--tls-cert-file",
            "server.crt",
            "--tls-key-file",
            "server.key",
            "--tls-ca-cert-file",
            "ca.crt",
            "--tls-auth-clients",
            "no",
        ],
    );
    server
}

fn redis_cli(app: &App) -> Output {
    Command::new("redis-cli")
        .args(["-e", "-u", &app.variables["REDIS_DB_CONNECT_STRING"]])
        .args(["--cacert", &app.variables["REDIS_DB_TLS_CA_FILE"], "PING"])
        .stdin(Stdio::null())
        .output()
        .expect("redis-cli is missing: apt-get install --yes redis-server")
}

#[test]
fn the_url_speaks_tls_and_the_file_verifies() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = server(&ours);
    let port = server.port.to_string();
    let unit = [("hostname", "10.0.0.1"), ("port", port.as_str())];
    let told = |ca: &str| {
        let app = [
            ("leader-host", "localhost"),
            ("tls", "true"),
            ("tls-ca", ca),
        ];
        App::told("redis", &app, &unit)
    };
    assert_eq!(connects(&redis_cli(&told(&ours.pem()))), "PONG");
    refuses(
        &redis_cli(&told(&others.pem())),
        "certificate verify failed",
    );
}
