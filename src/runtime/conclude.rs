//! What the final status is, from the decision and from what carrying it out has taught: pure, as `decide` is.

use std::collections::BTreeMap;

use super::decide::WAITING_FOR_PEBBLE;
use super::decision::{ActionOutcome, Command, Decision, Verdict, Work};
use super::mask::Mask;
use super::{migration, template, webserver};
use crate::juju;

/// How the work in the container went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Done {
    /// As decided.
    Completed,
    /// Pebble did not answer any more; the next hook does it again.
    Unreachable,
    /// Pebble refused something; the text is Pebble's.
    Refused(String),
    /// As decided, but without tracing, for which the rock has no packages.
    WithoutTracing,
    /// The web server is left as it is, and with it all else.
    WebserverFailed(webserver::Failure),
    /// The migration did not succeed.
    MigrationFailed(MigrationFailure),
    /// A service could not be started or stopped.
    ServiceFailed {
        /// What Pebble says, such as `Start service "fastapi" (exited quickly with code 3)`.
        reason: String,
        /// The service's last output.
        output: Vec<u8>,
    },
}

/// Why a migration, or an action's command, did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MigrationFailure {
    /// It ended with this exit code and printed this.
    Exited {
        /// The exit code; 128 and more for signals.
        code: i64,
        /// Its output.
        output: Vec<u8>,
    },
    /// It had not ended by its deadline, and was killed.
    TimedOut {
        /// Its output until then.
        output: Vec<u8>,
    },
    /// It could not be started.
    NotStarted(String),
}

impl MigrationFailure {
    /// The reason, without secrets, for status and record.
    #[must_use]
    pub fn reason(&self, mask: &Mask, seconds: u64) -> String {
        let with_line = |what: String, output: &[u8]| {
            let line = mask.last_line(output);
            if line.is_empty() {
                what
            } else {
                format!("{what}: {line}")
            }
        };
        match self {
            Self::Exited { code, output } => with_line(format!("exit code {code}"), output),
            Self::TimedOut { output } => {
                with_line(format!("ended after {seconds} seconds"), output)
            }
            Self::NotStarted(reason) => mask.last_line(reason.as_bytes()),
        }
    }
}

/// What the hook ends with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Conclusion {
    /// The status; `None` leaves it as it is.
    pub verdict: Option<Verdict>,
    /// The only port to be open; `None` leaves ports as they are.
    pub port: Option<u16>,
}

/// Concludes.
#[must_use]
pub fn conclude(decision: &Decision, done: &Done) -> Conclusion {
    let mask = &decision.mask;
    let failed = |verdict: Verdict| Conclusion {
        verdict: Some(verdict),
        port: None,
    };
    match done {
        Done::Completed => Conclusion {
            verdict: match &decision.work {
                Work::Run(run) if run.without_tracing => Some(webserver::without_tracing()),
                _ => decision.verdict.clone(),
            },
            port: decision.port,
        },
        Done::WithoutTracing => Conclusion {
            verdict: Some(webserver::without_tracing()),
            port: decision.port,
        },
        Done::WebserverFailed(failure) => {
            let webserver = match &decision.work {
                Work::Run(run) => run.webserver.as_ref(),
                Work::Stop { .. } | Work::Nothing => None,
            };
            let text = |webserver| webserver::failure_text(webserver, failure, mask);
            failed(Verdict::blocked(webserver.map_or_else(String::new, text)))
        }
        Done::Unreachable => match decision.work {
            // Nothing runs where Pebble does not: the reason why nothing should stays the better news.
            Work::Stop { .. } | Work::Nothing => Conclusion {
                verdict: decision.verdict.clone(),
                port: decision.port,
            },
            Work::Run(_) => failed(Verdict::waiting(WAITING_FOR_PEBBLE)),
        },
        Done::Refused(reason) => failed(Verdict::blocked(format!(
            "Pebble refused: {}",
            mask.last_line(reason.as_bytes())
        ))),
        Done::MigrationFailed(failure) => {
            let Work::Run(run) = &decision.work else {
                return failed(Verdict::blocked("database migration failed"));
            };
            let Some(migration) = &run.migration else {
                return failed(Verdict::blocked("database migration failed"));
            };
            let reason = failure.reason(mask, migration.timeout.as_secs());
            failed(Verdict::blocked(migration::failure_text(
                &migration.command,
                &reason,
            )))
        }
        Done::ServiceFailed { reason, output } => {
            let reason = mask.last_line(reason.as_bytes());
            let line = mask.last_line(output);
            let tail = if line.is_empty() {
                String::new()
            } else {
                format!(": {line}")
            };
            failed(Verdict::blocked(format!("{reason}{tail}")))
        }
    }
}

/// How an action ends whose command has run; `None` when Pebble did not answer any more.
#[must_use]
pub fn action(
    command: &Command,
    mask: &Mask,
    done: Option<Result<Vec<u8>, MigrationFailure>>,
) -> ActionOutcome {
    let words = || {
        let words = command.command.iter().map(String::as_str);
        let line = shlex::try_join(words).unwrap_or_else(|_| command.command.join(" "));
        mask.last_line(line.replace('\n', " ").as_bytes())
    };
    match done {
        Some(Ok(output)) => {
            let output = mask.hide(end(String::from_utf8_lossy(&output).trim_end()));
            let value = |name: &str| match name {
                "output" => Some(output.clone()),
                name => command.values.get(name).cloned(),
            };
            let filled = |(name, text): (&String, &String)| {
                Some((name.clone(), template::fill(text, value)?))
            };
            results(command.results.iter().filter_map(filled).collect())
        }
        Some(Err(failure)) => ActionOutcome::Failed(format!(
            "{} failed ({}); the result `stdout` has the whole output",
            words(),
            failure.reason(mask, command.timeout.as_secs())
        )),
        None => ActionOutcome::Failed(format!(
            "{} was cut off: Pebble does not answer any more; see whether it did its work, then run this again",
            words()
        )),
    }
}

/// The results, unless Juju would not take them.
#[must_use]
pub fn results(results: BTreeMap<String, String>) -> ActionOutcome {
    for (key, value) in &results {
        if !juju::is_result_key(key) {
            return ActionOutcome::Failed(format!(
                "`{key}` cannot be a key of a result: use `a-z`, `0-9`, `-` and `.`, but not `stdout` and `stderr`"
            ));
        }
        if key.len() + value.len() > juju::LONGEST_RESULT {
            return ActionOutcome::Failed(format!(
                "the result `{key}` is longer than {} bytes; leave it in a file and give its name",
                juju::LONGEST_RESULT
            ));
        }
    }
    ActionOutcome::Done(results)
}

/// The end of an output that is longer than fits.
fn end(output: &str) -> &str {
    let longest = juju::LONGEST_RESULT / 2;
    let mut from = output.len().saturating_sub(longest);
    while !output.is_char_boundary(from) {
        from += 1;
    }
    output.get(from..).unwrap_or_default()
}
