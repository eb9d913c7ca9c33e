//! Gunicorn in the container: its config file and its worker class (contract: runtime, section 8; known defects 77
//! and 80 to 85). Pure but for [`carry_out`].
//!
//! The file in the container tells what an earlier hook has decided, so that a hook with nothing to do does nothing:
//! no command, no signal, no write. A new text is checked beside the file before anything is replaced.

pub mod carry_out;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::decision::{Run, Verdict};
use super::layer;
use super::mask::Mask;
use super::observation::{Container, Observation};
use super::options::Options;
use crate::frameworks::gunicorn::command;
use crate::frameworks::gunicorn::config_file::{
    ConfigFile, STANDARD_STREAM, TRACING_PROBE, Tracing, reload_suffices,
};
use crate::frameworks::runtime::{Gunicorn, Runtime};
use crate::interfaces::{Bag, Provided};
use crate::yaml::{Mapping, Value};

/// The peer's text for a check that failed; ours adds the reason.
const CHECK_FAILED: &str = "Webserver configuration check failed, please review your charm configuration or database relation";
/// The peer's text for a command without a worker class.
const NO_WORKER_CLASS: &str = "Worker class is set through `juju config` but the `-k` worker class argument is not in the service command.";
/// Fails unless gunicorn can serve with gevent, for which it needs more than gevent itself.
const GEVENT_PROBE: &str = "import gevent, gunicorn.workers.ggevent";

/// What is to be done about gunicorn.
#[derive(Clone, PartialEq)]
pub struct Webserver {
    /// The service it runs in.
    pub service: String,
    /// Where commands run.
    pub directory: String,
    /// Who runs commands, and owns what is written.
    pub user: String,
    /// The group of `user`.
    pub group: String,
    /// The app's whole environment.
    pub environment: BTreeMap<String, String>,
    /// A command that must succeed before the worker class may change.
    pub gevent: Option<Vec<String>>,
    /// The status when it does not.
    pub without_gevent: String,
    /// A directory to be made for logs.
    pub log_directory: Option<String>,
    /// A command that must succeed before anything is replaced.
    pub check: Option<Vec<String>>,
    /// The config file, where it is to be replaced.
    pub config: Option<Config>,
    /// What a hook that was cut off has left to be done.
    pub refresh: Option<Refresh>,
    /// The file that is there from before the config file is replaced until gunicorn has read it.
    pub marker: String,
    /// Whether it is there already.
    pub is_marked: bool,
}

impl std::fmt::Debug for Webserver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Webserver")
            .field("service", &self.service)
            .field("gevent", &self.gevent)
            .field("check", &self.check)
            .field("config", &self.config)
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}

/// A new config file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Its path.
    pub path: String,
    /// Where it is checked first: beside it, and Python by its name.
    pub temporary: String,
    /// Python's memory of both, which must not outlive them: it tells files apart by size and second only.
    pub cache: String,
    /// Possible texts; the first whose probe succeeds is taken.
    pub texts: Vec<Text>,
}

/// A text that the config file may get.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text {
    /// A command that must succeed.
    pub probe: Option<Vec<String>>,
    /// The text.
    pub content: String,
    /// How gunicorn comes to read it; `None` when it is started anew in any case.
    pub refresh: Option<Refresh>,
    /// Whether it goes without the tracing that is asked for.
    pub without_tracing: bool,
}

/// How a running gunicorn comes to read its config file.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Refresh {
    /// It reloads, and goes on answering.
    Reload,
    /// It restarts.
    Restart,
}

impl Refresh {
    /// The word in the marker.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Restart => "restart",
        }
    }
}

/// Why gunicorn is left as it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// It cannot serve with gevent.
    WithoutGevent,
    /// The check failed and printed this.
    Check(Vec<u8>),
    /// The check had not ended after so many seconds.
    CheckTimedOut(u64),
    /// A command could not be started.
    NotStarted(String),
}

/// The status for a failure.
#[must_use]
pub fn failure_text(webserver: &Webserver, failure: &Failure, mask: &Mask) -> String {
    let reason = match failure {
        Failure::WithoutGevent => return webserver.without_gevent.clone(),
        Failure::Check(output) => mask.last_line(output),
        Failure::CheckTimedOut(seconds) => format!("it had not ended after {seconds} seconds"),
        Failure::NotStarted(reason) => mask.last_line(reason.as_bytes()),
    };
    if reason.is_empty() {
        CHECK_FAILED.to_owned()
    } else {
        format!("{CHECK_FAILED}: {reason}")
    }
}

/// The status of an app that works but for tracing, which the peer would not let it (known defect 90).
#[must_use]
pub fn without_tracing() -> Verdict {
    Verdict {
        message: "tracing is off: the rock lacks `opentelemetry-sdk` or `opentelemetry-exporter-otlp-proto-http`"
            .into(),
        ..Verdict::active()
    }
}

/// Paths that are read of the container.
pub fn paths(runtime: &Runtime) -> impl Iterator<Item = String> {
    runtime.gunicorn.iter().flat_map(|gunicorn| {
        [
            gunicorn.config_file.clone(),
            marker(&runtime.state_directory),
        ]
    })
}

fn marker(state_directory: &str) -> String {
    format!("{state_directory}/webserver-pending")
}

/// Puts the worker class that an option asks for into the main service's command.
///
/// # Errors
/// The status when it cannot: gates 12 and 14 of the contract.
pub fn set_worker_class(
    runtime: &Runtime,
    options: &Options,
    services: &mut Mapping,
) -> Result<(), Verdict> {
    let Some((gunicorn, class)) = asked_class(runtime, options) else {
        return Ok(());
    };
    if !matches!(class, "gevent" | "sync") {
        return Err(Verdict::blocked(format!(
            "Only 'gevent' and 'sync' are allowed. {}",
            gunicorn.async_documentation
        )));
    }
    let service = services.get_mut(runtime.service.as_str());
    let Some(Value::Mapping(service)) = service else {
        return Ok(());
    };
    let old = service.get("command").and_then(Value::as_str);
    match command::with_worker_class(old.unwrap_or_default(), class) {
        Some(new) => {
            service.insert("command".into(), new.into());
            Ok(())
        }
        None => Err(Verdict::blocked(NO_WORKER_CLASS)),
    }
}

fn asked_class<'a>(runtime: &'a Runtime, options: &'a Options) -> Option<(&'a Gunicorn, &'a str)> {
    let gunicorn = runtime.gunicorn.as_ref()?;
    let class = options.framework.get(&gunicorn.worker_class)?.as_str()?;
    (!class.is_empty()).then_some((gunicorn, class))
}

/// What the webserver is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Checked options.
    pub options: &'a Options,
    /// The port it listens on.
    pub port: u16,
    /// What ready relations give.
    pub provided: &'a [Provided],
    /// The main service's environment.
    pub environment: &'a Bag,
    /// The services as they should be.
    pub services: &'a Mapping,
}

/// Adds to the run what is to be done about gunicorn. The run's layer and starts are decided already.
pub fn plan(observation: &Observation, container: &Container, wanted: &Wanted<'_>, run: &mut Run) {
    let runtime = &observation.charm.runtime;
    let main = &runtime.service;
    let Some(gunicorn) = &runtime.gunicorn else {
        return;
    };
    let command_of = |services: &Mapping| {
        let command = services.get(main.as_str())?.get("command")?.as_str()?;
        Some(command.to_owned())
    };
    let command = command_of(wanted.services).unwrap_or_default();
    let words = command::words(&command).unwrap_or_default();
    let runs_gunicorn = command::runs_gunicorn(&words);
    let python = |code: &str| {
        let words = [command::interpreter(&words), "-c", code];
        words.map(str::to_owned).to_vec()
    };

    let main_changes = changes(main, wanted.services, &container.services);
    let starts_anew = main_changes || run.start.contains(main);
    let marker = marker(&runtime.state_directory);
    let left = container.files.get(&marker).map(|word| {
        if word == Refresh::Restart.word().as_bytes() {
            Refresh::Restart
        } else {
            Refresh::Reload
        }
    });
    let there = container
        .files
        .get(&gunicorn.config_file)
        .map(|content| String::from_utf8_lossy(content));
    let mut texts = texts(observation, gunicorn, wanted, &python(TRACING_PROBE));
    for text in &mut texts {
        let old = there.as_deref().unwrap_or_default();
        let refresh = if runs_gunicorn && reload_suffices(old, &text.content) {
            Refresh::Reload
        } else {
            Refresh::Restart
        };
        text.refresh = (!starts_anew).then(|| left.map_or(refresh, |left| left.max(refresh)));
    }
    let current = texts
        .iter()
        .find(|text| there.as_deref() == Some(text.content.as_str()));
    run.without_tracing = current.is_some_and(|text| text.without_tracing);

    let config = current.is_none().then(|| config(gunicorn, texts.clone()));
    let is_checked = runs_gunicorn && (config.is_some() || main_changes);
    let gevent = asked_class(runtime, wanted.options)
        .filter(|(_, class)| *class == "gevent")
        .map(|_| command_of(&container.services).unwrap_or_default())
        .filter(|in_plan| command::worker_class(in_plan).as_deref() != Some("gevent"));
    if config.is_none() && !is_checked && gevent.is_none() && left.is_none() {
        return;
    }
    let checked = config
        .as_ref()
        .map_or(&gunicorn.config_file, |config| &config.temporary);
    run.webserver = Some(Webserver {
        service: main.clone(),
        directory: runtime.app_directory.clone(),
        user: runtime.user.clone(),
        group: runtime.group.clone(),
        environment: wanted.environment.clone(),
        gevent: gevent.map(|_| python(GEVENT_PROBE)),
        without_gevent: format!(
            "gunicorn[gevent] must be installed in the rock. {}",
            gunicorn.async_documentation
        ),
        log_directory: (is_checked && !observation.identity.juju.has_log_forwarding())
            .then(|| gunicorn.log_directory.clone()),
        check: is_checked.then(|| command::check(&words, &gunicorn.config_file, checked)),
        refresh: left.filter(|_| config.is_none() && !starts_anew),
        config,
        marker,
        is_marked: left.is_some(),
    });
}

/// Whether the service is to be another than in the plan.
fn changes(main: &str, wanted: &Mapping, plan: &Mapping) -> bool {
    let only: Mapping = wanted
        .iter()
        .filter(|(name, _)| name.as_str() == Some(main))
        .map(|(name, service)| (name.clone(), service.clone()))
        .collect();
    layer::difference(&only, plan).is_some()
}

/// The texts that the config file may have, the best first.
fn texts(
    observation: &Observation,
    gunicorn: &Gunicorn,
    wanted: &Wanted<'_>,
    probe: &[String],
) -> Vec<Text> {
    let charm = &observation.charm;
    let forwards = observation.identity.juju.has_log_forwarding();
    let log = |name: &str| match forwards {
        true => STANDARD_STREAM.to_owned(),
        false => format!("{}/{name}", gunicorn.log_directory),
    };
    let (access_log, error_log) = (log(&gunicorn.access_log), log(&gunicorn.error_log));
    let option = |option: &String| wanted.options.framework.get(option).and_then(Json::as_i64);
    let settings: BTreeMap<&str, i64> = gunicorn
        .settings
        .iter()
        .filter_map(|(setting, name)| Some((setting.as_str(), option(name)?)))
        .collect();
    let plain = ConfigFile {
        port: wanted.port,
        directory: &charm.runtime.app_directory,
        access_log: &access_log,
        error_log: &error_log,
        settings: &settings,
        json_logging: charm.json_logging().is_some(),
        tracing: Tracing::Off,
    };
    let has_endpoint = wanted
        .provided
        .iter()
        .any(|provided| provided.interface == "tracing");
    let possible: &[Tracing] = if has_endpoint {
        &[Tracing::On, Tracing::Lacking]
    } else {
        &[Tracing::Off]
    };
    let text = |tracing: &Tracing| Text {
        probe: (*tracing == Tracing::On).then(|| probe.to_vec()),
        content: ConfigFile {
            tracing: *tracing,
            ..plain.clone()
        }
        .text(),
        refresh: None,
        without_tracing: *tracing == Tracing::Lacking,
    };
    possible.iter().map(text).collect()
}

fn config(gunicorn: &Gunicorn, texts: Vec<Text>) -> Config {
    let path = &gunicorn.config_file;
    let (directory, _) = path.rsplit_once('/').unwrap_or_default();
    let stem = path.strip_suffix(".py").unwrap_or(path);
    Config {
        path: path.clone(),
        temporary: format!("{stem}.next.py"),
        cache: format!("{directory}/__pycache__"),
        texts,
    }
}
