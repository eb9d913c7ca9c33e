//! `tls: verify` against real servers with certificates of an authority of our own: what the app is told must connect, and
//! must not when the certificate is another's.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, in its helpers too")]

mod certificates;
mod mariadb;
mod postgresql;
#[path = "../python_packages/mod.rs"]
mod python_packages;
mod redis;
mod server;
#[path = "../decide/support.rs"]
#[allow(dead_code, reason = "only a part of it is needed here")]
mod support;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use charmwright::interfaces::{Bag, Relation};
use charmwright::runtime::decide::decide;

/// What the app finds: its variables, with the CA's file where this test may write it.
struct App {
    directory: tempfile::TempDir,
    variables: Bag,
}

impl App {
    /// Of a FastAPI app that is related to a database which publishes `uris` and `ca`.
    fn related(endpoint: &str, uris: &str, ca: &str) -> Self {
        Self::told(
            endpoint,
            &[("uris", uris), ("tls", "True"), ("tls-ca", ca)],
            &[],
        )
    }

    /// Of a FastAPI app that is related to a provider of one unit.
    fn told(endpoint: &str, app: &[(&str, &str)], unit: &[(&str, &str)]) -> Self {
        let paas_config = format!("integrations: {{{endpoint}: {{tls: verify}}}}\n");
        let mut observation =
            support::ready("fastapi", support::FIRST, "options: {}", Some(&paas_config));
        observation.relations = vec![Relation {
            endpoint: endpoint.into(),
            id: 7,
            remote_application: "db".into(),
            remote_app: support::bag(app),
            remote_units: [("db/0".to_owned(), support::bag(unit))].into(),
            ..Relation::default()
        }];
        let decision = decide(&observation);
        let mut variables = support::environment(&decision);
        let prefix = format!("{}_DB", endpoint.to_uppercase());
        let inside = variables[&format!("{prefix}_TLS_CA_FILE")].clone();
        let files = &support::run(&decision).files;
        let file = files.iter().find(|file| file.path == inside).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let outside = directory.path().join("ca.pem");
        std::fs::write(&outside, &file.content).unwrap();
        for value in variables.values_mut() {
            *value = value.replace(&inside, outside.to_str().unwrap());
        }
        variables.retain(|name, _| name.starts_with(&prefix));
        Self {
            directory,
            variables,
        }
    }

    /// Runs Python with the app's variables.
    fn python(&self, code: &str) -> Output {
        Command::new("/bin/python3")
            .args(["-c", code])
            .envs(&self.variables)
            .env("PYTHONPATH", python_packages::directory("database-clients"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// What a client printed when it could connect.
fn connects(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The client must not connect, for this reason.
fn refuses(output: &Output, reason: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && errors.contains(reason),
        "{errors}"
    );
}

/// The program, in `PATH` or in one of the directories of this pattern's kind.
fn program(name: &str, directories: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_path = std::env::split_paths(&path);
    let mut all = directories.iter().cloned().chain(of_path);
    let found = all.find(|directory| directory.join(name).exists());
    found
        .unwrap_or_else(|| panic!("{name} is missing: apt-get install --yes {package}"))
        .join(name)
}
