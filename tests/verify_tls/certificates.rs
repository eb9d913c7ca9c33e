//! An authority of our own, and certificates of it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// An authority. It and all that it issues lie in one directory.
pub struct Authority {
    directory: tempfile::TempDir,
}

/// A server's certificate with its key.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let new = Self { directory };
        new.openssl(&[
            "-subj",
            "/CN=an authority",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
        ]);
        new
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("ca.crt")).unwrap()
    }

    /// Issues a certificate for a host name.
    pub fn issue(&self, host: &str) -> Certificate {
        let name = format!("subjectAltName=DNS:{host}");
        let subject = format!("/CN={host}");
        self.openssl(&[
            "-subj",
            &subject,
            "-addext",
            &name,
            "-addext",
            "basicConstraints=CA:FALSE",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-keyout",
            "server.key",
            "-out",
            "server.crt",
        ]);
        Certificate {
            certificate: self.directory.path().join("server.crt"),
            key: self.directory.path().join("server.key"),
        }
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2"])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(arguments)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("openssl is missing: apt-get install --yes openssl");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    }
}
