use std::path::PathBuf;
use std::process::Output;

use super::certificates::Authority;
use super::server::Server;
use super::{App, connects, program, refuses};

/// A server that speaks TLS only.
fn server(authority: &Authority) -> Server {
    let mut server = Server::new(&authority.issue("localhost"));
    let find = |name| program(name, &[PathBuf::from("/usr/sbin")], "mariadb-server-core");
    let data = format!("--datadir={}", server.path("data").display());
    server.run(
        &find("mariadb-install-db"),
        &[
            "--no-defaults",
            &data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
    );
    let port = format!("--port={}", server.port);
    let socket = format!("--socket={}", server.path("socket").display());
    let certificate = format!("--ssl-cert={}", server.path("server.crt").display());
    let key = format!("--ssl-key={}", server.path("server.key").display());
    server.start(
        &find("mariadbd"),
        &[
            "--no-defaults",
            &data,
            &port,
            &socket,
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            &certificate,
            &key,
            "--require-secure-transport=ON",
        ],
    );
    server
}

fn sqlalchemy(app: &App) -> Output {
    app.python(
        "import os, sqlalchemy\n\
         url = os.environ['MYSQL_DB_CONNECT_STRING'].replace('mysql://', 'mysql+pymysql://', 1)\n\
         with sqlalchemy.create_engine(url).connect() as connection:\n    \
         print(connection.execute(sqlalchemy.text(\"SHOW STATUS LIKE 'Ssl_cipher'\")).fetchone()[1])",
    )
}

#[test]
fn the_url_verifies_and_neither_another_ca_nor_another_name_passes() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = server(&ours);
    let uris = |host: &str| format!("mysql://root@{host}:{}/mysql", server.port);

    let app = App::related("mysql", &uris("localhost"), &ours.pem());
    assert!(connects(&sqlalchemy(&app)).starts_with("TLS_"));
    // As the charm writes it.
    let app = App::related("mysql", &uris("localhost."), &ours.pem());
    assert!(connects(&sqlalchemy(&app)).starts_with("TLS_"));

    let app = App::related("mysql", &uris("localhost"), &others.pem());
    refuses(&sqlalchemy(&app), "certificate verify failed");
    let app = App::related("mysql", &uris("127.0.0.1"), &ours.pem());
    refuses(&sqlalchemy(&app), "IP address mismatch");
}
