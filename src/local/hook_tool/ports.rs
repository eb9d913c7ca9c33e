//! `open-port`, `close-port`, `opened-ports`.

use serde_json::json;

use crate::local::model::Model;

use super::arguments::{Arguments, Flag, text};
use super::context::Context;
use super::failure::Failure;
use super::output::{FORMAT, print};

pub(super) const CHANGE: &[Flag] = &[FORMAT, text(&["endpoints"])];
pub(super) const LIST: &[Flag] = &[FORMAT];

type Outcome = Result<String, Failure>;

pub(super) fn change(context: &mut Context, arguments: &Arguments, open: bool) -> Outcome {
    let written = arguments
        .at(0)
        .ok_or_else(|| Failure::usage("no port or range specified"))?;
    arguments.at_most(1)?;
    let port = parse(written)?;
    let writes = &mut context.writes;
    let (to, from) = if open {
        (&mut writes.open, &mut writes.close)
    } else {
        (&mut writes.close, &mut writes.open)
    };
    from.remove(&port);
    to.insert(port);
    Ok(String::new())
}

/// Ports opened or closed in this dispatch do not count yet.
pub(super) fn list(context: &Context, model: &Model, arguments: &Arguments) -> Outcome {
    arguments.at_most(0)?;
    let mut ports: Vec<&String> = model
        .unit(&context.unit)
        .map(|unit| unit.ports.iter().collect())
        .unwrap_or_default();
    ports.sort_by_key(|port| {
        let number = port.split(['-', '/']).next();
        number.and_then(|number| number.parse::<u32>().ok())
    });
    print(arguments, "smart", &json!(ports))
}

/// `8000`, `8000/tcp`, `8000-8010/udp` or `icmp`, as `opened-ports` tells it.
fn parse(written: &str) -> Result<String, Failure> {
    let lower = written.to_lowercase();
    if lower == "icmp" {
        return Ok(lower);
    }
    let (range, protocol) = lower.split_once('/').unwrap_or((&lower, "tcp"));
    if !["tcp", "udp"].contains(&protocol) {
        return Err(Failure::usage(format!(
            "protocol must be \"tcp\", \"udp\", or \"icmp\"; got {protocol:?}"
        )));
    }
    let number = |text: &str| {
        let number = text.parse::<u32>().map_err(|_| {
            Failure::usage(format!(
                "expected <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp; got {written:?}"
            ))
        })?;
        if (1..=65_535).contains(&number) {
            Ok(number)
        } else {
            Err(Failure::usage(format!(
                "port must be in the range [1, 65535]; got {text:?}"
            )))
        }
    };
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let (from, to) = (number(from)?, number(to)?);
    if from > to {
        return Err(Failure::usage(format!(
            "invalid port range {from}-{to}/{protocol}; expected from <= to"
        )));
    }
    Ok(if from == to {
        format!("{from}/{protocol}")
    } else {
        format!("{from}-{to}/{protocol}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_written_as_juju_lists_them() {
        for (written, port) in [
            ("8000", "8000/tcp"),
            ("8000/TCP", "8000/tcp"),
            ("53/udp", "53/udp"),
            ("8000-8010/tcp", "8000-8010/tcp"),
            ("icmp", "icmp"),
        ] {
            assert_eq!(parse(written), Ok(port.to_owned()));
        }
        for wrong in ["", "x", "0", "65536", "9-8", "80/sctp"] {
            assert_eq!(parse(wrong).map_err(|it| it.code), Err(2), "{wrong}");
        }
    }
}
