//! A certificate signing request (RFC 2986) for a server's names.

use std::net::IpAddr;

use super::der::{
    self, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, UTF8_STRING,
};
use super::key::PrivateKey;
use crate::interfaces::tls::{decoded, pem};

/// How many characters a common name may have (RFC 5280, appendix A.1).
pub const LONGEST_COMMON_NAME: usize = 64;

const LABEL: &str = "CERTIFICATE REQUEST";
/// `id-at-commonName` and `id-at-x500UniqueIdentifier`.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const UNIQUE_IDENTIFIER: &[u8] = &[0x55, 0x04, 0x2d];
/// `ecdsa-with-SHA256` (RFC 5758, section 3.2).
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `pkcs-9-at-extensionRequest` (RFC 2985, section 5.4.2).
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// `id-ce-subjectAltName`.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// The tags of `GeneralName` (RFC 5280, section 4.2.1.6).
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// What a certificate is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SigningRequest<'a> {
    pub common_name: &'a str,
    /// Host names and addresses; one that can be neither is left out.
    pub names: &'a [String],
    /// Makes this another request than that of which the certificate ends: the end, in seconds since 1970.
    pub renews: Option<u64>,
}

impl SigningRequest<'_> {
    /// The request as PEM, always the same for the same key.
    pub fn pem(&self, key: &PrivateKey) -> String {
        let cut: String = self.common_name.chars().take(LONGEST_COMMON_NAME).collect();
        let mut subject = attribute(COMMON_NAME, &cut);
        if let Some(end) = self.renews {
            subject.extend(attribute(UNIQUE_IDENTIFIER, &end.to_string()));
        }
        let names: Vec<u8> = self
            .names
            .iter()
            .filter_map(|name| general_name(name))
            .flatten()
            .collect();
        let names = der::value(SEQUENCE, &[&names]);
        let extension = der::value(
            SEQUENCE,
            &[
                &der::value(OBJECT_IDENTIFIER, &[ALTERNATIVE_NAME]),
                &der::value(OCTET_STRING, &[&names]),
            ],
        );
        let extensions = der::value(SEQUENCE, &[&extension]);
        let wanted = der::value(
            SEQUENCE,
            &[
                &der::value(OBJECT_IDENTIFIER, &[EXTENSION_REQUEST]),
                &der::value(SET, &[&extensions]),
            ],
        );
        let info = der::value(
            SEQUENCE,
            &[
                &[INTEGER, 1, 0],
                &der::value(SEQUENCE, &[&subject]),
                &key.public_info(),
                &der::value(CONTEXT_0, &[&wanted]),
            ],
        );
        let algorithm = der::value(OBJECT_IDENTIFIER, &[ECDSA_WITH_SHA256]);
        let algorithm = der::value(SEQUENCE, &[&algorithm]);
        let signature = der::bits(&key.sign(&info));
        pem(
            LABEL,
            &der::value(SEQUENCE, &[&info, &algorithm, &signature]),
        )
    }
}

/// What a request of ours says that it renews.
pub(super) fn renews(request: &str) -> Option<u64> {
    let (_, body) = request.split_once("REQUEST-----")?;
    let (body, _) = body.split_once("-----")?;
    let request = decoded(body)?;
    let mut fields = der::Reader(&request).next()?.inside(SEQUENCE)?;
    let mut info = fields.next()?.inside(SEQUENCE)?;
    let subject = info.nth(1)?.inside(SEQUENCE)?;
    let mut attributes = subject.filter_map(|set| set.inside(SET)?.next()?.inside(SEQUENCE));
    attributes.find_map(|mut attribute| {
        let is_it = attribute.next()?.content == UNIQUE_IDENTIFIER;
        let text = std::str::from_utf8(attribute.next()?.content).ok()?;
        let end = text.parse::<u64>().ok()?;
        is_it.then_some(end)
    })
}

/// Whether a certificate can be asked for this name.
pub fn can_be_certified(name: &str) -> bool {
    general_name(name).is_some()
}

fn attribute(kind: &[u8], text: &str) -> Vec<u8> {
    let kind = der::value(OBJECT_IDENTIFIER, &[kind]);
    let text = der::value(UTF8_STRING, &[text.as_bytes()]);
    der::value(SET, &[&der::value(SEQUENCE, &[&kind, &text])])
}

fn general_name(name: &str) -> Option<Vec<u8>> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(address) => der::value(IP_ADDRESS, &[&address.octets()]),
            IpAddr::V6(address) => der::value(IP_ADDRESS, &[&address.octets()]),
        });
    }
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len()) && label.chars().all(plain)
    };
    let is_name = name.len() <= 253 && rest.split('.').all(is_label);
    is_name.then(|| der::value(DNS_NAME, &[name.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::random(&[3; 32], "certificates").unwrap()
    }

    #[test]
    fn a_request_is_the_same_until_something_in_it_changes() {
        let names = ["web".to_owned(), "192.0.2.1".to_owned()];
        let request = SigningRequest {
            common_name: "web",
            names: &names,
            renews: None,
        };
        let pem = request.pem(&key());
        assert_eq!(request.pem(&key()), pem);
        let renewing = SigningRequest {
            renews: Some(1),
            ..request.clone()
        };
        let called = SigningRequest {
            common_name: "other",
            ..request.clone()
        };
        let named = SigningRequest {
            names: &names[..1],
            ..request.clone()
        };
        for other in [&renewing, &called, &named] {
            assert_ne!(other.pem(&key()), pem, "{other:?}");
        }
    }

    #[test]
    fn a_request_tells_what_it_renews_and_nonsense_does_not() {
        for end in [None, Some(0), Some(1_800_000_000), Some(u64::MAX)] {
            let request = SigningRequest {
                common_name: "web",
                names: &[],
                renews: end,
            };
            assert_eq!(renews(&request.pem(&key())), end);
        }
        for text in [
            "",
            "REQUEST-----",
            "REQUEST-----MAA=-----",
            "REQUEST-----%-----",
        ] {
            assert_eq!(renews(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_hosts_or_addresses() {
        let long = format!("{}.example", "a".repeat(64));
        for (name, can_be) in [
            ("web", true),
            ("*.example.com", true),
            ("web-0.web-endpoints.demo.svc.cluster.local", true),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
            ("", false),
            ("*", false),
            ("a..b", false),
            ("ü.example", false),
            ("a b", false),
            ("https://a", false),
            (&long, false),
        ] {
            assert_eq!(can_be_certified(name), can_be, "{name}");
        }
    }
}
