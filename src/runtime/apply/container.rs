//! What is done in the container: files, checks, the migration, the layer and the services, in this order.

use std::time::Duration;

use crate::pebble::{self, Change, ChangeId, WriteFile};
use crate::runtime::conclude::{Done, MigrationFailure};
use crate::runtime::decision::{Decision, File, Migration, Run, Work};
use crate::runtime::execute::{self, Process};
use crate::runtime::log_targets::LogTargets;
use crate::runtime::observation::Workload;
use crate::runtime::observe::unusable;
use crate::runtime::webserver::carry_out;
use crate::runtime::{layer, migration};
use crate::streams::errln;

/// How long Pebble may take to stop and start services; each start takes a second at least, a stop up to its kill delay.
const SERVICES_LIMIT: Duration = Duration::from_secs(120);
/// How long a service that has crashed must stay up.
const CRASH_WATCH: Duration = Duration::from_secs(5);
/// How many of its last lines are looked through for why it ended.
const LOG_LINES: u32 = 100;

/// Does a decision's work; what was changed goes into `changes`.
pub(super) async fn work(
    decision: &Decision,
    pebble: &pebble::Client,
    changes: &mut Vec<String>,
) -> Done {
    if let Some(targets) = &decision.log_targets
        && let Err(error) = forward(pebble, targets, changes).await
    {
        return failed(error);
    }
    let result = match &decision.work {
        Work::Nothing => Ok(Done::Completed),
        Work::Stop { services, files } => stop(pebble, services, files, changes).await,
        Work::Run(run) => run_app(decision, run, pebble, changes).await,
    };
    result.unwrap_or_else(failed)
}

/// Changes log targets. A Pebble that refuses them keeps no app from running.
async fn forward(
    pebble: &pebble::Client,
    targets: &LogTargets,
    changes: &mut Vec<String>,
) -> Result<(), pebble::Error> {
    match pebble.add_layer(&targets.label, &targets.layer, true).await {
        Err(error) if matches!(unusable(&error), Workload::Refused(_)) => {
            errln!("cannot forward logs: {error}");
            return Ok(());
        }
        result => result?,
    }
    for (what, names) in [
        ("forwarding logs to", &targets.to),
        ("no longer forwarding logs to", &targets.gone),
    ] {
        if !names.is_empty() {
            changes.push(format!("{what} {}", names.join(", ")));
        }
    }
    Ok(())
}

/// What an error of Pebble means for the status.
fn failed(error: pebble::Error) -> Done {
    match error {
        pebble::Error::Change(change) => Done::ServiceFailed {
            reason: service_failure(&change.err),
            output: change
                .service_output()
                .collect::<Vec<_>>()
                .join("\n")
                .into_bytes(),
        },
        pebble::Error::Timeout { what, limit, .. } => Done::ServiceFailed {
            reason: format!("{what} did not end within {} seconds", limit.as_secs()),
            output: Vec::new(),
        },
        error => match unusable(&error) {
            Workload::Refused(reason) => Done::Refused(reason),
            _ => Done::Unreachable,
        },
    }
}

/// From Pebble's text of several lines, `- Start service "web" (why, will restart)`, one that fits a status.
fn service_failure(err: &str) -> String {
    let task = err
        .lines()
        .rfind(|line| line.trim_start().starts_with("- "));
    let short = task.and_then(|line| {
        let (_, rest) = line.split_once('"')?;
        let (service, rest) = rest.split_once('"')?;
        let why = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
        let why = why.trim_start_matches("service start attempt: ");
        let why = why.trim_end_matches(", will restart");
        Some(format!("service {service}: {why}"))
    });
    short.unwrap_or_else(|| {
        err.lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("- ")
            .to_owned()
    })
}

async fn stop(
    pebble: &pebble::Client,
    services: &[String],
    files: &[File],
    changes: &mut Vec<String>,
) -> Result<Done, pebble::Error> {
    write_files(pebble, files).await?;
    stop_services(pebble, services, changes).await?;
    Ok(Done::Completed)
}

async fn stop_services(
    pebble: &pebble::Client,
    services: &[String],
    changes: &mut Vec<String>,
) -> Result<(), pebble::Error> {
    if services.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = services.iter().map(String::as_str).collect();
    let change = pebble.stop(&names).await?;
    wait(pebble, &change).await?;
    changes.push(format!("stopped {}", names.join(", ")));
    Ok(())
}

pub(in crate::runtime) async fn wait(
    pebble: &pebble::Client,
    change: &ChangeId,
) -> Result<Change, pebble::Error> {
    pebble.wait_change(change, SERVICES_LIMIT).await
}

async fn run_app(
    decision: &Decision,
    run: &Run,
    pebble: &pebble::Client,
    changes: &mut Vec<String>,
) -> Result<Done, pebble::Error> {
    write_files(pebble, &run.files).await?;
    let mut prepared = None;
    if let Some(webserver) = &run.webserver {
        match carry_out::prepare(webserver, &decision.mask, pebble).await? {
            Ok(checked) => prepared = Some(checked),
            Err(failure) => return Ok(Done::WebserverFailed(failure)),
        }
    }
    if let Some(migration) = &run.migration {
        if let Some(failure) = migrate(decision, migration, pebble).await? {
            return Ok(Done::MigrationFailed(failure));
        }
        changes.push(format!(
            "migrated the database with {}",
            migration.command.join(" ")
        ));
    }
    if let Some(prepared) = &prepared {
        carry_out::replace(prepared, pebble, changes).await?;
    }
    if let Some(layer) = &run.layer {
        if let Some(path) = &run.replan {
            let pending = File {
                path: path.clone(),
                content: String::new(),
                owner: None,
                private: false,
            };
            write_files(pebble, &[pending]).await?;
        }
        pebble.add_layer(layer::LABEL, layer, true).await?;
        changes.push(format!(
            "changed variables {}",
            run.changed_variables.join(", ")
        ));
    }
    stop_services(pebble, &run.stop, changes).await?;
    if let Some(pending) = &run.replan {
        let change = pebble.replan().await?;
        wait(pebble, &change).await?;
        pebble.remove(&[pending], true).await?;
        if let Some(failed) = crashed(pebble, &run.crashing).await? {
            return Ok(failed);
        }
        let verb = if run.start.is_empty() {
            "restarted what had changed"
        } else {
            "started"
        };
        changes.push(
            format!("{verb} {}", run.start.join(", "))
                .trim_end()
                .to_owned(),
        );
    }
    if let Some(prepared) = &prepared {
        carry_out::refresh(prepared, pebble, changes).await?;
        if prepared.is_without_tracing() {
            return Ok(Done::WithoutTracing);
        }
    }
    Ok(Done::Completed)
}

/// Pebble takes a service for started that is alive after a second. One that has crashed before is given longer.
async fn crashed(
    pebble: &pebble::Client,
    services: &[String],
) -> Result<Option<Done>, pebble::Error> {
    if services.is_empty() {
        return Ok(None);
    }
    tokio::time::sleep(CRASH_WATCH).await;
    let names: Vec<&str> = services.iter().map(String::as_str).collect();
    let states = pebble.services(&names).await?;
    let Some(ended) = states.iter().find(|service| !service.is_running()) else {
        return Ok(None);
    };
    let logs = pebble.logs(&[&ended.name], LOG_LINES).await?;
    let lines: Vec<String> = logs.into_iter().map(|entry| entry.message).collect();
    Ok(Some(Done::ServiceFailed {
        reason: format!("service {}: ends soon after each start", ended.name),
        output: lines.join("\n").into_bytes(),
    }))
}

async fn migrate(
    decision: &Decision,
    migration: &Migration,
    pebble: &pebble::Client,
) -> Result<Option<MigrationFailure>, pebble::Error> {
    let process = Process {
        command: &migration.command,
        directory: &migration.directory,
        user: &migration.user,
        group: &migration.group,
        environment: &migration.environment,
        timeout: migration.timeout,
    };
    let failure = match execute::run(process, &decision.mask, pebble).await? {
        Ok(_) => {
            write_files(pebble, &migration.completed).await?;
            return Ok(None);
        }
        Err(failure) => failure,
    };
    let reason = failure.reason(&decision.mask, migration.timeout.as_secs());
    let record = migration::Record {
        failure: reason,
        ..migration.record.clone()
    };
    let failed = File {
        path: migration.status_path.clone(),
        content: "FAILED".into(),
        owner: None,
        private: false,
    };
    write_files(pebble, &[record.file(&migration.record_path), failed]).await?;
    Ok(Some(failure))
}

pub(in crate::runtime) async fn write_files(
    pebble: &pebble::Client,
    files: &[File],
) -> Result<(), pebble::Error> {
    if files.is_empty() {
        return Ok(());
    }
    let files: Vec<WriteFile> = files
        .iter()
        .map(|file| WriteFile {
            path: file.path.clone(),
            content: file.content.clone().into_bytes(),
            make_dirs: true,
            permissions: file.private.then_some(0o600),
            user: file.owner.as_ref().map(|(user, _)| user.clone()),
            group: file.owner.as_ref().map(|(_, group)| group.clone()),
        })
        .collect();
    pebble.write_files(&files).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_change_is_told_in_one_line() {
        for (err, text) in [
            (
                "cannot perform the following tasks:\n- Start service \"web\" (service start attempt: exited quickly with code 3, will restart)",
                "service web: exited quickly with code 3",
            ),
            (
                "cannot perform the following tasks:\n- Start service \"web\" (cannot start service: fork/exec /x: no such file)",
                "service web: cannot start service: fork/exec /x: no such file",
            ),
            ("something new", "something new"),
            ("", ""),
        ] {
            assert_eq!(service_failure(err), text);
        }
    }
}
