//! Ports as `open-port` writes them.

use std::fmt;
use std::str::FromStr;

/// A port or range of ports of one protocol: `8000/tcp`, `8000-8010/udp`, `icmp`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Port {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port; 0 for ICMP.
    pub first: u16,
    /// The last port, the same as `first` for one port; 0 for ICMP.
    pub last: u16,
}

/// What a port speaks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Protocol {
    /// `tcp`
    Tcp,
    /// `udp`
    Udp,
    /// `icmp`, which has no ports
    Icmp,
}

impl Port {
    /// One TCP port.
    #[must_use]
    pub const fn tcp(port: u16) -> Self {
        Self {
            protocol: Protocol::Tcp,
            first: port,
            last: port,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => return f.write_str("icmp"),
        };
        if self.first == self.last {
            write!(f, "{}/{protocol}", self.first)
        } else {
            write!(f, "{}-{}/{protocol}", self.first, self.last)
        }
    }
}

impl FromStr for Port {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "icmp" {
            return Ok(Self {
                protocol: Protocol::Icmp,
                first: 0,
                last: 0,
            });
        }
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(()),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let first = first.parse().map_err(|_| ())?;
        let last = last.parse().map_err(|_| ())?;
        if first > last {
            return Err(());
        }
        Ok(Self {
            protocol,
            first,
            last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_written_as_juju_writes_it() {
        for text in ["8000/tcp", "53/udp", "8000-8010/tcp", "icmp"] {
            assert_eq!(text.parse::<Port>().unwrap().to_string(), text);
        }
        for text in ["", "tcp", "x/tcp", "8000/sctp", "9-8/tcp", "70000/tcp"] {
            assert_eq!(text.parse::<Port>(), Err(()), "{text}");
        }
    }
}
