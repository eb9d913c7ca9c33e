//! Database migrations: when one runs, and what is told of one that has failed.

use charmwright::juju::{Event, LifecycleKind, Status};
use charmwright::runtime::conclude::{Done, MigrationFailure, conclude};
use charmwright::runtime::decide::decide;
use charmwright::runtime::decision::{Decision, Work};
use charmwright::runtime::observation::Observation;
use charmwright::yaml;
use serde_json::json;

use super::support::{charm, container, observation, postgresql, run, status};

fn with_script(status: Option<&str>, record: Option<&str>) -> Observation {
    let mut observation = observation();
    observation.relations.push(postgresql("secret-word"));
    let container = container(&mut observation);
    container.scripts = ["migrate.py".to_owned(), "migrate".to_owned()].into();
    container.migration_status = status.map(str::to_owned);
    container.migration_record = record.map(str::to_owned);
    observation
}

#[test]
fn the_last_script_wins_and_runs_as_the_app_does() {
    let observation = with_script(None, None);
    let decision = decide(&observation);
    let migration = run(&decision).migration.as_ref().unwrap();
    assert_eq!(migration.command, ["python3", "migrate.py"]);
    assert_eq!(
        (migration.directory.as_str(), migration.user.as_str()),
        ("/app", "_daemon_")
    );
    assert_eq!(
        migration
            .environment
            .get("POSTGRESQL_DB_PASSWORD")
            .map(String::as_str),
        Some("secret-word")
    );
    assert_eq!(migration.timeout.as_secs(), 3600);
}

#[test]
fn a_completed_migration_runs_again_only_for_other_databases() {
    let first = decide(&with_script(None, None));
    let record = run(&first)
        .migration
        .as_ref()
        .unwrap()
        .completed
        .first()
        .unwrap()
        .content
        .clone();
    let same = decide(&with_script(Some("COMPLETED"), Some(&record)));
    assert_eq!(run(&same).migration, None);

    let mut renewed = with_script(Some("COMPLETED"), Some(&record));
    renewed.relations = vec![postgresql("another-word")];
    assert_eq!(
        run(&decide(&renewed)).migration,
        None,
        "a new password is no new database"
    );

    let mut other = with_script(Some("COMPLETED"), Some(&record));
    other
        .relations
        .first_mut()
        .unwrap()
        .remote_app
        .insert("endpoints".into(), "pg-2:5432".into());
    assert!(run(&decide(&other)).migration.is_some());
}

#[test]
fn a_database_that_goes_is_not_migrated_but_the_next_one_is_even_if_it_looks_the_same() {
    let first = decide(&with_script(None, None));
    let record = run(&first).migration.as_ref().unwrap().completed[0]
        .content
        .clone();
    let mut without = with_script(Some("COMPLETED"), Some(&record));
    without.relations.clear();
    let gone = decide(&without);
    assert_eq!(run(&gone).migration, None);
    let written = run(&gone)
        .files
        .iter()
        .find(|file| file.path.ends_with("database-migration.json"))
        .unwrap();
    let again = decide(&with_script(Some("COMPLETED"), Some(&written.content)));
    assert!(run(&again).migration.is_some());
}

#[test]
fn of_two_databases_one_that_goes_is_not_migrated_and_one_that_comes_is() {
    let both = |status: Option<&str>, record: Option<&str>| {
        let mut observation = with_script(status, record);
        let mut mysql = postgresql("another-word");
        mysql.endpoint = "mysql".into();
        mysql.id = 8;
        observation.relations.push(mysql);
        observation
    };
    let record = |decision: &Decision| {
        let run = run(decision);
        let files = run.migration.iter().flat_map(|run| &run.completed);
        let record = files
            .chain(&run.files)
            .find(|file| file.path.ends_with("database-migration.json"));
        record.unwrap().content.clone()
    };
    let with_both = record(&decide(&both(None, None)));
    let gone = decide(&with_script(Some("COMPLETED"), Some(&with_both)));
    assert_eq!(run(&gone).migration, None);
    let with_one = record(&gone);
    let idle = decide(&with_script(Some("COMPLETED"), Some(&with_one)));
    assert_eq!(run(&idle).migration, None);
    let again = decide(&both(Some("COMPLETED"), Some(&with_one)));
    assert!(run(&again).migration.is_some());
}

#[test]
fn the_peers_completed_migration_is_taken_over() {
    let decision = decide(&with_script(Some("COMPLETED"), None));
    assert_eq!(run(&decision).migration, None);
    assert!(
        run(&decision)
            .files
            .iter()
            .any(|file| file.path.ends_with("database-migration.json"))
    );

    // The peer's layer shows that it was for another database.
    let mut other = with_script(Some("COMPLETED"), None);
    let plan = "fastapi: {override: replace, startup: enabled, command: x, \
                environment: {APP_BASE_URL: x, POSTGRESQL_DB_HOSTNAME: old}}";
    container(&mut other).services = yaml::from_str(plan).unwrap();
    assert!(run(&decide(&other)).migration.is_some());
}

#[test]
fn a_failed_migration_is_told_without_secrets_and_waits_for_update_status_or_a_change() {
    let first = decide(&with_script(None, None));
    let output = b"connecting\ncannot log in with secret-word\n".to_vec();
    let done = Done::MigrationFailed(MigrationFailure::Exited { code: 2, output });
    let verdict = conclude(&first, &done).verdict.unwrap();
    let text = "database migration command python3 migrate.py failed, will retry in next update-status \
                (exit code 2: cannot log in with ***)";
    assert_eq!(
        (verdict.status, verdict.message.as_str()),
        (Status::Blocked, text)
    );

    let mut record = run(&first).migration.as_ref().unwrap().record.clone();
    record.failure = "exit code 2: cannot log in with ***".into();
    let record = serde_json::to_string(&record).unwrap();
    let mut again = with_script(Some("FAILED"), Some(&record));
    let waiting = decide(&again);
    assert_eq!(waiting.work, Work::Nothing);
    assert_eq!(status(&waiting), (Status::Blocked, text.into()));

    again.event = Event::Lifecycle(LifecycleKind::UpdateStatus);
    assert!(run(&decide(&again)).migration.is_some());
    again.event = Event::Lifecycle(LifecycleKind::ConfigChanged);
    again.config.insert("greeting".into(), json!("other"));
    assert!(
        run(&decide(&again)).migration.is_some(),
        "what failed may work with another environment"
    );
}

#[test]
fn other_failures_of_a_migration_say_what_they_are() {
    let mut observation = with_script(None, None);
    observation.charm = charm("24.04", "options: {}", Some("migration-timeout: 2\n"));
    let decision = decide(&observation);
    for (failure, reason) in [
        (
            MigrationFailure::TimedOut {
                output: b"half way".to_vec(),
            },
            "(ended after 2 seconds: half way)",
        ),
        (
            MigrationFailure::NotStarted("cannot find executable \"python3\"".into()),
            "(cannot find executable \"python3\")",
        ),
        (
            MigrationFailure::Exited {
                code: 1,
                output: Vec::new(),
            },
            "(exit code 1)",
        ),
    ] {
        let verdict = conclude(&decision, &Done::MigrationFailed(failure))
            .verdict
            .unwrap();
        assert!(verdict.message.ends_with(reason), "{}", verdict.message);
    }
}
