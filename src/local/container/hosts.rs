//! `/etc/hosts` of a container.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::network::UNIT;

/// The text: localhost, the unit's own names, then each address with its names.
pub(super) fn hosts<'a>(
    hostname: &str,
    fqdn: &str,
    services: impl Iterator<Item = (Ipv4Addr, &'a [String])>,
) -> String {
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    let own: Vec<&str> = [fqdn, hostname]
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    if !own.is_empty() {
        let _ = writeln!(text, "{UNIT} {}", own.join(" "));
    }
    for (address, names) in services {
        let _ = writeln!(text, "{address} {}", names.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_line() {
        let names = ["db.demo.svc.cluster.local".to_owned(), "db".to_owned()];
        assert_eq!(
            hosts(
                "web-0",
                "web-0.web-endpoints.demo.svc.cluster.local",
                [(Ipv4Addr::new(127, 1, 0, 1), &names[..])].into_iter()
            ),
            "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n\
             127.0.1.1 web-0.web-endpoints.demo.svc.cluster.local web-0\n\
             127.1.0.1 db.demo.svc.cluster.local db\n"
        );
    }
}
