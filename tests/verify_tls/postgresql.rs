use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::certificates::Authority;
use super::server::Server;
use super::{App, connects, program, refuses};

fn directories() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect()
}

/// A server that speaks TLS only.
fn server(authority: &Authority) -> Server {
    let mut server = Server::new(&authority.issue("localhost"));
    let directories = directories();
    let find = |name| program(name, &directories, "postgresql");
    server.run(
        &find("initdb"),
        &["-D", "data", "-U", "operator", "-A", "trust", "--no-sync"],
    );
    std::fs::write(
        server.path("data/pg_hba.conf"),
        "hostssl all all all trust\n",
    )
    .unwrap();
    let port = server.port.to_string();
    server.start(
        &find("postgres"),
        &[
            "-D",
            "data",
            "-p",
            &port,
            "-h",
            "127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "ssl=on",
            "-c",
            "ssl_cert_file=../server.crt",
            "-c",
            "ssl_key_file=../server.key",
        ],
    );
    server
}

const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

fn psql(app: &App) -> Output {
    Command::new("psql")
        .args(["-X", "-A", "-t", "-w", "-c", ENCRYPTED])
        .arg(&app.variables["POSTGRESQL_DB_CONNECT_STRING"])
        .stdin(Stdio::null())
        .output()
        .expect("psql is missing: apt-get install --yes postgresql")
}

fn psycopg(app: &App) -> Output {
    app.python(&format!(
        "import os, psycopg\n\
         with psycopg.connect(os.environ['POSTGRESQL_DB_CONNECT_STRING']) as connection:\n    \
         print(connection.execute('{ENCRYPTED}').fetchone()[0])"
    ))
}

#[test]
fn the_url_verifies_and_neither_another_ca_nor_another_name_passes() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = server(&ours);
    let uris = |host: &str| format!("postgresql://operator:p@{host}:{}/postgres", server.port);

    let app = App::related("postgresql", &uris("localhost"), &ours.pem());
    assert_eq!(connects(&psql(&app)), "t");
    assert_eq!(connects(&psycopg(&app)), "True");

    // The provider's list of authorities may hold more than one.
    let both = format!("{}{}", others.pem(), ours.pem());
    let app = App::related("postgresql", &uris("localhost"), &both);
    assert_eq!(connects(&psql(&app)), "t");

    let app = App::related("postgresql", &uris("localhost"), &others.pem());
    refuses(&psql(&app), "certificate verify failed");
    refuses(&psycopg(&app), "certificate verify failed");

    let app = App::related("postgresql", &uris("127.0.0.1"), &ours.pem());
    refuses(&psql(&app), "does not match host name");
}
