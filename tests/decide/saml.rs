//! The `saml` relation: what Spring Boot gets of it, the certificate's file, restarts and migrations (contract:
//! interfaces, section 6; known defects 7, 8, 28 and 50).

use charmwright::interfaces::Relation;
use charmwright::juju::Status;
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::Decision;
use charmwright::runtime::observation::Observation;
use charmwright::yaml::{self, Mapping};

use super::support::{FIRST, FRAMEWORKS, bag, blocked, container, ready, run, status};

const CERTIFICATE_FILE: &str = "/app/saml.cert";

fn saml(certificates: &str) -> Relation {
    Relation {
        endpoint: "saml".into(),
        id: 9,
        remote_application: "idp".into(),
        remote_app: bag(&[("entity_id", "https://idp"), ("x509certs", certificates)]),
        ..Relation::default()
    }
}

fn spring_boot(certificates: &str) -> Observation {
    let mut observation = ready("spring-boot", FIRST, "options: {}", None);
    observation.relations = vec![saml(certificates)];
    observation
}

/// The content and the owner of the certificate's file, where it is to be written.
fn certificate(decision: &Decision) -> Option<(&str, (&str, &str))> {
    let mut files = run(decision).files.iter();
    let file = files.find(|file| file.path == CERTIFICATE_FILE)?;
    let (user, group) = file.owner.as_ref().unwrap();
    Some((&file.content, (user, group)))
}

/// The files are written, and nothing else: where a hook may be cut off.
fn write_files(observation: &mut Observation, decision: &Decision) {
    let files = run(decision).files.clone();
    let container = container(observation);
    for file in files {
        match file.path.rsplit('/').next().unwrap() {
            "original-services.json" => container.snapshot = Some(file.content),
            _ => drop(container.files.insert(file.path, file.content.into())),
        }
    }
}

/// All is carried out, and the app runs.
fn settle(observation: &mut Observation) {
    let decision = decide(observation);
    write_files(observation, &decision);
    let layer = run(&decision).layer.as_ref().unwrap();
    let layer: Mapping = yaml::from_str(layer).unwrap();
    let container = container(observation);
    container.services = layer["services"].as_mapping().unwrap().clone();
    container.states = bag(&[("spring-boot", "active")]);
}

#[test]
fn the_file_is_the_apps_and_has_the_lines_around_a_certificate_once() {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
    const END: &str = "\n-----END CERTIFICATE-----";
    let whole = format!("{BEGIN}MIIAAA{END}");
    for given in ["MIIAAA,MIIBBB", whole.as_str()] {
        let decision = decide(&spring_boot(given));
        let expected = (whole.as_str(), ("_daemon_", "_daemon_"));
        assert_eq!(certificate(&decision), Some(expected), "{given}");
    }
}

#[test]
fn a_file_that_is_as_it_should_be_is_left_alone() {
    let mut observation = spring_boot("MIIAAA");
    settle(&mut observation);
    let decision = decide(&observation);
    assert!(run(&decision).files.is_empty() && run(&decision).is_idle());
    // Somebody has removed it: the app needs it at its next start, not now.
    container(&mut observation).files.clear();
    let decision = decide(&observation);
    assert!(certificate(&decision).is_some() && run(&decision).is_idle());
}

#[test]
fn another_certificate_restarts_the_app_also_after_a_hook_that_was_cut_off() {
    let mut observation = spring_boot("MIIAAA");
    settle(&mut observation);
    observation.relations = vec![saml("MIIBBB")];
    let decision = decide(&observation);
    assert!(certificate(&decision).unwrap().0.contains("MIIBBB"));
    let restarts = |decision: &Decision| {
        let run = run(decision);
        let layer = run.layer.as_ref().unwrap();
        layer.contains("spring-boot") && layer.contains("MIIBBB") && run.replan.is_some()
    };
    assert!(restarts(&decision));

    write_files(&mut observation, &decision);
    let decision = decide(&observation);
    assert_eq!(certificate(&decision), None);
    assert!(restarts(&decision));
}

#[test]
fn only_spring_boot_gets_a_file_and_everybody_the_variables() {
    for framework in FRAMEWORKS {
        let mut observation = ready(framework, FIRST, "options: {}", None);
        observation.relations.push(saml("MIIAAA"));
        let decision = decide(&observation);
        let has_file = certificate(&decision).is_some();
        assert_eq!(has_file, framework == "spring-boot", "{framework}");
        let layer = run(&decision).layer.as_ref().unwrap();
        for text in ["SAML_ENTITY_ID", "SAML_SIGNING_CERTIFICATE"] {
            assert!(layer.contains(text), "{framework}: {text}");
        }
    }
}

#[test]
fn without_the_relation_the_variables_go_and_the_file_may_stay() {
    let mut observation = spring_boot("MIIAAA");
    settle(&mut observation);
    observation.relations.clear();
    let decision = decide(&observation);
    assert_eq!(certificate(&decision), None);
    let layer = run(&decision).layer.as_ref().unwrap();
    assert!(!layer.contains("SAML_") && !layer.contains("saml2"));
}

#[test]
fn half_written_data_blocks_and_none_waits() {
    let mut observation = spring_boot("MIIAAA");
    observation.relations[0].remote_app.remove("x509certs");
    assert_eq!(blocked(&observation), "Invalid saml relation data.");
    observation.relations[0].remote_app.clear();
    let decision = decide(&observation);
    assert_eq!(status(&decision), (Status::Active, String::new()));
    assert_eq!(certificate(&decision), None);
}

#[test]
fn valid_data_migrates_again_and_the_certificate_is_there_before() {
    let mut observation = spring_boot("MIIAAA");
    let container = container(&mut observation);
    container.scripts = ["migrate.sh".to_owned()].into();
    container.migration_status = Some("COMPLETED".into());
    container.migration_record = Some(r#"{"databases": ["others"]}"#.into());
    let decision = decide(&observation);
    assert!(run(&decision).migration.is_some());
    // Files of a run are written first.
    assert!(certificate(&decision).is_some());
}
