//! Certificates as providers issue them (RFC 5280, section 4.1), as far as we look into them.

use super::der::{BIT_STRING, CONTEXT_0, GENERALIZED_TIME, Reader, SEQUENCE, UTC_TIME, Value};
use crate::interfaces::tls::{CERTIFICATE, certificates_der, pem};

/// A certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Issued {
    pub der: Vec<u8>,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    /// The public key, without its algorithm.
    public: Vec<u8>,
    /// From when on and until when it is valid, in seconds since 1970.
    pub begin: u64,
    pub end: u64,
}

impl Issued {
    fn read(der: &[u8]) -> Option<Self> {
        let mut whole = Reader(der).next()?.inside(SEQUENCE)?;
        let mut fields = whole.next()?.inside(SEQUENCE)?;
        // The version may be left out; then come serial number and algorithm.
        if fields.next()?.tag == CONTEXT_0 {
            fields.next()?;
        }
        fields.next()?;
        let issuer = fields.next()?.content.to_vec();
        let mut validity = fields.next()?.inside(SEQUENCE)?;
        let (begin, end) = (time(validity.next()?)?, time(validity.next()?)?);
        let subject = fields.next()?.content.to_vec();
        let mut key = fields.next()?.inside(SEQUENCE)?;
        let public = key.nth(1)?;
        let (_, public) = (public.tag == BIT_STRING)
            .then(|| public.content.split_first())
            .flatten()?;
        Some(Self {
            der: der.to_vec(),
            issuer,
            subject,
            public: public.to_vec(),
            begin,
            end,
        })
    }

    /// All certificates in a text; `None` where one is broken or none is there.
    pub fn all(text: &str) -> Option<Vec<Self>> {
        certificates_der(text)?
            .iter()
            .map(|der| Self::read(der))
            .collect()
    }

    /// Whether it is for a public key.
    pub fn is_for(&self, public: &[u8]) -> bool {
        self.public == public
    }

    /// Whether nine tenths of its time are over.
    pub fn is_due(&self, now: u64) -> bool {
        let tenth = self.end.saturating_sub(self.begin) / 10;
        now >= self.end.saturating_sub(tenth)
    }

    fn is_of_its_own(&self) -> bool {
        self.issuer == self.subject
    }

    pub fn pem(&self) -> String {
        pem(CERTIFICATE, &self.der)
    }
}

/// A certificate with those that have issued it, each after the one that it has issued, without the last authority, which
/// whoever connects has by himself.
pub(super) fn chain<'a>(first: &'a Issued, others: &'a [Issued]) -> Vec<&'a Issued> {
    let mut chain = vec![first];
    let mut last = first;
    while let Some(next) = others.iter().find(|other| {
        !last.is_of_its_own()
            && other.subject == last.issuer
            && !other.is_of_its_own()
            && !chain.contains(other)
    }) {
        chain.push(next);
        last = next;
    }
    chain
}

/// Whom to trust: the authority that the provider names, and what others there are that nobody else has issued.
pub(super) fn authorities<'a>(named: &'a [Issued], others: &'a [Issued]) -> Vec<&'a Issued> {
    let mut trusted: Vec<&Issued> = named.iter().collect();
    for other in others {
        if other.is_of_its_own() && !trusted.contains(&other) {
            trusted.push(other);
        }
    }
    trusted
}

/// Seconds since 1970 of `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280, section 4.1.2.5).
fn time(value: Value<'_>) -> Option<u64> {
    let text = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    let digits = match value.tag {
        UTC_TIME if text.len() == 12 => {
            let century = if text < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        GENERALIZED_TIME if text.len() == 14 => text.to_owned(),
        _ => return None,
    };
    let number = |from: usize, to: usize| {
        let text = digits.get(from..to)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_number)
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        // `date --utc --date=… +%s`
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "000229120000Z", Some(951_825_600)),
            (UTC_TIME, "261121191100Z", Some(1_795_288_260)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(0)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "21000301000000Z", Some(4_107_542_400)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (UTC_TIME, "261121191100", None),
            (UTC_TIME, "261321191100Z", None),
            (UTC_TIME, "+61121191100Z", None),
            (GENERALIZED_TIME, "261121191100Z", None),
            (UTC_TIME, "é1121191100Z", None),
        ] {
            let content = text.as_bytes();
            assert_eq!(time(Value { tag, content }), seconds, "{text}");
        }
    }

    fn issued(subject: u8, issuer: u8) -> Issued {
        Issued {
            der: vec![subject, issuer],
            issuer: vec![issuer],
            subject: vec![subject],
            public: vec![subject],
            begin: 1000,
            end: 2000,
        }
    }

    #[test]
    fn a_chain_is_in_order_whatever_the_providers_was() {
        let (leaf, low, high, root) = (issued(1, 2), issued(2, 3), issued(3, 4), issued(4, 4));
        let all = [&root, &high, &leaf, &low].map(Clone::clone);
        assert_eq!(chain(&leaf, &all), [&leaf, &low, &high]);
        assert_eq!(chain(&leaf, &[]), [&leaf]);
        assert_eq!(chain(&root, &all), [&root]);
        assert_eq!(authorities(std::slice::from_ref(&low), &all), [&low, &root]);
        // Two that have issued each other.
        let odd = [issued(2, 5), issued(5, 2)];
        assert_eq!(chain(&leaf, &odd).len(), 3);
    }

    #[test]
    fn the_last_tenth_is_when_another_is_due() {
        let certificate = issued(1, 2);
        for (now, is_due) in [(0, false), (1899, false), (1900, true), (3000, true)] {
            assert_eq!(certificate.is_due(now), is_due, "{now}");
        }
    }
}
