//! What can go wrong with a hook tool, by what the caller can do about it.

use std::io;
use std::time::Duration;

use super::redact::{redact, without_quoted};

/// Why a hook tool gave no answer. `text` is what the tool said, without any value sent to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The relation does not exist (any longer). In a broken hook this is nothing special.
    #[error("`{tool}`: the relation is gone: {text}")]
    RelationGone {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// Only the leader may do this, and this unit is not (any longer) the leader.
    #[error("`{tool}`: this unit is not the leader: {text}")]
    NotLeader {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// Another refusal for want of rights, such as a relation that is gone (Juju 3.6 says so
    /// for the remote application's databag) or the own application's databag read by no leader.
    #[error("`{tool}`: access denied: {text}")]
    Denied {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// There is no such secret or label, or it is gone.
    #[error("`{tool}`: the secret is not found: {text}")]
    SecretNotFound {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// The secret exists but was not granted to this application.
    #[error("`{tool}`: the secret is not granted to this application: {text}")]
    SecretNotGranted {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// There is no such tool: an older Juju, or this is not a hook.
    #[error("`{tool}` is not on the PATH: this Juju does not have it, or this is not a hook")]
    ToolMissing {
        /// The tool.
        tool: &'static str,
    },
    /// The tool was started outside a hook.
    #[error("`{tool}` works in a hook only: {text}")]
    NotInHook {
        /// The tool.
        tool: &'static str,
        /// What it said.
        text: String,
    },
    /// A signal ended the tool.
    #[error("`{tool}` was killed by signal {signal}")]
    Killed {
        /// The tool.
        tool: &'static str,
        /// The signal's number.
        signal: i32,
    },
    /// The tool did not end in time and was killed.
    #[error("`{tool}` did not answer within {limit:?} and was stopped")]
    TimedOut {
        /// The tool.
        tool: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The tool succeeded but its answer is not what it should be.
    #[error("`{tool}` answered what is not {expected}")]
    Nonsense {
        /// The tool.
        tool: &'static str,
        /// What it should have answered.
        expected: &'static str,
    },
    /// The call cannot be made with these arguments; nothing was started.
    #[error("`{tool}` cannot be called: {reason}")]
    Unsendable {
        /// The tool.
        tool: &'static str,
        /// What is wrong with the arguments.
        reason: String,
    },
    /// The tool could not be started or talked to.
    #[error("cannot run `{tool}`: {source}")]
    Run {
        /// The tool.
        tool: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The tool failed for another reason.
    #[error("`{tool}` failed with exit code {code}: {text}")]
    Failed {
        /// The tool.
        tool: &'static str,
        /// The exit code.
        code: i32,
        /// What it said.
        text: String,
    },
}

impl Error {
    /// Whether what was asked for does not exist (any longer): a relation or a secret.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::RelationGone { .. } | Self::SecretNotFound { .. }
        )
    }

    /// Whether Juju refused for want of rights: leadership, a grant, or others.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(
            self,
            Self::NotLeader { .. } | Self::Denied { .. } | Self::SecretNotGranted { .. }
        )
    }

    /// The error for a tool that ended with `code` and said `stderr`, having been sent the values
    /// `sent` beside the arguments `known`. The texts are those of Juju 2.9, 3.x and 4.0.
    pub(super) fn of_exit(
        tool: &'static str,
        code: i32,
        stderr: &str,
        sent: &[&str],
        known: &[&str],
    ) -> Self {
        let text = redact(stderr, sent, known);
        // A name in the text, of a label say, must not decide.
        let said = without_quoted(stderr, &[]).to_lowercase();
        let says = |part: &str| said.contains(part);
        let of_secrets = tool.starts_with("secret-");
        if says("juju_context_id not set") {
            Self::NotInHook { tool, text }
        } else if says_relation_not_found(&said) {
            Self::RelationGone { tool, text }
        } else if says("not the leader")
            || (says("cannot write relation settings") && known.contains(&"--app"))
        {
            Self::NotLeader { tool, text }
        } else if of_secrets && (says("not found") || says("not valid")) {
            // What is no secret's URI names no secret; a provider may have written anything.
            Self::SecretNotFound { tool, text }
        } else if says("permission denied")
            || says("access denied")
            || says("unauthorized access")
            || says("cannot write relation settings")
        {
            if of_secrets {
                Self::SecretNotGranted { tool, text }
            } else {
                Self::Denied { tool, text }
            }
        } else {
            Self::Failed { tool, code, text }
        }
    }
}

/// `relation not found` or `relation 9 not found`.
fn says_relation_not_found(said: &str) -> bool {
    said.match_indices("relation ").any(|(at, found)| {
        let rest = said.get(at + found.len()..).unwrap_or_default();
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.trim_start().starts_with("not found")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(error: &Error) -> &'static str {
        match error {
            Error::RelationGone { .. } => "relation gone",
            Error::NotLeader { .. } => "not leader",
            Error::Denied { .. } => "denied",
            Error::SecretNotFound { .. } => "secret not found",
            Error::SecretNotGranted { .. } => "secret not granted",
            Error::NotInHook { .. } => "not in hook",
            Error::Failed { .. } => "failed",
            _ => "other",
        }
    }

    #[test]
    fn knows_the_texts_of_every_juju() {
        for (tool, code, stderr, expected) in [
            (
                "relation-get",
                2,
                "ERROR invalid value \"db:9\" for option -r: relation not found",
                "relation gone",
            ),
            (
                "relation-list",
                2,
                "ERROR no relation id specified",
                "failed",
            ),
            (
                "relation-get",
                1,
                "ERROR Relation not found",
                "relation gone",
            ),
            ("relation-get", 1, "ERROR permission denied", "denied"),
            (
                "relation-get",
                1,
                "ERROR permission denied (unauthorized access)",
                "denied",
            ),
            (
                "relation-set",
                1,
                "ERROR cannot write relation settings",
                "denied",
            ),
            (
                "status-set",
                1,
                "ERROR this unit is not the leader",
                "not leader",
            ),
            (
                "secret-add",
                1,
                "ERROR this unit is not the leader",
                "not leader",
            ),
            (
                "secret-get",
                1,
                "ERROR secret \"d0\" not found",
                "secret not found",
            ),
            (
                "secret-get",
                1,
                "ERROR consumer label \"relation not found\" not found",
                "secret not found",
            ),
            (
                "secret-get",
                1,
                "ERROR permission denied",
                "secret not granted",
            ),
            (
                "secret-get",
                1,
                "ERROR secret owner cannot use --refresh",
                "failed",
            ),
            (
                "secret-grant",
                2,
                "ERROR invalid value \"7\" for option --relation: relation not found",
                "relation gone",
            ),
            (
                "network-get",
                1,
                "ERROR no network config found for binding \"x\"",
                "failed",
            ),
            (
                "network-get",
                1,
                "ERROR relation 9 not found",
                "relation gone",
            ),
            (
                "is-leader",
                1,
                "ERROR JUJU_CONTEXT_ID not set",
                "not in hook",
            ),
            ("config-get", 1, "ERROR settings not found", "failed"),
        ] {
            let error = Error::of_exit(tool, code, stderr, &[], &[]);
            assert_eq!(kind(&error), expected, "{tool}: {stderr}");
            assert!(error.to_string().contains(tool));
        }
        let error = Error::of_exit(
            "relation-set",
            1,
            "ERROR cannot write relation settings",
            &[],
            &["-r", "db:7", "--app"],
        );
        assert_eq!(kind(&error), "not leader");
    }
}
