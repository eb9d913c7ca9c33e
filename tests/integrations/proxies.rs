//! Pages through a forward proxy, the only way out of a container.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, UdpSocket};

use crate::integration::Integration;
use crate::model::Model;

pub const HTTP_PROXY: Integration = Integration {
    endpoint: "http-proxy",
    interface: Some("http_proxy"),
    application: "squid-forward-proxy",
    provides: "http-proxy",
    variables: &["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"],
    properties: &[],
    request: Some(("GET", "/through?url=http%3A%2F%2Fexample.com%2F")),
    works: fetches_pages_through_it,
};

fn fetches_pages_through_it(model: &Model) {
    let url = page("Willkommen, zwölf Gäste");
    let escaped = url.replace(':', "%3A").replace('/', "%2F");
    let path = format!("/through?url={escaped}");
    assert_eq!(model.ask_ok("GET", &path, ""), "Willkommen, zwölf Gäste");
    let request = format!("GET {url} HTTP/1.1");
    model.until("the proxy has logged the request", || {
        let log = model.file_of(HTTP_PROXY.application, "server.log");
        log.contains(&request).then_some(())
    });
}

/// The address of a page that a server of this machine has, where no container reaches.
fn page(text: &'static str) -> String {
    let listener = TcpListener::bind((machine(), 0)).unwrap();
    let url = format!("http://{}/page", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Closed before all is read, the connection would be reset, and the answer lost.
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let head =
                "HTTP/1.0 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length";
            let _ = write!(stream, "{head}: {}\r\n\r\n{text}", text.len());
        }
    });
    url
}

/// An address of this machine that is not a loopback one, for which clients would not take the proxy. Nothing is sent.
fn machine() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let address = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    address
        .expect("this machine has a network with a route to others")
        .ip()
}
