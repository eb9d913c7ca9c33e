//! Carries out what is to be done about gunicorn, in three steps around the migration and the layer.

use std::time::Duration;

use super::{Config, Failure, Refresh, Text, Webserver};
use crate::pebble::{self, MakeDir, Reason};
use crate::runtime::apply::container::{wait, write_files};
use crate::runtime::conclude::MigrationFailure;
use crate::runtime::decision::File;
use crate::runtime::execute::{self, Process};
use crate::runtime::mask::Mask;

/// How long a check or a probe may take: it imports the whole app, on a machine that starts others at the same time.
const LIMIT: Duration = Duration::from_secs(300);

/// What is left to be done once the checks are over.
#[derive(Debug)]
pub struct Prepared<'a> {
    webserver: &'a Webserver,
    /// The config file and its text, where it is to be replaced.
    replace: Option<(&'a Config, &'a Text)>,
}

impl Prepared<'_> {
    /// Whether the tracing that is asked for is left out.
    #[must_use]
    pub fn is_without_tracing(&self) -> bool {
        self.replace.is_some_and(|(_, text)| text.without_tracing)
    }
}

/// Probes and checks; nothing that runs is touched.
///
/// # Errors
/// Pebble went away, or refused something.
pub async fn prepare<'a>(
    webserver: &'a Webserver,
    mask: &Mask,
    pebble: &pebble::Client,
) -> Result<Result<Prepared<'a>, Failure>, pebble::Error> {
    if let Some(probe) = &webserver.gevent {
        match run(webserver, probe, mask, pebble).await? {
            Ok(_) => {}
            Err(MigrationFailure::NotStarted(reason)) => {
                return Ok(Err(Failure::NotStarted(reason)));
            }
            Err(_) => return Ok(Err(Failure::WithoutGevent)),
        }
    }
    if let Some(path) = &webserver.log_directory {
        let directory = MakeDir {
            path: path.clone(),
            make_parents: true,
            permissions: None,
            user: Some(webserver.user.clone()),
            group: Some(webserver.group.clone()),
        };
        pebble.make_dirs(&[directory]).await?;
    }
    let mut replace = None;
    if let Some(config) = &webserver.config {
        for text in &config.texts {
            let works = match &text.probe {
                Some(probe) => run(webserver, probe, mask, pebble).await?.is_ok(),
                None => true,
            };
            if works {
                replace = Some((config, text));
                break;
            }
        }
    }
    if let Some(check) = &webserver.check {
        if let Some((config, text)) = replace {
            let temporary = file(webserver, &config.temporary, &text.content);
            write_files(pebble, &[temporary]).await?;
        }
        let checked = run(webserver, check, mask, pebble).await?;
        if let Some((config, _)) = replace {
            // Before the file is replaced: whatever cuts this off after that leaves nothing but the marker.
            pebble
                .remove(&[&config.temporary, &config.cache], true)
                .await?;
        }
        match checked {
            Ok(_) => {}
            Err(MigrationFailure::Exited { output, .. }) => {
                return Ok(Err(Failure::Check(output)));
            }
            Err(MigrationFailure::TimedOut { .. }) => {
                return Ok(Err(Failure::CheckTimedOut(LIMIT.as_secs())));
            }
            Err(MigrationFailure::NotStarted(reason)) => {
                return Ok(Err(Failure::NotStarted(reason)));
            }
        }
    }
    Ok(Ok(Prepared { webserver, replace }))
}

/// Replaces the config file. From here on a hook that is cut off leaves the marker.
///
/// # Errors
/// Pebble went away, or refused something.
pub async fn replace(
    prepared: &Prepared<'_>,
    pebble: &pebble::Client,
    changes: &mut Vec<String>,
) -> Result<(), pebble::Error> {
    let Some((config, text)) = prepared.replace else {
        return Ok(());
    };
    let mut files = Vec::new();
    if let Some(refresh) = text.refresh {
        files.push(File {
            path: prepared.webserver.marker.clone(),
            content: refresh.word().into(),
            owner: None,
            private: false,
        });
    }
    files.push(file(prepared.webserver, &config.path, &text.content));
    write_files(pebble, &files).await?;
    changes.push(format!("changed {}", config.path));
    Ok(())
}

/// Has gunicorn read its config file, unless it was started anew with the layer.
///
/// # Errors
/// Pebble went away, refused something, or could not restart the service.
pub async fn refresh(
    prepared: &Prepared<'_>,
    pebble: &pebble::Client,
    changes: &mut Vec<String>,
) -> Result<(), pebble::Error> {
    let webserver = prepared.webserver;
    let refresh = match prepared.replace {
        Some((_, text)) => text.refresh,
        None => webserver.refresh,
    };
    let service = webserver.service.as_str();
    match refresh {
        Some(Refresh::Reload) => {
            match pebble.send_signal("SIGHUP", &[service]).await {
                // It has just ended: Pebble starts it again, with the file as it is now.
                Err(pebble::Error::Refused(error))
                    if error.reason() == Some(Reason::ServiceNotRunning) => {}
                sent => sent?,
            }
            changes.push(format!("reloaded {service}"));
        }
        Some(Refresh::Restart) => {
            let change = pebble.restart(&[service]).await?;
            wait(pebble, &change).await?;
            changes.push(format!("restarted {service}"));
        }
        None => {}
    }
    if refresh.is_some() || webserver.is_marked {
        pebble.remove(&[&webserver.marker], true).await?;
    }
    Ok(())
}

fn file(webserver: &Webserver, path: &str, content: &str) -> File {
    File {
        path: path.to_owned(),
        content: content.to_owned(),
        owner: Some((webserver.user.clone(), webserver.group.clone())),
        private: false,
    }
}

async fn run(
    webserver: &Webserver,
    command: &[String],
    mask: &Mask,
    pebble: &pebble::Client,
) -> Result<Result<Vec<u8>, MigrationFailure>, pebble::Error> {
    let process = Process {
        command,
        directory: &webserver.directory,
        user: &webserver.user,
        group: &webserver.group,
        environment: &webserver.environment,
        timeout: LIMIT,
    };
    execute::run(process, mask, pebble).await
}
