//! A unit's private key, on the curve P-256.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest as _, Sha256};

use super::der::{self, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use crate::interfaces::tls::{decoded, pem};

const LABEL: &str = "PRIVATE KEY";
/// `id-ecPublicKey` and `prime256v1` (RFC 5480, section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A private key.
pub(super) struct PrivateKey {
    signing: SigningKey,
    /// The point of the public key, uncompressed.
    public: Vec<u8>,
}

impl PrivateKey {
    /// The key that these random bytes make for a purpose.
    pub fn random(seed: &[u8; 32], purpose: &str) -> Option<Self> {
        // One of four thousand million is no number of the curve.
        (0..=u8::MAX).find_map(|attempt| {
            let mut hash = Sha256::new();
            hash.update(seed);
            hash.update([attempt]);
            hash.update(purpose);
            Self::of(&hash.finalize())
        })
    }

    fn of(number: &[u8]) -> Option<Self> {
        let signing = SigningKey::from_slice(number).ok()?;
        let point = signing.verifying_key().to_sec1_point(false);
        Some(Self {
            public: point.as_bytes().to_vec(),
            signing,
        })
    }

    /// The key of a PEM as [`Self::pem`] makes it.
    pub fn parse(text: &str) -> Option<Self> {
        let begin = format!("-----BEGIN {LABEL}-----");
        let (_, body) = text.split_once(&begin)?;
        let (body, _) = body.split_once("-----END ")?;
        let der = decoded(body)?;
        let mut fields = Reader(&der).next()?.inside(SEQUENCE)?;
        let inner = fields
            .find(|field| field.tag == OCTET_STRING)?
            .inside(OCTET_STRING)?;
        let mut fields = { inner }.next()?.inside(SEQUENCE)?;
        let number = fields.find(|field| field.tag == OCTET_STRING)?;
        let key = Self::of(number.content)?;
        // What says otherwise is of another curve.
        (key.pem() == pem(LABEL, &der)).then_some(key)
    }

    /// PKCS #8 (RFC 5958), of which every server and language can read this form (RFC 5915 inside).
    pub fn pem(&self) -> String {
        let version = [der::INTEGER, 1, 1];
        let number = self.signing.to_bytes();
        let number = der::value(OCTET_STRING, &[&number]);
        let public = der::value(0xa1, &[&der::bits(&self.public)]);
        let key = der::value(SEQUENCE, &[&version, &number, &public]);
        let whole = der::value(
            SEQUENCE,
            &[
                &[der::INTEGER, 1, 0],
                &algorithm(),
                &der::value(OCTET_STRING, &[&key]),
            ],
        );
        pem(LABEL, &whole)
    }

    /// The point of the public key, as it is in a certificate.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The public key with its algorithm (RFC 5280, section 4.1.2.7).
    pub fn public_info(&self) -> Vec<u8> {
        der::value(SEQUENCE, &[&algorithm(), &der::bits(&self.public)])
    }

    /// The signature of a message, in DER: the same for the same message (RFC 6979).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.signing.sign(message);
        signature.to_der().as_bytes().to_vec()
    }
}

fn algorithm() -> Vec<u8> {
    let name = der::value(OBJECT_IDENTIFIER, &[EC_PUBLIC_KEY]);
    let curve = der::value(OBJECT_IDENTIFIER, &[PRIME256V1]);
    der::value(SEQUENCE, &[&name, &curve])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_when_it_is_read_again() {
        let key = PrivateKey::random(&[3; 32], "certificates").unwrap();
        let again = PrivateKey::parse(&key.pem()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(again.sign(b"message"), key.sign(b"message"));
        assert_ne!(again.sign(b"message"), key.sign(b"other"));
        for (seed, purpose) in [([4; 32], "certificates"), ([3; 32], "other")] {
            let other = PrivateKey::random(&seed, purpose).unwrap();
            assert_ne!(other.public(), key.public());
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let key = PrivateKey::random(&[3; 32], "certificates").unwrap();
        let der = decoded(key.pem().lines().nth(1).unwrap()).unwrap();
        for text in [
            "",
            "nonsense",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY----------END ",
            &pem(LABEL, &der),
            &pem(LABEL, &[0x30, 0x02, 0x04, 0x00]),
            &key.pem().replace("PRIVATE", "EC PRIVATE"),
            &key.pem().replace("MIGH", "MIGG"),
        ] {
            assert!(PrivateKey::parse(text).is_none(), "{text}");
        }
    }
}
