//! The refusals that Pebble tells apart only in words.

use super::{ApiError, ApiErrorKind};

/// What a refusal is about, read from its status, kind and message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The peer's user is neither root nor the daemon's own.
    AccessDenied,
    /// The path is not part of this daemon's API: it is older than the call.
    UnknownEndpoint,
    /// No such change: it never was, or was pruned.
    UnknownChange,
    /// A service that the plan does not have.
    UnknownService,
    /// A check that the plan does not have.
    UnknownCheck,
    /// A signal for a service that is not running, or does not exist.
    ServiceNotRunning,
    /// Nothing is enabled, so there is nothing to autostart.
    NoDefaultServices,
    /// A layer of that label is there already, and `combine` was not asked for.
    LabelExists,
    /// The layer, or the plan it would make, is not valid.
    InvalidLayer,
    /// A command that is not in the daemon's `PATH`.
    UnknownCommand,
    /// A user or group that the container does not have.
    UnknownUser,
    /// A working directory that does not exist, or is none.
    WorkingDirMissing,
}

impl Reason {
    /// Texts as in Pebble 1.26 (`internals/daemon/api_*.go`, `internals/plan`).
    pub(super) fn of(error: &ApiError) -> Option<Self> {
        match &error.kind {
            Some(ApiErrorKind::LoginRequired) => return Some(Self::AccessDenied),
            Some(ApiErrorKind::NoDefaultServices) => return Some(Self::NoDefaultServices),
            _ => {}
        }
        let text = error.message.as_str();
        let has = |part: &str| text.contains(part);
        let begins = |part: &str| text.starts_with(part);
        let reason = match error.status {
            401 => Self::AccessDenied,
            404 if has("invalid API endpoint") => Self::UnknownEndpoint,
            404 if begins("cannot find change") => Self::UnknownChange,
            400 if begins("layer ") && text.ends_with("already exists") => Self::LabelExists,
            400 if begins("cannot find executable") => Self::UnknownCommand,
            400 if has("unknown user ") || has("unknown userid ") || has("unknown group ") => {
                Self::UnknownUser
            }
            400 if (has(" services: service ") && has("does not exist"))
                || begins("context service ") =>
            {
                Self::UnknownService
            }
            400 if has(" checks: ") && has("cannot find ") => Self::UnknownCheck,
            400 if begins("layer ")
                || begins("plan ")
                || begins("log target ")
                || begins("services in before/after loop")
                || begins("cannot parse layer")
                || begins("cannot use ") =>
            {
                Self::InvalidLayer
            }
            500 if has("service is not running") => Self::ServiceNotRunning,
            500 if begins("cannot call exec: ") && has("directory ") => Self::WorkingDirMissing,
            _ => return None,
        };
        Some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_their_words() {
        for (status, message, reason) in [
            (401, "access denied", Some(Reason::AccessDenied)),
            (
                404,
                "invalid API endpoint requested",
                Some(Reason::UnknownEndpoint),
            ),
            (
                404,
                "cannot find change with id \"99\"",
                Some(Reason::UnknownChange),
            ),
            (
                400,
                "cannot start services: service \"zz\" does not exist",
                Some(Reason::UnknownService),
            ),
            (
                500,
                "cannot send signal to \"zz\": service is not running",
                Some(Reason::ServiceNotRunning),
            ),
            (
                400,
                "layer \"charm\" already exists",
                Some(Reason::LabelExists),
            ),
            (
                400,
                "layer \"charm\" must define \"override\" for service \"x\"",
                Some(Reason::InvalidLayer),
            ),
            (
                400,
                "plan must define \"command\" for service \"x\"",
                Some(Reason::InvalidLayer),
            ),
            (
                400,
                "cannot find executable \"x\"",
                Some(Reason::UnknownCommand),
            ),
            (400, "user: unknown user x", Some(Reason::UnknownUser)),
            (
                500,
                "cannot call exec: working directory \"/nope\" does not exist",
                Some(Reason::WorkingDirMissing),
            ),
            (400, "must specify command", None),
            (
                500,
                "cannot call exec: cannot use interactive mode without a terminal",
                None,
            ),
        ] {
            let error = ApiError {
                status,
                kind: None,
                message: message.to_owned(),
                value: None,
            };
            assert_eq!(error.reason(), reason, "{message}");
        }
    }
}
