//! TLS where the user asks for it: `integrations: ENDPOINT: {tls: verify}` in `paas-config.yaml`.
//!
//! Without it the app gets what the provider says, as from the peer. With it the provider's CA becomes a file that the app
//! can read, the URL asks for verification in its client's own way, and a provider without TLS blocks: what was asked for
//! is never left out in silence.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD};
use serde::Deserialize;

use super::{Outcome, Provided};

/// The interfaces whose TLS can be verified.
pub const INTERFACES: &[&str] = &[
    "mongodb_client",
    "mysql_client",
    "postgresql_client",
    "rabbitmq",
    "redis",
    "s3",
    "valkey_client",
];

/// Where the certificates of all endpoints lie in the container.
pub const DIRECTORY: &str = "/tmp/charmwright/tls";

/// What the user asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The app makes sure that it talks to the provider.
    Verify,
}

/// What a provider says of its TLS, as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Published<'a> {
    /// Whether it speaks TLS: `True`, `false` and the like.
    pub flag: Option<&'a str>,
    /// Its CA: PEM, PEM in base64, or the base64 between the lines of a PEM. Several may follow each other.
    pub ca: Option<&'a str>,
}

/// Whom the app is to trust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority {
    /// The file.
    pub path: String,
    /// Its content: one PEM block after the other.
    pub certificates: String,
}

/// Why there is nobody to trust.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The provider has no TLS, or tells no CA.
    Blocked(String),
    /// What it tells is no certificate.
    Invalid(String),
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Blocked(status) => Self::Blocked(status),
            Refusal::Invalid(reason) => Self::Invalid(reason),
        }
    }
}

/// The file of an endpoint's CA.
#[must_use]
pub fn ca_path(endpoint: &str) -> String {
    format!("{DIRECTORY}/{endpoint}-ca.pem")
}

impl Published<'_> {
    /// Whom the app is to trust on `endpoint`, related to the application `provider`.
    ///
    /// # Errors
    /// The status that tells what to do, or why the CA cannot be used.
    pub fn authority(&self, endpoint: &str, provider: &str) -> Result<Authority, Refusal> {
        let flag = self.flag.map(str::trim).filter(|flag| !flag.is_empty());
        let ca = self.ca.map(str::trim).filter(|ca| !ca.is_empty());
        let says_no = flag.is_some_and(|flag| !is_true(flag));
        match ca {
            Some(ca) if !says_no => {
                let certificates = certificates(ca)
                    .ok_or_else(|| Refusal::Invalid("its CA is no certificate".into()))?;
                Ok(Authority {
                    path: ca_path(endpoint),
                    certificates,
                })
            }
            None if flag.is_some_and(is_true) => {
                Err(refusal(endpoint, provider, "publishes no CA certificate"))
            }
            _ => Err(refusal(endpoint, provider, "has no TLS")),
        }
    }
}

/// The status of an endpoint whose provider cannot give what is asked for.
#[must_use]
pub fn refusal(endpoint: &str, provider: &str, lacks: &str) -> Refusal {
    Refusal::Blocked(format!(
        "`{endpoint}` asks for `tls: verify`, but {provider} {lacks}: integrate {provider} with a provider of \
         certificates, or take `tls` out of paas-config.yaml"
    ))
}

impl Authority {
    /// Gives the app the file, and the variable `PREFIX_TLS_CA_FILE` that names it.
    pub fn give(&self, prefix: &str, provided: &mut Provided) {
        let name = format!("{prefix}_TLS_CA_FILE");
        provided.variables.insert(name, self.path.clone());
        let (path, content) = (self.path.clone(), self.certificates.clone());
        provided.public.insert(path.clone());
        provided.files.insert(path, content);
    }
}

fn is_true(flag: &str) -> bool {
    ["1", "enabled", "true", "yes"].contains(&flag.to_ascii_lowercase().as_str())
}

/// What a certificate's PEM block is called.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Providers differ in padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// All certificates in `text`, each once, as one PEM block after the other; `None` where one is broken or none is there.
#[must_use]
pub fn certificates(text: &str) -> Option<String> {
    let found = certificates_der(text)?;
    Some(found.iter().map(|der| pem(CERTIFICATE, der)).collect())
}

/// The same as DER.
pub(super) fn certificates_der(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    if text.contains(BEGIN) {
        for block in text.split(BEGIN).skip(1) {
            let (body, _) = block.split_once(END)?;
            let der = decoded(body).filter(|der| is_long_sequence(der))?;
            if !found.contains(&der) {
                found.push(der);
            }
        }
    } else {
        let bytes = decoded(text)?;
        match std::str::from_utf8(&bytes) {
            Ok(inner) if inner.contains(BEGIN) => return certificates_der(inner),
            _ => found.push(Some(bytes).filter(|der| is_long_sequence(der))?),
        }
    }
    Some(found)
}

/// What is between the lines of a PEM.
pub(super) fn decoded(body: &str) -> Option<Vec<u8>> {
    // Line ends may have been escaped on the way.
    let body = body.replace("\\r", "").replace("\\n", "");
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    LENIENT.decode(body).ok()
}

/// A certificate is a DER sequence (RFC 5280, section 4.1) of more than 127 bytes.
fn is_long_sequence(der: &[u8]) -> bool {
    matches!(der, [0x30, 0x81 | 0x82, ..])
}

/// A PEM block (RFC 7468).
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let mut block = format!("-----BEGIN {label}-----\n");
    let body = STANDARD.encode(der);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        block.push_str(line);
        block.push('\n');
        rest = after;
    }
    block.push_str(&format!("-----END {label}-----\n"));
    block
}

/// A URL with these parameters instead of all that it says of TLS. Host names lose a final dot, which no certificate has.
#[must_use]
pub fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (rest, fragment) = rest
        .split_once('#')
        .map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (netloc, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let mut made = format!("{scheme}://{}", without_final_dots(netloc));
    let of_tls = |parameter: &&str| {
        let name = parameter.to_ascii_lowercase();
        name.starts_with("ssl") || name.starts_with("tls")
    };
    let kept = query.split('&').filter(|parameter| !parameter.is_empty());
    let kept = kept
        .filter(|parameter| !of_tls(parameter))
        .map(str::to_owned);
    let added = parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let query: Vec<String> = kept.chain(added).collect();
    made.push_str(path);
    if !query.is_empty() {
        // Some clients take `host?name=value` for a host.
        made.push_str(if path.is_empty() { "/?" } else { "?" });
        made.push_str(&query.join("&"));
    }
    if let Some(fragment) = fragment {
        made.push('#');
        made.push_str(fragment);
    }
    made
}

fn without_final_dots(netloc: &str) -> String {
    let (user, hosts) = match netloc.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), netloc),
    };
    let hosts: Vec<String> = hosts
        .split(',')
        .map(|host| match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => {
                format!("{}:{port}", name.trim_end_matches('.'))
            }
            _ => host.trim_end_matches('.').to_owned(),
        })
        .collect();
    format!("{user}{}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No certificate, but as long as one and begun like one.
    fn der(fill: u8) -> Vec<u8> {
        let mut der = vec![0x30, 0x82, 0x00, 0x90];
        der.extend([fill; 0x90]);
        der
    }

    fn pem(fill: u8) -> String {
        super::pem(CERTIFICATE, &der(fill))
    }

    #[test]
    fn a_ca_is_taken_in_every_form_that_providers_send_it_in() {
        let one = pem(1);
        let bare = STANDARD.encode(der(1));
        let both = format!("{one}{}", pem(2));
        for (given, expected) in [
            (one.clone(), &one),
            (one.replace('\n', "\r\n"), &one),
            (one.replace('\n', "\\n"), &one),
            (format!("\n {} ", one.trim_end()), &one),
            (STANDARD.encode(&one), &one),
            (bare.clone(), &one),
            (bare.trim_end_matches('=').to_owned(), &one),
            (both.clone(), &both),
            (format!("{both}{one}"), &both),
            (format!("subject=x\n{one}issuer=y\n{}", pem(2)), &both),
        ] {
            assert_eq!(certificates(&given).as_ref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for given in [
            "",
            "nonsense",
            "MIIB…",
            "AAAA",
            BEGIN,
            &format!("{BEGIN}{END}"),
            &format!("{BEGIN}\n%%%\n{END}"),
            &format!("{}{BEGIN}", pem(1)),
            "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            &STANDARD.encode(STANDARD.encode(der(1))),
        ] {
            assert_eq!(certificates(given), None, "{given}");
        }
    }

    #[test]
    fn a_provider_without_tls_blocks_with_what_to_do_and_never_passes() {
        let ca = pem(1);
        let ca = Some(ca.as_str());
        for (flag, ca, says) in [
            (None, None, Some("pg has no TLS")),
            (Some("False"), None, Some("pg has no TLS")),
            (Some("false"), ca, Some("pg has no TLS")),
            (Some("nonsense"), ca, Some("pg has no TLS")),
            (Some("True"), None, Some("pg publishes no CA certificate")),
            (
                Some("true"),
                Some(" "),
                Some("pg publishes no CA certificate"),
            ),
            (Some("True"), ca, None),
            (Some(""), ca, None),
            (None, ca, None),
        ] {
            let found = Published { flag, ca }.authority("db", "pg");
            match says {
                None => assert_eq!(found.unwrap().path, "/tmp/charmwright/tls/db-ca.pem"),
                Some(says) => match found.unwrap_err() {
                    Refusal::Blocked(text) => {
                        assert!(text.contains(says) && text.contains("`db`"), "{text}");
                    }
                    other => panic!("{flag:?} {ca:?}: {other:?}"),
                },
            }
        }
        let nonsense = Published {
            flag: Some("True"),
            ca: Some("s3cr3t"),
        };
        let refused = nonsense.authority("db", "pg").unwrap_err();
        assert!(matches!(&refused, Refusal::Invalid(text) if !text.contains("s3cr3t")));
    }

    #[test]
    fn the_file_is_named_by_a_variable_and_may_be_read_by_everybody() {
        let authority = Authority {
            path: ca_path("db"),
            certificates: pem(1),
        };
        let mut provided = Provided::default();
        authority.give("DB_DB", &mut provided);
        assert_eq!(provided.variables["DB_DB_TLS_CA_FILE"], ca_path("db"));
        assert_eq!(provided.files[&ca_path("db")], pem(1));
        assert!(provided.public.contains(&ca_path("db")));
    }

    #[test]
    fn parameters_take_the_place_of_those_that_say_something_else_of_tls() {
        for (url, expected) in [
            ("x://u:p@h:1/d", "x://u:p@h:1/d?sslmode=verify-full"),
            ("x://h", "x://h/?sslmode=verify-full"),
            (
                "x://u:p@h./d?sslmode=require&a=1&TLS=false#f",
                "x://u:p@h/d?a=1&sslmode=verify-full#f",
            ),
            (
                "x://u:p.@a.:1,b.c.:2,[::1]:3,[::1]/d?a=b,c",
                "x://u:p.@a:1,b.c:2,[::1]:3,[::1]/d?a=b,c&sslmode=verify-full",
            ),
        ] {
            let made = with_parameters(url, &[("sslmode", "verify-full")]);
            assert_eq!(made, expected);
        }
        assert_eq!(with_parameters("nonsense", &[("a", "b")]), "nonsense");
    }
}
