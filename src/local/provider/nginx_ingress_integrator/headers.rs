//! The headers that a proxy changes.

use std::net::SocketAddr;

use hyper::header::{CONNECTION, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, UPGRADE};

/// Headers of one connection, not of the message (RFC 9110 §7.6.1).
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Removes the headers of the connection, those that `Connection` names too. Gives the protocol of an upgrade that they
/// ask for.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let upgrade = named
        .contains(&UPGRADE)
        .then(|| headers.get(UPGRADE).cloned())
        .flatten();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    upgrade
}

/// Asks for an upgrade.
pub(super) fn set_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Says where the request comes from. What the client says of it is dropped: nothing stands before this proxy.
pub(super) fn set_forwarded(headers: &mut HeaderMap, client: SocketAddr, port: u16) {
    for name in [
        "forwarded",
        "x-forwarded-prefix",
        "x-forwarded-scheme",
        "x-forwarded-server",
    ] {
        headers.remove(name);
    }
    let address = client.ip().to_string();
    let host = headers.get(HOST).cloned();
    let texts = [
        ("x-forwarded-for", &address),
        ("x-real-ip", &address),
        ("x-forwarded-port", &port.to_string()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
    headers.insert("x-forwarded-scheme", HeaderValue::from_static("http"));
    match host {
        Some(host) => headers.insert("x-forwarded-host", host),
        None => headers.remove("x-forwarded-host"),
    };
    // Answered here, as the body is read.
    headers.remove(EXPECT);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(&'static str, &'static str)]) -> HeaderMap {
        entries
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn headers_of_the_connection_go() {
        let mut map = headers(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ]);
        assert_eq!(remove_hop_by_hop(&mut map), None);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }

    #[test]
    fn an_upgrade_is_seen() {
        let mut map = headers(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
        ]);
        assert_eq!(remove_hop_by_hop(&mut map).unwrap(), "websocket");
        assert!(map.is_empty());
    }

    #[test]
    fn the_client_cannot_lie_about_where_it_comes_from() {
        let mut map = headers(&[
            ("host", "web:8081"),
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=6"),
        ]);
        set_forwarded(&mut map, "127.0.0.1:5000".parse().unwrap(), 8081);
        assert_eq!(map["x-forwarded-for"], "127.0.0.1");
        assert_eq!(map["x-forwarded-host"], "web:8081");
        assert_eq!(map["x-forwarded-port"], "8081");
        assert_eq!(map["x-forwarded-proto"], "http");
        assert!(!map.contains_key("forwarded"));
    }
}
