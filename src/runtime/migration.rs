//! Migrations (contract: runtime, section 7; decisions 70 to 77).
//!
//! The status file is the peer's, so that a unit can move over either way. Beside it lies a record of our own: which
//! databases the last success was for, and what the last failure was of, so that a failure is not repeated at every
//! event and a new database is migrated whatever event told of it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::decision::{File, Migration};
use super::observation::{Container, Observation};
use crate::interfaces::url::percent_decode;
use crate::interfaces::{Bag, Provided};
use crate::juju::{Event, LifecycleKind};

/// Without `migration-timeout` in `paas-config.yaml`; the peer waits for ever.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3600);

/// Scripts in the app's directory; a later one wins.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("migrate", &[]),
    ("migrate.sh", &["bash", "-eo", "pipefail", "migrate.sh"]),
    ("migrate.py", &["python3", "migrate.py"]),
    ("manage.py", &["python3", "manage.py", "migrate"]),
];

/// What we remember beside the status file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Record {
    /// Digests of the databases that the last success was for.
    #[serde(default)]
    pub databases: BTreeSet<String>,
    /// Digest of command and environment of the last failure.
    #[serde(default)]
    pub attempt: String,
    /// What the last failure was, without secrets.
    #[serde(default)]
    pub failure: String,
}

impl Record {
    /// The record as a file.
    #[must_use]
    pub fn file(&self, path: &str) -> File {
        let content = serde_json::to_string(self).unwrap_or_default();
        File {
            path: path.to_owned(),
            content,
            owner: None,
            private: false,
        }
    }
}

/// What is to be done about migrations.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing; perhaps a record is to be written.
    Nothing(Option<File>),
    /// Run it.
    Run(Box<Migration>),
    /// It failed and is not yet to be tried again; the text is that of the status.
    Failed(String),
}

/// The path of the peer's status file.
#[must_use]
pub fn status_path(framework: &str) -> String {
    format!("/tmp/{framework}/state/database-migration-status")
}

/// The path of our record.
#[must_use]
pub fn record_path(framework: &str) -> String {
    format!("/tmp/{framework}/state/database-migration.json")
}

/// The status file that makes the next reconcile run the migration, unless it is so already.
#[must_use]
pub fn pending(observation: &Observation, container: &Container) -> Option<File> {
    let status = container
        .migration_status
        .as_deref()
        .map_or("PENDING", str::trim);
    let path = status_path(&observation.charm.framework);
    (status != "PENDING").then(|| File {
        path,
        content: "PENDING".into(),
        owner: None,
        private: false,
    })
}

/// Decides from files and facts; the event only says whether a failure may be tried again.
#[must_use]
pub fn plan(
    observation: &Observation,
    container: &Container,
    environment: &Bag,
    plan_environment: &Bag,
    provided: &[Provided],
) -> Plan {
    let charm = &observation.charm;
    let runtime = &charm.runtime;
    let Some(command) = command(&runtime.app_directory, container) else {
        return Plan::Nothing(None);
    };
    let record: Option<Record> = container
        .migration_record
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let databases = databases(provided);
    let attempt = attempt(&command, environment);
    let status_path = status_path(&charm.framework);
    let record_path = record_path(&charm.framework);

    match container.migration_status.as_deref().map(str::trim) {
        Some("COMPLETED") => match &record {
            Some(record) if record.databases == databases => return Plan::Nothing(None),
            // One went: there is nothing to migrate, but a next one must not be taken for it.
            Some(record) if databases.is_subset(&record.databases) => {
                return Plan::Nothing(Some(completed(databases).file(&record_path)));
            }
            // Left by the peer, which keeps no record: what the plan shows tells whether it was for these databases.
            None if is_for(plan_environment, &runtime.user_prefix, provided) => {
                return Plan::Nothing(Some(completed(databases).file(&record_path)));
            }
            _ => {}
        },
        Some("FAILED") => {
            let retry = matches!(
                observation.event,
                Event::Lifecycle(LifecycleKind::UpdateStatus)
            );
            if let Some(record) = record.filter(|record| !retry && record.attempt == attempt) {
                return Plan::Failed(failure_text(&command, &record.failure));
            }
        }
        _ => {}
    }
    let timeout = charm
        .paas_config
        .as_ref()
        .ok()
        .and_then(|config| config.migration_timeout);
    let completed = vec![
        completed(databases).file(&record_path),
        File {
            path: status_path.clone(),
            content: "COMPLETED".into(),
            owner: None,
            private: false,
        },
    ];
    Plan::Run(Box::new(Migration {
        command,
        directory: runtime.app_directory.clone(),
        user: runtime.user.clone(),
        group: runtime.group.clone(),
        environment: environment.clone(),
        timeout: timeout.map_or(DEFAULT_TIMEOUT, |seconds| {
            Duration::from_secs(seconds.into())
        }),
        completed,
        record: Record {
            attempt,
            ..Record::default()
        },
        status_path,
        record_path,
    }))
}

/// What is remembered of a success.
fn completed(databases: BTreeSet<String>) -> Record {
    Record {
        databases,
        ..Record::default()
    }
}

/// A digest of each database, so that one that goes is told from one that comes.
fn databases(provided: &[Provided]) -> BTreeSet<String> {
    let identities = provided
        .iter()
        .filter_map(|provided| Some([provided.interface.as_str(), provided.identity.as_deref()?]));
    identities
        .map(|identity| digest(identity.into_iter()))
        .collect()
}

/// The text of the status, in the peer's words but with the command in shell form and the reason (decision 75).
#[must_use]
pub fn failure_text(command: &[String], failure: &str) -> String {
    let words = command.iter().map(String::as_str);
    let command = shlex::try_join(words).unwrap_or_else(|_| command.join(" "));
    let reason = if failure.is_empty() {
        String::new()
    } else {
        format!(" ({failure})")
    };
    format!("database migration command {command} failed, will retry in next update-status{reason}")
}

fn command(directory: &str, container: &Container) -> Option<Vec<String>> {
    let (name, words) = SCRIPTS
        .iter()
        .rev()
        .find(|(name, _)| container.scripts.contains(*name))?;
    if words.is_empty() {
        return Some(vec![format!("{directory}/{name}")]);
    }
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

fn attempt(command: &[String], environment: &Bag) -> String {
    let variables = environment
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    digest(command.iter().map(String::as_str).chain(variables))
}

/// A digest of texts in their order, in hexadecimal digits.
pub(super) fn digest<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// Whether the plan's environment was made for the same databases; one that no charm has touched says nothing.
fn is_for(plan: &Bag, prefix: &str, provided: &[Provided]) -> bool {
    if !plan.contains_key(&format!("{prefix}BASE_URL")) {
        return true;
    }
    let tells = |name: &str| {
        ["_HOSTNAME", "_NAME", "_USERNAME", "_PORT"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let mut databases = provided
        .iter()
        .filter(|provided| provided.identity.is_some());
    databases.all(|provided| {
        let ours = provided.variables.iter();
        // The peer has fewer variables in places (known defect 26), but some for every database.
        let mut known = ours
            .filter_map(|(name, value)| Some((name, value, plan.get(name)?)))
            .peekable();
        known.peek().is_some()
            && known.all(|(name, ours, theirs)| !tells(name) || is_same(theirs, ours))
    })
}

/// Whether the peer's value, which may be one of several or still encoded (known defects 2, 23 and 24), is ours.
fn is_same(theirs: &str, ours: &str) -> bool {
    let first = theirs.split(',').next().unwrap_or_default();
    [theirs, first]
        .into_iter()
        .any(|theirs| theirs == ours || percent_decode(theirs) == ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::samples::bag;

    #[test]
    fn what_the_peer_gets_wrong_makes_no_other_database() {
        let ours: &[(&str, &str)] = &[
            ("MYSQL_DB_HOSTNAME", "a"),
            ("MYSQL_DB_NAME", "web"),
            ("MYSQL_DB_USERNAME", "p@1"),
        ];
        let spring: &[(&str, &str)] = &[
            ("MONGODB_DB_HOSTNAME", "m"),
            ("MONGODB_DB_NAME", "web"),
            ("spring.data.mongodb.uri", "mongodb://m/web"),
        ];
        for (why, ours, plan, same) in [
            ("the same", ours, ours, true),
            (
                "not decoded, the list taken for one (23, 24)",
                ours,
                &[
                    ("MYSQL_DB_HOSTNAME", "a"),
                    ("MYSQL_DB_NAME", "web,mysql://u:p@b:3306/web"),
                    ("MYSQL_DB_USERNAME", "p%401"),
                ],
                true,
            ),
            (
                "several hosts (2)",
                ours,
                &[("MYSQL_DB_HOSTNAME", "a,b")],
                true,
            ),
            (
                "Spring Boot's variables alone (26)",
                spring,
                &[("spring.data.mongodb.uri", "mongodb://m/web")],
                true,
            ),
            ("another host", ours, &[("MYSQL_DB_HOSTNAME", "b")], false),
            (
                "another database",
                ours,
                &[("MYSQL_DB_HOSTNAME", "a"), ("MYSQL_DB_NAME", "other")],
                false,
            ),
            ("none", ours, &[("POSTGRESQL_DB_HOSTNAME", "a")], false),
        ] {
            let provided = Provided {
                identity: Some("it".into()),
                variables: bag(ours),
                ..Provided::default()
            };
            let mut plan = bag(plan);
            plan.insert("APP_BASE_URL".into(), "http://web.demo:8080".into());
            assert_eq!(is_for(&plan, "APP_", &[provided]), same, "{why}");
        }
    }
}
