//! A unit's certificate, from nothing related to one that is renewed: signed by a real authority, openssl's, and used by a
//! real server.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use charmwright::interfaces::Relation;
use charmwright::juju::Status;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{Decision, File};
use charmwright::runtime::observation::Observation;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::declared::needing;
use super::support::{bag, container, run, status, variables};

const INTERFACE: &str = "tls-certificates";
const REQUESTS: &str = "certificate_signing_requests";

/// What openssl says, which must be content.
fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is missing: apt-get install --yes openssl");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{errors}");
    said + &errors
}

/// An authority that is itself issued by another.
struct Authority(TempDir);

impl Authority {
    fn new() -> Self {
        let new = Self(tempfile::tempdir().unwrap());
        let make = |arguments: &[&str]| {
            let all = [
                &[
                    "req", "-x509", "-nodes", "-days", "3650", "-newkey", "rsa:2048",
                ],
                arguments,
            ];
            openssl(new.0.path(), &all.concat());
        };
        make(&[
            "-subj",
            "/CN=a root",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
        ]);
        make(&[
            "-subj",
            "/CN=an authority",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ]);
        new
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// What a provider makes of a request.
    fn sign(&self, request: &str, days: u32) -> Value {
        std::fs::write(self.0.path().join("request.pem"), request).unwrap();
        let days = days.to_string();
        openssl(
            self.0.path(),
            &[
                "x509",
                "-req",
                "-in",
                "request.pem",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-days",
                &days,
                "-copy_extensions",
                "copy",
                "-out",
                "signed.pem",
            ],
        );
        let [signed, ca, root] = ["signed.pem", "ca.pem", "root.pem"].map(|name| self.read(name));
        json!({"certificate_signing_request": request, "certificate": signed.trim_end(), "ca": ca.trim_end(),
            "chain": [signed.trim_end(), ca.trim_end(), root.trim_end()]})
    }
}

/// Some days from now.
fn in_days(days: u64) -> u64 {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs() + days * 24 * 60 * 60
}

/// Does what Juju does when a hook has ended well.
fn flush(observation: &mut Observation, decision: &Decision) {
    for relation in &mut observation.relations {
        for write in decision
            .bags
            .iter()
            .filter(|write| write.relation == relation.id)
        {
            assert!(!write.app, "{write:?}");
            for (key, value) in &write.changes {
                relation
                    .local_unit
                    .insert(key.clone(), value.clone().unwrap());
            }
        }
        for secret in &decision.own_secrets {
            assert_eq!(secret.endpoint, relation.endpoint);
            assert_eq!(relation.own_secret, None, "two keys");
            relation.own_secret = Some(secret.content.clone());
        }
    }
    // Another hook has other randomness.
    observation.random[0] += 1;
    observation.key_seed.as_mut().unwrap()[0] += 1;
}

fn hook(observation: &mut Observation) -> Decision {
    let decision = decide(observation);
    flush(observation, &decision);
    decision
}

fn request(observation: &Observation) -> String {
    let text = &observation.relations[0].local_unit[REQUESTS];
    let requests: Value = serde_json::from_str(text).unwrap();
    requests[0]["certificate_signing_request"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn says(observation: &mut Observation, answers: &[Value]) {
    let text = serde_json::to_string(answers).unwrap();
    observation.relations[0].remote_app = bag(&[("certificates", &text)]);
}

fn related(paas_config: Option<&str>) -> Observation {
    let mut observation = needing(INTERFACE, "24.04", paas_config);
    observation.now = in_days(0);
    observation.relations = vec![Relation {
        endpoint: INTERFACE.into(),
        id: 7,
        remote_application: "ca".into(),
        ..Relation::default()
    }];
    observation
}

/// The files of certificates that are written.
fn certificates(decision: &Decision) -> Vec<&File> {
    let files = run(decision).files.iter();
    files
        .filter(|file| file.path.starts_with("/tmp/charmwright/tls/"))
        .collect()
}

/// Writes the files that the app finds, and tells their directory.
fn files(observation: &mut Observation, decision: &Decision) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in certificates(decision) {
        let name = Path::new(&file.path).file_name().unwrap();
        std::fs::write(directory.path().join(name), &file.content).unwrap();
        assert_eq!(
            file.private,
            file.path.ends_with("-key.pem"),
            "{}",
            file.path
        );
        assert!(file.owner.is_some());
        let content = file.content.clone().into_bytes();
        container(observation)
            .files
            .insert(file.path.clone(), content);
    }
    directory
}

#[test]
fn openssl_takes_the_request_and_a_server_the_certificate() {
    let authority = Authority::new();
    let mut observation = related(Some(
        "integrations: {tls-certificates: {common-name: shop.example, names: [192.0.2.7]}}",
    ));
    let missing = (
        Status::Blocked,
        "missing integrations: tls-certificates".to_owned(),
    );
    assert_eq!(status(&hook(&mut observation)), missing);
    let csr = request(&observation);
    std::fs::write(authority.0.path().join("request.pem"), &csr).unwrap();
    let said = openssl(
        authority.0.path(),
        &["req", "-in", "request.pem", "-verify", "-noout", "-text"],
    );
    for part in [
        "self-signature verify OK",
        "Subject: CN = shop.example",
        "ASN1 OID: prime256v1",
        "Signature Algorithm: ecdsa-with-SHA256",
        "DNS:web-0.web-endpoints.demo.svc.cluster.local, DNS:web, DNS:web.demo, DNS:web.demo.svc, \
         DNS:web.demo.svc.cluster.local, DNS:shop.example, IP Address:192.0.2.7",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }

    says(&mut observation, &[authority.sign(&csr, 10)]);
    let decision = hook(&mut observation);
    assert_eq!(status(&decision), (Status::Active, String::new()));
    assert_eq!(request(&observation), csr);
    let directory = files(&mut observation, &decision);
    let at = |name: &str| directory.path().join(format!("{INTERFACE}-{name}.pem"));
    let said = openssl(
        directory.path(),
        &[
            "pkey",
            "-in",
            at("key").to_str().unwrap(),
            "-check",
            "-noout",
        ],
    );
    assert!(said.contains("Key is valid"), "{said}");

    // The chain has what clients do not have, in order; the authorities are all that a client needs.
    let count = |name: &str| {
        std::fs::read_to_string(at(name))
            .unwrap()
            .matches("BEGIN")
            .count()
    };
    assert_eq!((count("cert"), count("ca"), count("key")), (2, 2, 1));
    for name in ["shop.example", "web.demo"] {
        served(directory.path(), name);
    }
}

/// A client that knows the root only verifies a server with the files.
fn served(directory: &Path, name: &str) {
    let file = |what: &str| format!("{INTERFACE}-{what}.pem");
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-www",
            "-cert",
            &file("cert"),
        ])
        .args(["-cert_chain", &file("cert"), "-key", &file("key")])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let accept = lines.find_map(|line| Some(line.unwrap().strip_prefix("ACCEPT ")?.to_owned()));
    let client = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &accept.unwrap(),
            "-CAfile",
            &file("ca"),
        ])
        .args([
            "-servername",
            name,
            "-verify_hostname",
            name,
            "-verify_return_error",
            "-brief",
        ])
        .current_dir(directory)
        .stdin(Stdio::null())
        .output();
    server.kill().unwrap();
    server.wait().unwrap();
    let client = client.unwrap();
    let said = String::from_utf8_lossy(&client.stderr);
    assert!(
        client.status.success() && said.contains("Verification: OK"),
        "{said}"
    );
}

#[test]
fn a_hook_that_was_killed_leaves_nothing_and_the_next_one_begins_anew() {
    let mut observation = related(None);
    let killed = decide(&observation);
    assert_eq!(killed.own_secrets.len(), 1);
    observation.key_seed = Some([7; 32]);
    let decision = hook(&mut observation);
    assert_ne!(killed.own_secrets, decision.own_secrets);
    let csr = request(&observation);
    for _ in 0..2 {
        let decision = hook(&mut observation);
        assert!(decision.own_secrets.is_empty() && decision.bags.is_empty());
        assert_eq!(request(&observation), csr);
    }
    // The key was kept and the bag was not, or the bag holds what is none of ours.
    for text in [None, Some("nonsense")] {
        let bag = &mut observation.relations[0].local_unit;
        bag.clear();
        bag.extend(text.map(|text| (REQUESTS.to_owned(), text.to_owned())));
        assert!(hook(&mut observation).own_secrets.is_empty());
        assert_eq!(request(&observation), csr);
    }
}

#[test]
fn a_renewed_certificate_restarts_the_app_and_nothing_else_does() {
    let authority = Authority::new();
    let mut observation = related(None);
    hook(&mut observation);
    let csr = request(&observation);
    says(&mut observation, &[authority.sign(&csr, 10)]);
    let decision = hook(&mut observation);
    files(&mut observation, &decision);
    let mut first = variables(&observation);
    for what in ["ca", "cert", "key"] {
        let name = format!("TLS_{}_FILE", what.to_uppercase());
        let path = format!("/tmp/charmwright/tls/{INTERFACE}-{what}.pem");
        assert_eq!(first[&name], path);
    }
    let again = hook(&mut observation);
    assert!(certificates(&again).is_empty() && again.bags.is_empty());

    // A day before its end another is asked for, and this one goes on.
    observation.now = in_days(9);
    let decision = hook(&mut observation);
    assert_eq!(status(&decision).0, Status::Active);
    assert!(certificates(&decision).is_empty());
    let renewing = request(&observation);
    assert_ne!(renewing, csr);
    assert_eq!(variables(&observation), first);

    says(&mut observation, &[authority.sign(&renewing, 90)]);
    let decision = hook(&mut observation);
    assert!(decision.bags.is_empty());
    let written: Vec<&str> = certificates(&decision)
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(
        written,
        [format!("/tmp/charmwright/tls/{INTERFACE}-cert.pem")]
    );
    let mut second = variables(&observation);
    let digest = "TLS_CERTIFICATES_FILES_DIGEST";
    assert_ne!(first.remove(digest), second.remove(digest));
    assert_eq!(first, second);

    // The relation goes, and with it the variables; the key stays in its secret and is not written again.
    observation.relations.clear();
    let decision = hook(&mut observation);
    assert_eq!(
        status(&decision).1,
        "missing integrations: tls-certificates"
    );
    assert!(decision.own_secrets.is_empty());
}

#[test]
fn every_databag_has_its_status() {
    let authority = Authority::new();
    let mut asked = related(None);
    hook(&mut asked);
    let answer = authority.sign(&request(&asked), 10);
    let of = |key: &str, value: Value| {
        let mut answer = answer.clone();
        answer[key] = value;
        serde_json::to_string(&[answer]).unwrap()
    };
    let (missing, invalid) = (
        "missing integrations: tls-certificates",
        "Invalid tls-certificates relation data.",
    );
    for (what, text, expected) in [
        ("complete", of("x", Value::Null), ""),
        ("revoked", of("revoked", true.into()), missing),
        ("partial", of("certificate", "".into()), missing),
        ("empty", String::new(), missing),
        ("malformed", of("ca", "nonsense".into()), invalid),
        ("malformed", "nonsense".into(), invalid),
    ] {
        let mut observation = asked.clone();
        observation.relations[0].remote_app = bag(&[("certificates", &text)]);
        assert_eq!(status(&decide(&observation)).1, expected, "{what}");
        // Of two the first counts, with one key for both.
        let second = Relation {
            id: 8,
            remote_app: bag(&[("certificates", "nonsense")]),
            local_unit: Default::default(),
            ..observation.relations[0].clone()
        };
        observation.relations.push(second);
        let decision = decide(&observation);
        assert_eq!(status(&decision).1, expected, "{what}");
        let written = decision.bags[0].changes[REQUESTS].clone();
        assert_eq!(
            written.as_ref(),
            observation.relations[0].local_unit.get(REQUESTS)
        );
        assert_eq!(decision.own_secrets, []);
    }
    // Nothing related is missing where it is needed; a Juju without secrets is told of.
    let mut observation = related(None);
    observation.identity.juju = "2.9.50".parse().unwrap();
    let decision = decide(&observation);
    assert_eq!(status(&decision).0, Status::Blocked);
    assert!(status(&decision).1.contains("needs a Juju with secrets"));
    assert_eq!((decision.bags, decision.own_secrets), (vec![], vec![]));
}

#[test]
fn names_that_no_certificate_can_have_are_refused() {
    for (text, part) in [
        ("{common-name: ''}", "common-name: "),
        (
            "{names: ['https://shop.example']}",
            "`https://shop.example`",
        ),
        ("{nams: [x]}", "did you mean `names`?"),
    ] {
        let text = format!("integrations: {{tls-certificates: {text}}}");
        let message = super::support::blocked(&related(Some(&text)));
        assert!(message.contains(part), "{message}");
    }
}
